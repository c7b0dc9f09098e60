//! `import cfx | events | board`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use app::answer::Imported;
use app::{BoardFile, BoardImport, OpenOptions, Site};
use serde::Serialize;

use crate::arguments::{Import, ImportBoard, ImportFiles, ImportWhat};
use crate::say::{self, Done, Failure};

pub(crate) fn import(data: &Path, given: &Import, json: bool) -> Result<Done, Failure> {
    match &given.what {
        ImportWhat::Cfx(files) => messages(data, files, json, Site::import_cfx),
        ImportWhat::Events(files) => messages(data, files, json, Site::import_events),
        ImportWhat::Board(given) => board(data, given, json),
    }
}

type ImportOne = fn(&Site, &str, &mut dyn Read, &mut dyn FnMut(u64)) -> Result<Imported, app::SiteError>;

fn messages(data: &Path, given: &ImportFiles, json: bool, import: ImportOne) -> Result<Done, Failure> {
    // All files are opened before anything is recorded, so a wrong name costs nothing.
    let mut inputs = Vec::with_capacity(given.files.len());
    let mut total = Some(0);
    for path in &given.files {
        let (input, length) = open(path)?;
        total = total.zip(length).map(|(total, length)| total + length);
        inputs.push((path.display().to_string(), input));
    }
    let site = Site::open(data, OpenOptions { create: true })?;
    let bar = say::progress(total, "importing", true);
    let mut sum = Imported::default();
    let mut rows = Vec::new();
    let mut failure = None;
    for (name, mut input) in inputs {
        let before = bar.position();
        match import(&site, &name, &mut input, &mut |read| bar.set_position(before + read)) {
            Ok(counts) => {
                add(&mut sum, &counts);
                rows.push(row(&name, &counts));
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    bar.finish_and_clear();
    site.close()?;
    if let Some(error) = failure {
        return Err(error.into());
    }
    if json {
        say::json(&sum)?;
    } else {
        if rows.len() > 1 {
            rows.push(row("all", &sum));
        }
        say::table(
            "",
            &["input", "messages", "recorded", "duplicates", "quarantined", "heartbeats", "contradictions"],
            rows,
        )?;
        if sum.quarantined > 0 {
            say::line(format!("{} quarantined: see `tracewright quarantine list`", sum.quarantined))?;
        }
    }
    Ok(if given.strict && sum.quarantined > 0 { Done::No } else { Done::Well })
}

fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).map_err(|error| Failure::file("open", path.display(), error))?;
    let metadata = file.metadata().map_err(|error| Failure::file("read", path.display(), error))?;
    if metadata.is_dir() {
        return Err(
            Failure::misuse(format!("`{}` is a folder", path.display())).hint("name its files, such as with a `*`")
        );
    }
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

fn add(sum: &mut Imported, counts: &Imported) {
    sum.messages += counts.messages;
    sum.recorded += counts.recorded;
    sum.duplicates += counts.duplicates;
    sum.quarantined += counts.quarantined;
    sum.heartbeats += counts.heartbeats;
    sum.contradictions += counts.contradictions;
}

fn row(name: &str, counts: &Imported) -> Vec<String> {
    let Imported { messages, recorded, duplicates, quarantined, heartbeats, contradictions } = counts;
    let numbers = [messages, recorded, duplicates, quarantined, heartbeats, contradictions];
    std::iter::once(name.to_owned()).chain(numbers.map(ToString::to_string)).collect()
}

/// The counts of an import with what was found about the board.
#[derive(Serialize)]
struct BoardSaid<'a> {
    messages: u64,
    recorded: u64,
    duplicates: u64,
    #[serde(flatten)]
    board: &'a app::BoardImported,
}

fn board(data: &Path, given: &ImportBoard, json: bool) -> Result<Done, Failure> {
    let files = given.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let board = BoardImport {
        product: given.product.clone(),
        revision: given.revision.clone(),
        programs: given.programs.clone(),
        panel: given.panel.clone(),
        files,
    };
    let site = Site::open(data, OpenOptions { create: true })?;
    let imported = site.import_board(&board)?;
    site.close()?;
    if json {
        let Imported { messages, recorded, duplicates, .. } = imported.counts;
        say::json(&BoardSaid { messages, recorded, duplicates, board: &imported })?;
        return Ok(Done::Well);
    }
    let recorded = if imported.counts.recorded > 0 { "released" } else { "was released like this before" };
    say::line(format!(
        "`{}` {recorded}: {} positions ({} not fitted), {} lines of the bill, {} boards a panel",
        imported.product, imported.positions, imported.not_fitted, imported.bill_lines, imported.panel_boards
    ))?;
    for file in &imported.files {
        say::line(format!("  {file}"))?;
    }
    let one = |text: &String| vec![text.clone()];
    say::table("Disagreements", &["what"], imported.disagreements.iter().map(one))?;
    say::table("Could not be read", &["what"], imported.problems.iter().map(one))?;
    say::table("Notes", &["what"], imported.notes.iter().map(one))?;
    Ok(Done::Well)
}

fn read(path: &PathBuf) -> Result<BoardFile, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path.display(), error))?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Ok(BoardFile { name, bytes })
}
