use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::families::{Catalog, FamilyId, Visit};
use crate::primitives::number::{Number, number};
use crate::vectors::{DocumentError, canonical, read_text, write_file, yaml_of};

use super::files::walk;
use super::manifest::{MANIFEST, Manifest, relative};
use super::scenarios::scenarios;
use super::tables::tables;

/// How large a bundle is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// A few cases of each function, and a scenario for each lie, claim, fault and label.
    Tiny,
    /// Some cases of each function, and a scenario for each mutant too.
    #[default]
    Small,
    /// Many cases of each function, and scenarios of all profiles.
    Standard,
}

/// How files are written.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Notation {
    /// JSON, equal in meaning.
    Json,
    /// The YAML that all parsers read alike.
    #[default]
    Yaml,
}

/// What a bundle is made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The families by name.
    pub families: Vec<String>,
    /// How large it is.
    pub bundle: Size,
    /// The seed of all that is drawn.
    #[serde(with = "number")]
    #[schemars(with = "Number<u64>")]
    pub seed: u64,
    /// How files are written.
    pub notation: Notation,
}

/// Told what is being made.
pub trait Watch {
    /// The next part begins.
    fn begins(&mut self, part: &str);
}

/// Files that are made, by their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// What it is made with.
    pub options: Options,
    /// Text and number of vectors by path below the bundle's folder, with `/`.
    pub files: BTreeMap<String, (String, u64)>,
}

/// Why there is no bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// A file cannot be read or written.
    File(DocumentError),
    /// What is generated cannot be right; this is an error of ours.
    Generator(String),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Generator(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for BundleError {}

impl From<DocumentError> for BundleError {
    fn from(error: DocumentError) -> Self {
        Self::File(error)
    }
}

impl Size {
    /// Cases of each function.
    pub const fn cases(self) -> usize {
        match self {
            Self::Tiny => 6,
            Self::Small => 24,
            Self::Standard => 400,
        }
    }
}

impl Notation {
    /// How file names end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    fn write(self, value: Value) -> String {
        match self {
            Self::Json => format!("{:#}\n", canonical(value)),
            Self::Yaml => yaml_of(&value),
        }
    }
}

/// Makes a bundle. The same options make the same files.
///
/// # Errors
/// When a sampler or a machine of ours is broken.
pub fn generate(options: &Options, watch: &mut dyn Watch) -> Result<Bundle, BundleError> {
    let mut bundle = Bundle { options: options.clone(), files: BTreeMap::new() };
    for name in &options.families {
        let family: FamilyId = name.parse().map_err(BundleError::Generator)?;
        let work = Generate { options, files: &mut bundle.files, watch };
        family.visit(work).map_err(BundleError::Generator)?;
    }
    Ok(bundle)
}

struct Generate<'a> {
    options: &'a Options,
    files: &'a mut BTreeMap<String, (String, u64)>,
    watch: &'a mut dyn Watch,
}

impl Visit for Generate<'_> {
    type Output = Result<(), String>;

    fn visit<F: Catalog>(self) -> Self::Output {
        let Options { bundle, seed, notation, .. } = *self.options;
        let extension = notation.extension();
        for sampler in F::samplers() {
            self.watch.begins(&format!("{} {}", F::NAME, sampler.kind));
            for (name, table) in tables::<F>(&sampler, seed, bundle.cases())? {
                let cases = table["cases"].as_array().map_or(0, Vec::len) as u64;
                self.files.insert(format!("{name}.{extension}"), (notation.write(table), cases));
            }
        }
        for document in scenarios::<F>(bundle, seed, self.watch)? {
            let value = serde_json::to_value(&document).map_err(|error| error.to_string())?;
            let name = document.id.unwrap_or_default();
            self.files.insert(format!("{name}.{extension}"), (notation.write(value), 1));
        }
        Ok(())
    }
}

impl Bundle {
    /// Whether a path is one of those that are generated; others in the same folder are written by
    /// hand.
    pub fn is_generated(path: &str) -> bool {
        path.contains("/functions/") || path.contains("/scenarios/")
    }

    /// Adds the files of a folder that are written by hand.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn add_written(&mut self, folder: &Path) -> Result<(), BundleError> {
        for path in below(folder)? {
            let name = relative(folder, &path);
            if Self::is_generated(&name) || MANIFEST.contains(&name.as_str()) {
                continue;
            }
            let text = read_text(&path)?;
            let value: Value = serde_yaml::from_str(&text)
                .map_err(|error| DocumentError::new(&path, error.to_string()))?;
            let cases = value.get("cases").and_then(Value::as_array);
            let vectors = cases.map_or(1, Vec::len) as u64;
            let notation = self.options.notation;
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let twin = format!("{stem}.{}", notation.extension());
            if twin == name {
                self.files.insert(name, (text, vectors));
            } else {
                self.files.insert(twin, (notation.write(value), vectors));
            }
        }
        Ok(())
    }

    /// The manifest of all files.
    pub fn manifest(&self) -> Manifest {
        Manifest::of(self.options.clone(), &self.files)
    }

    /// The manifest as a file: its name and text.
    pub fn manifest_file(&self) -> (String, String) {
        let notation = self.options.notation;
        let value = serde_json::to_value(self.manifest()).expect("it has string keys only");
        (format!("manifest.{}", notation.extension()), notation.write(value))
    }

    /// Writes all files below a folder, and takes away generated ones that are no longer made. The
    /// manifest is written last.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), BundleError> {
        let fail = |path: &Path, error: &io::Error| {
            BundleError::File(DocumentError::new(path, format!("cannot be written: {error}")))
        };
        for (name, (text, _)) in &self.files {
            let path = folder.join(name);
            // A file that is right already keeps its time.
            if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
                continue;
            }
            write_file(&path, text).map_err(|error| fail(&path, &error))?;
        }
        for path in below(folder)? {
            let name = relative(folder, &path);
            if Self::is_generated(&name) && !self.files.contains_key(&name) {
                fs::remove_file(&path).map_err(|error| fail(&path, &error))?;
            }
        }
        let (name, text) = self.manifest_file();
        let path = folder.join(name);
        write_file(&path, &text).map_err(|error| fail(&path, &error))
    }

    /// What differs between this bundle and the files of a folder, one line for each file.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn compare(&self, folder: &Path) -> Result<Vec<String>, BundleError> {
        let mut lines = Vec::new();
        let manifest = self.manifest_file();
        let files = self.files.iter().map(|(name, (text, _))| (name, text));
        for (name, text) in files.chain([(&manifest.0, &manifest.1)]) {
            match fs::read(folder.join(name)) {
                Ok(there) if there == text.as_bytes() => {}
                Ok(_) => lines.push(format!("{name}: differs from what would be generated")),
                Err(_) => lines.push(format!("{name}: missing: would be generated")),
            }
        }
        for path in below(folder)? {
            let name = relative(folder, &path);
            if Self::is_generated(&name) && !self.files.contains_key(&name) {
                lines.push(format!("{name}: obsolete: no longer generated"));
            }
        }
        Ok(lines)
    }
}

fn below(folder: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let walk = walk(folder).map_err(|error| {
        BundleError::File(DocumentError::new(folder, format!("cannot be read: {error}")))
    })?;
    Ok(walk.files)
}
