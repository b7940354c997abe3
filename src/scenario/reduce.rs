use crate::machine::{Dialer, Family};

use super::Scenario;

/// All scenarios that lack one thing of `scenario`: a peer, a lie, a fault, a stall, a session, an
/// action, a command, a crash. The largest things come first. What a family can take from its
/// world is the family's to say.
pub fn reductions<F: Family>(scenario: &Scenario<F>) -> Vec<Scenario<F>> {
    let mut smaller = Vec::new();
    let mut without = |edit: &dyn Fn(&mut Scenario<F>)| {
        let mut candidate = scenario.clone();
        edit(&mut candidate);
        smaller.push(candidate);
    };
    for peer in 0..scenario.peers.len() {
        without(&|s| {
            s.peers.remove(peer);
        });
    }
    for crash in 0..scenario.crashes.len() {
        without(&|s| {
            s.crashes.remove(crash);
        });
    }
    for command in 0..scenario.commands.len() {
        without(&|s| {
            s.commands.remove(command);
        });
    }
    for (index, peer) in scenario.peers.iter().enumerate() {
        for lie in 0..peer.lies.len() {
            without(&|s| {
                s.peers[index].lies.remove(lie);
            });
        }
        for fault in 0..peer.faults.len() {
            without(&|s| {
                s.peers[index].faults.remove(fault);
            });
        }
        for stall in 0..peer.stalls.len() {
            without(&|s| {
                s.peers[index].stalls.remove(stall);
            });
        }
        for action in 0..peer.actions.len() {
            without(&|s| {
                s.peers[index].actions.remove(action);
            });
        }
        if peer.sessions.len() > 1 {
            for session in 0..peer.sessions.len() {
                without(&|s| {
                    s.peers[index].sessions.remove(session);
                });
            }
        }
        if !peer.dialer.is_peer() {
            without(&|s| s.peers[index].dialer = Dialer::Peer);
        }
        if peer.reconnect.is_some() {
            without(&|s| s.peers[index].reconnect = None);
        }
    }
    smaller
}
