//! What the system keeps of files in memory, and how to make it forget them, so that a question is asked of the disk.

use std::path::Path;

use crate::say::Failure;

/// Drops the files of a folder, but for one folder in it, from the system's memory. It says whether it could; other programs' files are left alone.
#[cfg(target_os = "linux")]
pub(super) fn drop_cached(folder: &Path, but: Option<&Path>) -> Result<bool, Failure> {
    // What is not written yet cannot be forgotten. Once for all files: each by itself takes minutes where there are a million.
    let written = rustix::fs::syncfs(std::fs::File::open(folder)?).is_ok();
    Ok(forget(folder, but)? && written)
}

#[cfg(target_os = "linux")]
fn forget(folder: &Path, but: Option<&Path>) -> Result<bool, Failure> {
    let mut dropped = true;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if Some(path.as_path()) == but {
            continue;
        }
        dropped &= if path.is_dir() {
            forget(&path, but)?
        } else {
            rustix::fs::fadvise(&std::fs::File::open(&path)?, 0, None, rustix::fs::Advice::DontNeed).is_ok()
        };
    }
    Ok(dropped)
}

/// Elsewhere nothing is dropped, and the result says so.
#[cfg(not(target_os = "linux"))]
pub(super) fn drop_cached(_folder: &Path, _but: Option<&Path>) -> Result<bool, Failure> {
    Ok(false)
}
