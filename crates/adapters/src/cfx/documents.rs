//! Documents: cuts an input into messages, whatever it is wrapped in, and finds its way again after damage.
//!
//! The input may be packed (gzip, zstd) and is one envelope, a list of envelopes, one a line, or simply one after another; white space, commas and
//! list brackets between documents are punctuation. A document ends where its outermost value ends. A document that does not read ends where the next
//! *envelope begins*: at the first `{` after it whose own members include `MessageName` and one of `TimeStamp`, `UniqueID`, `MessageBody` before anything in
//! them is damaged. So one bad message never takes a good neighbour with it, and two bad neighbours stay two. A document that stands alone on its line
//! ends with the line, if its brackets match.
//!
//! Nothing is judged here and nothing is lost: every byte that is not punctuation is in some [`Raw`] or in the bytes of a [`Malformed`].

use std::io::{self, Read};

use kernel::event::Source;

use super::damage::Malformed;
use super::json::{Cursor, DEPTH_MAX, Parsed};
use super::raw::Raw;

/// Longest message that is read, in bytes, unpacked. What is longer is cut into malformed pieces.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;

/// After so many damaged documents on one line the line is not looked at as a whole any more: each look reads all of it, and there may be millions.
const LOOKS_MAX: u32 = 64;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 128 << 10;

/// The documents of an input, in order. Memory is bounded by the longest message.
pub struct Documents<'r> {
    input: Box<dyn Read + 'r>,
    packed: bool,
    message_bytes_max: usize,
    buffer: Vec<u8>,
    start: usize,
    line: u64,
    column: u64,
    offset: u64,
    ended: bool,
    failure: Option<io::Error>,
    open_lists: usize,
    finished: bool,
    /// Whether a quick look at the line told nothing of the document that is cut now, and of how many before it on the same line.
    unsure: bool,
    looks: u32,
}

/// What stands at the beginning of the buffer.
enum Extent {
    /// A document of so many bytes.
    Whole(usize),
    /// So many bytes that are none, or a damaged one.
    Damaged(usize),
    /// More bytes are needed to tell.
    More,
}

/// What the quick look at a line says.
enum Line {
    /// The brackets match after so many bytes.
    Matches(usize),
    /// A closer look is needed.
    Unsure,
    /// The buffer ends first.
    More,
}

