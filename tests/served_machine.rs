//! A machine behind the protocol is the same subject as in this process.
//!
//! This program is also the child that it tests, so it has no harness: `child` makes it one.
#![expect(clippy::print_stdout, reason = "it is its own test harness")]

use std::env;
use std::io;
use std::process::ExitCode;

use syncheck::adapters::{
    About, CheckOutcome, ChildProcess, InProcess, Options, SampleCase, check, quiet_panics, serve,
};
use syncheck::machine::{
    self, Advance, Dialer, Input, Outbox, Output, PeerId, Subject, SubjectError, Time,
};

#[path = "../src/adapters/toy.rs"]
mod toy;

use toy::{Counter, HEAVY, Start, Toy, UNLUCKY};

const TESTS: [(&str, fn()); 4] = [
    ("the_same_in_a_child_as_in_this_process", the_same_in_a_child_as_in_this_process),
    ("a_panic_in_a_child_is_told", a_panic_in_a_child_is_told),
    ("a_served_machine_keeps_all_rules", a_served_machine_keeps_all_rules),
    ("a_bad_request_gives_status_2", a_bad_request_gives_status_2),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|argument| argument == "child") {
        quiet_panics();
        let about = About::machine::<Toy>("counter", "1", &[]);
        let served = serve::<Toy>(Counter::boxed, about, io::stdin().lock(), io::stdout().lock());
        return served.map_or_else(|_| ExitCode::from(2), |()| ExitCode::SUCCESS);
    }
    let listed = arguments.iter().any(|argument| argument == "--list");
    let ignored = arguments.iter().any(|argument| argument == "--ignored");
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    for (name, test) in TESTS {
        if ignored || filter.is_some_and(|filter| !name.contains(filter.as_str())) {
            continue;
        }
        if listed {
            println!("{name}: test");
        } else {
            test();
            println!("test {name} ... ok");
        }
    }
    ExitCode::SUCCESS
}

fn child() -> ChildProcess<Toy> {
    ChildProcess::spawn(command(), Options::default()).expect("this program is a subject")
}

fn command() -> Vec<std::ffi::OsString> {
    vec![env::current_exe().expect("a running program has a file").into(), "child".into()]
}

/// What a subject answered to a long series of inputs and spans.
type Answers = Vec<(Option<Advance>, Vec<Output<Toy>>, Option<u32>)>;

fn drive(subject: &mut dyn Subject<Toy>, seed: u64) -> Result<Answers, SubjectError> {
    let mut random = seed;
    let mut draw = move |below: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut out = Outbox::new();
    let mut answers = Answers::new();
    subject.begin(&Start { delay_ms: draw(50) }, &mut out)?;
    let mut now = Time::ZERO;
    for _ in 0..200 {
        let advance = match draw(8) {
            0..4 => {
                let until = now + draw(40);
                let advance = subject.advance(now, until, &mut out)?;
                now = match advance {
                    Advance::Acted(at) => at,
                    Advance::Reached => until,
                };
                Some(advance)
            }
            4 => {
                subject.restart(now, &mut out)?;
                None
            }
            5 => {
                subject.deliver(
                    now,
                    Input::Connected { peer: PeerId(2), hello: (), dialer: Dialer::Peer },
                    &mut out,
                )?;
                None
            }
            _ => {
                let message = 100 + draw(1_000) as u32;
                subject.deliver(now, Input::Message { peer: PeerId(1), message }, &mut out)?;
                None
            }
        };
        answers.push((advance, out.drain().collect(), subject.gauges()));
    }
    subject.end()?;
    Ok(answers)
}

fn the_same_in_a_child_as_in_this_process() {
    let mut child = child();
    let mut machine = InProcess::<Toy>::new(Counter::boxed);
    assert_eq!(child.observes(), machine.observes());
    for seed in 0..20 {
        let expected = drive(&mut machine, seed).expect("the machine takes all inputs");
        assert!(expected.iter().any(|(advance, ..)| matches!(advance, Some(Advance::Acted(_)))));
        assert_eq!(drive(&mut child, seed).expect("the child too"), expected, "seed {seed}");
    }
}

fn a_panic_in_a_child_is_told() {
    for (number, cause) in [(UNLUCKY, "this number is unlucky"), (HEAVY, "too much to hold")] {
        let mut child = child();
        let mut out = Outbox::new();
        child.begin(&Start { delay_ms: 1 }, &mut out).expect("it runs all cases");
        let input = Input::Message { peer: PeerId(1), message: number };
        let error = child.deliver(Time::ZERO, input, &mut out).expect_err("it panics");
        assert!(error.to_string().contains(cause), "{error}");
        assert!(error.to_string().contains("toy.rs:"), "{error}");
        drive(&mut child, 1).expect("a new process runs the next case");
    }
}

fn a_served_machine_keeps_all_rules() {
    let input = |at, message| (Time::from_millis(at), Input::Message { peer: PeerId(1), message });
    let samples = [
        SampleCase { start: Start { delay_ms: 10 }, inputs: vec![input(5, 1), input(50, 2)] },
        SampleCase { start: Start { delay_ms: 0 }, inputs: vec![input(0, 1)] },
    ];
    let results = check::<Toy>(command(), Options::default(), true, &samples, |_| ());
    assert!(results.len() > 15);
    for result in results {
        assert_eq!(result.outcome, CheckOutcome::Right, "{result:?}");
    }
}

fn a_bad_request_gives_status_2() {
    let status = std::process::Command::new(&command()[0])
        .arg("child")
        .stdin(std::process::Stdio::null())
        .status()
        .expect("this program runs");
    assert_eq!(status.code(), Some(0), "no request at all is fine");
    let mut child = std::process::Command::new(&command()[0])
        .arg("child")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("this program runs");
    let mut stdin = child.stdin.take().expect("it is piped");
    io::Write::write_all(&mut stdin, b"nonsense\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.starts_with(br#"{"type":"error","seq":0,"#), "{output:?}");
}
