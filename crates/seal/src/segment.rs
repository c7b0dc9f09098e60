//! Segments: the files that hold the entries, 65,536 to a file, so one file lies under one tile of level 1.
//!
//! A segment is a head and records, appended and never changed. A record holds entries of one bundle, a whole one or what
//! a round brought of it, as the bundle's own bytes (big-endian 16-bit length, entry) under zstd. Its check covers the
//! record and the check before it, so the last eight bytes of the file cover all of it, while one record can be checked
//! alone. A record that completes a bundle carries the bundle's tree hash: upper nodes need no entry to be read.
//!
//! ```text
//! head    "tracewright-seg1"  segment number u64  SHA-256 of the origin  check
//! record  position u16  entries u16  sealed u64  raw bytes u32  stored bytes u32  [bundle hash]  zstd frame  check
//! ```
//!
//! Numbers are big-endian. `sealed` is the size of the newest checkpoint when the record was written: a record that knows
//! a later checkpoint than the folder has proves that an older checkpoint was put back.

use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{self, Disk};
use crate::error::{LedgerError, Problem};
use crate::hash::Hash;
use crate::limit::ENTRY_BYTES_MAX;
use crate::tile::TILE_WIDTH;

/// Entries in a full segment.
pub const SEGMENT_ENTRIES: u64 = TILE_WIDTH * TILE_WIDTH;
/// The folder of the segments.
pub(crate) const FOLDER: &str = "segments";

const MAGIC: &[u8; 16] = b"tracewright-seg1";
const HEAD_BYTES: usize = 64;
const RECORD_HEAD_BYTES: usize = 20;
pub(crate) const CHECK_BYTES: usize = 8;
/// Fast, and bundles of like entries shrink well enough.
const ZSTD_LEVEL: i32 = 1;
/// A length before each entry.
const LENGTH_BYTES: usize = 2;

/// The first bytes of a SHA-256. It finds accidents; that nobody changed an entry on purpose is what the tree is for.
pub(crate) type Check = [u8; CHECK_BYTES];

/// The check over parts, the first of which is usually the check before.
pub(crate) fn check_of(parts: &[&[u8]]) -> Check {
    let hash = Hash::of_parts(parts);
    *hash.as_bytes().first_chunk().expect("a hash is longer than a check")
}

/// The name of a segment below the ledger folder.
pub(crate) fn name(number: u64) -> PathBuf {
    PathBuf::from(FOLDER).join(format!("{number:08}"))
}

/// The number in a segment's file name, if it is one.
pub(crate) fn number_of(file_name: &str) -> Option<u64> {
    let number = file_name.parse().ok()?;
    (format!("{number:08}") == file_name).then_some(number)
}

/// The front of a record: how much of what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHead {
    /// Index of the first entry within the segment.
    pub(crate) position: u16,
    pub(crate) count: u16,
    pub(crate) sealed: u64,
    raw: u32,
    stored: u32,
}

impl RecordHead {
    /// Reads the front of the record that must begin at `position`. Anything impossible gives `None`, so the lengths of
    /// what is returned can be trusted to be bounded.
    fn read(bytes: &[u8; RECORD_HEAD_BYTES], position: u64) -> Option<RecordHead> {
        let (own_position, rest) = bytes.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (sealed, rest) = rest.split_first_chunk()?;
        let (raw, stored) = rest.split_first_chunk()?;
        let head = RecordHead {
            position: u16::from_be_bytes(*own_position),
            count: u16::from_be_bytes(*count),
            sealed: u64::from_be_bytes(*sealed),
            raw: u32::from_be_bytes(*raw),
            stored: u32::from_be_bytes(stored.try_into().ok()?),
        };
        let count = usize::from(head.count);
        let lengths = count * LENGTH_BYTES..=count * (LENGTH_BYTES + ENTRY_BYTES_MAX);
        let possible = u64::from(head.position) == position
            && (1..=TILE_WIDTH - position % TILE_WIDTH).contains(&u64::from(head.count))
            && lengths.contains(&(head.raw as usize))
            && head.stored as usize <= zstd::zstd_safe::compress_bound(head.raw as usize);
        possible.then_some(head)
    }

