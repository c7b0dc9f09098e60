//! Lists of reference designators as people write them.

/// A range may stand for at most this many designators.
const RANGE_MAX: u64 = 1000;

/// Ranges in one cell are expanded up to this many designators; further ones stay as they are.
const CELL_MAX: usize = 20_000;

/// What a cell of designators says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listing {
    /// Nothing.
    Empty,
    /// Designators, with the ranges that were expanded or could not be.
    Designators { names: Vec<String>, ranges: Vec<Range> },
    /// Words that are no list of designators.
    Words,
}

/// A range as written, and for how many designators it was read (1 is: as one name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) text: String,
    pub(super) count: usize,
}

/// Reads a list. The quantity of the line decides whether `R1-4` and other doubtful texts are ranges or names.
pub(super) fn list(text: &str, quantity: Option<u64>) -> Listing {
    let text = text.trim();
    if text.is_empty() {
        return Listing::Empty;
    }
    let Some(tokens) = tokens(text) else {
        return Listing::Words;
    };
    let doubtful = tokens.iter().any(|token| range(token).is_some());
    if !doubtful {
        return Listing::Designators { names: tokens, ranges: Vec::new() };
    }
    let expanded = expand(&tokens, |_| true);
    let plain = expand(&tokens, |range| range.plain);
    let chosen = match quantity {
        Some(quantity) if count(&expanded) == quantity => expanded,
        Some(quantity) if count(&plain) == quantity => plain,
        Some(quantity) if u64::try_from(tokens.len()) == Ok(quantity) => expand(&tokens, |_| false),
        _ => plain,
    };
    Listing::Designators { names: chosen.0, ranges: chosen.1 }
}

fn count(expanded: &(Vec<String>, Vec<Range>)) -> u64 {
    u64::try_from(expanded.0.len()).unwrap_or(u64::MAX)
}

/// Splits at commas, semicolons, line ends and blanks; `None` if a piece with blanks is not a row of designators.
fn tokens(text: &str) -> Option<Vec<String>> {
    let text = join_ranges(text);
    let mut tokens = Vec::new();
    for piece in text.split([',', ';', '\n', '\r', '\t', '|']).map(str::trim).filter(|piece| !piece.is_empty()) {
        let words: Vec<_> = piece.split_whitespace().collect();
        if words.iter().any(|word| word.chars().count() > 64) {
            return None;
        }
        let plausible = match words.as_slice() {
            [word] => word.chars().any(char::is_alphanumeric) && !word.contains(':'),
            words => words.iter().all(|word| has_number(word)),
        };
        if !plausible {
            return None;
        }
        tokens.extend(words.iter().map(|word| word.trim_end_matches('.').to_owned()));
    }
    if tokens.is_empty() { None } else { Some(tokens) }
}

/// A letter first and a digit (or a placeholder) later.
fn has_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '+' | '_' | '$' | '#'))
        && word.contains(|c: char| c.is_ascii_digit() || matches!(c, '?' | '*'))
}

/// `R1 - R4`, `R1 to R4`, `R1..R4` and `R1–R4` become `R1-R4`.
fn join_ranges(text: &str) -> String {
    let mut text = text.replace(['–', '—', '~', '‑'], "-").replace("...", "-").replace("..", "-").replace('…', "-");
    for word in [" to ", " thru ", " through ", " TO ", " THRU ", " bis "] {
        text = text.replace(word, "-");
    }
    let mut joined = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('-') {
        joined.push_str(rest[..at].trim_end_matches(' '));
        joined.push('-');
        rest = rest[at + 1..].trim_start_matches(' ');
    }
    joined.push_str(rest);
    joined
}

struct Span<'a> {
    prefix: &'a str,
    first: u64,
    last: u64,
    width: usize,
    /// Both ends carry the prefix: `R1-R4` and not `R1-4`.
    plain: bool,
}

/// `R1-R4` or `R1-4`, if the prefix is letters and the numbers go up.
fn range(token: &str) -> Option<Span<'_>> {
    let (from, to) = token.split_once('-')?;
    let (prefix, first) = split_number(from)?;
    let (to_prefix, last) = split_number(to)?;
    let plain = to_prefix == prefix;
    if prefix.is_empty()
        || !(plain || to_prefix.is_empty())
        || !prefix.chars().all(|c| c.is_ascii_alphabetic() || c == '_')
    {
        return None;
    }
    let width = if first.starts_with('0') && first.len() == last.len() { first.len() } else { 0 };
    let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    (first < last && last - first < RANGE_MAX).then_some(Span { prefix, first, last, width, plain })
}

fn split_number(text: &str) -> Option<(&str, &str)> {
    let at = text
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    (at < text.len()).then(|| text.split_at(at))
}

