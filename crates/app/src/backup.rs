//! Backup and restore of a data folder.
//!
//! A backup is made beside a running server. Both databases are held at one moment, copied, and then the ledger up to the newest checkpoint that
//! the copied database knows of. So what the copied ledger does not hold yet stands in the tail of the copied database, as after a crash. What
//! was copied is verified before it takes its place; an earlier backup in that place goes only then.
//!
//! INVARIANT: the key that signs is left out of both, unless asked for. An older copy that goes on signing, while others hold checkpoints that
//! were signed after it was made, would be a second history under the same key.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use kernel::stored::hex;
use seal::verify::{Options, Progress, Tail};
use seal::{LedgerError, SignedCheckpoint, VerifierKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::Snapshot;

use crate::config::FILE as CONFIG_FILE;
use crate::error::{SiteError, chain};
use crate::folder::{Folder, copy_private, create_private};
use crate::read::references;
use crate::record::now;

/// Where and how to back up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupOptions {
    /// The folder of the backup: new, empty, or an earlier backup, which is replaced.
    pub to: PathBuf,
    /// Whether the key that signs goes into the backup.
    pub with_key: bool,
}

/// What to restore and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreOptions {
    /// The folder of the backup.
    pub from: PathBuf,
    /// Whether the restored site may go on signing.
    pub with_key: bool,
    /// The newest checkpoint known from elsewhere, signed: a backup that does not reach it is refused.
    pub newest: Option<String>,
    /// The key to believe, `<name>+<id>+<base64>`; without it the one in the backup.
    pub key: Option<String>,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// When it was made.
    pub made: String,
    /// Origin of the ledger.
    pub origin: String,
    /// Entries under its newest checkpoint.
    pub entries: u64,
    /// Root of that checkpoint, base64.
    pub root: String,
    /// Events in the database: those above `entries` are sealed when the site is opened to write.
    pub recorded: u64,
    /// Files beside the ledger, with their SHA-256.
    pub files: BTreeMap<String, String>,
}

impl Backup {
    /// Whether the key that signs is among the files.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.files.contains_key(KEY_FILE)
    }
}

/// The file that says what a backup holds.
const MANIFEST: &str = "backup.json";
const KEY_FILE: &str = "keys/ledger.key";
const LEDGER: &str = "ledger";

