//! Damage: a message that cannot be read, with its place and a reason for the person who looks after the machine.

use std::fmt;

use kernel::event::Source;
use kernel::time::Moment;

use super::json::{Cursor, DEPTH_MAX, Fault, What};
use super::raw::Raw;

/// A message, or a piece of a file, that cannot be understood. Its bytes are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// Line of the place in the whole input, from 1.
    pub line: u64,
    /// Column of the place, in characters, from 1.
    pub column: u64,
    /// Offset of the place in the whole (unpacked) input.
    pub offset: u64,
    /// The member that was being read, as a path from the envelope: `MessageBody.InstalledMaterials[0].QuantityInstalled`. Empty outside of members.
    pub field: String,
    /// What is wrong, in plain words.
    pub reason: String,
    /// The bytes as they came. Empty when nothing of the input is meant (it ends too early).
    pub bytes: Vec<u8>,
    /// What of the envelope could be read: who sent it, and which message it is.
    pub source: Source,
    /// The message's time, if it could be read.
    pub at: Option<Moment>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "in `{}`: ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Malformed {}

/// Longest reason: it quotes what was sent, which may be long.
const REASON_CHARS_MAX: usize = 600;
/// Longest path of a field.
const FIELD_CHARS_MAX: usize = 300;

/// A text with its middle left out when it is too long: what is wrong with what stands at its ends.
fn shortened(text: String, chars_max: usize) -> String {
    let count = text.chars().count();
    if count <= chars_max {
        return text;
    }
    let half = chars_max / 2;
    let ends = text.chars().take(half).chain(['…']).chain(text.chars().skip(count - half));
    ends.collect()
}

/// Puts a fault into words.
pub(crate) fn malformed(raw: &Raw, fault: &Fault) -> Malformed {
    let bytes = raw.bytes.as_slice();
    let (at, reason) = words(bytes, fault);
    let at = at.min(bytes.len());
    let before = &bytes[..at];
    let newlines = before.iter().filter(|byte| **byte == b'\n').count();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let in_line = before[line_start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u64;
    let reason = shortened(reason, REASON_CHARS_MAX);
    let field = match fault.what {
        What::Words { field: Some(field), .. } => field.to_owned(),
        _ => path(bytes, fault.at.min(bytes.len())),
    };
    Malformed {
        line: raw.line + newlines as u64,
        column: if newlines == 0 { raw.column + in_line } else { in_line + 1 },
        offset: raw.offset + at as u64,
        field: shortened(field, FIELD_CHARS_MAX),
        reason,
        bytes: raw.bytes.clone(),
        source: Source::default(),
        at: None,
    }
}

/// The path of the last member that begins before `end`.
pub(crate) fn path(bytes: &[u8], end: usize) -> String {
    enum Step {
        Member(Option<String>),
        Index(usize),
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut cursor = Cursor::new(&bytes[..end.min(bytes.len())]);
    let mut name_next = true;
    while let Some(byte) = cursor.peek() {
        let at = cursor.at();
        match byte {
            b'{' => {
                steps.push(Step::Member(None));
                name_next = true;
            }
            b'[' => {
                steps.push(Step::Index(0));
                name_next = false;
            }
            b'}' | b']' => {
                steps.pop();
                name_next = false;
            }
            b',' => match steps.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                _ => name_next = true,
            },
            b'"' => {
                let text = match cursor.text() {
                    Ok(text) => text.into_owned(),
                    // A name whose closing quote is damaged ends at what looks like one.
                    Err(_) => {
                        let cut = String::from_utf8_lossy(&bytes[at + 1..end.min(bytes.len())]).into_owned();
                        cut.split(|letter| CURLY.contains(&letter) || ":\"\\\n".contains(letter))
                            .next()
                            .unwrap_or("")
                            .to_owned()
                    }
                };
                if name_next && let Some(Step::Member(name)) = steps.last_mut() {
                    *name = Some(text);
                    name_next = false;
                }
                if cursor.at() == at {
                    break;
                }
                continue;
            }
            _ => {}
        }
        cursor = cursor.from(at + 1);
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Member(Some(name)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&name);
            }
            Step::Member(None) => {}
            Step::Index(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
    }
    path
}

const CURLY: [char; 10] = [
    '\u{201C}', '\u{201D}', '\u{201E}', '\u{201F}', '\u{00AB}', '\u{00BB}', '\u{2018}', '\u{2019}', '\u{2033}',
    '\u{FF02}',
];

/// The place to point at, and the reason.
fn words(bytes: &[u8], fault: &Fault) -> (usize, String) {
    let at = fault.at;
    let rest = &bytes[at.min(bytes.len())..];
    let next = first_character(rest);
    let member = || {
        let path = path(bytes, at);
        let name = path.rsplit('.').next().unwrap_or("");
        if name.is_empty() { "the message".to_owned() } else { format!("`{name}`") }
    };
    let reason = match &fault.what {
        _ if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) => {
            "the text is UTF-16, which is not read: save it as UTF-8".to_owned()
        }
        What::Words { reason, .. } => reason.clone(),
        What::Utf8 => format!("{} holds bytes that are not UTF-8 text", member()),
        What::Depth => format!("lists and objects are nested deeper than {DEPTH_MAX}"),
        What::Trailing => format!("after the end of the message stands `{}`", excerpt(rest)),
        What::Type { wanted } => format!("{wanted} belongs here, but {} stands here", kind(next)),
        What::Character if next.is_some() => return unclosed(bytes, at, &member()),
        _ if next.is_none() => format!("the text ends in the middle of {}", member()),
        _ if next.is_some_and(|next| CURLY.contains(&next)) => curly(next),
        What::Name { after_comma: true } if matches!(next, Some('}' | ']' | ',')) => {
            format!("a comma stands before `{}` with nothing after it", next.unwrap_or('}'))
        }
        What::Element if matches!(next, Some('}' | ']' | ',')) => {
            format!("a comma stands before `{}` with nothing after it", next.unwrap_or(']'))
        }
        What::Name { .. } => match next {
            Some(']') => "an object is closed with ] where } belongs".to_owned(),
            Some('\'') => "a name stands in single quotes ' where plain double quotes \" belong".to_owned(),
            _ => format!("the name `{}` is not in double quotes", excerpt(rest)),
        },
        What::Colon => format!("a colon is missing before `{}`", excerpt(rest)),
        What::Separator { list } => separator(bytes, at, next, *list, &member()),
        What::Value | What::Element => match next {
            Some('}' | ']' | ',') => format!("{} has no value", member()),
            Some('\'') => "a text stands in single quotes ' where plain double quotes \" belong".to_owned(),
            Some(':') => "a colon stands where a value belongs".to_owned(),
            Some(control) if control.is_control() => {
                format!("a control character (code {:#04X}) stands where a value belongs", u32::from(control))
            }
            _ => bare(rest),
        },
        What::Number => bare(rest),
        What::Escape => {
            format!(
                "{} holds a backslash that is not doubled or an escape that JSON does not know: `{}`",
                member(),
                excerpt(rest)
            )
        }
        What::Character => format!("{} is not a readable text", member()),
    };
    (at, reason)
}

