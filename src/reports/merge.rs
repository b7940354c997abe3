use super::campaign_records::CampaignRecords;
use super::finding::FindingReport;
use super::ranges::ends_range;
use super::record::{Ended, ProfileRecord, RangeRecord, RegressionsRecord, TotalsRecord};
use super::totals::Gaps;

/// Puts the reports of all shards of a search together to the report that one run would have
/// written, but for its summary and what is stale. Each comes with the name of its file.
///
/// A shard looks for as many findings as the whole search, and what it finds is found by one run
/// too, or is a repetition of what an earlier shard has found. So one run ends where a shard has
/// ended, or before: the shards have all that it would have seen.
///
/// # Errors
/// When the reports are not those of all shards of one search.
pub fn merge(parts: Vec<(String, CampaignRecords)>) -> Result<CampaignRecords, String> {
    let shards = in_order(parts)?;
    let mut whole = CampaignRecords::new(shards[0].header.clone());
    whole.header.shard = None;
    let longest = shards.iter().map(|shard| &shard.regressions).max_by_key(|begun| begun.len());
    for begun in longest.into_iter().flatten() {
        if whole.firm() as u64 >= whole.header.max_findings {
            break;
        }
        join_profile(&mut whole, &shards, begun);
    }
    Ok(whole)
}

/// The shards in the order of their parts: each there, and once.
fn in_order(mut parts: Vec<(String, CampaignRecords)>) -> Result<Vec<CampaignRecords>, String> {
    let part_of = |records: &CampaignRecords| records.header.shard.map_or(1, |shard| shard.part);
    let Some((first, records)) = parts.first() else {
        return Err("there is no report to merge".to_owned());
    };
    for (name, other) in &parts[1..] {
        if let Some(field) = records.header.unlike(&other.header) {
            return Err(format!(
                "{name}:1: this is of another search than {first}: its {field} differs"
            ));
        }
        let of = |records: &CampaignRecords| records.header.shard.map(|shard| shard.of);
        if of(records) != of(other) {
            return Err(format!(
                "{name}:1: it is split into another number of shards than {first}"
            ));
        }
    }
    let of = records.header.shard.map_or(1, |shard| shard.of);
    parts.sort_by_key(|(_, records)| part_of(records));
    for pair in parts.windows(2) {
        let [(first, records), (second, other)] = pair else { continue };
        if part_of(records) == part_of(other) {
            let part = part_of(records);
            return Err(format!("{second}:1: shard {part}/{of} is in {first} already"));
        }
    }
    let there: Vec<u64> = parts.iter().map(|(_, records)| part_of(records)).collect();
    match (1..=of).find(|part| !there.contains(part)) {
        Some(part) => {
            let others = parts.len();
            Err(format!(
                "{}:1: shard {part}/{of} is missing; there are {others} of {of}",
                parts[0].0
            ))
        }
        None => Ok(parts.into_iter().map(|(_, records)| records).collect()),
    }
}

fn join_profile(
    whole: &mut CampaignRecords,
    shards: &[CampaignRecords],
    begun: &RegressionsRecord,
) {
    let mut join = Join {
        family: begun.family.clone(),
        profile: begun.profile.clone(),
        findings: Vec::new(),
        ranges: Vec::new(),
        totals: TotalsRecord::default(),
        room: usize::try_from(whole.header.max_findings)
            .unwrap_or(usize::MAX)
            .saturating_sub(whole.firm()),
    };
    let (family, name) = (&begun.family, &begun.profile);
    let first = shards.iter().find_map(|shard| shard.regressions_of(family, name));
    let found = shards.iter().flat_map(|shard| shard.findings_of(family, name));
    join.findings.extend(found.filter(|it| it.case.is_none()).cloned());
    for shard in shards {
        if join.is_enough() {
            break;
        }
        join.take(shard);
    }
    join.join_ranges(whole.header.cases);
    let profiles: Vec<&ProfileRecord> =
        shards.iter().filter_map(|shard| shard.profile_of(family, name)).collect();
    if let Some(profile) = join.profile_of(&profiles) {
        whole.profiles.push(profile);
    }
    whole.regressions.push(first.unwrap_or(begun).clone());
    whole.findings.extend(join.findings);
    whole.ranges.extend(join.ranges);
}

/// One profile, as far as it is put together.
struct Join {
    family: String,
    profile: String,
    findings: Vec<FindingReport>,
    ranges: Vec<RangeRecord>,
    totals: TotalsRecord,
    /// How many findings there may be.
    room: usize,
}

impl Join {
    fn is_enough(&self) -> bool {
        self.findings.iter().filter(|it| it.is_firm()).count() >= self.room
    }

    /// Takes what a shard has, up to where there is enough.
    fn take(&mut self, shard: &CampaignRecords) {
        let (family, name) = (self.family.clone(), self.profile.clone());
        let found = shard.findings_of(&family, &name);
        let mut found: Vec<_> = found.filter(|it| it.case.is_some()).collect();
        let mut counted = TotalsRecord::default();
        for range in shard.ranges_of(&family, &name) {
            found.retain(|finding| {
                let is_in = finding.case < Some(range.end);
                if is_in {
                    self.take_finding(finding);
                }
                !is_in
            });
            counted.add(&range.totals);
            self.totals.add(&range.totals);
            self.ranges.push(range.clone());
            if self.is_enough() {
                return;
            }
        }
        // A search that was ended has seen more than its ranges say.
        for finding in found {
            self.take_finding(finding);
        }
        if let Some(profile) = shard.profile_of(&family, &name) {
            let rest = profile.totals.since(&counted);
            self.totals.add(&rest);
        }
    }

    fn take_finding(&mut self, finding: &FindingReport) {
        let is_same = |it: &FindingReport| {
            it.claim == finding.claim && it.cause == finding.cause && it.shape == finding.shape
        };
        if !self.is_enough() && !self.findings.iter().any(is_same) {
            self.findings.push(finding.clone());
        }
    }

    /// Makes of the ranges of shards those of one run.
    fn join_ranges(&mut self, cases: u64) {
        let found: Vec<u64> = self.findings.iter().filter_map(|it| it.case).collect();
        let is_end = |end: u64| end == cases || ends_range(end, found.iter().copied());
        let mut joined: Vec<RangeRecord> = Vec::new();
        for range in self.ranges.drain(..) {
            match joined.last_mut() {
                Some(last) if last.end == range.start && !is_end(last.end) => {
                    last.end = range.end;
                    last.totals.add(&range.totals);
                }
                _ => joined.push(range),
            }
        }
        self.ranges = joined;
    }

    fn profile_of(&self, profiles: &[&ProfileRecord]) -> Option<ProfileRecord> {
        let first = profiles.first()?;
        let worst = profiles.iter().map(|profile| profile.ended).max()?;
        Some(ProfileRecord {
            family: self.family.clone(),
            profile: self.profile.clone(),
            ended: if self.is_enough() { Ended::MaxFindings } else { worst },
            totals: self.totals.clone(),
            claims: first.claims.clone(),
            lies: first.lies.clone(),
            gaps: Gaps::of(&self.totals, &first.claims, &first.lies),
            elapsed_ms: profiles.iter().map(|profile| profile.elapsed_ms).sum(),
        })
    }
}
