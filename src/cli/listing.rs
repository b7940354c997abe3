use clap::CommandFactory as _;
use clap_complete::Shell;
use serde_json::{Value, json};

use crate::families::{Catalog, FamilyId, Visit};
use crate::invariant::Strength;

use super::arguments::{ListArguments, Topic};
use super::output::{Output, refuse};
use super::{Arguments, Exit};

/// Lists what there is.
pub(super) fn list(arguments: &ListArguments) -> Exit {
    let topics = match arguments.what {
        Some(topic) => vec![topic],
        None => vec![
            Topic::Families,
            Topic::Invariants,
            Topic::Misbehaviors,
            Topic::Mutants,
            Topic::Capabilities,
        ],
    };
    let mut out = Output::new(arguments.format);
    let mut entries = 0;
    for topic in topics {
        for family in FamilyId::ALL {
            entries += family.visit(List { topic, out: &mut out });
        }
    }
    out.json(|| json!({ "type": "summary", "entries": entries }));
    Exit::Pass
}

/// Prints shell completions.
pub(super) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "syncheck", &mut script);
    Output::new(super::arguments::Format::Text).text(String::from_utf8_lossy(&script).trim_end());
    Exit::Pass
}

/// Prints a manual page.
pub(super) fn man(words: &[String]) -> Exit {
    let mut command = Arguments::command();
    command.build();
    for word in words {
        let Some(inner) = command.find_subcommand(word) else {
            return refuse(Exit::Usage, format!("there is no command {}", words.join(" ")));
        };
        command = inner.clone();
    }
    let mut page = Vec::new();
    let written = clap_mangen::Man::new(command).render(&mut page);
    if let Err(error) = written {
        return refuse(Exit::Usage, format!("the page cannot be made: {error}"));
    }
    Output::new(super::arguments::Format::Text).text(String::from_utf8_lossy(&page).trim_end());
    Exit::Pass
}

struct List<'a> {
    topic: Topic,
    out: &'a mut Output,
}

impl Visit for List<'_> {
    type Output = usize;

    fn visit<F: Catalog>(self) -> usize {
        let entries = match self.topic {
            Topic::Capabilities => capabilities::<F>(),
            Topic::Families => families::<F>(),
            Topic::Invariants => invariants::<F>(),
            Topic::Misbehaviors => misbehaviors::<F>(),
            Topic::Mutants => mutants::<F>(),
        };
        let count = entries.len();
        for (text, object) in entries {
            self.out.text(text);
            self.out.json(|| object);
        }
        count
    }
}

type Entries = Vec<(String, Value)>;

fn families<F: Catalog>() -> Entries {
    let functions = F::functions();
    let kinds: Vec<&str> = functions.iter().map(|function| function.kind).collect();
    let mut text = format!("{}\n  profiles  {}", F::NAME, F::profiles().join(", "));
    for function in &functions {
        text.push_str(&format!("\n  {:<24} {}", function.kind, function.summary));
    }
    let object = json!({
        "type": "family",
        "id": F::NAME,
        "profiles": F::profiles(),
        "kinds": kinds,
    });
    vec![(text, object)]
}

fn invariants<F: Catalog>() -> Entries {
    let entry = |claim: &'static crate::invariant::Claim| {
        let (strength, profiles) = match claim.strength {
            Strength::Must => ("must", Vec::new()),
            Strength::Profile(names) => ("profile", names.to_vec()),
        };
        let mut text = format!(
            "{:<28} {:<8} {}\n{:38}{}",
            claim.id, strength, claim.summary, "", claim.source
        );
        for (name, words) in [("why", claim.why), ("except", claim.exceptions)] {
            if !words.is_empty() {
                text.push_str(&format!("\n{:38}{name}: {words}", ""));
            }
        }
        let broken = F::deviations().iter().chain(F::client_deviations());
        let broken = broken.filter(|known| known.claim == claim.id);
        let broken: Vec<_> = broken.collect();
        for known in &broken {
            text.push_str(&format!("\n{:38}broken by {}: {}", "", known.profile, known.source));
        }
        let broken: Vec<&str> = broken.iter().map(|known| known.profile).collect();
        let object = json!({
            "type": "invariant",
            "id": claim.id,
            "family": F::NAME,
            "strength": strength,
            "profiles": profiles,
            "broken_by": broken,
            "summary": claim.summary,
            "needs": claim.needs.name(),
            "why": claim.why,
            "exceptions": claim.exceptions,
            "source": claim.source,
        });
        (text, object)
    };
    F::claims().iter().map(|claim| entry(claim.claim)).collect()
}

fn capabilities<F: Catalog>() -> Entries {
    F::capabilities()
        .iter()
        .map(|it| {
            let object = json!({
                "type": "capability",
                "id": it.id,
                "family": F::NAME,
                "summary": it.summary,
            });
            (format!("{:<28} {}", it.id, it.summary), object)
        })
        .collect()
}

fn misbehaviors<F: Catalog>() -> Entries {
    F::misbehaviors()
        .iter()
        .map(|lie| {
            let object = json!({
                "type": "misbehavior",
                "id": lie.id,
                "family": F::NAME,
                "summary": lie.summary,
            });
            (format!("{:<28} {}", lie.id, lie.summary), object)
        })
        .collect()
}

fn mutants<F: Catalog>() -> Entries {
    F::mutants()
        .iter()
        .map(|mutant| {
            let object = json!({
                "type": "mutant",
                "id": mutant.id,
                "family": F::NAME,
                "profile": mutant.profile,
                "summary": mutant.summary,
                "source": mutant.source,
            });
            let text = format!("{:<40} {}\n{:41}{}", mutant.id, mutant.summary, "", mutant.source);
            (text, object)
        })
        .collect()
}
