//! A pull reader of JSON over borrowed bytes: one pass, no tree, no copies, every error with its place.
//!
//! Why not serde's: the reader of documents, the transcription and the diagnosis of damage walk the same grammar, the transcription carries
//! context (veil, zones) into every structure, and an error must name a member in words a person at the machine understands. Tests hold it against
//! serde_json: both accept the same texts.

use std::borrow::Cow;

/// Deepest nesting of lists and objects that is read.
pub const DEPTH_MAX: u32 = 96;

/// Where reading stopped, and why.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Offset in the bytes. The end of the bytes: more was expected.
    pub(crate) at: usize,
    pub(crate) what: What,
}

/// Why reading stopped. Syntax is put into words by `damage`, which looks at the bytes once more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A value was expected.
    Value,
    /// A member's name or the end of an object was expected; `true` after a comma.
    Name { after_comma: bool },
    /// A colon was expected.
    Colon,
    /// A comma or the end was expected, in a list or an object.
    Separator { list: bool },
    /// Another value was expected after a comma in a list.
    Element,
    /// A character that may not stand in a text.
    Character,
    /// An escape that JSON does not know.
    Escape,
    /// Not UTF-8.
    Utf8,
    /// A number that is none.
    Number,
    /// Nested too deep.
    Depth,
    /// Something after the end.
    Trailing,
    /// A value of another type than the field has.
    Type { wanted: &'static str },
    /// A reason in words, about a member that stands at the place, or about one that is missing (`field`).
    Words { reason: String, field: Option<&'static str> },
}

pub(crate) type Parsed<T> = Result<T, Box<Fault>>;

/// What kind of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Text,
    Number,
    Bool,
    Null,
    List,
    Object,
}

