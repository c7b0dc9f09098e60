//! A history in a folder, and how it got there: begun, built on, killed and gone on with.
//!
//! The factory says the same again for the same seed, so a build that was broken off lets it speak once more, leaves out what was imported, and goes on. How
//! far it is stands in `bench-history.json` after every piece. A piece that was imported and not noted is imported again: repeats are known.

use std::fs::{self, File};
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use app::{OpenOptions, Site};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};

use super::disk::{self, Disk};
use super::machine::{cpu_s, thread_cpu_s};
use super::stream::{PANELS_PER_ORDER, PLACEMENTS_PER_PANEL, Piece, Stream};
use crate::arguments::bench::Size;
use crate::say::{self, Failure};

const FILE: &str = "bench-history.json";

/// Panels when nobody says how many.
const PANELS: u32 = 300;

/// Growth is noted again when the history is so much larger.
const GROWN: f64 = 1.1;

/// How long the ledger may take to catch up in the end.
const SEALING_MAX: Duration = Duration::from_secs(600);

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) panels: u32,
    pub(super) seed: u64,
    /// The factory closes in the end, so the history cannot be built on.
    pub(super) closed: bool,
}

impl Wanted {
    /// What the arguments ask for; left open where that is possible.
    pub(super) fn open(size: &Size) -> Wanted {
        let of_placements = |placements: u64| {
            let orders = placements.div_ceil(PLACEMENTS_PER_PANEL * u64::from(PANELS_PER_ORDER));
            u32::try_from(orders).unwrap_or(u32::MAX / PANELS_PER_ORDER) * PANELS_PER_ORDER
        };
        let panels = size.panels.or(size.placements.map(of_placements)).unwrap_or(PANELS);
        Wanted { panels, seed: size.seed, closed: !panels.is_multiple_of(PANELS_PER_ORDER) }
    }

    /// The same, with the factory closed.
    #[cfg(feature = "bench-postgres")]
    pub(super) fn closed(size: &Size) -> Wanted {
        Wanted { closed: true, ..Wanted::open(size) }
    }
}

/// What building a history cost; kept beside it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Built {
    pub(super) panels: u32,
    pub(super) seed: u64,
    pub(super) closed: bool,
    /// All panels are in.
    pub(super) complete: bool,
    /// Lines of the factory's stream that are in.
    pub(super) lines: u64,
    /// How often the build was begun or gone on with.
    pub(super) sittings: u32,
    pub(super) placements: u64,
    pub(super) messages: u64,
    pub(super) megabytes: f64,
    pub(super) import_wall_s: f64,
    pub(super) import_cpu_s: f64,
    pub(super) growth: Vec<Growth>,
    #[serde(flatten)]
    pub(super) disk: Option<Disk>,
}

/// How far a build was at what cost: everything since the beginning.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Growth {
    placements: u64,
    messages: u64,
    import_wall_s: f64,
    import_cpu_s: f64,
    database_bytes: u64,
    ledger_bytes: u64,
}

/// Rates of a build.
#[derive(Debug, Serialize)]
pub(super) struct Rates {
    megabytes_per_s: f64,
    megabytes_per_cpu_s: f64,
    messages_per_s: f64,
    placements_per_s: f64,
}

impl Built {
    pub(super) fn rates(&self) -> Rates {
        Rates {
            megabytes_per_s: self.megabytes / self.import_wall_s,
            megabytes_per_cpu_s: self.megabytes / self.import_cpu_s,
            messages_per_s: self.messages as f64 / self.import_wall_s,
            placements_per_s: self.placements as f64 / self.import_wall_s,
        }
    }

    fn grown(&self) -> bool {
        self.growth.last().is_none_or(|last| self.placements as f64 > last.placements as f64 * GROWN)
    }

    fn note_growth(&mut self, folder: &Path) {
        self.growth.push(Growth {
            placements: self.placements,
            messages: self.messages,
            import_wall_s: self.import_wall_s,
            import_cpu_s: self.import_cpu_s,
            database_bytes: disk::database_bytes(folder),
            ledger_bytes: disk::size_of(&folder.join("ledger")),
        });
    }
}

