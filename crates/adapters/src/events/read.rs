//! One event: read strictly, by the shape of its kind.

use std::borrow::Cow;
use std::collections::HashSet;

use kernel::event::{Event, Extra, Fact, Source};
use kernel::time::Time;

use super::shape::{Shape, required, shapes};
use crate::cfx::damage::malformed;
use crate::cfx::json::{Cursor, Next, Parsed, What, fault_at, quote};
use crate::cfx::person;
use crate::cfx::{Identity, Malformed, Raw, Transcribed, Veil, Zones};

pub use super::shape::KINDS;

/// Who says an event that names no source.
const SOURCE: &str = "events";

/// Longest identifier or source, in bytes.
const NAME_BYTES_MAX: usize = 4096;

/// Reads one event. One without an `id` has an empty message identifier: the caller gives it one made of its content.
///
/// # Errors
/// When the event is damaged, of no known kind, or says what its kind does not know.
pub fn transcribe(raw: &Raw, veil: &mut dyn Veil, zones: &Zones) -> Result<Transcribed, Box<Malformed>> {
    let mut reading = Reading { veil, zones };
    let mut head = Head::default();
    match reading.event(&raw.bytes, &mut head) {
        Ok(event) => Ok(Transcribed::Event(event)),
        Err(fault) => {
            let mut damage = malformed(raw, &fault);
            damage.source = head.source;
            Err(Box::new(damage))
        }
    }
}

/// What stands around the fact.
#[derive(Default)]
struct Head {
    source: Source,
}

struct Reading<'v> {
    veil: &'v mut dyn Veil,
    zones: &'v Zones,
}

fn words<T>(at: usize, reason: String) -> Parsed<T> {
    fault_at(at, What::Words { reason, field: None })
}

fn missing<T>(field: &'static str, reason: String) -> Parsed<T> {
    fault_at(0, What::Words { reason, field: Some(field) })
}