fn curly(quote: Option<char>) -> String {
    format!("a typographic quote {} stands where a plain \" belongs", quote.unwrap_or('\u{201D}'))
}

/// A text that meets a line's end or another control character: often its closing quote is a typographic one.
fn unclosed(bytes: &[u8], at: usize, member: &str) -> (usize, String) {
    let code = bytes.get(at).copied().unwrap_or(0);
    if !matches!(code, b'\n' | b'\r') {
        return (at, format!("a control character (code {code:#04X}) stands in the text after {member}"));
    }
    let line_start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    if let Ok(line) = str::from_utf8(&bytes[line_start..at])
        && let Some((curly_at, quote)) = line.char_indices().find(|(_, letter)| CURLY.contains(letter))
    {
        return (line_start + curly_at, curly(Some(quote)));
    }
    (at, format!("a text after {member} is not closed with a \" before the end of the line"))
}

fn separator(bytes: &[u8], at: usize, next: Option<char>, list: bool, member: &str) -> String {
    let rest = &bytes[at..];
    // What stands directly after a number is its tail: `2021-12-20T10:18` or `007`.
    let token_start = bytes[..at].iter().rposition(|byte| b" \n\r\t,:[{".contains(byte)).map_or(0, |before| before + 1);
    if at > token_start
        && !matches!(bytes[at - 1], b'"' | b'}' | b']')
        && !matches!(next, Some('"' | '{' | '[' | '}' | ']'))
    {
        return bare(&bytes[token_start..]);
    }
    match (next, list) {
        (Some('"'), false) => {
            let mut ahead = Cursor::new(rest);
            match ahead.text() {
                Ok(name) if ahead.peek() == Some(b':') => format!("a comma is missing before `{name}`"),
                Ok(text) => format!("after the value of {member} stands another text, `{text}`"),
                Err(_) => format!("a comma is missing after {member}"),
            }
        }
        (Some('"' | '{' | '['), true) => "a comma is missing before the next element of the list".to_owned(),
        (Some('{' | '['), false) => {
            format!("after the value of {member} stands `{}` without a comma and a name", excerpt(rest))
        }
        (Some('}'), true) => "a list is closed with } where ] belongs".to_owned(),
        (Some(']'), false) => "an object is closed with ] where } belongs".to_owned(),
        _ => format!("after the value of {member} stands `{}`, where a comma or an end belongs", excerpt(rest)),
    }
}

/// A value without quotes.
fn bare(rest: &[u8]) -> String {
    let word = excerpt(rest);
    match word.as_str() {
        "NaN" | "Infinity" | "-Infinity" => format!("`{word}` is not a number that JSON knows"),
        "True" | "False" | "TRUE" | "FALSE" | "Null" | "NULL" | "None" => {
            format!("`{word}` must be written in lower case letters")
        }
        _ if word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("a number may not begin with 0: `{word}` belongs in quotes")
        }
        _ => format!("the value `{word}` is not in quotes"),
    }
}

fn kind(next: Option<char>) -> &'static str {
    match next {
        Some('"') => "a text",
        Some('[') => "a list",
        Some('{') => "an object",
        Some('t' | 'f') => "true or false",
        Some('n') => "null",
        Some('-' | '0'..='9') => "a number",
        _ => "nothing",
    }
}

fn first_character(bytes: &[u8]) -> Option<char> {
    bytes.first()?;
    let head = &bytes[..bytes.len().min(4)];
    match str::from_utf8(head) {
        Ok(text) => text.chars().next(),
        Err(error) => str::from_utf8(&head[..error.valid_up_to()]).ok()?.chars().next().or(Some('\u{FFFD}')),
    }
}

/// The word at the beginning, shortened.
fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let word: Vec<u8> =
        bytes.iter().copied().take_while(|byte| !b" \n\r\t,{}[]\"".contains(byte)).take(LONGEST).collect();
    if word.is_empty() {
        return first_character(bytes).map(String::from).unwrap_or_default();
    }
    String::from_utf8_lossy(&word).chars().filter(|letter| !letter.is_control()).collect()
}
