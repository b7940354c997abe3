use std::process::ExitCode;

/// How the program ends. The codes are part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: all that ran held.
    Pass,
    /// 1: a claim was broken, a mutant survived, a vector did not hold.
    Finding,
    /// 2: the arguments or a file are invalid, or a file could not be written.
    Usage,
    /// 3: the subject or its adapter failed to run as a program.
    SubjectFailed,
    /// 4: a known failure no longer fails.
    BaselineDrift,
    /// 130: ended by Ctrl-C before anything was found.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::SubjectFailed => 3,
            Self::BaselineDrift => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
