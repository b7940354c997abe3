use indicatif::ProgressBar;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::{CheckVectorsArguments, GenerateArguments};
use crate::cli::output::{Output, refuse};
use crate::cli::progress::spinner;
use crate::corpus::{Bundle, BundleError, Manifest, Options, Watch, generate as make};
use crate::families::FamilyId;
use crate::reports::counted;

/// Makes a bundle of vectors.
pub(in crate::cli) fn generate(arguments: &GenerateArguments) -> Exit {
    let options = match options_of(arguments) {
        Ok(options) => options,
        Err(error) => return refuse(Exit::Usage, error),
    };
    let mut out = Output::new(arguments.format);
    let made = made(&options).and_then(|mut bundle| {
        let written = arguments.like.as_ref().unwrap_or(&arguments.out);
        if written.is_dir() {
            bundle.add_written(written)?;
        }
        bundle.write(&arguments.out)?;
        Ok(bundle.manifest())
    });
    let manifest = match made {
        Ok(manifest) => manifest,
        Err(error) => return refuse(Exit::Usage, error),
    };
    let (counts, root) = (manifest.counts, &manifest.root);
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": "pass",
            "out": arguments.out,
            "files": counts.files,
            "scenarios": counts.scenarios,
            "cases": counts.cases,
            "bytes": counts.bytes,
            "root": root,
            "seed": manifest.options.seed,
        })
    });
    out.text(format!(
        "{} files in {}: {} scenarios, {} cases, {} bytes; root {root}",
        counts.files,
        arguments.out.display(),
        counts.scenarios,
        counts.cases,
        counts.bytes
    ));
    Exit::Pass
}

fn options_of(arguments: &GenerateArguments) -> Result<Options, String> {
    if let Some(folder) = &arguments.like {
        let path = Manifest::find(folder)
            .ok_or_else(|| format!("--like: {} has no manifest", folder.display()))?;
        let manifest = Manifest::read(&path).map_err(|error| error.to_string())?;
        return Ok(Options { notation: arguments.notation, ..manifest.options });
    }
    let families =
        if arguments.families.is_empty() { &FamilyId::ALL[..] } else { &arguments.families };
    Ok(Options {
        families: families.iter().map(|family| family.name().to_owned()).collect(),
        bundle: arguments.bundle,
        seed: arguments.seed,
        notation: arguments.notation,
    })
}

/// Makes the bundle of a folder again, with the options of its manifest, and compares.
pub(in crate::cli) fn check(arguments: &CheckVectorsArguments) -> Exit {
    let mut out = Output::new(arguments.format);
    let folder = &arguments.folder;
    let Some(path) = Manifest::find(folder) else {
        return refuse(Exit::Usage, format!("{} has no manifest", folder.display()));
    };
    let lines = Manifest::read(&path).map_err(BundleError::from).and_then(|manifest| {
        let mut bundle = made(&manifest.options)?;
        bundle.add_written(folder)?;
        bundle.compare(folder)
    });
    let lines = match lines {
        Ok(lines) => lines,
        Err(error) => return refuse(Exit::Usage, error),
    };
    for line in &lines {
        out.text(line);
        out.json(|| json!({ "type": "difference", "text": line }));
    }
    let same = lines.is_empty();
    out.json(|| {
        json!({
            "type": "summary",
            "verdict": if same { "pass" } else { "fail" },
            "differences": lines.len(),
        })
    });
    out.text(format!("{} with what would be generated", counted(lines.len() as u64, "difference")));
    if same { Exit::Pass } else { Exit::Finding }
}

fn made(options: &Options) -> Result<Bundle, BundleError> {
    let mut bar = Bar(spinner());
    let bundle = make(options, &mut bar);
    bar.0.finish_and_clear();
    bundle
}

struct Bar(ProgressBar);

impl Watch for Bar {
    fn begins(&mut self, part: &str) {
        self.0.set_message(part.to_owned());
        self.0.inc(1);
    }
}
