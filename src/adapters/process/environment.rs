use std::ffi::OsString;

/// What a child finds in its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// All that is in ours.
    #[default]
    Inherited,
    /// These variables and no others, but for the mark by which its processes are found again.
    Only(Vec<(OsString, OsString)>),
}