impl<'r> Documents<'r> {
    /// Reads an input, packed or not.
    pub fn new(input: impl Read + 'r) -> Documents<'r> {
        Documents::with_limit(input, MESSAGE_BYTES_MAX)
    }

    /// Reads an input whose messages have at most so many bytes.
    pub fn with_limit(mut input: impl Read + 'r, message_bytes_max: usize) -> Documents<'r> {
        let mut head = Vec::new();
        let failure = (&mut input).take(4).read_to_end(&mut head).err();
        let (gzip, zstd) = (head.starts_with(&[0x1F, 0x8B]), head == [0x28, 0xB5, 0x2F, 0xFD]);
        let whole = io::Cursor::new(head).chain(input);
        let mut documents = Documents {
            input: Box::new(io::empty()),
            packed: gzip || zstd,
            message_bytes_max,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            column: 1,
            offset: 0,
            ended: false,
            failure,
            open_lists: 0,
            finished: false,
            unsure: false,
            looks: 0,
        };
        if gzip {
            documents.input = Box::new(flate2::read::MultiGzDecoder::new(whole));
        } else if zstd {
            match zstd::stream::read::Decoder::new(whole) {
                Ok(decoder) => documents.input = Box::new(decoder),
                Err(error) => documents.failure = Some(error),
            }
        } else {
            documents.input = Box::new(whole);
        }
        documents
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Reads more, as much again as is there. `false` when there is no more.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let wanted = READ_BYTES.max(self.buffer.len()).min(self.message_bytes_max.max(READ_BYTES));
        let before = self.buffer.len();
        self.buffer.resize(before + wanted, 0);
        let mut filled = before;
        while filled < self.buffer.len() {
            match self.input.read(&mut self.buffer[filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    filled += read;
                    // A live input gives what it has; only an unfinished document makes us ask again.
                    if read < 4096 {
                        break;
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.failure = Some(error);
                    self.ended = true;
                }
            }
            break;
        }
        self.buffer.truncate(filled);
        filled > before
    }

    /// Passes bytes, and counts their lines.
    fn advance(&mut self, length: usize) {
        let passed = &self.buffer[self.start..self.start + length];
        let newlines = count(passed, |byte| byte == b'\n');
        let mut tail = passed;
        if newlines > 0 {
            let newline = passed.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
            self.column = 1;
            self.looks = 0;
            tail = &passed[newline + 1..];
        }
        self.column += count(tail, |byte| byte & 0xC0 != 0x80);
        self.line += newlines;
        self.offset += length as u64;
        self.start += length;
    }

    /// Passes what stands between documents. `false` at the end of the input.
    fn pass_punctuation(&mut self) -> bool {
        const MARK: &[u8] = &[0xEF, 0xBB, 0xBF];
        loop {
            let rest = self.rest();
            if rest.starts_with(MARK) {
                self.advance(MARK.len());
                // A byte order mark is no column.
                self.column -= 1;
                continue;
            }
            if MARK.starts_with(rest) {
                if self.fill() {
                    continue;
                }
                return !self.rest().is_empty();
            }
            let length = rest.iter().take_while(|byte| b" \n\r\t,[]".contains(byte)).count();
            if length == 0 {
                return true;
            }
            for byte in &self.buffer[self.start..self.start + length] {
                match byte {
                    b'[' => self.open_lists += 1,
                    b']' => self.open_lists = self.open_lists.saturating_sub(1),
                    _ => {}
                }
            }
            self.advance(length);
        }
    }

    fn extent(&mut self) -> Extent {
        self.unsure = false;
        if self.rest().first() == Some(&b'{') && self.looks < LOOKS_MAX {
            let rest = self.rest();
            match line(rest) {
                Line::Matches(length) if ends_here(&rest[..length], &rest[length..]) => return Extent::Whole(length),
                Line::More if !self.ended => return Extent::More,
                _ => self.unsure = true,
            }
        }
        let rest = self.rest();
        let mut cursor = Cursor::new(rest);
        match cursor.skip() {
            Ok(_) if cursor.at() == rest.len() && !self.ended && !rest.ends_with(b"}") => Extent::More,
            Ok(value) if ends_here(value, &rest[cursor.at()..]) => Extent::Whole(cursor.at()),
            Err(fault) if fault.at >= rest.len() && !self.ended && rest.len() < self.message_bytes_max => Extent::More,
            _ => match next_envelope(rest, self.ended) {
                Some(next) => Extent::Damaged(next),
                None if self.ended => Extent::Damaged(rest.len()),
                None => Extent::More,
            },
        }
    }

    fn take(&mut self, length: usize) -> Raw {
        let raw =
            Raw { bytes: self.rest()[..length].to_vec(), line: self.line, column: self.column, offset: self.offset };
        self.looks += u32::from(self.unsure);
        self.advance(length);
        raw
    }

    /// A damaged piece, without the punctuation between it and what follows.
    fn take_damaged(&mut self, length: usize) -> Raw {
        let piece = &self.rest()[..length];
        let space = |byte: &u8| b" \n\r\t".contains(byte);
        let last = piece.iter().rposition(|byte| !space(byte) && !b",[".contains(byte)).map_or(1, |last| last + 1);
        let mut kept = last;
        if self.ended && length == self.rest().len() && self.open_lists > 0 && last > 1 && piece[last - 1] == b']' {
            kept = piece[..last - 1].iter().rposition(|byte| !space(byte)).map_or(1, |last| last + 1);
        }
        self.take(kept)
    }

    fn remark(&self, reason: String, bytes: Vec<u8>) -> Malformed {
        Malformed {
            line: self.line,
            column: self.column,
            offset: self.offset,
            field: String::new(),
            reason,
            bytes,
            source: Source::default(),
            at: None,
        }
    }

    /// What is to be said of the input as a whole, once.
    fn finish(&mut self) -> Option<Result<Raw, Box<Malformed>>> {
        if self.finished {
            return None;
        }
        self.finished = true;
        let reason = match self.failure.take() {
            Some(error) if self.packed => format!("the packed input is cut off or damaged here: {error}"),
            Some(error) => format!("the input cannot be read on from here: {error}"),
            None if self.open_lists > 0 => {
                "the list of messages is not closed with ]: the input may be cut off".to_owned()
            }
            None => return None,
        };
        Some(Err(Box::new(self.remark(reason, Vec::new()))))
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Raw, Box<Malformed>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.finished {
            return None;
        }
        if !self.pass_punctuation() {
            return self.finish();
        }
        loop {
            match self.extent() {
                Extent::Whole(length) if length <= self.message_bytes_max => return Some(Ok(self.take(length))),
                Extent::Damaged(length) if length <= self.message_bytes_max => {
                    return Some(Ok(self.take_damaged(length)));
                }
                Extent::More if self.rest().len() < self.message_bytes_max && self.fill() => {}
                Extent::More if self.rest().len() < self.message_bytes_max => self.ended = true,
                _ => {
                    let reason = format!("a message is longer than {} bytes", self.message_bytes_max);
                    let mut item = Box::new(self.remark(reason, Vec::new()));
                    item.bytes = self.take(self.message_bytes_max.min(self.rest().len())).bytes;
                    return Some(Err(item));
                }
            }
        }
    }
}

/// How many bytes there are of a kind. In short runs that a processor adds up side by side.
fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> u64 {
    bytes.chunks(192).map(|run| u64::from(run.iter().fold(0_u8, |sum, byte| sum + u8::from(is(*byte))))).sum()
}

/// A quick look at a document that stands on one line: do its brackets match before the line ends?
fn line(bytes: &[u8]) -> Line {
    let mut lists: u128 = 0;
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => match text_end(bytes, at) {
                Some(end) => at = end,
                None if bytes[at..].contains(&b'\n') => return Line::Unsure,
                None => return Line::More,
            },
            b'{' | b'[' => {
                if depth == DEPTH_MAX {
                    return Line::Unsure;
                }
                depth += 1;
                lists = lists << 1 | u128::from(*byte == b'[');
            }
            b'}' | b']' => {
                if (lists & 1 == 1) != (*byte == b']') {
                    return Line::Unsure;
                }
                depth -= 1;
                lists >>= 1;
                if depth == 0 {
                    return Line::Matches(at);
                }
            }
            b'\n' => return Line::Unsure,
            _ => {}
        }
    }
    Line::More
}

/// The offset after the closing quote of the text whose inside begins at `at`; none when the line or the bytes end first.
fn text_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    loop {
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*eight);
            let quote = word ^ (ONES * 0x22);
            let slash = word ^ (ONES * 0x5C);
            let newline = word ^ (ONES * 0x0A);
            let hit = (quote.wrapping_sub(ONES) & !quote
                | slash.wrapping_sub(ONES) & !slash
                | newline.wrapping_sub(ONES) & !newline)
                & HIGH;
            if hit != 0 {
                at += hit.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            b'\n' => return None,
            _ => at += 1,
        }
    }
}

