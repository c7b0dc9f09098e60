//! Every change to a ledger folder goes through here, one step at a time, so that a test can stop the world at any of
//! them: before the step, after it with the answer lost, or in the middle of a write.
//!
//! Folders are made for their owner only (0700 on Unix), files likewise (0600).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::LedgerError;

/// A single change to the folder, as a fault hook sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A folder is made.
    CreateFolder,
    /// A file is made, or an existing one opened for writing.
    Open,
    /// Bytes are added to the end of a file.
    Append,
    /// A file's bytes are made durable.
    Sync,
    /// A folder's names are made durable.
    SyncFolder,
    /// A finished file takes its place.
    Rename,
    /// A file loses its end.
    Truncate,
    /// A file is removed.
    Remove,
}

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The step does not happen.
    NotDone,
    /// The step happens, but is reported as failed.
    AnswerLost,
    /// Of an append only this many bytes arrive. At other steps nothing happens.
    Torn(usize),
}

/// Asked before every step; an answer makes it fail.
pub type FaultHook = Box<dyn FnMut(&Path, Step) -> Option<Fault> + Send>;

/// The way to the disk.
#[derive(Default)]
pub(crate) struct Disk {
    hook: Option<FaultHook>,
}

impl Disk {
    pub(crate) fn with_hook(hook: FaultHook) -> Disk {
        Disk { hook: Some(hook) }
    }

    /// Makes a folder and makes its name durable; fine if it stands already.
    pub(crate) fn create_folder(&mut self, path: &Path) -> Result<(), LedgerError> {
        if path.is_dir() {
            return Ok(());
        }
        self.step(path, Step::CreateFolder, || create_private_folder(path))?;
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => self.sync_folder(parent),
            None => Ok(()),
        }
    }

    /// Opens a file to append to, making it if need be.
    pub(crate) fn open(&mut self, path: &Path) -> Result<File, LedgerError> {
        self.step(path, Step::Open, || private().append(true).create(true).open(path))
    }

    /// Adds bytes to the end of a file. Durable only after [`Disk::sync`].
    pub(crate) fn append(&mut self, file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        match self.fault(path, Step::Append) {
            None => file.write_all(bytes).map_err(LedgerError::io("write", path)),
            Some(fault) => {
                let arrived = match fault {
                    Fault::NotDone => 0,
                    Fault::AnswerLost => bytes.len(),
                    Fault::Torn(length) => length.min(bytes.len()),
                };
                file.write_all(&bytes[..arrived]).map_err(LedgerError::io("write", path))?;
                Err(LedgerError::io("write", path)(io::Error::other("fault injected")))
            }
        }
    }

    pub(crate) fn sync(&mut self, file: &File, path: &Path) -> Result<(), LedgerError> {
        self.step(path, Step::Sync, || file.sync_data())
    }

    pub(crate) fn sync_folder(&mut self, path: &Path) -> Result<(), LedgerError> {
        self.step(path, Step::SyncFolder, || sync_folder(path))
    }

    /// Puts a whole file in its place: written beside, made durable, renamed. The caller syncs the folder.
    pub(crate) fn place(&mut self, path: &Path, beside: &Path, bytes: &[u8]) -> Result<(), LedgerError> {
        let mut file =
            self.step(beside, Step::Open, || private().write(true).create(true).truncate(true).open(beside))?;
        self.append(&mut file, beside, bytes)?;
        self.sync(&file, beside)?;
        self.rename(beside, path)
    }

    /// Copies a file, its bytes made durable.
    pub(crate) fn copy(&mut self, from: &Path, to: &Path) -> Result<(), LedgerError> {
        let mut source = File::open(from).map_err(LedgerError::io("open", from))?;
        let mut file = self.step(to, Step::Open, || private().write(true).create_new(true).open(to))?;
        io::copy(&mut source, &mut file).map_err(LedgerError::io("write", to))?;
        self.sync(&file, to)
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> Result<(), LedgerError> {
        self.step(to, Step::Rename, || fs::rename(from, to))
    }

    /// Cuts a file to a length, durably.
    pub(crate) fn truncate(&mut self, path: &Path, length: u64) -> Result<(), LedgerError> {
        self.step(path, Step::Truncate, || {
            let file = OpenOptions::new().write(true).open(path)?;
            file.set_len(length)?;
            file.sync_all()
        })
    }

    pub(crate) fn remove(&mut self, path: &Path) -> Result<(), LedgerError> {
        self.step(path, Step::Remove, || fs::remove_file(path))
    }

    fn step<T>(&mut self, path: &Path, step: Step, act: impl FnOnce() -> io::Result<T>) -> Result<T, LedgerError> {
        let fault = self.fault(path, step);
        let failed = || LedgerError::io(step.verb(), path)(io::Error::other("fault injected"));
        match fault {
            None => act().map_err(LedgerError::io(step.verb(), path)),
            Some(Fault::NotDone | Fault::Torn(_)) => Err(failed()),
            Some(Fault::AnswerLost) => {
                act().map_err(LedgerError::io(step.verb(), path))?;
                Err(failed())
            }
        }
    }

    fn fault(&mut self, path: &Path, step: Step) -> Option<Fault> {
        self.hook.as_mut().and_then(|hook| hook(path, step))
    }
}

impl Step {
    fn verb(self) -> &'static str {
        match self {
            Step::CreateFolder => "create",
            Step::Open => "open",
            Step::Append => "write",
            Step::Sync | Step::SyncFolder => "sync",
            Step::Rename => "replace",
            Step::Truncate => "truncate",
            Step::Remove => "remove",
        }
    }
}

/// Takes the lock of a ledger folder; it is given back when the file is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, LedgerError> {
    let file = private().write(true).create(true).truncate(false).open(path).map_err(LedgerError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(LedgerError::InUse(path.parent().unwrap_or(path).to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(LedgerError::io("lock", path)(error)),
    }
}

/// Reads exactly as many bytes as `buffer` holds, from anywhere in a file, without moving a cursor.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    if read_up_to(file, buffer, offset)? < buffer.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Fills `buffer` from anywhere in a file as far as the file goes.
pub(crate) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read_some(file, &mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// A file's bytes, or `None` if there is no such file.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(LedgerError::io("read", path)(error)),
    }
}

/// The paths in a folder, sorted; none if there is no such folder.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LedgerError::io("list", folder)(error)),
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(LedgerError::io("list", folder))?;
    paths.sort();
    Ok(paths)
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_private_folder(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// Windows makes names durable by itself and cannot open a folder as a file.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
