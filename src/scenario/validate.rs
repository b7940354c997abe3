use crate::machine::{Family, Millis, SpecError};

use super::{PeerPlan, Scenario};

/// No run lasts longer: about eleven days of virtual time.
const TIME_MS_MAX: Millis = 1_000_000_000;

/// No scenario has more peers.
const PEERS_MAX: usize = 1_000;

/// Checks the whole plan and builds its world.
///
/// # Errors
/// The first thing that does not fit, with the path of its field.
pub fn build_world<F: Family>(scenario: &Scenario<F>) -> Result<F::World, SpecError> {
    check_times(scenario)?;
    let world = F::build(&scenario.world).map_err(|error| error.within("world"))?;
    for (index, peer) in scenario.peers.iter().enumerate() {
        let path = format!("peers[{index}]");
        check_peer::<F>(&world, peer).map_err(|error| error.within(&path))?;
    }
    for (index, command) in scenario.commands.iter().enumerate() {
        F::check_command(&world, &command.what)
            .map_err(|error| error.within(&format!("commands[{index}].what")))?;
    }
    Ok(world)
}

fn check_times<F: Family>(scenario: &Scenario<F>) -> Result<(), SpecError> {
    if scenario.peers.len() > PEERS_MAX {
        return Err(SpecError::new(
            "peers",
            format!("at most {PEERS_MAX} peers, got {}", scenario.peers.len()),
        ));
    }
    let mut last = None;
    for (index, peer) in scenario.peers.iter().enumerate() {
        if last.is_some_and(|id| id >= peer.id) {
            return Err(SpecError::new(
                format!("peers[{index}].id"),
                "peers stand by rising id, none twice",
            ));
        }
        last = Some(peer.id);
    }
    rising("commands", "at_ms", scenario.commands.iter().map(|command| command.at_ms))?;
    rising("crashes", "at_ms", scenario.crashes.iter().map(|crash| crash.at_ms))?;
    for (index, crash) in scenario.crashes.iter().enumerate() {
        in_range(crash.down_ms).map_err(|e| e.within(&format!("crashes[{index}].down_ms")))?;
        let next = scenario.crashes.get(index + 1);
        if next.is_some_and(|next| next.at_ms <= crash.at_ms + crash.down_ms) {
            return Err(SpecError::new(
                format!("crashes[{}].at_ms", index + 1),
                "the subject is still down from the crash before",
            ));
        }
    }
    in_range(scenario.heal.at_ms).map_err(|e| e.within("heal.at_ms"))?;
    in_range(scenario.limits.quiet_ms).map_err(|e| e.within("limits.quiet_ms"))?;
    in_range(scenario.limits.converge_ms.unwrap_or(0)).map_err(|e| e.within("limits.converge_ms"))
}

fn check_peer<F: Family>(world: &F::World, peer: &PeerPlan<F>) -> Result<(), SpecError> {
    F::check_peer(world, &peer.has).map_err(|error| error.within("has"))?;
    in_range(peer.latency_ms).map_err(|e| e.within("latency_ms"))?;
    if let Some(reconnect) = &peer.reconnect {
        in_range(reconnect.after_ms).map_err(|e| e.within("reconnect.after_ms"))?;
    }
    rising("actions", "at_ms", peer.actions.iter().map(|action| action.at_ms))?;
    for (index, action) in peer.actions.iter().enumerate() {
        F::check_action(world, &action.what)
            .map_err(|error| error.within(&format!("actions[{index}].what")))?;
    }
    for (index, lie) in peer.lies.iter().enumerate() {
        F::check_misbehavior(world, &lie.how)
            .map_err(|error| error.within(&format!("lies[{index}].how")))?;
    }
    let mut free_from = Some(0);
    for (index, session) in peer.sessions.iter().enumerate() {
        let path = format!("sessions[{index}]");
        in_range(session.join_ms).map_err(|e| e.within(&format!("{path}.join_ms")))?;
        if free_from.is_none_or(|free| session.join_ms < free) {
            return Err(SpecError::new(
                format!("{path}.join_ms"),
                "sessions stand by rising time and do not overlap",
            ));
        }
        if session.leave_ms.is_some_and(|leave| leave <= session.join_ms) {
            return Err(SpecError::new(format!("{path}.leave_ms"), "comes after join_ms"));
        }
        in_range(session.leave_ms.unwrap_or(0))
            .map_err(|e| e.within(&format!("{path}.leave_ms")))?;
        free_from = session.leave_ms;
    }
    for (index, stall) in peer.stalls.iter().enumerate() {
        let path = format!("stalls[{index}].until_ms");
        in_range(stall.until_ms).map_err(|e| e.within(&path))?;
        if stall.until_ms <= stall.from_ms {
            return Err(SpecError::new(path, "comes after from_ms"));
        }
    }
    for (index, fault) in peer.faults.iter().enumerate() {
        if let super::FaultKind::Delay { by_ms } = fault.kind {
            in_range(by_ms).map_err(|e| e.within(&format!("faults[{index}].kind.by_ms")))?;
        }
    }
    Ok(())
}

fn rising(list: &str, field: &str, times: impl Iterator<Item = Millis>) -> Result<(), SpecError> {
    let mut last = 0;
    for (index, time) in times.enumerate() {
        let path = format!("{list}[{index}].{field}");
        if time < last {
            return Err(SpecError::new(path, "entries stand by rising time"));
        }
        in_range(time).map_err(|e| e.within(&path))?;
        last = time;
    }
    Ok(())
}

/// Checks that a time is within the longest run; the error's field is empty.
///
/// # Errors
/// When it is not.
pub fn in_range(time: Millis) -> Result<(), SpecError> {
    if time > TIME_MS_MAX {
        return Err(SpecError::new("", format!("at most {TIME_MS_MAX} ms, got {time}")));
    }
    Ok(())
}
