//! `backup` and `restore`.

use std::fs;
use std::path::Path;

use app::{Backup, BackupOptions, RestoreOptions, Site};

use crate::arguments;
use crate::say::{self, Done, Failure};

pub(crate) fn backup(data: &Path, given: &arguments::Backup, json: bool) -> Result<Done, Failure> {
    let bar = say::progress(Some(0), "verifying the copy", false);
    let options = BackupOptions { to: given.to.clone(), with_key: given.with_key };
    let made = Site::backup(data, &options, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let made = made?;
    if json {
        say::json(&made)?;
        return Ok(Done::Well);
    }
    say::line(format!("backup in `{}`, verified", given.to.display()))?;
    what(&made)?;
    if !made.has_key() {
        say::line("  without the key that signs: keep `keys/ledger.key` elsewhere, sealed")?;
    }
    Ok(Done::Well)
}

pub(crate) fn restore(data: &Path, given: &arguments::Restore, json: bool) -> Result<Done, Failure> {
    let newest = given
        .newest
        .as_ref()
        .map(|path| fs::read_to_string(path).map_err(|error| Failure::file("read", path.display(), error)));
    let options = RestoreOptions {
        from: given.from.clone(),
        with_key: given.with_key,
        newest: newest.transpose()?,
        key: given.key.clone(),
    };
    let bar = say::progress(Some(0), "verifying", false);
    let restored = Site::restore(data, &options, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let restored = restored?;
    if json {
        say::json(&restored)?;
        return Ok(Done::Well);
    }
    say::line(format!("restored into `{}`, verified", data.display()))?;
    what(&restored)?;
    if !restored.has_key() {
        say::line(
            "  to be asked only: without the key it records nothing (see `A second history` in docs/operations.md)",
        )?;
    }
    Ok(Done::Well)
}

fn what(backup: &Backup) -> Result<(), Failure> {
    say::line(format!("  as of {}: {} events, ledger `{}`", backup.made, backup.recorded, backup.origin))?;
    say::line(format!("  checkpoint of {} entries, root {}", backup.entries, backup.root))
}
