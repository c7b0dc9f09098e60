//! Small things that many pages show: times, links to things, words with a colour. Each writes itself as HTML, escaped.

use std::fmt;

use app::answer::{Component, Evidence, Gap, Relation};
use askama::filters::HtmlSafe;

use crate::link;

/// Text with the five characters that mean something to HTML replaced.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

/// A time: UTC in the page, turned to the browser's zone by the script.
#[derive(Clone, Debug, Default)]
pub(super) struct When(Option<String>);

impl When {
    pub(super) fn at(text: &str) -> When {
        When(Some(text.to_owned()))
    }

    pub(super) fn maybe(text: Option<&str>) -> When {
        When(text.map(str::to_owned))
    }

    /// The text alone, for a tooltip.
    pub(super) fn plain(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl HtmlSafe for When {}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(text) = &self.0 else { return f.write_str("<span class=\"none\">–</span>") };
        match text.parse::<jiff::Timestamp>() {
            Ok(at) => write!(f, "<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
            Err(_) => write!(f, "{}", Escaped(text)),
        }
    }
}

/// How long something has lasted, in the largest fitting unit.
pub(super) fn lasting(since: &str, now: jiff::Timestamp) -> Option<String> {
    let seconds = now.as_second() - since.parse::<jiff::Timestamp>().ok()?.as_second();
    Some(match seconds {
        ..0 => return None,
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    })
}

/// A link to a thing.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    name: String,
    /// Show the kind beside the identifier.
    kind: bool,
    /// What to call it, where less than its identifier will do.
    called: Option<String>,
}

impl Thing {
    pub(super) fn new(name: impl Into<String>) -> Thing {
        Thing { name: name.into(), kind: true, called: None }
    }

    /// In a column or under a heading that says the kind already.
    pub(super) fn plain(kind: &str, id: &str) -> Thing {
        Thing { name: format!("{kind}:{id}"), kind: false, called: None }
    }

    pub(super) fn unit(name: &str) -> Thing {
        Thing::plain("unit", name)
    }

    /// A unit beside the panel that it lies in: its position will do.
    pub(super) fn unit_beside(name: &str, panel: &str) -> Thing {
        let position = name.strip_prefix(panel).filter(|rest| rest.starts_with('/'));
        Thing { called: position.map(str::to_owned), ..Thing::unit(name) }
    }

    /// A thing given as `kind:identifier`, where the kind is plain to see.
    pub(super) fn plain_of(name: &str) -> Thing {
        Thing { name: name.to_owned(), kind: false, called: None }
    }
}

impl HtmlSafe for Thing {}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = link::thing_path(&self.name);
        if let Some(called) = &self.called {
            return write!(f, "<a class=\"id\" href=\"{path}\">{}</a>", Escaped(called));
        }
        match self.name.split_once(':') {
            Some((kind, id)) if self.kind => {
                write!(f, "<a class=\"id\" href=\"{path}\"><small>{}</small>{}</a>", Escaped(kind), Escaped(id))
            }
            Some((_, id)) => write!(f, "<a class=\"id\" href=\"{path}\">{}</a>", Escaped(id)),
            None => write!(f, "<a class=\"id\" href=\"{path}\">{}</a>", Escaped(&self.name)),
        }
    }
}

/// Things in one cell.
#[derive(Clone, Debug)]
pub(super) struct Things(pub(super) Vec<Thing>);

impl HtmlSafe for Things {}

impl fmt::Display for Things {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("<span class=\"none\">–</span>");
        }
        for (at, thing) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{thing}")?;
        }
        Ok(())
    }
}

/// Text that may be missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Maybe(pub(super) Option<String>);

impl HtmlSafe for Maybe {}

impl fmt::Display for Maybe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) if !text.is_empty() => write!(f, "{}", Escaped(text)),
            _ => f.write_str("<span class=\"none\">–</span>"),
        }
    }
}

/// A number with its thousands apart.
pub(super) struct Count(pub(super) u64);

impl HtmlSafe for Count {}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            fmt::Write::write_char(f, digit)?;
        }
        Ok(())
    }
}

