use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::DiffArguments;
use crate::cli::output::{Output, refuse};
use crate::corpus::{Change, diff as compare};

/// Shows what changed in meaning between two corpora.
pub(in crate::cli) fn diff(arguments: &DiffArguments) -> Exit {
    let differences = match compare(&arguments.before, &arguments.after) {
        Ok(differences) => differences,
        Err(error) => return refuse(Exit::Usage, error),
    };
    let mut out = Output::new(arguments.format);
    for difference in &differences {
        let word = match difference.change {
            Change::Expectation => "EXPECTATION",
            Change::Gone => "gone",
            Change::Input => "input",
            Change::New => "new",
        };
        out.text(format!("{word:<12} {}", difference.id));
        if let Some(detail) = &difference.detail {
            out.text(format!("{:13}{detail}", ""));
        }
        out.json(|| {
            json!({
                "type": "difference",
                "change": difference.change,
                "id": difference.id,
                "detail": difference.detail,
            })
        });
    }
    let count = |change| differences.iter().filter(|it| it.change == change).count();
    let (expectation, gone) = (count(Change::Expectation), count(Change::Gone));
    let (input, new) = (count(Change::Input), count(Change::New));
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": if expectation > 0 { "fail" } else { "pass" },
            "expectation": expectation,
            "gone": gone,
            "input": input,
            "new": new,
        })
    });
    out.text(format!(
        "{expectation} with another expectation, {input} with another input, {new} new, {gone} gone"
    ));
    if expectation > 0 { Exit::Finding } else { Exit::Pass }
}
