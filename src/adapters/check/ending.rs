use crate::adapters::protocol::shortened;
use crate::machine::Family;

use super::SampleCase;
use super::probe::{Probe, Target};

pub(super) fn nothing_but_replies<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let mut probe = Probe::greeted(target)?;
    for sample in samples {
        probe.run(sample)?;
    }
    let ending = probe.close().ok_or("it is gone")?;
    if !ending.output.is_empty() {
        return Err(format!("after its last reply it wrote {}", shortened(&ending.output)));
    }
    Ok("one line for each request, and nothing else".to_owned())
}

pub(super) fn ends_with_its_input<F: Family>(
    target: &Target,
    samples: &[SampleCase<F>],
) -> Result<String, String> {
    let grace = target.options.grace.as_millis();
    let idle = Probe::<F>::greeted(target)?;
    let sample = samples.first().ok_or("there is no sample case")?;
    let busy = Probe::begun(target, sample)?;
    for (probe, when) in [(idle, "before a case"), (busy, "in a case")] {
        let ending = probe.close().ok_or("it is gone")?;
        if !ending.by_itself {
            return Err(format!("its input ended {when}; after {grace} ms it still ran"));
        }
        if let Some(code) = ending.status.and_then(|status| status.code()).filter(|code| *code != 0)
        {
            return Err(format!("its input ended {when}; it exited with status {code}, not 0"));
        }
    }
    Ok(format!("it exits with status 0 within {grace} ms"))
}
