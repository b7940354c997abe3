use std::fmt;
use std::str::FromStr;

use super::Catalog;
use super::headers_first::HeadersFirst;
use super::skeleton::Skeleton;
use super::state_sync::StateSync;
use super::tipset_sync::TipsetSync;

/// A family by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FamilyId {
    /// Bitcoin block sync.
    HeadersFirst,
    /// Ethereum state sync.
    StateSync,
    /// Ethereum beacon header sync.
    Skeleton,
    /// Filecoin tipset sync.
    TipsetSync,
}

/// Work that can be done for any family.
pub trait Visit {
    /// What comes of it.
    type Output;

    /// Does it for the family `F`.
    fn visit<F: Catalog>(self) -> Self::Output;
}

impl FamilyId {
    /// All families.
    pub const ALL: [Self; 4] =
        [Self::HeadersFirst, Self::StateSync, Self::Skeleton, Self::TipsetSync];

    /// Does the work for this family. This is the only `match` over families.
    pub fn visit<V: Visit>(self, work: V) -> V::Output {
        match self {
            Self::HeadersFirst => work.visit::<HeadersFirst>(),
            Self::StateSync => work.visit::<StateSync>(),
            Self::Skeleton => work.visit::<Skeleton>(),
            Self::TipsetSync => work.visit::<TipsetSync>(),
        }
    }

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        struct Name;
        impl Visit for Name {
            type Output = &'static str;

            fn visit<F: Catalog>(self) -> Self::Output {
                F::NAME
            }
        }
        self.visit(Name)
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FamilyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|family| family.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|family| family.name()).collect();
            format!("the families are {}", names.join(", "))
        })
    }
}
