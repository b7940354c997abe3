use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::vectors::{DocumentError, FORMAT, read_text};

use super::bundle::Options;
use super::files::walk;

/// The manifest's name, in either notation.
pub const MANIFEST: [&str; 2] = ["manifest.yaml", "manifest.json"];

/// What a bundle has: all its files, with their hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub format: String,
    /// `manifest`.
    pub kind: String,
    /// Who made it.
    pub generator: Generator,
    /// With what options; the same ones make the same files.
    pub options: Options,
    /// How much there is.
    pub counts: Counts,
    /// The SHA-256 of the lines `<sha256>  <path>` of all files by rising path, each with a line
    /// feed: what `sha256sum` prints for them.
    pub root: String,
    /// The files by rising path.
    pub files: Vec<ManifestFile>,
}

/// The program that made a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// How much there is in a bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Files.
    pub files: u64,
    /// Scenarios, one a file.
    pub scenarios: u64,
    /// Cases of tables.
    pub cases: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path below the manifest, with `/`.
    pub path: String,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Scenarios or cases in it.
    pub vectors: u64,
}

impl Manifest {
    /// The manifest of files by path, each with its bytes and the number of its vectors.
    pub fn of(options: Options, files: &BTreeMap<String, (String, u64)>) -> Self {
        let entries: Vec<ManifestFile> = files
            .iter()
            .map(|(path, (text, vectors))| ManifestFile {
                path: path.clone(),
                sha256: sha256(text.as_bytes()),
                vectors: *vectors,
            })
            .collect();
        let scenarios = |path: &str| path.contains("/scenarios/") || path.contains("/regressions/");
        let sum = |wanted: bool| {
            let of_sort = entries.iter().filter(|file| scenarios(&file.path) == wanted);
            of_sort.map(|file| file.vectors).sum()
        };
        let counts = Counts {
            files: entries.len() as u64,
            scenarios: sum(true),
            cases: sum(false),
            bytes: files.values().map(|(text, _)| text.len() as u64).sum(),
        };
        let generator = Generator {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Self {
            format: FORMAT.to_owned(),
            kind: "manifest".to_owned(),
            generator,
            options,
            counts,
            root: root(&entries),
            files: entries,
        }
    }

    /// Where the manifest of a folder is, if it has one.
    pub fn find(folder: &Path) -> Option<PathBuf> {
        MANIFEST.iter().map(|name| folder.join(name)).find(|path| path.is_file())
    }

    /// Reads a manifest and checks that it agrees with itself.
    ///
    /// # Errors
    /// When it is none, or its sums are wrong.
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let text = read_text(path)?;
        let fail = |message: String| DocumentError::new(path, message);
        let manifest: Self =
            serde_yaml::from_str(&text).map_err(|error| fail(error.to_string()))?;
        if manifest.format != FORMAT || manifest.kind != "manifest" {
            return Err(fail(format!("format: this program reads manifests of {FORMAT:?}")));
        }
        let expected = root(&manifest.files);
        if manifest.root != expected {
            return Err(fail(format!("root: the files make {expected}, got {}", manifest.root)));
        }
        let vectors: u64 = manifest.files.iter().map(|file| file.vectors).sum();
        let counts = manifest.counts;
        if counts.files != manifest.files.len() as u64 {
            return Err(fail(format!("counts.files: there are {}", manifest.files.len())));
        }
        if counts.scenarios + counts.cases != vectors {
            return Err(fail(format!("counts: the files have {vectors} scenarios and cases")));
        }
        Ok(manifest)
    }

    /// Compares the files below a folder with the manifest: files that are changed, missing or not
    /// listed, each by name.
    pub fn compare(&self, folder: &Path) -> Vec<DocumentError> {
        let mut errors = Vec::new();
        let mut bytes = 0;
        for file in &self.files {
            let path = folder.join(&file.path);
            match fs::read(&path) {
                Ok(content) => {
                    bytes += content.len() as u64;
                    let got = sha256(&content);
                    if got != file.sha256 {
                        let message = format!("sha256 {got}, the manifest says {}", file.sha256);
                        errors.push(DocumentError::new(path, message));
                    }
                }
                Err(error) => errors.push(DocumentError::new(path, format!("is listed: {error}"))),
            }
        }
        if errors.is_empty() && bytes != self.counts.bytes {
            let message = format!("counts.bytes: {bytes}, the manifest says {}", self.counts.bytes);
            errors.push(DocumentError::new(folder.join(MANIFEST[0]), message));
        }
        let found = walk(folder).map(|walk| walk.files).unwrap_or_default();
        for path in found {
            let name = relative(folder, &path);
            let listed = self.files.binary_search_by(|file| file.path.as_str().cmp(&name)).is_ok();
            if !listed && !MANIFEST.contains(&name.as_str()) {
                errors.push(DocumentError::new(path, "is not listed in the manifest"));
            }
        }
        errors
    }
}

/// A path below a folder as manifests have it.
pub(super) fn relative(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn sha256(bytes: &[u8]) -> String {
    const_hex::encode(Sha256::digest(bytes))
}

fn root(files: &[ManifestFile]) -> String {
    let mut lines = String::new();
    for file in files {
        lines.push_str(&format!("{}  {}\n", file.sha256, file.path));
    }
    sha256(lines.as_bytes())
}