/// A place in the bytes of one document.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    /// As much of the bytes as is known to be UTF-8.
    known: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, known: "", at: 0, depth: 0 }
    }

    /// Reads bytes of which most will be kept: they are checked to be UTF-8 at once, which is faster than text by text.
    pub(crate) fn checked(bytes: &'a [u8]) -> Cursor<'a> {
        let known = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
        };
        Cursor { bytes, known, at: 0, depth: 0 }
    }

    #[inline]
    fn slice(&self, from: usize, to: usize) -> Parsed<&'a str> {
        match self.known.get(from..to) {
            Some(text) => Ok(text),
            None => {
                str::from_utf8(&self.bytes[from..to]).or_else(|error| fault_at(from + error.valid_up_to(), What::Utf8))
            }
        }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// A second cursor that starts elsewhere in the same bytes.
    pub(crate) fn from(&self, at: usize) -> Cursor<'a> {
        Cursor { bytes: self.bytes, known: self.known, at, depth: self.depth }
    }

    pub(crate) fn fault<T>(&self, what: What) -> Parsed<T> {
        fault_at(self.at, what)
    }

    /// The next byte that is not white space, which is skipped.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// What kind of value comes next.
    #[inline]
    pub(crate) fn next(&mut self) -> Parsed<Next> {
        match self.peek() {
            Some(b'"') => Ok(Next::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Next::Number),
            Some(b'{') => Ok(Next::Object),
            Some(b'[') => Ok(Next::List),
            Some(b'n') => Ok(Next::Null),
            Some(b't' | b'f') => Ok(Next::Bool),
            _ => self.fault(What::Value),
        }
    }

    /// Passes a null, if one comes next.
    #[inline]
    pub(crate) fn null(&mut self) -> Parsed<bool> {
        if self.peek() == Some(b'n') { self.literal(b"null").map(|()| true) } else { Ok(false) }
    }

    /// Passes `true` or `false`.
    pub(crate) fn boolean(&mut self) -> Parsed<bool> {
        if self.peek() == Some(b't') {
            self.literal(b"true").map(|()| true)
        } else {
            self.literal(b"false").map(|()| false)
        }
    }

    fn literal(&mut self, word: &[u8]) -> Parsed<()> {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(word) && !rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric) {
            self.at += word.len();
            return Ok(());
        }
        if word.starts_with(rest) {
            return fault_at(self.bytes.len(), What::Value);
        }
        self.fault(What::Value)
    }

    /// A text, decoded.
    #[inline]
    pub(crate) fn text(&mut self) -> Parsed<Cow<'a, str>> {
        let (inner, escaped) = self.quoted()?;
        let text = self.slice(self.at - 1 - inner.len(), self.at - 1)?;
        if !escaped {
            return Ok(Cow::Borrowed(text));
        }
        Ok(Cow::Owned(unescape(text)))
    }

    /// A text as it stands, without quotes; whether it has escapes (which are well-formed).
    #[inline]
    fn quoted(&mut self) -> Parsed<(&'a [u8], bool)> {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGH: u64 = ONES << 7;
        if self.peek() != Some(b'"') {
            return self.fault(What::Value);
        }
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            // Eight bytes at a time: the first that is a quote, a backslash or a control character.
            while let Some(eight) = self.bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
                let word = u64::from_le_bytes(*eight);
                let quote = word ^ (ONES * 0x22);
                let slash = word ^ (ONES * 0x5C);
                let hit = (quote.wrapping_sub(ONES) & !quote
                    | slash.wrapping_sub(ONES) & !slash
                    | word.wrapping_sub(ONES * 0x20) & !word)
                    & HIGH;
                if hit != 0 {
                    at += hit.trailing_zeros() as usize / 8;
                    break;
                }
                at += 8;
            }
            match self.bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok((&self.bytes[start..at], escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(0..=0x1F) => return fault_at(at, What::Character),
                Some(_) => at += 1,
                None => return fault_at(self.bytes.len(), What::Character),
            }
        }
    }

    /// The offset after the escape that begins at `at`.
    fn escape(&self, at: usize) -> Parsed<usize> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                let high = self.hex(at)?;
                match high {
                    0xD800..=0xDBFF => {
                        // A surrogate stands only in pairs.
                        for (index, expected) in [(6, b'\\'), (7, b'u')] {
                            match self.bytes.get(at + index) {
                                Some(byte) if *byte == expected => {}
                                Some(_) => return fault_at(at, What::Escape),
                                None => return fault_at(self.bytes.len(), What::Escape),
                            }
                        }
                        match self.hex(at + 6)? {
                            0xDC00..=0xDFFF => Ok(at + 12),
                            _ => fault_at(at, What::Escape),
                        }
                    }
                    0xDC00..=0xDFFF => fault_at(at, What::Escape),
                    _ => Ok(at + 6),
                }
            }
            Some(_) => fault_at(at, What::Escape),
            None => fault_at(self.bytes.len(), What::Escape),
        }
    }

    /// The number after the `\u` at `at`.
    fn hex(&self, at: usize) -> Parsed<u32> {
        let mut value = 0;
        for index in 2..6 {
            let Some(byte) = self.bytes.get(at + index) else { return fault_at(self.bytes.len(), What::Escape) };
            let Some(digit) = char::from(*byte).to_digit(16) else { return fault_at(at, What::Escape) };
            value = value * 16 + digit;
        }
        Ok(value)
    }

    /// A number as it stands.
    pub(crate) fn number(&mut self) -> Parsed<&'a str> {
        self.peek();
        let start = self.at;
        let mut at = start;
        let byte = |at: usize| self.bytes.get(at).copied();
        let digits = |at: &mut usize| -> Parsed<()> {
            let from = *at;
            while byte(*at).is_some_and(|byte| byte.is_ascii_digit()) {
                *at += 1;
            }
            if *at > from {
                return Ok(());
            }
            fault_at(if byte(*at).is_none() { *at } else { start }, What::Number)
        };
        if byte(at) == Some(b'-') {
            at += 1;
        }
        if byte(at) == Some(b'0') && byte(at + 1).is_some_and(|byte| byte.is_ascii_digit()) {
            return fault_at(start, What::Number);
        }
        digits(&mut at)?;
        if byte(at) == Some(b'.') {
            at += 1;
            digits(&mut at)?;
        }
        if matches!(byte(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(byte(at), Some(b'+' | b'-')) {
                at += 1;
            }
            digits(&mut at)?;
        }
        self.at = at;
        self.slice(start, at)
    }

    fn deeper(&mut self) -> Parsed<()> {
        if self.depth == DEPTH_MAX {
            return self.fault(What::Depth);
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Enters an object.
    #[inline]
    pub(crate) fn begin_object(&mut self) -> Parsed<()> {
        if self.next()? != Next::Object {
            return self.fault(What::Type { wanted: "an object { }" });
        }
        self.deeper()
    }

    /// The name of the next member, the cursor standing at its value. `None` at the end, which is passed.
    #[inline]
    pub(crate) fn member(&mut self, first: &mut bool) -> Parsed<Option<Cow<'a, str>>> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                self.depth -= 1;
                return Ok(None);
            }
            Some(b',') if !*first => {
                self.at += 1;
                if self.peek() != Some(b'"') {
                    return self.fault(What::Name { after_comma: true });
                }
            }
            Some(b'"') if *first => {}
            _ if *first => return self.fault(What::Name { after_comma: false }),
            _ => return self.fault(What::Separator { list: false }),
        }
        *first = false;
        let name = self.text()?;
        if self.peek() != Some(b':') {
            return self.fault(What::Colon);
        }
        self.at += 1;
        Ok(Some(name))
    }

    /// Enters a list.
    #[inline]
    pub(crate) fn begin_list(&mut self) -> Parsed<()> {
        if self.next()? != Next::List {
            return self.fault(What::Type { wanted: "a list [ ]" });
        }
        self.deeper()
    }

    /// Whether another element comes, the cursor standing at it. `false` at the end, which is passed.
    #[inline]
    pub(crate) fn element(&mut self, first: &mut bool) -> Parsed<bool> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                self.depth -= 1;
                return Ok(false);
            }
            Some(b',') if !*first => {
                self.at += 1;
                if matches!(self.peek(), Some(b']' | b',')) {
                    return self.fault(What::Element);
                }
            }
            _ if *first => {}
            _ => return self.fault(What::Separator { list: true }),
        }
        *first = false;
        Ok(true)
    }

    /// Passes a value, and checks it. Gives it as it stands.
    pub(crate) fn skip(&mut self) -> Parsed<&'a [u8]> {
        self.peek();
        let start = self.at;
        match self.next()? {
            Next::Text => {
                self.quoted()?;
            }
            Next::Number => {
                self.number()?;
            }
            Next::Bool => {
                self.boolean()?;
            }
            Next::Null => self.literal(b"null")?,
            Next::List => {
                self.begin_list()?;
                let mut first = true;
                while self.element(&mut first)? {
                    self.skip()?;
                }
            }
            Next::Object => {
                self.begin_object()?;
                let mut first = true;
                while self.name(&mut first)? {
                    self.skip()?;
                }
            }
        }
        Ok(&self.bytes[start..self.at])
    }

    /// Like `member`, without decoding the name.
    fn name(&mut self, first: &mut bool) -> Parsed<bool> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                self.depth -= 1;
                return Ok(false);
            }
            Some(b',') if !*first => {
                self.at += 1;
                if self.peek() != Some(b'"') {
                    return self.fault(What::Name { after_comma: true });
                }
            }
            Some(b'"') if *first => {}
            _ if *first => return self.fault(What::Name { after_comma: false }),
            _ => return self.fault(What::Separator { list: false }),
        }
        *first = false;
        self.quoted()?;
        if self.peek() != Some(b':') {
            return self.fault(What::Colon);
        }
        self.at += 1;
        Ok(true)
    }

    /// A text as it stands, with its quotes.
    pub(crate) fn text_as_sent(&mut self) -> Parsed<&'a str> {
        self.peek();
        let start = self.at;
        self.quoted()?;
        self.slice(start, self.at)
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.fault(What::Trailing),
        }
    }
}

