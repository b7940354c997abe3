use std::fs::File;
use std::io::{self, Write as _};

use crate::reports::{CampaignRecord, CampaignRecords, Header};

use super::output::{Output, warn};

/// Everything that a search has to say: written down first, then shown, and kept for the reports
/// that are made at its end.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) out: Output,
    pub(super) records: CampaignRecords,
    file: Option<File>,
}

impl Ledger {
    /// Begins with a header.
    pub(super) fn begin(out: Output, file: Option<File>, header: Header) -> Self {
        let mut ledger = Self { out, records: CampaignRecords::new(header.clone()), file };
        ledger.add(CampaignRecord::Header(header));
        ledger
    }

    /// Goes on behind records that the file has already.
    pub(super) fn go_on(mut out: Output, file: File, records: CampaignRecords) -> Self {
        for record in records.in_order() {
            out.line(|| record.to_line());
        }
        Self { out, records, file: Some(file) }
    }

    /// Adds a record. When this returns, the file has it.
    pub(super) fn add(&mut self, record: CampaignRecord) {
        let line = record.to_line();
        let lasts = matches!(record, CampaignRecord::Finding(_) | CampaignRecord::Summary(_));
        let written = self.file.as_mut().map_or(Ok(()), |file| write(file, &line, lasts));
        if let Err(error) = written {
            warn(format!("the NDJSON report is incomplete: {error}"));
            self.file = None;
        }
        self.out.line(|| line);
        self.records.push(record);
    }
}

/// One write, so that an end by force leaves at most the last line torn.
fn write(file: &mut File, line: &str, lasts: bool) -> io::Result<()> {
    file.write_all(format!("{line}\n").as_bytes())?;
    if lasts { file.sync_data() } else { Ok(()) }
}