    fn to_bytes(self) -> [u8; RECORD_HEAD_BYTES] {
        let mut bytes = [0; RECORD_HEAD_BYTES];
        bytes[0..2].copy_from_slice(&self.position.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.count.to_be_bytes());
        bytes[4..12].copy_from_slice(&self.sealed.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.raw.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.stored.to_be_bytes());
        bytes
    }

    /// Position after the last entry.
    pub(crate) fn end(&self) -> u64 {
        u64::from(self.position) + u64::from(self.count)
    }

    fn completes_bundle(&self) -> bool {
        self.end().is_multiple_of(TILE_WIDTH)
    }

    fn node_bytes(&self) -> usize {
        if self.completes_bundle() { Hash::BYTES } else { 0 }
    }

    /// Bytes after the front: bundle hash, frame and check.
    fn body_bytes(&self) -> usize {
        self.node_bytes() + self.stored as usize + CHECK_BYTES
    }

    fn decompress(&self, body: &[u8]) -> Option<Vec<u8>> {
        let frame = &body[self.node_bytes()..body.len() - CHECK_BYTES];
        let raw = zstd::bulk::decompress(frame, self.raw as usize).ok()?;
        (raw.len() == self.raw as usize).then_some(raw)
    }

    fn node(&self, body: &[u8]) -> Option<Hash> {
        Hash::from_slice(&body[..self.node_bytes()])
    }
}

/// Splits a bundle's bytes into its entries; `None` unless they are exactly `count`.
pub(crate) fn split_entries(mut raw: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::with_capacity(count);
    while let Some((length, rest)) = raw.split_first_chunk() {
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        raw = rest;
    }
    (raw.is_empty() && entries.len() == count).then_some(entries)
}

/// Adds an entry to a bundle's bytes.
pub(crate) fn push_entry(raw: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("entries are checked to be at most 65,535 bytes");
    raw.extend_from_slice(&length.to_be_bytes());
    raw.extend_from_slice(entry);
}

/// A segment that is being written.
pub(crate) struct SegmentWriter {
    pub(crate) number: u64,
    path: PathBuf,
    file: File,
    check: Check,
    compressor: zstd::bulk::Compressor<'static>,
}

impl SegmentWriter {
    /// Starts a segment. `name` may lie elsewhere while the segment is not in its place yet.
    pub(crate) fn start(
        disk: &mut Disk,
        path: PathBuf,
        number: u64,
        origin: &str,
    ) -> Result<SegmentWriter, LedgerError> {
        let head = segment_head(number, origin);
        let mut file = disk.open(&path)?;
        disk.append(&mut file, &path, &head)?;
        let check = *head.last_chunk().expect("a head ends in its check");
        SegmentWriter::new(path, file, number, check)
    }

    /// Goes on with a segment that ends in `check`.
    pub(crate) fn resume(
        disk: &mut Disk,
        path: PathBuf,
        number: u64,
        check: Check,
    ) -> Result<SegmentWriter, LedgerError> {
        let file = disk.open(&path)?;
        SegmentWriter::new(path, file, number, check)
    }

    fn new(path: PathBuf, file: File, number: u64, check: Check) -> Result<SegmentWriter, LedgerError> {
        let compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(LedgerError::io("compress for", &path))?;
        Ok(SegmentWriter { number, path, file, check, compressor })
    }

