use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

/// What is below a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// All files, by rising path of each folder.
    pub files: Vec<PathBuf>,
    /// Folders with nothing in them.
    pub empty: Vec<PathBuf>,
}

/// Lists what is below a folder. A link to a folder is not followed: it may lead back.
///
/// # Errors
/// When a folder cannot be read.
pub fn walk(folder: &Path) -> io::Result<Walk> {
    let mut walk = Walk::default();
    visit(folder, &mut walk)?;
    Ok(walk)
}

fn visit(folder: &Path, walk: &mut Walk) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    if entries.is_empty() {
        walk.empty.push(folder.to_owned());
    }
    for entry in entries {
        if entry.file_type()?.is_dir() {
            visit(&entry.path(), walk)?;
        } else {
            walk.files.push(entry.path());
        }
    }
    Ok(())
}
