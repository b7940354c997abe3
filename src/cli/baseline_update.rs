use std::path::Path;

use crate::reports::{CampaignRecords, FindingReport};
use crate::vectors::{
    FORMAT, KNOWN_FAILURES, KnownFailure, KnownFailures, UNSAID, read_text, yaml_of,
};

use super::Exit;
use super::arguments::UpdateArguments;
use super::output::{Output, refuse, warn};
use super::report;
use super::reports::write;

/// Brings a list of known failures up to date with the report of a search: what was found is added,
/// what is stale goes.
pub(super) fn update(arguments: &UpdateArguments) -> Exit {
    match try_update(arguments) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_update(arguments: &UpdateArguments) -> Result<Exit, Exit> {
    let path = &arguments.file;
    let records = report::read(&arguments.from)?;
    let text = if path.exists() {
        read_text(path).map_err(|error| refuse(Exit::Usage, error))?
    } else {
        format!("format: \"{FORMAT}\"\nkind: \"{KNOWN_FAILURES}\"\nfailures:\n")
    };
    let before = if path.exists() {
        KnownFailures::read(path, &text).map_err(|error| refuse(Exit::Usage, error))?
    } else {
        KnownFailures { format: FORMAT.into(), kind: KNOWN_FAILURES.into(), failures: Vec::new() }
    };
    let goes: Vec<bool> = before.failures.iter().map(|it| is_stale(&records, it)).collect();
    let mut after = before.clone();
    let mut stays = goes.iter().map(|goes| !goes);
    after.failures.retain(|_| stays.next().unwrap_or(true));
    let added = added(&records, &after, arguments.reason.as_deref());
    after.failures.extend(added.iter().cloned());
    let edited = edited(&text, &goes, &added);
    let new = match edited.filter(|text| reads_as(text, &after)) {
        Some(text) => text,
        None => {
            warn(format!("{}: its comments are not kept", path.display()));
            yaml_of(&serde_json::to_value(&after).expect("a list has string keys"))
        }
    };
    write(path, &new)?;
    let mut out = Output::new(arguments.format);
    tell(&mut out, path, &before, &goes, &added);
    Ok(Exit::Pass)
}

fn is_stale(records: &CampaignRecords, failure: &KnownFailure) -> bool {
    let mut stale = records.stale.iter();
    stale.any(|it| {
        Some(&it.claim) == failure.claim.as_ref()
            && it.shape == failure.shape
            && it.family == failure.family
    })
}

/// An entry for each claim that was broken and that the list does not have; with its shape, where the
/// list has the claim in other shapes. What did not repeat has no place there.
fn added(
    records: &CampaignRecords,
    list: &KnownFailures,
    reason: Option<&str>,
) -> Vec<KnownFailure> {
    let mut added: Vec<KnownFailure> = Vec::new();
    let firm = records.findings.iter().filter(|finding| finding.is_firm());
    for FindingReport { family, claim, shape, .. } in firm {
        let known = || list.failures.iter().chain(&added);
        if known().any(|entry| entry.covers(family, claim, shape)) {
            continue;
        }
        let in_shapes =
            known().any(|entry| entry.shape.is_some() && entry.claim.as_ref() == Some(claim));
        added.push(KnownFailure {
            claim: Some(claim.clone()),
            shape: in_shapes.then(|| glob::Pattern::escape(shape)),
            vector: None,
            family: Some(family.clone()),
            reason: reason.unwrap_or(UNSAID).to_owned(),
            link: None,
            expires: None,
        });
    }
    added
}

/// The text without the entries that go, comments right above them included, and with new ones at
/// its end; none, if it is not written with an entry a line.
fn edited(text: &str, goes: &[bool], added: &[KnownFailure]) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let list = lines.iter().position(|line| line.trim_end() == "failures:")?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let begins = |line: &&str| line.trim_start().starts_with("- ");
    let first = lines[list + 1..].iter().find(|line| begins(line));
    let depth = first.map_or(2, |line| indent(line));
    let mut kept: Vec<&str> = lines[..=list].to_vec();
    let (mut entry, mut above): (Option<usize>, Vec<&str>) = (None, Vec::new());
    for line in &lines[list + 1..] {
        if line.trim_start().starts_with('#') || line.trim().is_empty() {
            above.push(line);
            continue;
        }
        if indent(line) == depth && begins(line) {
            entry = Some(entry.map_or(0, |entry| entry + 1));
        }
        let stays = !goes.get(entry?).copied()?;
        if stays {
            kept.append(&mut above);
            kept.push(line);
        }
        above.clear();
    }
    kept.append(&mut above);
    let mut text = kept.join("\n") + "\n";
    let pad = " ".repeat(depth);
    for it in added {
        let quoted = |value: &str| serde_json::to_string(value).expect("a string has a text");
        let (claim, family) = (it.claim.as_deref()?, it.family.as_deref()?);
        text.push_str(&format!("{pad}- claim: {}\n", quoted(claim)));
        if let Some(shape) = &it.shape {
            text.push_str(&format!("{pad}  shape: {}\n", quoted(shape)));
        }
        text.push_str(&format!("{pad}  family: {}\n", quoted(family)));
        text.push_str(&format!("{pad}  reason: {}\n", quoted(&it.reason)));
    }
    if text.trim_end().ends_with("failures:") {
        text = text.replace("failures:", "failures: []");
    }
    Some(text)
}

fn reads_as(text: &str, list: &KnownFailures) -> bool {
    serde_yaml::from_str::<KnownFailures>(text).is_ok_and(|read| read == *list)
}

fn tell(
    out: &mut Output,
    path: &Path,
    before: &KnownFailures,
    goes: &[bool],
    added: &[KnownFailure],
) {
    let name = |it: &KnownFailure| it.claim.clone().unwrap_or_default();
    let gone: Vec<String> = before
        .failures
        .iter()
        .zip(goes)
        .filter(|(_, goes)| **goes)
        .map(|(it, _)| name(it))
        .collect();
    let new: Vec<String> = added.iter().map(name).collect();
    for claim in &gone {
        out.text(format!("removed {claim}"));
    }
    for claim in &new {
        out.text(format!("added {claim}"));
    }
    let unsaid = added.iter().any(|it| it.reason == UNSAID);
    if unsaid {
        out.text(format!(
            "say why they fail: {} is refused as long as a reason is {UNSAID:?}",
            path.display()
        ));
    }
    out.json(|| {
        serde_json::json!({
            "type": "summary",
            "verdict": "pass",
            "file": path,
            "added": new,
            "removed": gone,
        })
    });
}