/// A folder with a history.
pub(super) struct Kept {
    pub(super) folder: PathBuf,
    pub(super) built: Built,
    /// Goes with it, unless it is to be kept.
    _temporary: Option<tempfile::TempDir>,
}

impl Kept {
    /// The history in a folder, complete, whatever its size.
    pub(super) fn existing(folder: &Path) -> Result<Kept, Failure> {
        let built = read(folder)?.filter(|built| built.complete).ok_or_else(|| {
            Failure::misuse(format!("`{}` holds no complete history", folder.display()))
                .hint("make one with `tracewright bench history --keep`")
        })?;
        Ok(Kept { folder: folder.to_owned(), built, _temporary: None })
    }

    /// The wanted history: as it was kept, built on, or built anew; in a folder that goes away when none is named. `ahead`: the factory works beside the import.
    pub(super) fn build(keep: Option<&Path>, wanted: Wanted, ahead: bool) -> Result<Kept, Failure> {
        let temporary = match keep {
            None => Some(tempfile::Builder::new().prefix("tracewright-bench-").tempdir()?),
            Some(_) => None,
        };
        let folder = keep.or(temporary.as_ref().map(tempfile::TempDir::path)).unwrap_or(Path::new("")).to_owned();
        let before = read(&folder)?.unwrap_or(Built {
            panels: wanted.panels,
            seed: wanted.seed,
            closed: wanted.closed,
            ..Built::default()
        });
        let mut built = retarget(before, wanted, &folder)?;
        if !built.complete {
            go_on(&folder, &mut built, ahead)?;
        }
        Ok(Kept { folder, built, _temporary: temporary })
    }
}

/// What is there, with the wanted size before it; refused where that cannot be reached from it.
fn retarget(built: Built, wanted: Wanted, folder: &Path) -> Result<Built, Failure> {
    let (folder, panels, seed) = (folder.display(), built.panels, built.seed);
    if seed != wanted.seed || panels > wanted.panels {
        let reason = format!("`{folder}` holds {panels} panels of seed {seed}");
        return Err(Failure::misuse(reason).hint("ask for these, or name another folder"));
    }
    if panels == wanted.panels && (built.closed || !wanted.closed) {
        return Ok(built);
    }
    if built.closed || !wanted.panels.is_multiple_of(PANELS_PER_ORDER) {
        let reason = format!("the {panels} panels in `{folder}` cannot be built on");
        let hint = format!(
            "histories of whole orders ({PANELS_PER_ORDER} panels) can, unless they were closed; name another folder"
        );
        return Err(Failure::misuse(reason).hint(hint));
    }
    Ok(Built { panels: wanted.panels, closed: wanted.closed, complete: false, disk: None, ..built })
}

/// Lets the factory build panels and imports what its machines say, from where the last sitting stopped. `ahead`: the factory goes on while we import.
fn go_on(folder: &Path, built: &mut Built, ahead: bool) -> Result<(), Failure> {
    let site = Site::open(folder, OpenOptions { create: true })?;
    built.sittings += 1;
    let again = say::progress(Some(built.lines), "lines that are in already", false);
    let bar = say::progress(Some(u64::from(built.panels) * PLACEMENTS_PER_PANEL), "placements", false);
    let factory = Factory::start(built, again.clone())?;
    let mut clock = Clock::default();
    if ahead {
        factory.ask()?;
    }
    loop {
        if !ahead {
            factory.ask()?;
        }
        let Said { piece, cpu_s } = factory.said()?;
        again.finish_and_clear();
        clock.begin(cpu_s);
        let Some(piece) = piece else { break };
        if ahead {
            factory.ask()?;
        }
        import(&site, piece, built, &bar)?;
        built.import_cpu_s += clock.taken();
        if built.grown() {
            built.note_growth(folder);
        }
        write(folder, built)?;
    }
    let sealing = Instant::now();
    while site.ledger()?.sealed < site.ledger()?.recorded && sealing.elapsed() < SEALING_MAX {
        std::thread::sleep(Duration::from_millis(5));
    }
    built.disk = Some(Disk::of(&site, folder, built.placements, built.messages)?);
    site.close()?;
    built.import_cpu_s += clock.taken();
    bar.finish_and_clear();
    built.note_growth(folder);
    built.complete = true;
    write(folder, built)
}

