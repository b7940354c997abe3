//! Where real chain data is, for the tests that need it.

use std::path::{Path, PathBuf};

/// A file or folder of the real data; `None`, said loudly, if it is not there.
#[expect(clippy::print_stdout, reason = "what is skipped is skipped loudly")]
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SYNCHECK_REAL_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {} is not there; set SYNCHECK_REAL_DATA", path.display());
    None
}
