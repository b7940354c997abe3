use schemars::{JsonSchema, Schema, schema_for};

use crate::families::Table;

use super::label::{Label, Labels};
use super::{bytes, chains, serving};

/// The JSON Schemas of all tables, by kind.
pub(in crate::families::headers_first) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("best-tip", of::<chains::BlocksGiven, chains::TipOutcome>()),
        ("block", of::<bytes::BytesGiven, bytes::BytesOutcome>()),
        ("fork-point", of::<chains::ForkGiven, Label>()),
        ("getblocks-reply", of::<serving::GetBlocksGiven, serving::GetBlocksReply>()),
        ("getdata-reply", of::<serving::GetDataGiven, serving::GetDataReply>()),
        ("getheaders-reply", of::<serving::GetHeadersGiven, serving::GetHeadersReply>()),
        ("header-acceptance", of::<chains::HeadersGiven, chains::HeadersOutcome>()),
        ("locate", of::<serving::LocateGiven, Labels>()),
        ("locator", of::<serving::LocatorGiven, Labels>()),
        ("orphans", of::<chains::OrphansGiven, chains::OrphansOutcome>()),
    ]
}

fn of<G: JsonSchema, E: JsonSchema>() -> Schema {
    schema_for!(Table<G, E>)
}
