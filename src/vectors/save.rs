use std::path::{Path, PathBuf};

use sha3::{Digest, Sha3_256};

use crate::machine::Family;

use super::document::Document;
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
