use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::reports::{CampaignRecords, Ended, Header};
use crate::vectors::write_file;

use super::Exit;
use super::arguments::RunArguments;
use super::ledger::Ledger;
use super::output::{Output, refuse};
use super::reports::{cannot_write, ndjson_path};

/// Opens the ledger of a search: a new one, or with `--resume` the one that an earlier search has
/// left. Returns how long that took, too.
///
/// # Errors
/// When the file cannot be written, or is of another search.
pub(super) fn open_ledger(arguments: &RunArguments, header: Header) -> Result<(Ledger, u64), Exit> {
    let out = Output::new(arguments.format);
    let path = ndjson_path(&arguments.reports);
    if let Some(path) = path.filter(|_| arguments.resume) {
        if let Some(records) = earlier(path, &header)? {
            let elapsed_ms = records.profiles.iter().map(|profile| profile.elapsed_ms).sum();
            let file = rewrite(path, &records).map_err(|error| cannot_write(path, &error))?;
            return Ok((Ledger::go_on(out, file, records), elapsed_ms));
        }
    } else if arguments.resume {
        return Err(refuse(
            Exit::Usage,
            "--resume goes on with a report: it needs --report ndjson=PATH",
        ));
    }
    let file = path.map(|path| File::create(path).map_err(|error| cannot_write(path, &error)));
    Ok((Ledger::begin(out, file.transpose()?, header), 0))
}

/// What an earlier search of the same cases has left that counts.
fn earlier(path: &Path, header: &Header) -> Result<Option<CampaignRecords>, Exit> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(refuse(Exit::Usage, format!("{} cannot be read: {error}", path.display())));
        }
    };
    // The last line may be torn: a search is killed in the middle of it.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let wrong = |line: usize, message: &str| {
        refuse(Exit::Usage, format!("{}:{line}: {message}", path.display()))
    };
    let text = std::str::from_utf8(&bytes[..whole]).map_err(|_| wrong(1, "this is no text"))?;
    if text.is_empty() {
        return Ok(None);
    }
    let mut records =
        CampaignRecords::read_lines(text).map_err(|error| wrong(error.line, &error.message))?;
    if let Some(field) = records.header.difference(header) {
        let message = format!("this report is of another search: its {field} differs");
        return Err(wrong(1, &message));
    }
    keep_done(&mut records);
    Ok(Some(records))
}

/// Leaves out what the end of a search has left half done: that is done again.
fn keep_done(records: &mut CampaignRecords) {
    records.summary = None;
    records.stale.clear();
    records.profiles.retain(|it| matches!(it.ended, Ended::Complete | Ended::MaxFindings));
    let CampaignRecords { regressions, findings, .. } = records;
    findings.retain(|finding| {
        let is_of =
            |family: &str, profile: &str| finding.family == family && finding.profile == profile;
        !finding.cut_short && regressions.iter().any(|it| is_of(&it.family, &it.profile))
    });
}

fn rewrite(path: &Path, records: &CampaignRecords) -> std::io::Result<File> {
    write_file(path, &records.to_ndjson())?;
    OpenOptions::new().append(true).open(path)
}
