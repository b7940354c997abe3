//! `docs/claims.md` says of each claim what the program says of it.
//!
//! `UPDATE_CLAIMS=1 cargo test --test claims` writes it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use syncheck::families::{Catalog, FamilyId, Visit};
use syncheck::invariant::{Claim, Strength};

const INTRODUCTION: &str = "# Claims

Made from the program by `UPDATE_CLAIMS=1 cargo test --test claims`; `syncheck list invariants` shows the same.

A *must* claim binds every correct implementation, and says why every correct design keeps it. A claim of a profile
binds who names that profile: this client at this version does it so. A real client is not held to the claims that it is
known to break; these are named with their place in its source. *Needs* says what a subject must show for a claim to be
judged: its messages alone, its events, its gauges, or that it can be restarted.
";

struct Page;

impl Visit for Page {
    type Output = String;

    fn visit<F: Catalog>(self) -> String {
        let mut page = format!("\n## {}\n", F::NAME);
        for entry in F::claims() {
            describe::<F>(&mut page, entry.claim);
        }
        page
    }
}

fn describe<F: Catalog>(page: &mut String, claim: &Claim) {
    let binds = match claim.strength {
        Strength::Must => "must".to_owned(),
        Strength::Profile(names) => format!("profile {}", names.join(", ")),
    };
    let needs = claim.needs.name();
    let _ = write!(page, "\n### {}: {}\n\n{}\n\n", F::NAME, claim.id, claim.summary);
    let _ = writeln!(page, "- binds: {binds}\n- needs: {needs}");
    for (name, words) in [("why", claim.why), ("except", claim.exceptions)] {
        if !words.is_empty() {
            let _ = writeln!(page, "- {name}: {words}");
        }
    }
    let _ = writeln!(page, "- source: {}", claim.source);
    for known in F::deviations().iter().chain(F::client_deviations()) {
        if known.claim == claim.id {
            let _ = writeln!(page, "- known to be broken by {}: {}", known.profile, known.source);
        }
    }
}

#[test]
fn the_page_is_that_of_the_claims() {
    let families = FamilyId::ALL.into_iter().map(|family| family.visit(Page));
    let page: String = std::iter::once(INTRODUCTION.to_owned()).chain(families).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/claims.md");
    if std::env::var_os("UPDATE_CLAIMS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/claims.md: run UPDATE_CLAIMS=1 cargo test --test claims");
}

struct Gaps;

impl Visit for Gaps {
    type Output = Vec<String>;

    fn visit<F: Catalog>(self) -> Vec<String> {
        let claims = F::claims().into_iter().map(|entry| entry.claim);
        let unexplained = claims.filter(|claim| claim.why.is_empty());
        let mut gaps: Vec<String> =
            unexplained.map(|claim| format!("{} {} has no why", F::NAME, claim.id)).collect();
        for known in F::deviations().iter().chain(F::client_deviations()) {
            let is_claim = F::claims().iter().any(|entry| entry.claim.id == known.claim);
            if !is_claim || !F::profiles().contains(&known.profile) {
                gaps.push(format!("{} {}: no such claim or profile", F::NAME, known.claim));
            }
        }
        gaps
    }
}

#[test]
fn every_claim_says_why_and_every_deviation_has_its_claim() {
    let gaps: Vec<String> = FamilyId::ALL.into_iter().flat_map(|it| it.visit(Gaps)).collect();
    assert!(gaps.is_empty(), "{gaps:#?}");
}
