//! `verify`, `rebuild` and `export ledger`.

use std::path::Path;

use app::{Site, SiteError, VerifyOptions};
use serde_json::json;

use crate::arguments::{Export, ExportWhat, Verify};
use crate::say::{self, Done, Failure};

pub(crate) fn verify(data: &Path, given: &Verify, json: bool) -> Result<Done, Failure> {
    let bar = say::progress(Some(0), "verifying", false);
    let options = VerifyOptions { key: given.key.clone(), at_rest: given.at_rest };
    let verified = Site::verify(data, &options, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    match verified {
        Ok(verified) => {
            if json {
                let mut answer = serde_json::to_value(&verified).map_err(std::io::Error::from)?;
                answer["ok"] = true.into();
                say::json(&answer)?;
            } else {
                say::line(format!("ledger `{}` holds", verified.origin))?;
                say::line(format!(
                    "  {} entries, {} checkpoints, {} attachments, {} bytes read, root {}",
                    verified.entries, verified.checkpoints, verified.attachments, verified.bytes, verified.root
                ))?;
            }
            Ok(Done::Well)
        }
        Err(SiteError::Ledger(seal::LedgerError::Damaged(problem))) => {
            if json {
                let file = problem.file.display().to_string();
                say::json(&json!({ "ok": false, "file": file, "index": problem.index, "reason": problem.reason }))?;
            } else {
                say::line(format!("ledger is damaged: {problem}"))?;
            }
            Ok(Done::No)
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn rebuild(data: &Path, json: bool) -> Result<Done, Failure> {
    let bar = say::progress(Some(0), "rebuilding", false);
    let rebuilt = Site::rebuild(data, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let rebuilt = rebuilt?;
    if json {
        say::json(&rebuilt)?;
    } else {
        say::line(format!(
            "database made anew from {} events of the ledger, {} of them sealed just now",
            rebuilt.events, rebuilt.carried_over
        ))?;
    }
    Ok(Done::Well)
}

pub(crate) fn export(data: &Path, given: &Export, json: bool) -> Result<Done, Failure> {
    let ExportWhat::Ledger { to } = &given.what;
    let checkpoint = Site::open_to_read(data)?.export_ledger(to)?;
    if json {
        say::json(&json!({ "folder": to.display().to_string(), "checkpoint": checkpoint }))?;
    } else {
        say::line(format!("ledger written to `{}` under this checkpoint:\n\n{checkpoint}", to.display()))?;
    }
    Ok(Done::Well)
}
