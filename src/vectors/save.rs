use std::path::{Path, PathBuf};

use sha3::{Digest, Sha3_256};

use crate::machine::Family;

use super::document::Document;
use super::file::VectorFile;
use super::write::{to_yaml, write_file};

/// Writes a finding into a folder, under a name made of its claim and content.
///
/// # Errors
/// When the folder or the file cannot be written; says so in words.
pub fn save<F: Family>(folder: &Path, document: &Document<F>) -> Result<PathBuf, String> {
    let text = to_yaml(document).map_err(|error| format!("the finding has no text: {error}"))?;
    let digest = const_hex::encode(&Sha3_256::digest(&text)[..4]);
    let claim = document.expect.claim.as_deref().unwrap_or("pass");
    let path = folder.join(format!("{}-{claim}-{digest}.yaml", F::NAME));
    write_file(&path, &text)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(path)
}

/// The findings of a family that were saved in a folder, in the order of their names; none, if
/// there is no such folder.
pub fn saved(folder: &Path, family: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let is_named = name.strip_prefix(family).is_some_and(|rest| rest.starts_with('-'));
            is_named && name.ends_with(".yaml") && !is_of_another(path, family)
        })
        .collect();
    paths.sort();
    paths
}

/// Whether a file says that it is of another family, whose name begins with this one's. A file that
/// cannot be read may be of this one.
fn is_of_another(path: &Path, family: &str) -> bool {
    VectorFile::open(path).is_ok_and(|file| file.header().family != family)
}