pub(crate) fn backup(
    folder: &Folder,
    options: &BackupOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, SiteError> {
    let to = named(&options.to)?;
    let old = beside(&to, ".old");
    if !to.exists() && old.exists() {
        // A backup was broken off between its last two steps.
        fs::rename(&old, &to).map_err(SiteError::io("replace", &to))?;
    }
    let has_earlier = to.join(MANIFEST).is_file();
    if !has_earlier && !is_vacant(&to)? {
        return Err(SiteError::Refused(format!("folder `{}` holds something else than a backup", to.display())));
    }
    let earlier = to.join(LEDGER);
    let part = begin(&to)?;
    let copy = Folder::create(&part)?;

    // Both are held before either is copied. `own.db` first: a message that was replayed meanwhile then waits in the copy, and is known when it is
    // replayed again.
    let own = Snapshot::of(&folder.own_db())?;
    let site = Snapshot::of(&folder.site_db())?;
    let recorded = site.size()?.0;
    for (snapshot, path) in [(own, copy.own_db()), (site, copy.site_db())] {
        copy.reserve(&path)?;
        snapshot.copy_to(&path)?;
    }
    // INVARIANT: what the copied database has forgotten of its tail lies under a checkpoint that was signed before, and none of those is above
    // what it has recorded.
    let checkpoint = seal::copy(folder.ledger(), recorded, copy.ledger(), has_earlier.then_some(&*earlier))?;
    let mut names = vec!["keys/ledger.pub", CONFIG_FILE];
    names.extend(options.with_key.then_some(KEY_FILE));
    for name in names.into_iter().filter(|name| folder.path().join(name).exists()) {
        copy_private(&folder.path().join(name), &part.join(name)).map_err(SiteError::io("copy", Path::new(name)))?;
    }
    let mut files = BTreeMap::new();
    for name in ["site.db", "own.db", "keys/ledger.pub", KEY_FILE, CONFIG_FILE] {
        if part.join(name).exists() {
            files.insert(name.to_owned(), digest(&part.join(name))?);
        }
    }
    let backup = Backup {
        made: now().to_string(),
        origin: checkpoint.checkpoint().origin.clone(),
        entries: checkpoint.size(),
        root: checkpoint.root().to_base64(),
        recorded,
        files,
    };
    check(&copy, &backup, None, progress)?;
    let text = serde_json::to_string_pretty(&backup).unwrap_or_default();
    fs::write(part.join(MANIFEST), text).map_err(SiteError::io("write", &part.join(MANIFEST)))?;
    sync(&part.join(MANIFEST))?;
    sync(&part)?;
    if has_earlier {
        discard(&old)?;
        fs::rename(&to, &old).map_err(SiteError::io("replace", &to))?;
    }
    finish(&part, &to)?;
    discard(&old)?;
    Ok(backup)
}

pub(crate) fn restore(
    dir: &Path,
    options: &RestoreOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, SiteError> {
    let (dir, from) = (named(dir)?, &options.from);
    if !is_vacant(&dir)? {
        return Err(SiteError::Refused(format!("folder `{}` is not empty", dir.display())));
    }
    let text = match fs::read(from.join(MANIFEST)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(SiteError::Refused(format!("folder `{}` holds no backup", from.display())));
        }
        Err(error) => return Err(SiteError::io("read", &from.join(MANIFEST))(error)),
    };
    let mut backup: Backup =
        serde_json::from_slice(&text).map_err(|error| damaged(MANIFEST, format!("it does not read: {error}")))?;
    if !options.with_key {
        backup.files.remove(KEY_FILE);
    } else if !backup.has_key() {
        return Err(SiteError::Refused(format!("backup `{}` holds no key", from.display())));
    }
    let part = begin(&dir)?;
    let copy = Folder::create(&part)?;
    for name in backup.files.keys() {
        // What stands in the file is not believed before it is checked.
        if !["site.db", "own.db", "keys/ledger.pub", KEY_FILE, CONFIG_FILE].contains(&&**name) {
            return Err(damaged(MANIFEST, format!("`{name}` does not belong into a backup")));
        }
        copy_private(&from.join(name), &part.join(name)).map_err(SiteError::io("copy", &from.join(name)))?;
    }
    copy_tree(&from.join(LEDGER), &copy.ledger())?;
    let key = check(&copy, &backup, options.key.as_deref(), progress).map_err(|error| match error {
        SiteError::Ledger(LedgerError::Damaged(problem)) => {
            damaged(&Path::new(LEDGER).join(&problem.file).display().to_string(), problem.reason)
        }
        other => other,
    })?;
    if let Some(text) = &options.newest {
        extends(&copy, text, &key)?;
    }
    sync(&part)?;
    finish(&part, &dir)?;
    Ok(backup)
}

/// Checks that everything is as it was written, and that the ledger holds. Gives the key by which it does.
fn check(
    copy: &Folder,
    backup: &Backup,
    key: Option<&str>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<VerifierKey, SiteError> {
    for (name, expected) in &backup.files {
        if digest(&copy.path().join(name))? != *expected {
            return Err(damaged(name, "it is not what was written"));
        }
    }
    let key: VerifierKey = match key {
        Some(text) => {
            text.trim().parse().map_err(|_| SiteError::Refused(format!("`{text}` is no public key of a ledger")))?
        }
        None => copy.verifier()?,
    };
    let mut told = |progressed: Progress| progress(progressed.entries, progressed.entries_total);
    let options = Options { tail: Tail::Refused, references: Some(&references), progress: Some(&mut told) };
    let report = seal::verify::verify_with(copy.ledger(), &key, options)?;
    if (report.entries, report.checkpoint.root().to_base64()) != (backup.entries, backup.root.clone()) {
        return Err(damaged("ledger/checkpoint", "it is another than the backup was made with"));
    }
    Ok(key)
}

/// Refuses a folder whose ledger does not reach a checkpoint that somebody else holds.
fn extends(copy: &Folder, text: &str, key: &VerifierKey) -> Result<(), SiteError> {
    let known = SignedCheckpoint::parse(text.as_bytes())
        .map_err(|error| SiteError::Refused(format!("the newest checkpoint does not read: {}", chain(&error))))?;
    known.verify(key).map_err(|error| {
        SiteError::Refused(format!("the newest checkpoint is not one of this ledger: {}", chain(&error)))
    })?;
    let reader = seal::Reader::open(copy.ledger())?;
    let size = reader.size()?;
    if known.size() > size || reader.root(known.size())? != known.root() {
        return Err(LedgerError::NotExtended { known: known.size(), size }.into());
    }
    Ok(())
}

fn damaged(file: &str, reason: impl Into<String>) -> SiteError {
    SiteError::Backup { file: file.to_owned(), reason: reason.into() }
}

/// A path that others can be named after.
fn named(path: &Path) -> Result<PathBuf, SiteError> {
    let whole: PathBuf = std::path::absolute(path).map_err(SiteError::io("find", path))?.components().collect();
    match whole.file_name() {
        Some(_) => Ok(whole),
        None => Err(SiteError::Refused(format!("`{}` cannot be replaced as a whole", path.display()))),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether nothing stands there that could be lost.
fn is_vacant(path: &Path) -> Result<bool, SiteError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(SiteError::io("read", path)(error)),
    }
}

/// Where a folder is made before it takes its place. What one that was broken off left there goes.
fn begin(path: &Path) -> Result<PathBuf, SiteError> {
    let part = beside(path, ".part");
    discard(&part)?;
    Ok(part)
}

/// Puts a finished folder in its place, durably.
fn finish(part: &Path, path: &Path) -> Result<(), SiteError> {
    if path.exists() {
        // Empty, or this refuses.
        fs::remove_dir(path).map_err(SiteError::io("replace", path))?;
    }
    fs::rename(part, path).map_err(SiteError::io("replace", path))?;
    path.parent().map_or(Ok(()), sync)
}

fn discard(path: &Path) -> Result<(), SiteError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SiteError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), SiteError> {
    create_private(to).map_err(SiteError::io("create", to))?;
    for entry in fs::read_dir(from).map_err(SiteError::io("read", from))? {
        let path = entry.map_err(SiteError::io("read", from))?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            copy_private(&path, &target).map_err(SiteError::io("copy", &path))?;
        }
    }
    sync(to)
}

/// Makes a file, or the names in a folder, durable.
fn sync(path: &Path) -> Result<(), SiteError> {
    if cfg!(unix) {
        File::open(path).and_then(|file| file.sync_all()).map_err(SiteError::io("sync", path))?;
    }
    Ok(())
}

fn digest(path: &Path) -> Result<String, SiteError> {
    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(SiteError::io("open", path))?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(SiteError::io("read", path)(error)),
        }
    }
}
