//! What people ask for: things joined by `and`, `or`, `not`, with parentheses, each with an optional window:
//! `lot:X and not station:Y`, `person:B42 from 2026-01-01T06:00:00Z until 2026-01-01T14:00:00Z`.

use kernel::time::Time;

use super::{QuestionError, Result};

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query {
    /// One thing, within a window.
    Thing { text: String, from: Option<Time>, until: Option<Time> },
    /// Both.
    And(Box<Query>, Box<Query>),
    /// Any of them.
    Or(Vec<Query>),
    /// The first without the second.
    Without(Box<Query>, Box<Query>),
}

/// Deepest nesting of parentheses.
const DEPTH_MAX: usize = 32;

/// Most things that one question may join. Each is looked up, and each lies one deeper in the question as it is worked on.
const THINGS_MAX: usize = 200;

/// Reads a question. A text without joining words is one thing, whatever it holds.
pub(super) fn parse(text: &str) -> Result<Query> {
    let tokens = tokens(text);
    let mut parser = Parser { text, tokens: &tokens, depth: 0, things: 0 };
    let query = parser.either()?;
    match parser.tokens.first() {
        None => Ok(query),
        Some(token) => Err(malformed(text, &format!("`{token}` stands where `and`, `or`, `not` or the end belongs"))),
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => tokens.push(std::mem::take(&mut token)),
            '(' | ')' if !quoted && (token.is_empty() || c == ')') => {
                tokens.push(std::mem::take(&mut token));
                tokens.push(c.to_string());
            }
            c => token.push(c),
        }
    }
    tokens.push(token);
    tokens.retain(|token| !token.is_empty());
    tokens
}

struct Parser<'t> {
    text: &'t str,
    tokens: &'t [String],
    depth: usize,
    things: usize,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.first().is_some_and(|token| token.eq_ignore_ascii_case(word));
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn either(&mut self) -> Result<Query> {
        let first = self.both()?;
        let mut any = vec![first];
        while self.take("or") {
            any.push(self.both()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Query::Or(any) })
    }

    fn both(&mut self) -> Result<Query> {
        let mut query = self.one()?;
        loop {
            if self.take("and") {
                let without = self.take("not");
                let next = Box::new(self.one()?);
                query = if without { Query::Without(Box::new(query), next) } else { Query::And(Box::new(query), next) };
            } else if self.take("not") {
                query = Query::Without(Box::new(query), Box::new(self.one()?));
            } else {
                return Ok(query);
            }
        }
    }

    fn one(&mut self) -> Result<Query> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEPTH_MAX {
                return Err(malformed(self.text, "it is nested too deep"));
            }
            let query = self.either()?;
            self.depth -= 1;
            return if self.take(")") {
                Ok(query)
            } else {
                Err(malformed(self.text, "a closing parenthesis is missing"))
            };
        }
        let Some((first, rest)) = self.tokens.split_first() else {
            return Err(malformed(self.text, "it ends where a thing belongs"));
        };
        if ["and", "or", "not", ")"].iter().any(|word| first.eq_ignore_ascii_case(word)) {
            return Err(malformed(self.text, &format!("`{first}` stands where a thing belongs")));
        }
        self.things += 1;
        if self.things > THINGS_MAX {
            return Err(malformed(self.text, &format!("it joins more than {THINGS_MAX} things")));
        }
        self.tokens = rest;
        let mut text = first.clone();
        // Identifiers with blanks need no quotes.
        while let Some((next, rest)) = self.tokens.split_first() {
            if ["and", "or", "not", "from", "until", "(", ")"].iter().any(|word| next.eq_ignore_ascii_case(word)) {
                break;
            }
            text.push(' ');
            text.push_str(next);
            self.tokens = rest;
        }
        let from = if self.take("from") { Some(self.time()?) } else { None };
        let until = if self.take("until") { Some(self.time()?) } else { None };
        Ok(Query::Thing { text, from, until })
    }

    fn time(&mut self) -> Result<Time> {
        let Some((token, rest)) = self.tokens.split_first() else {
            return Err(malformed(self.text, "it ends where a time belongs"));
        };
        let time = Time::parse(token).or_else(|| Time::parse(&format!("{token}T00:00:00Z")));
        self.tokens = rest;
        time.ok_or_else(|| malformed(self.text, &format!("`{token}` is no time like 2026-03-01T08:00:00Z")))
    }
}

fn malformed(text: &str, reason: &str) -> QuestionError {
    QuestionError::Malformed { text: text.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = parse(text).map_or_else(|error| error.to_string(), |query| show(&query));
        assert_eq!(shown, expected);
    }

    fn show(query: &Query) -> String {
        match query {
            Query::Thing { text, from, until } => {
                let from = from.map(|at| format!(" from {at}")).unwrap_or_default();
                let until = until.map(|at| format!(" until {at}")).unwrap_or_default();
                format!("<{text}{from}{until}>")
            }
            Query::And(a, b) => format!("({} and {})", show(a), show(b)),
            Query::Or(any) => format!("({})", any.iter().map(show).collect::<Vec<_>>().join(" or ")),
            Query::Without(a, b) => format!("({} without {})", show(a), show(b)),
        }
    }

    #[test]
    fn questions_read() {
        check("lot:A/B/C", "<lot:A/B/C>");
        check("REEL 17 B", "<REEL 17 B>");
        check("lot:A and not station:B or tool:C", "((<lot:A> without <station:B>) or <tool:C>)");
        check("lot:A and (tool:B or tool:C)", "(<lot:A> and (<tool:B> or <tool:C>))");
        check(
            "person:X from 2026-01-01 until 2026-01-02T08:00:00Z",
            "<person:X from 2026-01-01T00:00:00Z until 2026-01-02T08:00:00Z>",
        );
        check("\"lot:A and B\"", "<lot:A and B>");
    }

    #[test]
    fn a_question_joins_so_many_things() {
        let joined = |things: usize| vec!["lot:A"; things].join(" or ");
        assert!(parse(&joined(THINGS_MAX)).is_ok());
        let refused = parse(&joined(THINGS_MAX + 1)).expect_err("too many").to_string();
        assert!(refused.ends_with("cannot be asked for: it joins more than 200 things"), "{refused}");
    }

    #[test]
    fn malformed_questions_say_why() {
        check("", "`` cannot be asked for: it ends where a thing belongs");
        check("lot:A and", "`lot:A and` cannot be asked for: it ends where a thing belongs");
        check("(lot:A", "`(lot:A` cannot be asked for: a closing parenthesis is missing");
        check("lot:A from noon", "`lot:A from noon` cannot be asked for: `noon` is no time like 2026-03-01T08:00:00Z");
    }
}
