use crate::adapters::protocol::{About, PROTOCOL_VERSIONS, ReplyKind, VERSION_1};
use crate::machine::Family;

use super::probe::{Probe, Target, hello as greet, name};

/// No harness will ever speak this version.
const UNKNOWN_VERSION: u32 = 4_000_000_000;

pub(super) fn hello<F: Family>(target: &Target) -> Result<(About, String), String> {
    let about = Probe::<F>::start(target)?.hello(&PROTOCOL_VERSIONS)?;
    let families = about.families.join(", ");
    if !about.families.iter().any(|family| family == F::NAME) {
        return Err(format!("it does not run {}, but: {families}", F::NAME));
    }
    let note = format!("{} {} runs {families}", about.name, about.version);
    Ok((about, note))
}

pub(super) fn picks_known_version<F: Family>(target: &Target) -> Result<String, String> {
    let mut probe = Probe::<F>::start(target)?;
    probe.hello(&[UNKNOWN_VERSION, PROTOCOL_VERSIONS[0], PROTOCOL_VERSIONS[1]])?;
    let version = if probe.version() == VERSION_1 { "1" } else { "1.1" };
    Ok(format!("it chose version {version} of three"))
}

pub(super) fn refuses_unknown_version<F: Family>(target: &Target) -> Result<String, String> {
    let reply = Probe::<F>::start(target)?.ask(greet(&[UNKNOWN_VERSION]))?;
    match reply.kind {
        ReplyKind::Unsupported => Ok("version 4000000000 is unsupported".to_owned()),
        kind => Err(format!("offered version {UNKNOWN_VERSION} only, it answered {}", name(kind))),
    }
}
