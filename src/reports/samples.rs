//! Records for tests.

use std::collections::BTreeMap;

use super::{
    CampaignRecords, ClaimRecord, Ended, FindingReport, Gaps, Header, PlanLine, ProfileRecord,
    REPORT_FORMAT, RegressionsRecord, TotalsRecord,
};

/// A search with a claim in each state.
pub(super) fn campaign() -> CampaignRecords {
    let mut records = CampaignRecords::new(header());
    records.regressions.push(RegressionsRecord {
        family: "headers-first".to_owned(),
        profile: "btcd-0.26".to_owned(),
        ran: 0,
        unsupported: 0,
        findings: 0,
        known: BTreeMap::new(),
    });
    records.findings.push(finding("no-lost-request", 17));
    let times = |pairs: &[(&str, u64)]| {
        pairs.iter().map(|(what, times)| ((*what).to_owned(), *times)).collect()
    };
    let totals = TotalsRecord {
        cases: 20,
        tested: times(&[("no-echo", 12), ("no-lost-request", 3)]),
        known: times(&[("quiet-when-done", 2)]),
        ..TotalsRecord::default()
    };
    let claim = |claim: &str, known: Option<&str>| ClaimRecord {
        claim: claim.to_owned(),
        summary: "what must hold".to_owned(),
        source: "where it comes from".to_owned(),
        binds: Vec::new(),
        known: known.map(str::to_owned),
    };
    records.profiles.push(ProfileRecord {
        family: "headers-first".to_owned(),
        profile: "btcd-0.26".to_owned(),
        ended: Ended::MaxFindings,
        totals,
        claims: vec![
            claim("no-echo", None),
            claim("no-lost-request", None),
            claim("replies-exact", None),
            claim("quiet-when-done", Some("slow timers")),
        ],
        lies: Vec::new(),
        gaps: Gaps::default(),
        elapsed_ms: 1_500,
    });
    records
}

fn header() -> Header {
    Header {
        format: REPORT_FORMAT.to_owned(),
        version: "0.1.0".to_owned(),
        seed: 0,
        cases: 20,
        shard: None,
        families: vec!["headers-first".to_owned()],
        profile: None,
        subject: "./adapter".to_owned(),
        without: Vec::new(),
        max_findings: 1,
        shrink_runs: None,
        known_failures: None,
    }
}

fn finding(claim: &str, case: u64) -> FindingReport {
    FindingReport {
        family: "headers-first".to_owned(),
        profile: "btcd-0.26".to_owned(),
        subject: "./adapter".to_owned(),
        seed: Some(0),
        case: Some(case),
        claim: claim.to_owned(),
        cause: "honest".to_owned(),
        shape: "a shape".to_owned(),
        flaky: None,
        summary: "what must hold".to_owned(),
        source: "where it comes from".to_owned(),
        binds: Vec::new(),
        peer: None,
        expected: "<one> & one".to_owned(),
        got: "none".to_owned(),
        log: Vec::new(),
        inputs: 2,
        steps: 3,
        inputs_before: Some(20),
        steps_before: Some(30),
        cut_short: false,
        digest: "0x00".to_owned(),
        file: None,
        replay: None,
        plan: vec![PlanLine { name: "world".to_owned(), text: "small".to_owned() }],
        trace: Vec::new(),
        scenario: None,
        drawing: None,
    }
}