    /// Appends a record. `position` is within the segment; `node` is the bundle's hash if these entries complete it.
    pub(crate) fn append(
        &mut self,
        disk: &mut Disk,
        position: u64,
        count: u64,
        sealed: u64,
        raw: &[u8],
        node: Option<Hash>,
    ) -> Result<(), LedgerError> {
        let frame = self.compressor.compress(raw).map_err(LedgerError::io("compress for", &self.path))?;
        let head = RecordHead {
            position: position as u16,
            count: count as u16,
            sealed,
            raw: raw.len() as u32,
            stored: frame.len() as u32,
        };
        assert_eq!(head.completes_bundle(), node.is_some(), "the bundle hash goes with its last entry");
        let mut record = head.to_bytes().to_vec();
        record.extend_from_slice(node.as_ref().map_or(&[], |node| node.as_bytes()));
        record.extend_from_slice(&frame);
        let check = check_of(&[&self.check, &record]);
        record.extend_from_slice(&check);
        disk.append(&mut self.file, &self.path, &record)?;
        self.check = check;
        Ok(())
    }

    pub(crate) fn sync(&self, disk: &mut Disk) -> Result<(), LedgerError> {
        disk.sync(&self.file, &self.path)
    }
}

/// A record met on a [`Walk`].
#[derive(Debug)]
pub(crate) struct Record {
    /// Index of the first entry in the log.
    pub(crate) first: u64,
    pub(crate) head: RecordHead,
    /// The hash of the bundle this record completes, as stored.
    pub(crate) node: Option<Hash>,
    body: Vec<u8>,
}

impl Record {
    /// The entries' bytes, `None` if they do not decompress to what the front says.
    pub(crate) fn decompress(&self) -> Option<Vec<u8>> {
        self.head.decompress(&self.body)
    }
}

/// Reads a segment from its beginning, record by record, checking each.
pub(crate) struct Walk {
    name: PathBuf,
    number: u64,
    file: BufReader<File>,
    position: u64,
    offset: u64,
    check: Check,
}

impl Walk {
    /// Opens segment `number` of the ledger in `dir` and checks its head.
    pub(crate) fn open(dir: &Path, number: u64, origin: &str) -> Result<Walk, LedgerError> {
        let name = name(number);
        let first = number * SEGMENT_ENTRIES;
        let file = match File::open(dir.join(&name)) {
            Ok(file) => BufReader::with_capacity(1 << 17, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Problem::new(name, Some(first), "the file is missing").into());
            }
            Err(error) => return Err(LedgerError::io("open", &dir.join(name))(error)),
        };
        let mut walk = Walk { name, number, file, position: 0, offset: 0, check: [0; CHECK_BYTES] };
        let mut head = [0; HEAD_BYTES];
        let expected = segment_head(number, origin);
        if walk.fill(&mut head)? < HEAD_BYTES || head != expected {
            return Err(walk.problem("the head of the file is not that of this segment and log").into());
        }
        walk.check = *expected.last_chunk().expect("a head ends in its check");
        walk.offset = HEAD_BYTES as u64;
        Ok(walk)
    }

    /// Index of the next entry in the log.
    pub(crate) fn next_index(&self) -> u64 {
        self.number * SEGMENT_ENTRIES + self.position
    }

    /// Bytes read so far: where the last good record ends.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The check the last good record ends in.
    pub(crate) fn check(&self) -> Check {
        self.check
    }

    /// The next record, or `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, LedgerError> {
        let mut front = [0; RECORD_HEAD_BYTES];
        match self.fill(&mut front)? {
            0 => return Ok(None),
            RECORD_HEAD_BYTES => {}
            _ => return Err(self.problem("the file ends inside a record").into()),
        }
        let full = self.position == SEGMENT_ENTRIES;
        let Some(head) = RecordHead::read(&front, self.position).filter(|_| !full) else {
            return Err(self.problem("the record does not follow on the one before").into());
        };
        let mut body = vec![0; head.body_bytes()];
        if self.fill(&mut body)? < body.len() {
            return Err(self.problem("the file ends inside a record").into());
        }
        let (covered, check) = body.split_last_chunk().expect("a body ends in its check");
        if check_of(&[&self.check, &front, covered]) != *check {
            return Err(self.problem("the record does not match its checksum").into());
        }
        self.check = *check;
        let first = self.next_index();
        self.position = head.end();
        self.offset += (front.len() + body.len()) as u64;
        Ok(Some(Record { first, node: head.node(&body), head, body }))
    }

    /// A finding at the next entry.
    pub(crate) fn problem(&self, reason: impl Into<String>) -> Problem {
        Problem::new(self.name.clone(), Some(self.next_index()), reason)
    }

    /// Reads until the buffer is full or the file ends.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, LedgerError> {
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read(&mut buffer[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(LedgerError::io("read", &self.name)(error)),
            }
        }
        Ok(done)
    }
}