impl Reading<'_> {
    fn event(&mut self, bytes: &[u8], head: &mut Head) -> Parsed<Event> {
        let mut cursor = Cursor::new(bytes);
        if cursor.next()? != Next::Object {
            return words(0, "an event is an object { }, and this is none".to_owned());
        }
        let members = members(&mut cursor)?;
        cursor.end()?;
        head.source.handle = SOURCE.to_owned();
        let mut kind = None;
        let mut at = None;
        let mut rest = Vec::new();
        for (name, name_at, value_at) in members {
            let mut value = cursor.from(value_at);
            match &*name {
                "type" => {
                    let text = text(&mut value)?;
                    match KINDS.iter().find(|kind| **kind == text) {
                        Some(found) => kind = Some(*found),
                        None => {
                            let hint =
                                nearest(&text, KINDS.iter().copied()).map(|near| format!(", the nearest is `{near}`"));
                            return words(
                                value_at,
                                format!("`{text}` is no type of event{}", hint.unwrap_or_default()),
                            );
                        }
                    }
                }
                "at" => match self.zones.read(&text(&mut value)?) {
                    Ok(moment) => at = Some(moment),
                    Err(reason) => return words(value_at, reason),
                },
                "source" | "id" => {
                    let text = text(&mut value)?;
                    if text.trim().is_empty() || text.len() > NAME_BYTES_MAX {
                        return words(value_at, format!("`{name}` is empty or longer than {NAME_BYTES_MAX} bytes"));
                    }
                    let field = if name == "id" { &mut head.source.message } else { &mut head.source.handle };
                    *field = text.into_owned();
                }
                _ => rest.push((name, name_at, value_at)),
            }
        }
        let Some(kind) = kind else { return missing("type", "the event has no `type`".to_owned()) };
        kind.clone_into(&mut head.source.name);
        let Some(at) = at else { return missing("at", "the event has no `at`: when it happened".to_owned()) };
        // What is misspelt is told before what is missing because of it.
        let said: Vec<String> = rest
            .iter()
            .filter(|(_, _, value_at)| !is_empty(&cursor, *value_at))
            .map(|(name, ..)| name.clone().into_owned())
            .collect();
        let mut body = String::new();
        self.members(&cursor, kind, rest, &["type", "at", "source", "id"], &mut body)?;
        for group in required(kind) {
            if !group.iter().any(|field| said.iter().any(|said| said == field)) {
                let fields: Vec<String> = group.iter().map(|field| format!("`{field}`")).collect();
                return missing(group[0], format!("a `{kind}` must say {}", fields.join(" or ")));
            }
        }
        let fact = match Fact::read(kind, &body) {
            Some(Ok(fact)) => fact,
            Some(Err(error)) => return words(0, format!("the event does not read: {error}")),
            None => return words(0, format!("`{kind}` is no type of event")),
        };
        let source = std::mem::take(&mut head.source);
        Ok(Event { at, recorded: Time(0), source, fact, extra: Extra::new() })
    }

    /// Writes the members of an object that its type knows.
    fn members(
        &mut self,
        cursor: &Cursor<'_>,
        object: &'static str,
        members: Vec<(Cow<'_, str>, usize, usize)>,
        also: &[&'static str],
        out: &mut String,
    ) -> Parsed<()> {
        let fields = shapes().objects.get(object).map(Vec::as_slice).unwrap_or_default();
        out.push('{');
        let mut comma = false;
        for (name, name_at, value_at) in members {
            let Some((field, shape)) = fields.iter().find(|(field, _)| *field == name) else {
                let known = fields.iter().map(|(field, _)| *field).chain(also.iter().copied());
                let hint = match nearest(&name, known.clone()) {
                    Some(near) => format!("the nearest that it knows is `{near}`"),
                    None => {
                        format!("it knows {}", known.map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", "))
                    }
                };
                return words(value_at.max(name_at), format!("a `{object}` knows no field `{name}`; {hint}"));
            };
            let mut value = cursor.from(value_at);
            if value.null()? {
                continue;
            }
            if comma {
                out.push(',');
            }
            comma = true;
            quote(field, out);
            out.push(':');
            self.value(&mut value, field, shape, out)?;
        }
        out.push('}');
        Ok(())
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, name: &str, shape: &Shape, out: &mut String) -> Parsed<()> {
        cursor.peek();
        let at = cursor.at();
        match shape {
            Shape::Text => quote(&text(cursor)?, out),
            Shape::Whole { least, most } => {
                if cursor.next()? != Next::Number {
                    return cursor.fault(What::Type { wanted: "a whole number" });
                }
                let sent = cursor.number()?;
                match sent.parse::<i64>() {
                    Ok(number) if (*least..=*most).contains(&number) => out.push_str(&number.to_string()),
                    _ => return words(at, format!("`{sent}` is no whole number that fits here")),
                }
            }
            Shape::Bool => {
                if cursor.next()? != Next::Bool {
                    return cursor.fault(What::Type { wanted: "true or false" });
                }
                out.push_str(if cursor.boolean()? { "true" } else { "false" });
            }
            Shape::Number => {
                if cursor.next()? != Next::Number {
                    return cursor.fault(What::Type { wanted: "a number" });
                }
                out.push_str(cursor.number()?);
            }
            Shape::Time => match self.zones.read(&text(cursor)?) {
                Ok(moment) => out.push_str(&serde_json::to_string(&moment).unwrap_or_default()),
                Err(reason) => return words(at, reason),
            },
            Shape::Word(known) => {
                let sent = text(cursor)?;
                match known.iter().find(|word| word.eq_ignore_ascii_case(&sent)) {
                    Some(word) => quote(word, out),
                    None => return words(at, format!("`{sent}` is none of {}", known.join(", "))),
                }
            }
            Shape::Any => person::copy(cursor, name, self.veil, out)?,
            Shape::List(inner) => {
                if cursor.next()? != Next::List {
                    return cursor.fault(What::Type { wanted: "a list [ ]" });
                }
                out.push('[');
                cursor.begin_list()?;
                let (mut first, mut comma) = (true, false);
                while cursor.element(&mut first)? {
                    if comma {
                        out.push(',');
                    }
                    comma = true;
                    self.value(cursor, name, inner, out)?;
                }
                out.push(']');
            }
            Shape::Map(inner) => {
                if cursor.next()? != Next::Object {
                    return cursor.fault(What::Type { wanted: "an object { }" });
                }
                out.push('{');
                for (index, (key, _, value_at)) in members(cursor)?.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    quote(&key, out);
                    out.push(':');
                    self.value(&mut cursor.from(value_at), &key, inner, out)?;
                }
                out.push('}');
            }
            Shape::Object("Person") => self.person(cursor, out)?,
            Shape::Object(object) => {
                if cursor.next()? != Next::Object {
                    return cursor.fault(What::Type { wanted: "an object { }" });
                }
                let inner = members(cursor)?;
                self.members(cursor, object, inner, &[], out)?;
            }
        }
        Ok(())
    }

    /// A person, as badge or login, or as an object; out goes the pseudonym.
    fn person(&mut self, cursor: &mut Cursor<'_>, out: &mut String) -> Parsed<()> {
        const KNOWN: &[&str] = &["badge", "login", "first_name", "last_name", "actor"];
        let at = cursor.at();
        let mut identity = Identity::default();
        let mut actor = String::new();
        match cursor.next()? {
            Next::Text => identity.identifier = cursor.text()?.into_owned(),
            Next::Number => cursor.number()?.clone_into(&mut identity.identifier),
            Next::Object => {
                for (name, _, value_at) in members(cursor)? {
                    let field = match &*name {
                        "badge" => &mut identity.identifier,
                        "login" => &mut identity.login,
                        "first_name" => &mut identity.first_name,
                        "last_name" => &mut identity.last_name,
                        "actor" => &mut actor,
                        _ => {
                            let near = nearest(&name, KNOWN.iter().copied()).unwrap_or("badge");
                            return words(
                                value_at,
                                format!("a person knows no field `{name}`; the nearest that it knows is `{near}`"),
                            );
                        }
                    };
                    *field = text(&mut cursor.from(value_at))?.into_owned();
                }
            }
            _ => return cursor.fault(What::Type { wanted: "a person (a badge, or an object)" }),
        }
        if identity.is_blank() {
            return words(at, "a person needs a `badge`, a `login` or a name".to_owned());
        }
        out.push_str("{\"pseudonym\":");
        quote(&self.veil.person(&identity), out);
        if !actor.is_empty() {
            out.push_str(",\"actor\":");
            quote(&actor, out);
        }
        out.push('}');
        Ok(())
    }
}

