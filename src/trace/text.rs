use std::fmt::Write as _;

use crate::machine::{Dialer, Family, Input, Output};

use super::{Closer, Loss, Step, What};

/// Writes one step as people read it, without a line end.
pub(super) fn write_step<F: Family>(line: &mut String, world: &F::World, step: &Step<F>) {
    let _ = write!(line, "{:>5} {:>10}  ", step.seq, step.at.to_string());
    let _ = write!(line, "{}", describe(world, step));
    if let Some(cause) = step.cause {
        let _ = write!(line, "  <{cause}");
    }
}

/// What a step is, in words.
pub(super) fn describe<F: Family>(world: &F::World, step: &Step<F>) -> String {
    match &step.what {
        What::Crashed { down } => format!("subject dies, is back after {down} ms"),
        What::Acted { peer, action } => format!("{peer} {}", F::describe_action(world, action)),
        What::Healed => "network heals".to_owned(),
        What::In { input, lie, fault, closer } => {
            let mut text = describe_input(world, input, *closer);
            if lie.is_some() {
                text.push_str("  [lie]");
            }
            if let Some(fault) = fault {
                let _ = write!(text, "  [{fault:?}]");
            }
            text
        }
        What::Lost { peer, message, from_subject, loss } => {
            let message = F::describe_message(world, message);
            let why = match loss {
                Loss::Disconnected => "connection gone",
                Loss::Fault => "fault",
            };
            if *from_subject {
                format!("{peer} <-x S  {message}  [lost: {why}]")
            } else {
                format!("{peer} x-> S  {message}  [lost: {why}]")
            }
        }
        What::Out { output, connected } => {
            let mut text = describe_output(world, output);
            if !connected {
                text.push_str("  [not connected]");
            }
            text
        }
    }
}

/// All of a step, whole messages included, for the digest.
pub(super) fn canonical<F: Family>(world: &F::World, step: &Step<F>) -> String {
    let body = match &step.what {
        What::In { input, .. } => serde_json::to_string(input),
        What::Out { output, .. } => serde_json::to_string(output),
        What::Lost { message, .. } => serde_json::to_string(message),
        What::Acted { action, .. } => serde_json::to_string(action),
        What::Crashed { .. } | What::Healed => Ok(String::new()),
    }
    .expect("values of a family have string keys and finite numbers");
    let mut text = String::new();
    write_step(&mut text, world, step);
    text.push(' ');
    text.push_str(&body);
    text
}

fn describe_input<F: Family>(world: &F::World, input: &Input<F>, closer: Option<Closer>) -> String {
    match input {
        Input::Command { command } => format!("S told {}", F::describe_command(world, command)),
        Input::Connected { peer, dialer: Dialer::Peer, .. } => format!("{peer} === S  connected"),
        Input::Connected { peer, .. } => format!("{peer} === S  connected, dialled by S"),
        Input::Deadline {} => "S wakes".to_owned(),
        Input::Disconnected { peer } => match closer {
            Some(Closer::Subject) => format!("{peer} =/= S  disconnected by S"),
            _ => format!("{peer} =/= S  disconnected"),
        },
        Input::Message { peer, message } => {
            format!("{peer} --> S  {}", F::describe_message(world, message))
        }
    }
}

fn describe_output<F: Family>(world: &F::World, output: &Output<F>) -> String {
    match output {
        Output::Dial { peer } => format!("{peer} ... S  dial"),
        Output::Disconnect { peer, reason } => format!("{peer} =/= S  drop: {reason:?}"),
        Output::Event { event } => format!("S: {}", F::describe_event(world, event)),
        Output::Refuse { peer, reason } => format!("{peer} =/= S  refuse: {reason:?}"),
        Output::Send { peer, message } => {
            format!("{peer} <-- S  {}", F::describe_message(world, message))
        }
    }
}