/// A segment opened to read single bundles: knows where each record lies.
pub(crate) struct SegmentReader {
    name: PathBuf,
    number: u64,
    file: File,
    slots: Vec<Slot>,
    /// Where the next record begins.
    end: u64,
    /// Offset and bytes of the record that an entry was read from last: the next one often lies in it too.
    last: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
struct Slot {
    head: RecordHead,
    offset: u64,
    node: Option<Hash>,
}

impl SegmentReader {
    pub(crate) fn open(dir: &Path, number: u64) -> Result<SegmentReader, LedgerError> {
        let name = name(number);
        let file = match File::open(dir.join(&name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Problem::new(name, Some(number * SEGMENT_ENTRIES), "the file is missing").into());
            }
            Err(error) => return Err(LedgerError::io("open", &dir.join(name))(error)),
        };
        Ok(SegmentReader { name, number, file, slots: Vec::new(), end: HEAD_BYTES as u64, last: Mutex::default() })
    }

    /// Whether [`SegmentReader::learn`] has come that far.
    pub(crate) fn knows(&self, until: u64) -> bool {
        self.slots.last().map_or(0, |slot| slot.head.end()) >= until
    }

    /// Learns where the records lie up to a position in the segment, and not beyond: what is not sealed may still go away.
    pub(crate) fn learn(&mut self, until: u64) -> Result<(), LedgerError> {
        let mut position = self.slots.last().map_or(0, |slot| slot.head.end());
        if position >= until {
            return Ok(());
        }
        let mut ahead = Ahead { file: &self.file, bytes: Vec::new(), start: 0 };
        while position < until {
            let mut front = [0; RECORD_HEAD_BYTES];
            ahead.read(&mut front, self.end).map_err(|error| self.broken(position, error))?;
            let head = RecordHead::read(&front, position)
                .ok_or_else(|| self.problem(position, "the record does not follow on the one before"))?;
            let mut node = None;
            if head.completes_bundle() {
                let mut hash = [0; Hash::BYTES];
                ahead
                    .read(&mut hash, self.end + RECORD_HEAD_BYTES as u64)
                    .map_err(|error| self.broken(position, error))?;
                node = Some(Hash::from_bytes(hash));
            }
            self.slots.push(Slot { head, offset: self.end, node });
            self.end += (RECORD_HEAD_BYTES + head.body_bytes()) as u64;
            position = head.end();
        }
        Ok(())
    }

    /// How many records the learnt part has.
    pub(crate) fn records(&self) -> usize {
        self.slots.len()
    }

    /// The bytes of a bundle (0 to 255 within the segment), all its learnt entries, and how many they are.
    pub(crate) fn bundle(&self, bundle: u64) -> Result<(Vec<u8>, usize), LedgerError> {
        let positions = bundle * TILE_WIDTH..(bundle + 1) * TILE_WIDTH;
        let from = self.slots.partition_point(|slot| slot.head.end() <= positions.start);
        let mut all = Vec::new();
        let mut count = 0;
        for slot in self.slots[from..].iter().take_while(|slot| u64::from(slot.head.position) < positions.end) {
            let raw = self.read(slot)?;
            count += usize::from(slot.head.count);
            if all.is_empty() { all = raw } else { all.extend_from_slice(&raw) }
        }
        Ok((all, count))
    }