/// The members of the object at the cursor: name, where it ends, where its value begins. Passes the object.
fn members<'a>(cursor: &mut Cursor<'a>) -> Parsed<Vec<(Cow<'a, str>, usize, usize)>> {
    let mut members: Vec<(Cow<'a, str>, usize, usize)> = Vec::new();
    let mut known: HashSet<Cow<'a, str>> = HashSet::new();
    let mut first = true;
    cursor.begin_object()?;
    while let Some(name) = cursor.member(&mut first)? {
        let name_at = cursor.at();
        cursor.peek();
        let value_at = cursor.at();
        if !known.insert(name.clone()) {
            return words(value_at, format!("the field `{name}` stands twice"));
        }
        cursor.skip()?;
        members.push((name, name_at, value_at));
    }
    Ok(members)
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Parsed<Cow<'a, str>> {
    if cursor.next()? != Next::Text {
        return cursor.fault(What::Type { wanted: "a text" });
    }
    cursor.text()
}

/// Whether a value says nothing: null, an empty text, list or object.
fn is_empty(cursor: &Cursor<'_>, at: usize) -> bool {
    let mut value = cursor.from(at);
    let mut first = true;
    match value.next() {
        Ok(Next::Null) => true,
        Ok(Next::Text) => value.text().is_ok_and(|text| text.trim().is_empty()),
        Ok(Next::List) => value.begin_list().and_then(|()| value.element(&mut first)).is_ok_and(|more| !more),
        Ok(Next::Object) => {
            value.begin_object().and_then(|()| value.member(&mut first)).is_ok_and(|more| more.is_none())
        }
        _ => false,
    }
}

/// A name longer than this is near to none.
const NEAR_BYTES_MAX: usize = 100;

/// The name that was most likely meant, if one is near enough.
fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > NEAR_BYTES_MAX {
        return None;
    }
    let plain = |text: &str| {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let sought = plain(name);
    let (distance, near) =
        known.map(|known| (distance(&sought, &plain(known)), known)).min_by_key(|(distance, _)| *distance)?;
    (distance <= 2.max(sought.len() / 3)).then_some(near)
}

/// Letters to change, add or drop to make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cover;

    impl Veil for Cover {
        fn person(&mut self, identity: &Identity) -> String {
            format!("P-{}", identity.identifier.len())
        }

        fn secret(&mut self, _text: &str) -> String {
            "digest:0".to_owned()
        }
    }

    fn read(text: &str) -> Result<Event, Box<Malformed>> {
        match transcribe(&Raw::alone(text.as_bytes().to_vec()), &mut Cover, &Zones::default())? {
            Transcribed::Event(event) => Ok(event),
            Transcribed::Heartbeat { .. } => panic!("no heartbeats here"),
        }
    }

    fn check(text: &str, expected: &str) {
        match read(text) {
            Ok(event) => panic!("`{text}` was read as {event:?}"),
            Err(malformed) => assert_eq!(malformed.to_string(), expected),
        }
    }

    #[test]
    fn an_event_reads() {
        let event = read(
            r#"{"container":"BOX-1","units":["A1","B2/3"],"type":"Packed","at":"2026-03-02T10:00:00+01:00","source":"packing-1","id":"p-1"}"#,
        )
        .expect("reads");
        assert_eq!(event.source.handle, "packing-1");
        assert_eq!(event.source.message, "p-1");
        assert_eq!(event.source.name, "Packed");
        assert_eq!(event.at.at.to_string(), "2026-03-02T09:00:00Z");
        let Fact::Packed(packed) = event.fact else { panic!("is another fact") };
        assert_eq!(packed.container, "BOX-1");
        assert_eq!(packed.units, ["A1", "B2/3"]);
    }

    #[test]
    fn persons_are_veiled() {
        let event = read(
            r#"{"type":"Mounted","at":"2026-03-02T10:00:00Z","mounts":[{"person":{"badge":"4711","actor":"Human"}},{"person":"0815x"}]}"#,
        )
        .expect("reads");
        let Fact::Mounted(mounted) = event.fact else { panic!("is another fact") };
        let person = |index: usize| mounted.mounts[index].person.clone().expect("is a person");
        assert_eq!(person(0).pseudonym, "P-4");
        assert_eq!(person(0).actor, "Human");
        assert_eq!(person(1).pseudonym, "P-5");
    }

    #[test]
    fn what_is_wrong_is_named() {
        check("17", "line 1, column 1: an event is an object { }, and this is none");
        check(r#"{"at":"2026-03-02T10:00:00Z"}"#, "line 1, column 1: in `type`: the event has no `type`");
        check(
            r#"{"type":"Packd","at":"2026-03-02T10:00:00Z"}"#,
            "line 1, column 9: in `type`: `Packd` is no type of event, the nearest is `Packed`",
        );
        check(
            r#"{"type":"Packed","at":"2026-03-02T10:00:00Z","units":["A"]}"#,
            "line 1, column 1: in `container`: a `Packed` must say `container`",
        );
        check(
            r#"{"type":"Packed","at":"2026-03-02T10:00:00Z","contaner":"B","units":["A"]}"#,
            "line 1, column 57: in `contaner`: a `Packed` knows no field `contaner`; the nearest that it knows is `container`",
        );
        check(
            r#"{"type":"Packed","at":"2026-03-02T10:00:00Z","container":"B","units":[]}"#,
            "line 1, column 1: in `units`: a `Packed` must say `units` or `containers`",
        );
        check(
            r#"{"type":"Packed","at":"2026-03-02T10:00:00Z","container":"B","unit":["A"],"units":["A"]}"#,
            "line 1, column 69: in `unit`: a `Packed` knows no field `unit`; the nearest that it knows is `units`",
        );
        check(
            r#"{"type":"Packed","at":"2026-03-02T10:00:00Z","container":"B","units":["A",7]}"#,
            "line 1, column 75: in `units[1]`: a text belongs here, but a number stands here",
        );
        check(
            r#"{"type":"Packed","at":"monday","container":"B","units":["A"]}"#,
            "line 1, column 23: in `at`: `monday` is not a time such as 2018-03-26T16:52:25.376-04:00",
        );
        check(
            r#"{"type":"StationProfiled","at":"2026-03-02T10:00:00Z","station":"S","places":{"*":"Singel"}}"#,
            "line 1, column 83: in `places.*`: `Singel` is none of Single, Chain, Mix, Crowd, Unknown",
        );
    }
}
