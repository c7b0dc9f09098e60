//! Documents: cuts an input into events. After damage it goes on with the next line that begins with `{`.

use std::io::{self, BufRead, BufReader, Read};

use kernel::event::Source;

use crate::cfx::{Malformed, Raw};

/// The documents of an input, packed or not, in order. Memory is bounded by the longest.
pub struct Documents<'r> {
    input: Box<dyn BufRead + 'r>,
    document_bytes_max: usize,
    line: u64,
    column: u64,
    offset: u64,
    open_lists: usize,
    ended: bool,
    failure: Option<io::Error>,
}

impl<'r> Documents<'r> {
    /// Reads an input whose documents have at most so many bytes.
    pub fn with_limit(mut input: impl Read + 'r, document_bytes_max: usize) -> Documents<'r> {
        let mut head = Vec::new();
        let mut failure = (&mut input).take(4).read_to_end(&mut head).err();
        let (gzip, zstd) = (head.starts_with(&[0x1F, 0x8B]), head == [0x28, 0xB5, 0x2F, 0xFD]);
        let whole = io::Cursor::new(head).chain(input);
        let input: Box<dyn BufRead + 'r> = if gzip {
            Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(whole)))
        } else if zstd {
            match zstd::stream::read::Decoder::new(whole) {
                Ok(decoder) => Box::new(BufReader::new(decoder)),
                Err(error) => {
                    failure = Some(error);
                    Box::new(io::empty())
                }
            }
        } else {
            Box::new(BufReader::with_capacity(64 << 10, whole))
        };
        Documents { input, document_bytes_max, line: 1, column: 1, offset: 0, open_lists: 0, ended: false, failure }
    }

    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.input.fill_buf() {
                Ok(bytes) => return bytes.first().copied(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    self.input = Box::new(io::empty());
                }
            }
        }
    }

    /// Passes the byte that was peeked at.
    fn pass(&mut self, byte: u8) {
        self.input.consume(1);
        self.offset += 1;
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else if byte & 0xC0 != 0x80 {
            self.column += 1;
        }
    }

    /// The bytes of the document that begins here.
    fn document(&mut self, bytes: &mut Vec<u8>) {
        let object = self.peek() == Some(b'{');
        let (mut depth, mut text, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.peek() {
            if bytes.len() > self.document_bytes_max {
                return;
            }
            // A text never spans lines, and an object in the first column after an unfinished one is the next event.
            if byte == b'\n' && (!object || text) || byte == b'{' && self.column == 1 && !bytes.is_empty() {
                return;
            }
            self.pass(byte);
            bytes.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if text => escaped = true,
                b'"' => text = !text,
                b'{' | b'[' if !text => depth += 1,
                b'}' | b']' if !text => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && object {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    fn remark(&self, reason: String, bytes: Vec<u8>) -> Box<Malformed> {
        let (line, column, offset) = (self.line, self.column, self.offset);
        Box::new(Malformed {
            line,
            column,
            offset,
            field: String::new(),
            reason,
            bytes,
            source: Source::default(),
            at: None,
        })
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Raw, Box<Malformed>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => {}
                b'[' => self.open_lists += 1,
                b']' => self.open_lists = self.open_lists.saturating_sub(1),
                _ => break,
            }
            self.pass(byte);
            if byte == 0xEF {
                // A byte order mark is no column.
                self.column -= 1;
            }
        }
        if self.peek().is_none() {
            if std::mem::replace(&mut self.ended, true) {
                return None;
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(self.remark(format!("the input cannot be read on from here: {error}"), Vec::new())));
            }
            if self.open_lists > 0 {
                return Some(Err(
                    self.remark("the list of events is not closed with ]: the input may be cut off".into(), Vec::new())
                ));
            }
            return None;
        }
        let mut raw = Raw { bytes: Vec::new(), line: self.line, column: self.column, offset: self.offset };
        self.document(&mut raw.bytes);
        if raw.bytes.len() > self.document_bytes_max {
            let mut item = self.remark(format!("an event is longer than {} bytes", self.document_bytes_max), raw.bytes);
            (item.line, item.column, item.offset) = (raw.line, raw.column, raw.offset);
            while let Some(byte) = self.peek().filter(|byte| *byte != b'\n') {
                self.pass(byte);
            }
            return Some(Err(item));
        }
        while raw.bytes.last().is_some_and(|byte| b" \t\r\n,".contains(byte)) {
            raw.bytes.pop();
        }
        Some(Ok(raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &[&str]) {
        let documents: Vec<String> = Documents::with_limit(input.as_bytes(), 30)
            .map(|document| match document {
                Ok(raw) => format!("{}:{} {}", raw.line, raw.column, String::from_utf8_lossy(&raw.bytes)),
                Err(malformed) => malformed.to_string(),
            })
            .collect();
        assert_eq!(documents, expected);
    }

    #[test]
    fn forms() {
        check("{\"a\":1}\n{\"a\":[{}]}\n", &["1:1 {\"a\":1}", "2:1 {\"a\":[{}]}"]);
        check("[ {\"a\":1},\n  {\"b\":\"}\"} ]", &["1:3 {\"a\":1}", "2:3 {\"b\":\"}\"}"]);
        check("{\n \"a\": 1\n}{}", &["1:1 {\n \"a\": 1\n}", "3:2 {}"]);
        check("", &[]);
    }

    #[test]
    fn damage_ends_with_its_line() {
        check("{\"a\":\n{\"b\":1}", &["1:1 {\"a\":", "2:1 {\"b\":1}"]);
        check("{\"a\":\"x\n{\"b\":1}", &["1:1 {\"a\":\"x", "2:1 {\"b\":1}"]);
        check("hello\n{\"b\":1}", &["1:1 hello", "2:1 {\"b\":1}"]);
        check(
            "[{\"b\":1}",
            &["1:2 {\"b\":1}", "line 1, column 9: the list of events is not closed with ]: the input may be cut off"],
        );
        check(
            "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}\n{}",
            &["line 1, column 1: an event is longer than 30 bytes", "2:1 {}"],
        );
    }
}
