//! The data folder: what lies where, for its owner's eyes only. `docs/operations.md` describes it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use seal::{KeyKind, SignerKey, VerifierKey};

use crate::config::Settings;
use crate::error::SiteError;

/// A data folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// Names a folder that holds a site.
    pub(crate) fn existing(dir: &Path) -> Result<Folder, SiteError> {
        let folder = Folder { dir: dir.to_owned() };
        if folder.signer_file().exists() || folder.ledger().is_dir() {
            Ok(folder)
        } else {
            Err(SiteError::Missing(dir.to_owned()))
        }
    }

    /// Makes the folder if need be.
    pub(crate) fn create(dir: &Path) -> Result<Folder, SiteError> {
        let folder = Folder { dir: dir.to_owned() };
        let begins = !folder.keys().exists();
        for path in [&folder.dir, &folder.keys()] {
            create_private(path).map_err(SiteError::io("create", path))?;
        }
        if begins {
            // A folder that stood there already gets the mode of one that is made.
            make_private(&folder.dir).map_err(SiteError::io("protect", &folder.dir))?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn site_db(&self) -> PathBuf {
        self.dir.join("site.db")
    }

    /// Where a rebuild makes the new database.
    pub(crate) fn site_db_new(&self) -> PathBuf {
        self.dir.join("site.db.new")
    }

    pub(crate) fn own_db(&self) -> PathBuf {
        self.dir.join("own.db")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.dir.join("ledger")
    }

    fn keys(&self) -> PathBuf {
        self.dir.join("keys")
    }

    fn signer_file(&self) -> PathBuf {
        self.keys().join("ledger.key")
    }

    fn verifier_file(&self) -> PathBuf {
        self.keys().join("ledger.pub")
    }

    /// Takes the lock that only one writer holds. It is given back when the file is dropped.
    pub(crate) fn lock(&self) -> Result<File, SiteError> {
        let path = self.dir.join("lock");
        let file =
            private().write(true).create(true).truncate(false).open(&path).map_err(SiteError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(SiteError::InUse(self.dir.clone())),
            Err(TryLockError::Error(error)) => Err(SiteError::io("lock", &path)(error)),
        }
    }

    /// Makes sure that a file exists and is private before a database makes it as it likes.
    pub(crate) fn reserve(&self, path: &Path) -> Result<(), SiteError> {
        private().append(true).create(true).open(path).map(drop).map_err(SiteError::io("create", path))
    }

    /// The key that signs checkpoints; made on the first start.
    pub(crate) fn signer(&self, settings: &Settings) -> Result<SignerKey, SiteError> {
        let path = self.signer_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.ledger().join("checkpoint").exists() {
                    return Err(SiteError::KeyMissing(path));
                }
                return self.make_signer(settings);
            }
            Err(error) => return Err(SiteError::io("read", &path)(error)),
        };
        let key: SignerKey = text.trim().parse().map_err(|_| SiteError::Key(path.clone()))?;
        if let Some(origin) = settings.origin.as_deref().filter(|origin| *origin != key.name()) {
            return Err(SiteError::Refused(format!(
                "the ledger was begun under the origin `{}`, the configuration says `{origin}`",
                key.name()
            )));
        }
        // The first start may have ended between the two files.
        if !self.verifier_file().exists() {
            write_new(&self.verifier_file(), &format!("{}\n", key.verifier()))?;
        }
        Ok(key)
    }

    fn make_signer(&self, settings: &Settings) -> Result<SignerKey, SiteError> {
        let seed = random::<32>()?;
        let origin = match &settings.origin {
            Some(origin) => origin.clone(),
            None => format!("tracewright/site-{}", kernel::stored::hex(&random::<8>()?)),
        };
        let key = SignerKey::from_seed(&origin, KeyKind::Ed25519, &seed)
            .map_err(|_| SiteError::Refused(format!("`{origin}` cannot be the origin of a ledger")))?;
        write_new(&self.signer_file(), &format!("{}\n", key.to_secret_text()))?;
        write_new(&self.verifier_file(), &format!("{}\n", key.verifier()))?;
        Ok(key)
    }

    /// The key by which checkpoints are verified.
    pub(crate) fn verifier(&self) -> Result<VerifierKey, SiteError> {
        let path = self.verifier_file();
        let text = fs::read_to_string(&path).map_err(SiteError::io("read", &path))?;
        text.trim().parse().map_err(|_| SiteError::Key(path))
    }

    /// Makes the names in the folder durable.
    pub(crate) fn sync(&self) -> Result<(), SiteError> {
        if cfg!(unix) {
            File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(SiteError::io("sync", &self.dir))?;
        }
        Ok(())
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], SiteError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| SiteError::Stopped(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

/// Writes a private file whole, or not at all.
fn write_new(path: &Path, text: &str) -> Result<(), SiteError> {
    let beside = path.with_extension("tmp");
    let write = || -> io::Result<()> {
        let mut file = private().write(true).create(true).truncate(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        match path.parent() {
            Some(parent) if cfg!(unix) => File::open(parent)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().map_err(SiteError::io("write", path))
}

/// Copies a file for its owner's eyes only, durably.
pub(crate) fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = private().write(true).create_new(true).open(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has a mode to set"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}