pub(crate) fn fault_at<T>(at: usize, what: What) -> Parsed<T> {
    Err(Box::new(Fault { at, what }))
}

/// Decodes a text whose escapes are known to be well-formed.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(slash) = rest.find('\\') {
        out.push_str(&rest[..slash]);
        let code = rest.as_bytes().get(slash + 1).copied().unwrap_or(b'\\');
        let mut length = 2;
        match code {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let unit = |from: usize| {
                    rest.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0xFFFD)
                };
                let mut value = unit(slash + 2);
                length = 6;
                if (0xD800..0xDC00).contains(&value) {
                    value = 0x1_0000 + ((value - 0xD800) << 10) + (unit(slash + 8).wrapping_sub(0xDC00) & 0x3FF);
                    length = 12;
                }
                out.push(char::from_u32(value).unwrap_or('\u{FFFD}'));
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(slash + length..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// Appends a text as a JSON text.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                for shift in [4, 0] {
                    out.push(char::from_digit((control as u32 >> shift) & 15, 16).unwrap_or('0'));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &[u8]) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.skip().and_then(|_| cursor.end()).is_ok()
    }

    #[test]
    fn escapes_read_as_serde_reads_them() {
        for text in [r#""a\u00e9\n\t\/\\\"""#, r#""\ud83d\ude00x""#, r#""plain and longer than eight""#, r#""""#] {
            let ours = Cursor::new(text.as_bytes()).text().expect("a text");
            assert_eq!(ours, serde_json::from_str::<String>(text).expect("a text"));
            let mut again = String::new();
            quote(&ours, &mut again);
            assert_eq!(serde_json::from_str::<String>(&again).expect("a text"), ours);
        }
    }

    proptest! {
        #[test]
        fn accepts_what_serde_accepts(text in "[\\[\\]{}:,\"\\\\0-9a-fu.eE+\\- ntrl\u{e9}]{0,24}") {
            let serde = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), serde, "{}", text);
        }

        #[test]
        fn strings_as_serde(text in "\"[a-z\\\\u0-9d\"\u{1}é]{0,14}\"") {
            let serde = serde_json::from_str::<String>(&text);
            let ours = { let mut cursor = Cursor::new(text.as_bytes()); cursor.text().and_then(|t| cursor.end().map(|()| t)) };
            prop_assert_eq!(ours.ok().map(Cow::into_owned), serde.ok(), "{}", text);
        }
    }
}
