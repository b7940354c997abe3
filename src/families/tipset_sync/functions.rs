//! The pure functions that table cases can be fed to.

use crate::families::FunctionKind;

/// All kinds.
pub(super) fn kinds() -> Vec<FunctionKind> {
    Vec::new()
}
