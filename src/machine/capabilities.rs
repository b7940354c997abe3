use std::collections::BTreeSet;

/// What a subject can do beyond what its family asks of every subject. A family defines the names,
/// and says which of them a scenario requires; a subject that names some gets no other scenarios.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// All of the family, if there are no names.
    names: Option<BTreeSet<String>>,
}

impl Capabilities {
    /// All that a family knows; so it is for machines in this process, and for subjects that do not
    /// say.
    pub const ALL: Self = Self { names: None };

    /// Its connections are its own choice: it dials, refuses and fills up again by itself. The
    /// engine treats such a subject otherwise, so only one that names it has it.
    pub const DIALS: &'static str = "dials";

    /// These and no others.
    pub fn only(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: Some(names.into_iter().map(Into::into).collect()) }
    }

    /// Whether a scenario that requires `name` can be run.
    pub fn has(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }

    /// Whether the subject has said in so many words that it has `name`.
    pub fn names(&self, name: &str) -> bool {
        self.names.as_ref().is_some_and(|names| names.contains(name))
    }

    /// What both have.
    #[must_use]
    pub fn shared(&self, other: &Self) -> Self {
        match (&self.names, &other.names) {
            (Some(mine), Some(its)) => Self { names: Some(mine & its) },
            (names @ Some(_), None) | (None, names) => Self { names: names.clone() },
        }
    }

    /// Whether the subject has left something out.
    pub fn are_all(&self) -> bool {
        self.names.is_none()
    }

    /// The first of `required` that is not there.
    pub fn lacking(&self, required: &[&'static str]) -> Option<&'static str> {
        required.iter().copied().find(|name| !self.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn no_list_is_everything_and_an_empty_list_is_nothing() {
        assert_eq!(Capabilities::ALL.lacking(&["snap", "lacks"]), None);
        assert_eq!(Capabilities::only(["snap"]).lacking(&["snap", "lacks"]), Some("lacks"));
        assert_eq!(Capabilities::only([""; 0]).lacking(&["snap"]), Some("snap"));
        assert_eq!(Capabilities::only([""; 0]).lacking(&[]), None);
    }

    #[test]
    fn two_subjects_share_what_both_have() {
        let (one, other) = (Capabilities::only(["snap", "lacks"]), Capabilities::only(["snap"]));
        assert_eq!(one.shared(&other), other);
        assert_eq!(one.shared(&Capabilities::ALL), one);
        assert_eq!(Capabilities::ALL.shared(&one), one);
    }

    #[test]
    fn only_a_subject_that_says_so_dials() {
        assert!(!Capabilities::ALL.names(Capabilities::DIALS));
        assert!(Capabilities::only([Capabilities::DIALS]).names(Capabilities::DIALS));
    }
}
