//! Names in URLs and from scanners. A unit's name may hold anything a label can, slashes and spaces included; a link to it must survive a
//! browser's idea of tidying paths.

use std::fmt::Write;

/// The page of a thing, given as `kind:identifier`.
#[must_use]
pub fn thing_path(thing: &str) -> String {
    match thing.split_once(':') {
        Some(("unit", name)) => unit_path(name),
        Some((kind, id)) if is_tidy(id) && is_kind(kind) => format!("/thing/{kind}/{}", encoded(id, true)),
        _ => format!("/thing?name={}", encoded(thing, false)),
    }
}

/// The page of a unit.
#[must_use]
pub(crate) fn unit_path(name: &str) -> String {
    if is_tidy(name) {
        format!("/unit/{}", encoded(name, true))
    } else {
        format!("/unit?name={}", encoded(name, false))
    }
}

/// A text for the query part of a URL.
pub(crate) fn query(text: &str) -> String {
    encoded(text, false)
}

/// What a scanner or a person entered, without what only the scanner means: blanks and control characters around it, and the
/// symbology identifier of ISO/IEC 15424 (`]d2`, `]C1`, `]Q3`) before it.
#[must_use]
pub fn scanned(text: &str) -> String {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let text = match text.as_bytes() {
        [b']', code, modifier, ..] if code.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => &text[3..],
        _ => text,
    };
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_owned()
}

/// Browsers drop `.`, `..` and empty segments of paths.
fn is_tidy(id: &str) -> bool {
    id.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

fn is_kind(kind: &str) -> bool {
    !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn encoded(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'@' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thing_has_a_link_that_browsers_leave_alone() {
        let check = |thing: &str, path: &str| assert_eq!(thing_path(thing), path);
        check("unit:PANEL 7/3", "/unit/PANEL%207/3");
        check("unit:a/../b", "/unit?name=a%2F..%2Fb");
        check("lot:Murata:X#1", "/thing/lot/Murata%3AX%231");
        check("lot:", "/thing?name=lot%3A");
        check("bare", "/thing?name=bare");
        check("unit:Größe", "/unit/Gr%C3%B6%C3%9Fe");
    }

    #[test]
    fn a_scan_is_stripped_of_what_only_the_scanner_means() {
        let check = |sent: &str, text: &str| assert_eq!(scanned(sent), text);
        check("]d2PKG-1\r\n", "PKG-1");
        check("\u{1d} ]C1 A 7 \t", "A 7");
        check("]", "]");
        check("]é1", "]é1");
        check("  ", "");
    }
}
