//! The file `checkpoints`: every checkpoint the log ever signed, a line each, oldest first.
//!
//! ```text
//! <size> <root in base64> <key id and signature in base64> <check>
//! ```
//!
//! Origin and key name are those of the log, so a line is the whole note. The check covers the line and the check before
//! it: a line cannot be changed, dropped or moved. The line is made durable before `checkpoint` is replaced, so the last
//! line is the newest checkpoint that was ever signed.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::checkpoint::{Checkpoint, SignedCheckpoint, read_decimal};
use crate::disk::{self, Disk};
use crate::error::{LedgerError, Problem};
use crate::hash::{Hash, hex_bytes};
use crate::note::{Note, Signature};
use crate::segment::{CHECK_BYTES, Check, check_of};

/// The file's name below the ledger folder.
pub(crate) const NAME: &str = "checkpoints";

/// No line is longer: two numbers of 20 digits, a hash, a signature, a check.
const LINE_BYTES_MAX: u64 = 512;
/// How much of the file's end is read to find the newest checkpoint.
const END_BYTES: u64 = 1 << 16;

/// One line without its check, and the note it stands for.
pub(crate) struct Line {
    text: String,
}

impl Line {
    pub(crate) fn of(checkpoint: &SignedCheckpoint) -> Line {
        let signature = checkpoint.note().signatures().first().map(Signature::to_string).unwrap_or_default();
        let blob = signature.rsplit(' ').next().unwrap_or_default();
        Line { text: format!("{} {} {blob}", checkpoint.size(), checkpoint.root().to_base64()) }
    }

    fn check(&self, before: &Check) -> Check {
        check_of(&[before, self.text.as_bytes()])
    }

    /// The line as it stands in the file.
    fn to_bytes(&self, check: Check) -> Vec<u8> {
        format!("{} {:016x}\n", self.text, u64::from_be_bytes(check)).into_bytes()
    }

    /// Splits a line (without its newline) into text and check.
    fn read(bytes: &[u8]) -> Option<(Line, Check)> {
        let (text, check) = str::from_utf8(bytes).ok()?.rsplit_once(' ')?;
        Some((Line { text: text.to_owned() }, hex_bytes::<CHECK_BYTES>(check)?))
    }

    /// The signed checkpoint, `None` if the line is malformed.
    pub(crate) fn to_signed(&self, origin: &str) -> Option<SignedCheckpoint> {
        let mut parts = self.text.split(' ');
        let (size, root, blob) = (parts.next()?, parts.next()?, parts.next()?);
        let checkpoint = Checkpoint::new(origin, read_decimal(size)?, Hash::from_base64(root)?);
        let mut note = Note::new(checkpoint.to_string()).ok()?;
        note.add(format!("\u{2014} {origin} {blob}").parse().ok()?);
        let signed = SignedCheckpoint::from_note(note).ok()?;
        (Line::of(&signed).text == self.text).then_some(signed)
    }
}

/// The check before the first line.
fn start(origin: &str) -> Check {
    check_of(&[b"tracewright checkpoints 1\n", origin.as_bytes()])
}

/// Adds lines.
pub(crate) struct HistoryWriter {
    path: PathBuf,
    file: File,
    check: Check,
}

impl HistoryWriter {
    /// Opens the file to append after a line with `check`, or after nothing.
    pub(crate) fn open(
        disk: &mut Disk,
        dir: &Path,
        origin: &str,
        check: Option<Check>,
    ) -> Result<HistoryWriter, LedgerError> {
        let path = dir.join(NAME);
        let file = disk.open(&path)?;
        // A process that was killed may have written the last line without syncing it.
        disk.sync(&file, &path)?;
        Ok(HistoryWriter { path, file, check: check.unwrap_or_else(|| start(origin)) })
    }

    /// Adds a checkpoint, durably.
    pub(crate) fn append(&mut self, disk: &mut Disk, checkpoint: &SignedCheckpoint) -> Result<(), LedgerError> {
        let line = Line::of(checkpoint);
        let check = line.check(&self.check);
        disk.append(&mut self.file, &self.path, &line.to_bytes(check))?;
        disk.sync(&self.file, &self.path)?;
        self.check = check;
        Ok(())
    }
}

/// The end of the file.
pub(crate) struct End {
    /// The last whole line, with its check.
    pub(crate) newest: Option<(SignedCheckpoint, Check)>,
    /// Where it ends.
    pub(crate) length: u64,
    /// Whether anything follows it: a line that was torn while it was written.
    pub(crate) torn: bool,
}