fn import(site: &Site, piece: Piece, built: &mut Built, bar: &ProgressBar) -> Result<(), Failure> {
    built.megabytes += piece.bytes() as f64 / 1e6;
    built.lines += piece.lines;
    built.placements += piece.placements;
    let begun = Instant::now();
    built.messages += site.import_cfx("bench", &mut Cursor::new(piece.messages), &mut |_| ())?.messages;
    built.messages += site.import_events("bench", &mut Cursor::new(piece.events), &mut |_| ())?.messages;
    built.import_wall_s += begun.elapsed().as_secs_f64();
    bar.set_position(built.placements);
    Ok(())
}

/// What the factory said, and the CPU seconds it took for all that it said so far.
struct Said {
    /// `None`: that was all.
    piece: Option<Piece>,
    cpu_s: f64,
}

/// The factory, on a thread of its own. It says a piece when it is asked for one.
struct Factory {
    asks: Sender<()>,
    pieces: Receiver<Said>,
}

impl Factory {
    /// Leaves out what is in already; `again` shows how far it is with that.
    fn start(built: &Built, again: ProgressBar) -> Result<Factory, Failure> {
        let mut stream = Stream::new(built.panels, built.seed, built.closed)?;
        let lines = built.lines;
        let ((asks, asked), (saying, pieces)) = (mpsc::channel(), mpsc::channel());
        std::thread::Builder::new().name("factory".into()).spawn(move || {
            stream.skip_lines(lines, &mut |lines| again.set_position(lines));
            for () in asked {
                let piece = stream.next();
                // When nobody listens the import failed.
                if saying.send(Said { piece, cpu_s: thread_cpu_s() }).is_err() {
                    break;
                }
            }
        })?;
        Ok(Factory { asks, pieces })
    }

    fn ask(&self) -> Result<(), Failure> {
        self.asks.send(()).map_err(Failure::of)
    }

    fn said(&self) -> Result<Said, Failure> {
        self.pieces.recv().map_err(Failure::of)
    }
}

/// CPU seconds of this process without those of the factory. The notary works while the factory speaks, and counts. Of a factory that works ahead they
/// are known by pieces.
#[derive(Debug, Default)]
struct Clock {
    /// Of the process without the factory, up to which they were told.
    told: Option<f64>,
    factory: f64,
}

impl Clock {
    /// The factory has taken so many seconds by now.
    fn begin(&mut self, factory: f64) {
        self.factory = factory;
        self.told.get_or_insert_with(|| cpu_s() - factory);
    }

    fn taken(&mut self) -> f64 {
        let now = cpu_s() - self.factory;
        let told = self.told.replace(now).unwrap_or(now);
        now - told
    }
}

fn read(folder: &Path) -> Result<Option<Built>, Failure> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(&path).map_err(|error| Failure::file("read", path.display(), error))?;
    let built = serde_json::from_slice(&text).map_err(|error| {
        Failure::misuse(format!("`{}` does not read: {error}", path.display()))
            .hint("an earlier version may have written it; name another folder")
    })?;
    Ok(Some(built))
}

/// Writes beside, then replaces: a kill leaves the old state or the new.
fn write(folder: &Path, built: &Built) -> Result<(), Failure> {
    let (path, new) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
    let text = serde_json::to_vec_pretty(built).map_err(Failure::of)?;
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(folder)?.sync_all()
    });
    written.map_err(|error| Failure::file("write", path.display(), error))
}
