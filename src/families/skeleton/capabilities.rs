use crate::families::Capability;
use crate::scenario::Scenario;

use super::message::Command;
use super::{Settings, Skeleton};

/// Local blocks that are not whole.
pub(super) const LACKS: &str = "lacks";
/// A local chain that changes by command.
pub(super) const SET_HEAD: &str = "set_head";
/// Sizes other than geth's own.
pub(super) const SIZES: &str = "sizes";
/// A pivot.
pub(super) const SNAP: &str = "snap";
/// Subchains of an earlier run.
pub(super) const STORED: &str = "stored";
/// An orderly end.
pub(super) const TERMINATE: &str = "terminate";

/// What a subject may leave out.
pub(super) const ALL: &[Capability] = &[
    Capability { id: LACKS, summary: "Can begin with local blocks that lack a part." },
    Capability { id: SET_HEAD, summary: "Changes its local chain by command." },
    Capability {
        id: SIZES,
        summary: "Takes any size of requests and scratch space; without it, all cases have geth's: \
                  512 headers and 256 requests.",
    },
    Capability { id: SNAP, summary: "Fills with a pivot, as a snap sync does." },
    Capability { id: STORED, summary: "Can begin with the subchains of an earlier run." },
    Capability { id: TERMINATE, summary: "Shuts down by command." },
];

/// The capabilities that a subject needs for this scenario.
pub(super) fn required(scenario: &Scenario<Skeleton>) -> Vec<&'static str> {
    let spec = &scenario.world;
    let Settings { batch, scratch_batches, .. } = Settings::GETH;
    let given = |is: fn(&Command) -> bool| scenario.commands.iter().any(|at| is(&at.what));
    let needs = [
        (LACKS, !spec.local.lacks.is_empty()),
        (SET_HEAD, given(|command| matches!(command, Command::SetHead { .. }))),
        (SIZES, (spec.settings.batch, spec.settings.scratch_batches) != (batch, scratch_batches)),
        (SNAP, spec.settings.pivot_distance.is_some()),
        (STORED, spec.stored.is_some()),
        (TERMINATE, given(|command| matches!(command, Command::Terminate {}))),
    ];
    needs.into_iter().filter(|(_, needed)| *needed).map(|(name, _)| name).collect()
}
