use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::families::{Catalog, Draw, Sample, Sampler, Source};
use crate::vectors::FORMAT;

use super::vary::Written;

/// So many inputs are drawn at most for each case that is wanted.
const DRAWS_PER_CASE: usize = 40;

/// No table has more cases.
const CASES_PER_FILE: usize = 100;

/// Tables of one function with `count` cases in all, each with its name; fewer if the sampler has no
/// more.
///
/// # Errors
/// When the sampler draws what is no input of its function.
pub(super) fn tables<F: Catalog>(
    sampler: &Sampler,
    seed: u64,
    count: usize,
) -> Result<Vec<(String, Value)>, String> {
    let functions = F::functions();
    let function = functions
        .iter()
        .find(|function| function.kind == sampler.kind)
        .ok_or_else(|| format!("{} has no function {}", F::NAME, sampler.kind))?;
    let sample: Box<dyn Fn(&mut Draw) -> Sample> = match sampler.source {
        Source::Drawn(draw) => Box::new(draw),
        Source::Varied(table) => {
            let written = Written::read(table)?;
            Box::new(move |draw| written.vary(draw))
        }
    };
    let mut draw = Draw::new(seed, &[F::NAME, sampler.kind]);
    let (mut cases, mut seen, mut names) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut left = count * DRAWS_PER_CASE;
    while cases.len() < count && left > 0 {
        left -= 1;
        let sample = sample(&mut draw);
        // What means nothing to the function is no case of it.
        let Ok(answer) = (function.answer)(&sample.given) else { continue };
        if seen.insert(answer.given.to_string()) {
            let name = new_name(&mut names, &sample.name);
            let (given, expect) = (answer.given, answer.expect);
            cases.push(json!({ "name": name, "given": given, "expect": expect }));
        }
    }
    if cases.is_empty() {
        return Err(format!("{}: nothing drawn is an input of the function", sampler.kind));
    }
    let files = cases.len().div_ceil(CASES_PER_FILE);
    let table = |(index, cases): (usize, &[Value])| {
        let number = if files > 1 { format!("-{:03}", index + 1) } else { String::new() };
        let name = format!("{}/functions/{}{number}", F::NAME, sampler.kind);
        let table = json!({
            "format": FORMAT,
            "family": F::NAME,
            "kind": sampler.kind,
            "id": name,
            "title": function.summary,
            "cases": cases,
        });
        (name, table)
    };
    Ok(cases.chunks(CASES_PER_FILE).enumerate().map(table).collect())
}

/// The name, or the same with a number, if it stands already.
fn new_name(names: &mut BTreeSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    for number in 2.. {
        if names.insert(name.clone()) {
            break;
        }
        name = format!("{wanted} ({number})");
    }
    name
}