/// Finds the last whole line by reading the file's end only.
pub(crate) fn end(dir: &Path, origin: &str) -> Result<End, LedgerError> {
    let path = dir.join(NAME);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(End { newest: None, length: 0, torn: false });
        }
        Err(error) => return Err(LedgerError::io("open", &path)(error)),
    };
    let size = file.metadata().map_err(LedgerError::io("read", &path))?.len();
    // Enough for a torn line (some file systems leave a page of zeros), the last whole one and the one before it, whose
    // check is needed.
    let from = size.saturating_sub(END_BYTES);
    let mut bytes = vec![0; (size - from) as usize];
    disk::read_at(&file, &mut bytes, from).map_err(LedgerError::io("read", &path))?;

    let mut ends: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    // At most one line can be torn, so the last or the last but one is whole.
    for _ in 0..2 {
        let Some(end) = ends.pop() else { break };
        let begin = ends.last().copied().unwrap_or(0);
        let before = match ends.last() {
            None if from > 0 => None,
            None => Some(start(origin)),
            Some(_) => {
                let begin_before = ends.len().checked_sub(2).map_or(0, |at| ends[at]);
                Line::read(&bytes[begin_before..begin - 1]).map(|(_, check)| check)
            }
        };
        let whole = Line::read(&bytes[begin..end - 1])
            .filter(|(line, check)| before.is_some_and(|before| line.check(&before) == *check))
            .and_then(|(line, check)| Some((line.to_signed(origin)?, check)));
        if whole.is_some() {
            let length = from + end as u64;
            return Ok(End { newest: whole, length, torn: length < size });
        }
    }
    Ok(End { newest: None, length: 0, torn: size > 0 })
}

/// Copies the lines up to the newest checkpoint of at most `size_max` entries into the folder `to`, and gives that checkpoint.
pub(crate) fn copy(
    disk: &mut Disk,
    dir: &Path,
    origin: &str,
    size_max: u64,
    to: &Path,
) -> Result<SignedCheckpoint, LedgerError> {
    let from = dir.join(NAME);
    let mut lines = BufReader::new(File::open(&from).map_err(LedgerError::io("open", &from))?);
    let path = to.join(NAME);
    let mut file = disk.open(&path)?;
    let (mut newest, mut bytes) = (Vec::new(), Vec::new());
    loop {
        let begin = bytes.len();
        let read = lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        read.map_err(LedgerError::io("read", &from))?;
        let line = &bytes[begin..];
        // The writer may be in the middle of the last line.
        let size = line.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok()?.split(' ').next()?.parse().ok());
        let wanted = size.is_some_and(|size: u64| size <= size_max);
        if wanted {
            newest = line.to_vec();
        } else {
            bytes.truncate(begin);
        }
        if !wanted || bytes.len() as u64 > END_BYTES {
            disk.append(&mut file, &path, &bytes)?;
            bytes.clear();
        }
        if !wanted {
            break;
        }
    }
    disk.sync(&file, &path)?;
    let newest = newest.strip_suffix(b"\n").and_then(Line::read).and_then(|(line, _)| line.to_signed(origin));
    newest.ok_or_else(|| Problem::new(NAME, None, "a line is malformed").into())
}

/// All lines, oldest first, each checked against the one before. Signatures are for the caller to verify.
pub struct Checkpoints {
    origin: String,
    file: Option<BufReader<File>>,
    check: Check,
    last: Option<u64>,
}

impl Checkpoints {
    pub(crate) fn open(dir: &Path, origin: &str) -> Result<Checkpoints, LedgerError> {
        let path = dir.join(NAME);
        let file = match File::open(&path) {
            Ok(file) => Some(BufReader::with_capacity(1 << 16, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Problem::new(NAME, None, "the file is missing").into());
            }
            Err(error) => return Err(LedgerError::io("open", &path)(error)),
        };
        Ok(Checkpoints { origin: origin.to_owned(), file, check: start(origin), last: None })
    }

    fn read(&mut self) -> Result<Option<SignedCheckpoint>, LedgerError> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        if read.map_err(LedgerError::io("read", Path::new(NAME)))? == 0 {
            return Ok(None);
        }
        let problem = |reason| Problem::new(NAME, self.last, reason);
        let bytes = bytes.strip_suffix(b"\n").ok_or_else(|| problem("the file ends inside a line"))?;
        let (line, check) = Line::read(bytes).ok_or_else(|| problem("a line is malformed"))?;
        if line.check(&self.check) != check {
            return Err(problem("a line does not match its checksum").into());
        }
        let signed = line.to_signed(&self.origin).ok_or_else(|| problem("a line is malformed"))?;
        if self.last.map_or(signed.size() != 0, |last| signed.size() <= last) {
            return Err(problem("a line is out of order").into());
        }
        self.check = check;
        self.last = Some(signed.size());
        Ok(Some(signed))
    }
}

impl Iterator for Checkpoints {
    type Item = Result<SignedCheckpoint, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read().transpose();
        if !matches!(next, Some(Ok(_))) {
            self.file = None;
        }
        next
    }
}
