use std::collections::BTreeMap;
use std::sync::Arc;

use crate::primitives::ethereum_header::SealedHeader;
use crate::primitives::ethereum_state::Hash32;

use super::{Event, Profile, Status};

/// What is durable: header rows by number, and the status.
#[derive(Clone, Debug, Default)]
pub struct Store {
    rows: BTreeMap<u64, SealedHeader>,
    status: Option<String>,
}

/// Changes that become durable together.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    rows: Vec<SealedHeader>,
    deleted: Option<(u64, u64)>,
}

impl Store {
    /// A store with these rows and this status.
    pub fn new(rows: &[SealedHeader], status: Option<String>) -> Self {
        let rows = rows.iter().map(|header| (header.number(), header.clone())).collect();
        Self { rows, status }
    }

    /// The row of this number.
    pub fn row(&self, number: u64) -> Option<&SealedHeader> {
        self.rows.get(&number)
    }

    /// The hash of the row of this number.
    pub fn hash(&self, number: u64) -> Option<Hash32> {
        self.row(number).map(SealedHeader::hash)
    }

    /// The status, if there is one that can be read.
    pub fn status(&self) -> Option<Status> {
        self.status.as_deref().and_then(Status::of_json)
    }

    /// All rows by number.
    pub fn rows(&self) -> impl Iterator<Item = &SealedHeader> {
        self.rows.values()
    }

    /// Makes a batch and the status durable.
    pub fn write(&mut self, batch: Batch, status: &Status, profile: Profile) -> Event {
        for header in &batch.rows {
            self.rows.insert(header.number(), header.clone());
        }
        if let Some((from, to)) = batch.deleted {
            let kept = self.rows.split_off(&from);
            self.rows.extend(kept.into_iter().filter(|(number, _)| *number > to));
        }
        self.status = Some(status.to_json(profile));
        let rows: Arc<[SealedHeader]> = batch.rows.into();
        Event::Stored { status: status.clone(), rows, deleted: batch.deleted }
    }
}

impl Batch {
    /// Puts a row.
    pub fn put(&mut self, header: SealedHeader) {
        self.rows.push(header);
    }

    /// The row as it will be after this batch and before any deletion.
    pub fn row(&self, number: u64) -> Option<&SealedHeader> {
        self.rows.iter().rev().find(|header| header.number() == number)
    }

    /// Deletes the rows from `from` to `to`; nothing if there are none between.
    pub fn delete(&mut self, from: u64, to: u64) {
        self.deleted = (from <= to).then_some((from, to));
    }
}
