use crate::families::{Catalog, FamilyId, Visit};

use super::arguments::RunArguments;

/// The families that a search takes: those that are named, or else all that have the
/// profile.
///
/// # Errors
/// When no family has the profile, or a claim that shall be left out.
pub(super) fn families(arguments: &RunArguments) -> Result<Vec<FamilyId>, String> {
    let mut families = if arguments.families.is_empty() {
        FamilyId::ALL.to_vec()
    } else {
        arguments.families.clone()
    };
    if let Some(profile) = &arguments.profile {
        let has = |family: &FamilyId| family.visit(Profiles).contains(&profile.as_str());
        if !families.iter().any(has) {
            let known: Vec<String> = families
                .iter()
                .map(|family| format!("{family} has {}", family.visit(Profiles).join(", ")))
                .collect();
            return Err(format!("--profile {profile}: {}", known.join("; ")));
        }
        if arguments.families.is_empty() {
            families.retain(has);
        }
    }
    let claims: Vec<&str> = families.iter().flat_map(|family| family.visit(Claims)).collect();
    match arguments.without.iter().find(|name| !claims.contains(&name.as_str())) {
        Some(name) => {
            Err(format!("--without {name}: no such claim; `syncheck list invariants` lists them"))
        }
        None => Ok(families),
    }
}

struct Profiles;

impl Visit for Profiles {
    type Output = &'static [&'static str];

    fn visit<F: Catalog>(self) -> Self::Output {
        F::profiles()
    }
}

struct Claims;

impl Visit for Claims {
    type Output = Vec<&'static str>;

    fn visit<F: Catalog>(self) -> Self::Output {
        F::claims().iter().map(|entry| entry.claim.id).collect()
    }
}