pub(super) fn count(number: usize) -> Count {
    Count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// The colour of a verdict, state or finding: `good`, `bad`, `warn` or `calm`.
pub(super) fn tone(word: &str) -> &'static str {
    let word = word.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|part| word.contains(part));
    if has(&["fail", "error", "abort", "scrap", "unable", "down", "sdt", "usd", "fault", "block", "unscheduled"]) {
        "bad"
    } else if has(&["skip", "warn", "hold", "standby", "sby", "idle", "starved", "engineering"]) {
        "warn"
    } else if has(&["pass", "complet", "success", "prd", "productive", "good", "released", "running"]) {
        "good"
    } else {
        "calm"
    }
}

/// Relation and evidence, as one mark; the reasons are one click away, and in print.
#[derive(Clone, Debug)]
pub(super) struct Sure {
    relation: Relation,
    evidence: Evidence,
    reasons: Vec<String>,
}

impl Sure {
    pub(super) fn new(relation: Relation, evidence: Evidence, reasons: &[String]) -> Sure {
        Sure { relation, evidence, reasons: reasons.to_vec() }
    }
}

impl HtmlSafe for Sure {}

impl fmt::Display for Sure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = relation(self.relation);
        let evidence = evidence(self.evidence);
        if self.reasons.is_empty() {
            return write!(f, "<span class=\"sure {evidence}\">{relation} <b>{evidence}</b></span>");
        }
        write!(
            f,
            "<details class=\"why\"><summary class=\"sure {evidence}\">{relation} <b>{evidence}</b></summary><ul>"
        )?;
        for reason in &self.reasons {
            write!(f, "<li>{}</li>", Prose(reason.clone()))?;
        }
        f.write_str("</ul></details>")
    }
}

pub(super) fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Installed => "installed",
        Relation::Exposed => "exposed",
    }
}

pub(super) fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Certain => "certain",
        Evidence::Possible => "possible",
    }
}

/// A sentence in which names stand between backticks, as messages write them.
#[derive(Clone, Debug)]
pub(super) struct Prose(pub(super) String);

impl HtmlSafe for Prose {}

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.0.split('`').collect();
        for (at, part) in parts.iter().enumerate() {
            match at % 2 {
                1 if at + 1 < parts.len() => write!(f, "<code>{}</code>", Escaped(part))?,
                1 => write!(f, "`{}", Escaped(part))?,
                _ => write!(f, "{}", Escaped(part))?,
            }
        }
        Ok(())
    }
}

/// A gap or finding, with its kind in words: `IncompleteReport` reads "incomplete report".
pub(super) struct Note {
    pub(super) kind: String,
    pub(super) station: Option<Thing>,
    pub(super) text: Prose,
}

impl Note {
    pub(super) fn all(gaps: &[Gap]) -> Vec<Note> {
        let note = |gap: &Gap| Note {
            kind: in_words(&gap.kind),
            station: gap.station.as_deref().map(|station| Thing::plain("station", station)),
            text: Prose(gap.text.clone()),
        };
        gaps.iter().map(note).collect()
    }
}

/// A word such as `IncompleteReport` as words; what is words already stays.
pub(super) fn in_words(kind: &str) -> String {
    if kind.contains(' ') {
        return kind.to_owned();
    }
    let mut words = String::with_capacity(kind.len() + 4);
    for (at, c) in kind.chars().enumerate() {
        if c.is_uppercase() && at > 0 {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// What a component's row is about: its package, else the tool, person or program.
pub(super) fn subject(row: &Component) -> Option<Thing> {
    let package = row.package.as_deref().map(|id| Thing::plain("package", id));
    package.or_else(|| row.thing.as_deref().map(Thing::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_backticks_are_marked_and_all_is_escaped() {
        let check = |text: &str, html: &str| assert_eq!(Prose(text.to_owned()).to_string(), html);
        check("lot `A<1>` is gone", "lot <code>A&lt;1&gt;</code> is gone");
        check("a lone ` stays & is", "a lone ` stays &amp; is");
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        let check = |number: u64, text: &str| assert_eq!(Count(number).to_string(), text);
        check(0, "0");
        check(999, "999");
        check(1_234_567, "1,234,567");
    }

    #[test]
    fn kinds_read_as_words() {
        assert_eq!(in_words("IncompleteReport"), "incomplete report");
        assert_eq!(in_words("split into (2026-03-02T10:00:00Z)"), "split into (2026-03-02T10:00:00Z)");
    }
}