fn expand(tokens: &[String], wanted: impl Fn(&Span<'_>) -> bool) -> (Vec<String>, Vec<Range>) {
    let mut names = Vec::new();
    let mut ranges = Vec::new();
    for token in tokens {
        match range(token) {
            Some(span) if wanted(&span) && names.len() < CELL_MAX => {
                let before = names.len();
                let Span { prefix, width, .. } = span;
                names.extend((span.first..=span.last).map(|number| format!("{prefix}{number:0width$}")));
                ranges.push(Range { text: token.clone(), count: names.len() - before });
            }
            Some(_) => {
                names.push(token.clone());
                ranges.push(Range { text: token.clone(), count: 1 });
            }
            None => names.push(token.clone()),
        }
    }
    (names, ranges)
}

/// The text if it says that something is not fitted.
pub(super) fn says_not_fitted(text: &str) -> bool {
    let words = lowercase_words(text);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let has = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
    const VERBS: [&str; 14] = [
        "install",
        "installed",
        "populate",
        "populated",
        "fit",
        "fitted",
        "place",
        "placed",
        "stuff",
        "stuffed",
        "mount",
        "mounted",
        "assemble",
        "assembled",
    ];
    let short = text.trim();
    matches!(short, "NF" | "N/F" | "NP" | "NM" | "DNS")
        || words
            .iter()
            .any(|word| matches!(*word, "dnp" | "dni" | "dnf" | "dnm" | "nostuff" | "nopop" | "nofit" | "unpopulated"))
        || ["stuff", "pop", "fit", "load", "mount"].iter().any(|verb| has(&["no", verb]))
        || VERBS.iter().any(|verb| has(&["not", verb]))
        || has(&["do", "not", "load"])
        || (words.contains(&"designators") && has(&["not", "used"]))
}

/// The designators in `NF(R1, R2)`; empty if there is none.
pub(super) fn not_fitted_in_brackets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("NF(") {
        let starts_word = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.');
        let inside = rest[at + 3..].split(')').next().unwrap_or_default();
        if starts_word
            && let Listing::Designators { names, .. } = list(inside, None)
            && names.iter().all(|name| has_number(name))
        {
            found.extend(names);
        }
        rest = &rest[at + 3..];
    }
    found
}

fn lowercase_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, quantity: Option<u64>, expected: &[&str]) {
        match list(text, quantity) {
            Listing::Designators { names, .. } => assert_eq!(names, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn lists() {
        check("C1,C2, C3", None, &["C1", "C2", "C3"]);
        check("C1 C2\nC3;C4", None, &["C1", "C2", "C3", "C4"]);
        check("R1,R56, R76,\r\nR77", None, &["R1", "R56", "R76", "R77"]);
        check("C70_1,OR_00000291B67AA780", None, &["C70_1", "OR_00000291B67AA780"]);
        check("GND", None, &["GND"]);
        check("J?", None, &["J?"]);
    }

    #[test]
    fn ranges() {
        check("R1-R4", None, &["R1", "R2", "R3", "R4"]);
        check("R1 - R3, C1", None, &["R1", "R2", "R3", "C1"]);
        check("R01..R03", None, &["R01", "R02", "R03"]);
        check("R8–R11", None, &["R8", "R9", "R10", "R11"]);
        check("R1 to R3", None, &["R1", "R2", "R3"]);
        // Doubtful ones: the quantity decides, and without it they stay names.
        check("R1-4", None, &["R1-4"]);
        check("R1-4", Some(4), &["R1", "R2", "R3", "R4"]);
        check("J1-J2", Some(1), &["J1-J2"]);
        check("J1-2", Some(1), &["J1-2"]);
        // Never ranges.
        check("R4-R1", None, &["R4-R1"]);
        check("R1-C4", None, &["R1-C4"]);
        check("R1-R99999", None, &["R1-R99999"]);
        check("C70_1-C70_4", None, &["C70_1-C70_4"]);
    }

    #[test]
    fn words_are_not_designators() {
        for text in
            ["DO NOT INSTALL COMPONENTS BELOW.", "THESE REFERENCE DESIGNATORS ARE NOT USED: P7,FB6", "see note", "---"]
        {
            assert_eq!(list(text, None), Listing::Words, "{text}");
        }
        assert_eq!(list(" ", None), Listing::Empty);
    }

    #[test]
    fn not_fitted() {
        for text in [
            "DNP",
            "10k DNP",
            "DO NOT INSTALL COMPONENTS BELOW.",
            "not fitted",
            "(DNI)",
            "NF",
            "No Stuff",
            "do not populate",
        ] {
            assert!(says_not_fitted(text), "{text}");
        }
        for text in ["100 nF", "NF 100", "10nF", "nf", "fitted", "Note", "connector, not keyed", ""] {
            assert!(!says_not_fitted(text), "{text}");
        }
        assert_eq!(not_fitted_in_brackets("see NF(R1,R2) and NF(C3)"), ["R1", "R2", "C3"]);
        assert!(not_fitted_in_brackets("100NF(0402) NF(0402)").is_empty());
    }
}