/// Whether a document ends here: its line ends, a list goes on or ends, another document begins. What goes on as `, "Name":` was closed by a bracket
/// too many; what goes on in another way is garbage behind a document, if the document lacks nothing.
fn ends_here(document: &[u8], rest: &[u8]) -> bool {
    let ends_line = || rest.iter().find(|byte| !b" \t\r,".contains(byte)) == Some(&b'\n');
    if goes_on_as_member(rest) {
        return ends_line() && is_complete(document);
    }
    matches!(Cursor::new(rest).peek(), None | Some(b']' | b'{' | b'[' | b',')) || ends_line() || is_complete(document)
}

/// Whether what follows a closed object reads `, "Name":`.
fn goes_on_as_member(rest: &[u8]) -> bool {
    let mut cursor = Cursor::new(rest);
    if cursor.peek() == Some(b',') {
        cursor = cursor.from(cursor.at() + 1);
    }
    cursor.peek() == Some(b'"') && cursor.text().is_ok() && cursor.peek() == Some(b':')
}

/// Whether an object is an envelope that lacks nothing.
fn is_complete(document: &[u8]) -> bool {
    const NEEDED: [&str; 3] = ["MessageName", "TimeStamp", "MessageBody"];
    let mut found = 0;
    let mut cursor = Cursor::new(document);
    let mut first = true;
    let mut read = || -> Parsed<()> {
        cursor.begin_object()?;
        while let Some(name) = cursor.member(&mut first)? {
            found += usize::from(NEEDED.iter().any(|needed| name.eq_ignore_ascii_case(needed)));
            cursor.skip()?;
        }
        Ok(())
    };
    read().is_ok() && found >= NEEDED.len()
}

/// The offset of the next envelope after the first byte. None when there is none, or none that can be told yet.
fn next_envelope(bytes: &[u8], ended: bool) -> Option<usize> {
    let mut at = 1;
    while let Some(brace) = bytes.get(at..)?.iter().position(|byte| *byte == b'{') {
        at += brace;
        match envelope_head(&bytes[at..]) {
            Head::Envelope => return Some(at),
            Head::Other(length) => at += length,
            Head::Cut if ended => at += 1,
            Head::Cut => return None,
        }
    }
    None
}

enum Head {
    Envelope,
    /// Something else, of which so many bytes need not be looked at again.
    Other(usize),
    /// The bytes end before it can be told.
    Cut,
}

fn envelope_head(bytes: &[u8]) -> Head {
    let mut cursor = Cursor::new(bytes);
    let (mut named, mut backed) = (false, false);
    let mut first = true;
    let mut read = || -> Parsed<bool> {
        cursor.begin_object()?;
        while let Some(name) = cursor.member(&mut first)? {
            named |= name.eq_ignore_ascii_case("MessageName");
            backed |= ["TimeStamp", "UniqueID", "MessageBody"].iter().any(|other| name.eq_ignore_ascii_case(other));
            if named && backed {
                return Ok(true);
            }
            cursor.skip()?;
        }
        Ok(false)
    };
    match read() {
        Ok(true) => Head::Envelope,
        Ok(false) => Head::Other(cursor.at()),
        Err(fault) if fault.at >= bytes.len() => Head::Cut,
        Err(_) => Head::Other(1),
    }
}