    /// The entry at a position, if it is learnt.
    pub(crate) fn entry(&self, position: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let at = self.slots.partition_point(|slot| slot.head.end() <= position);
        let Some(slot) = self.slots.get(at) else { return Ok(None) };
        let raw = self.unpacked(slot)?;
        let entries = split_entries(&raw, slot.head.count.into())
            .ok_or_else(|| self.problem(slot.head.position.into(), "the record's entries are malformed"))?;
        Ok(Some(entries[(position - u64::from(slot.head.position)) as usize].to_vec()))
    }

    /// The tree hashes of the learnt complete bundles, as stored.
    pub(crate) fn nodes(&self) -> Vec<Hash> {
        self.slots.iter().filter_map(|slot| slot.node).collect()
    }

    /// The bytes of a record, kept from the last time or read now.
    fn unpacked(&self, slot: &Slot) -> Result<Arc<Vec<u8>>, LedgerError> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, raw)) = last().as_ref().filter(|(offset, _)| *offset == slot.offset) {
            return Ok(Arc::clone(raw));
        }
        let raw = Arc::new(self.read(slot)?);
        *last() = Some((slot.offset, Arc::clone(&raw)));
        Ok(raw)
    }

    /// Reads and checks a record. The check before it stands right in front of it.
    fn read(&self, slot: &Slot) -> Result<Vec<u8>, LedgerError> {
        let position = slot.head.position.into();
        let mut bytes = vec![0; CHECK_BYTES + RECORD_HEAD_BYTES + slot.head.body_bytes()];
        disk::read_at(&self.file, &mut bytes, slot.offset - CHECK_BYTES as u64)
            .map_err(|error| self.broken(position, error))?;
        let (covered, check) = bytes.split_last_chunk().expect("a record ends in its check");
        if check_of(&[covered]) != *check {
            return Err(self.problem(position, "the record does not match its checksum").into());
        }
        let body = &bytes[CHECK_BYTES + RECORD_HEAD_BYTES..];
        let raw = slot.head.decompress(body);
        raw.ok_or_else(|| self.problem(position, "the record does not decompress").into())
    }

    fn broken(&self, position: u64, error: io::Error) -> LedgerError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.problem(position, "the file ends too early").into(),
            _ => LedgerError::io("read", &self.name)(error),
        }
    }

    fn problem(&self, position: u64, reason: &str) -> Problem {
        Problem::new(self.name.clone(), Some(self.number * SEGMENT_ENTRIES + position), reason)
    }
}

/// Reads small pieces that lie near each other with few calls to the system.
struct Ahead<'a> {
    file: &'a File,
    bytes: Vec<u8>,
    start: u64,
}

impl Ahead<'_> {
    const BYTES: usize = 1 << 15;

    fn read(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let within = |start: u64, len: usize| offset >= start && offset + buffer.len() as u64 <= start + len as u64;
        if !within(self.start, self.bytes.len()) {
            self.bytes.resize(Ahead::BYTES, 0);
            self.start = offset;
            let done = disk::read_up_to(self.file, &mut self.bytes, offset)?;
            self.bytes.truncate(done);
            if done < buffer.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let from = (offset - self.start) as usize;
        buffer.copy_from_slice(&self.bytes[from..from + buffer.len()]);
        Ok(())
    }
}

fn segment_head(number: u64, origin: &str) -> [u8; HEAD_BYTES] {
    let origin = Hash::of(origin.as_bytes());
    let mut head = [0; HEAD_BYTES];
    head[..16].copy_from_slice(MAGIC);
    head[16..24].copy_from_slice(&number.to_be_bytes());
    head[24..56].copy_from_slice(origin.as_bytes());
    let check = check_of(&[&head[..56]]);
    head[56..].copy_from_slice(&check);
    head
}
