//! The members of a message, read as what events hold: what the envelope and the bodies of all kinds have in common.

use std::borrow::Cow;

use kernel::event::{Digits, Extra, Fact, Json, Person};
use kernel::time::Moment;

use super::clock::{Zones, is_empty_time};
use super::dictionary::{self, Words};
use super::json::{Cursor, Next, Parsed, What, fault_at, quote};
use super::person::{self, Identity, Veil};

/// A message that is being read.
pub(super) struct Message<'a, 'v> {
    pub(super) cursor: Cursor<'a>,
    veil: &'v mut dyn Veil,
    pub(super) zones: &'v Zones,
    /// The last time that was read: from component to component little of it changes.
    moment: Option<Moment>,
}

/// Reads a body. None: it tells no fact, and the message is noted.
pub(super) type Reader = fn(&mut Message<'_, '_>, &str) -> Parsed<Option<Fact>>;

/// Reads the members of an object, whatever their casing. A null is as good as absent. A member that is not named goes to `extra`, and so does one that
/// comes a second time. `$key` is the member's name as sent.
macro_rules! members {
    ($message:ident, $key:ident, $extra:expr, { $($name:literal => $read:expr,)* }) => {{
        let mut seen = 0_u64;
        let mut first = true;
        $message.cursor.begin_object()?;
        while let Some($key) = $message.cursor.member(&mut first)? {
            members!(@arms $message, $key, $extra, seen, 0_u32, $($name => $read,)*);
        }
        let _ = seen;
    }};
    (@arms $message:ident, $key:ident, $extra:expr, $seen:ident, $index:expr, $name:literal => $read:expr, $($rest:tt)*) => {
        if $key.eq_ignore_ascii_case($name) && $seen & (1 << ($index)) == 0 {
            if !$message.cursor.null()? {
                $seen |= 1 << ($index);
                $read;
            }
        } else {
            members!(@arms $message, $key, $extra, $seen, $index + 1, $($rest)*)
        }
    };
    (@arms $message:ident, $key:ident, $extra:expr, $seen:ident, $index:expr,) => {
        $message.keep(&mut $extra, &$key)?
    };
}
pub(super) use members;

impl<'a, 'v> Message<'a, 'v> {
    pub(super) fn new(bytes: &'a [u8], veil: &'v mut dyn Veil, zones: &'v Zones) -> Message<'a, 'v> {
        Message { cursor: Cursor::checked(bytes), veil, zones, moment: None }
    }

    /// Keeps the member at the cursor that nobody interprets. A name that is taken gets a number. A null is kept only if the standard has no such
    /// member: machines send all of them always.
    pub(super) fn keep(&mut self, extra: &mut Extra, key: &str) -> Parsed<()> {
        if self.cursor.peek() == Some(b'n') && dictionary::is_member(key) {
            return self.cursor.null().map(|_| ());
        }
        let json = self.json(key)?;
        let mut name = key.to_owned();
        let mut count = 1;
        while extra.contains_key(&name) {
            count += 1;
            name = format!("{key}#{count}");
        }
        extra.insert(name, json);
        Ok(())
    }

    /// The value at the cursor as JSON, veiled.
    pub(super) fn json(&mut self, key: &str) -> Parsed<Json> {
        person::keep(&mut self.cursor, key, self.veil)
    }

    /// A text; a number or a truth value is taken as its own text.
    pub(super) fn text(&mut self) -> Parsed<String> {
        self.text_as_sent().map(Cow::into_owned)
    }

    pub(super) fn text_as_sent(&mut self) -> Parsed<Cow<'a, str>> {
        match self.cursor.next()? {
            Next::Text => self.cursor.text(),
            Next::Number => self.cursor.number().map(Cow::Borrowed),
            Next::Bool => Ok(Cow::Borrowed(if self.cursor.boolean()? { "true" } else { "false" })),
            _ => self.cursor.fault(What::Type { wanted: "a text" }),
        }
    }

    /// The word of an enumeration, sent as word or number.
    pub(super) fn word(&mut self, words: Words) -> Parsed<String> {
        self.text_as_sent().map(|sent| words.word(sent).into_owned())
    }

    /// A whole number. What is a number and cannot be held stays in `extra`.
    pub(super) fn integer(&mut self, extra: &mut Extra, key: &str) -> Parsed<Option<i64>> {
        self.cursor.peek();
        let at = self.cursor.at();
        let sent = match self.cursor.next()? {
            Next::Number => Cow::Borrowed(self.cursor.number()?),
            Next::Text => self.cursor.text()?,
            _ => return self.cursor.fault(What::Type { wanted: "a whole number" }),
        };
        let sent = sent.trim();
        if sent.is_empty() {
            return Ok(None);
        }
        let whole = sent
            .split_once('.')
            .map_or(sent, |(whole, rest)| if rest.bytes().all(|byte| byte == b'0') { whole } else { sent });
        if let Ok(number) = whole.parse() {
            return Ok(Some(number));
        }
        if !is_number(sent) {
            return fault_at(
                at,
                What::Words { reason: format!("a whole number belongs here, but `{sent}` stands here"), field: None },
            );
        }
        self.cursor = self.cursor.from(at);
        self.keep(extra, key)?;
        Ok(None)
    }

    /// A position or a count. One below zero stays in `extra`.
    pub(super) fn count(&mut self, extra: &mut Extra, key: &str) -> Parsed<Option<u32>> {
        self.cursor.peek();
        let at = self.cursor.at();
        let Some(number) = self.integer(extra, key)? else { return Ok(None) };
        if let Ok(count) = u32::try_from(number) {
            return Ok(Some(count));
        }
        self.cursor = self.cursor.from(at);
        self.keep(extra, key)?;
        Ok(None)
    }

    /// A number with its digits. A text that is none (`NaN`) stays in `extra`.
    pub(super) fn digits(&mut self, extra: &mut Extra, key: &str) -> Parsed<Option<Digits>> {
        self.cursor.peek();
        let at = self.cursor.at();
        match self.cursor.next()? {
            Next::Number => {
                let number = self.cursor.number()?;
                self.digits_of(number, at).map(Some)
            }
            Next::Text => {
                let text = self.cursor.text()?;
                if is_number(text.trim()) {
                    return self.digits_of(text.trim(), at).map(Some);
                }
                self.cursor = self.cursor.from(at);
                self.keep(extra, key)?;
                Ok(None)
            }
            _ => self.cursor.fault(What::Type { wanted: "a number" }),
        }
    }

    fn digits_of(&self, number: &str, at: usize) -> Parsed<Digits> {
        Json::parse(number).or_else(|_| fault_at(at, What::Number))
    }

    /// A time. An empty or unreadable one stays in `extra`: what it belongs to has happened all the same.
    pub(super) fn moment(&mut self, extra: &mut Extra, key: &str) -> Parsed<Option<Moment>> {
        if self.cursor.next()? != Next::Text {
            return self.cursor.fault(What::Type { wanted: "a time as a text" });
        }
        let at = self.cursor.at();
        let sent = self.cursor.text()?;
        if let Some(last) = &self.moment
            && let Some(moment) = same_minute(last, &sent)
        {
            return Ok(Some(moment));
        }
        if sent.is_empty() {
            return Ok(None);
        }
        if !is_empty_time(&sent)
            && let Ok(moment) = self.zones.read(&sent)
        {
            self.moment = Some(moment.clone());
            return Ok(Some(moment));
        }
        self.cursor = self.cursor.from(at);
        self.keep(extra, key)?;
        Ok(None)
    }

    /// A list; nulls in it are passed over. Most lists are short, and most of the long ones are longer than a vector's first room.
    pub(super) fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        const ROOM: usize = 8;
        let mut list = Vec::new();
        let mut first = true;
        self.cursor.begin_list()?;
        while self.cursor.element(&mut first)? {
            if !self.cursor.null()? {
                if list.is_empty() {
                    list.reserve(ROOM);
                }
                list.push(read(self)?);
            }
        }
        Ok(list)
    }

    /// A person, by pseudonym. None when nobody is named; what else is said of nobody stays in `extra`.
    pub(super) fn person(&mut self, extra: &mut Extra, key: &str) -> Parsed<Option<Person>> {
        let mut identity = Identity::default();
        let mut actor = None;
        let mut rest = Extra::new();
        if self.cursor.next()? == Next::Object {
            let mut first = true;
            self.cursor.begin_object()?;
            while let Some(name) = self.cursor.member(&mut first)? {
                if let Some(field) = identity.field(&name, true) {
                    if !self.cursor.null()? {
                        *field = self.text()?;
                    }
                } else if name.eq_ignore_ascii_case("ActorType") && actor.is_none() {
                    actor = Some(self.json(&name)?);
                } else {
                    self.keep(&mut rest, &name)?;
                }
            }
        } else {
            identity.identifier = self.text()?;
        }
        if identity.is_blank() {
            if let Some(actor) = actor {
                rest.insert("ActorType".to_owned(), actor);
            }
            nest(extra, key, rest);
            return Ok(None);
        }
        let actor = actor.map_or(Cow::Borrowed(""), |actor| Cow::Owned(actor.text().trim_matches('"').to_owned()));
        let actor = if actor == "null" { String::new() } else { dictionary::ACTOR_TYPE.word(actor).into_owned() };
        Ok(Some(Person { pseudonym: self.veil.person(&identity), actor, extra: rest }))
    }

    /// The type in `$type`, without name space. One that is not the standard's stays whole in `extra`.
    pub(super) fn kind(&mut self, extra: &mut Extra, key: &str) -> Parsed<String> {
        self.cursor.peek();
        let at = self.cursor.at();
        let sent = self.text_as_sent()?;
        let full = bare_name(&sent);
        let kind = full.rsplit('.').next().unwrap_or(full).to_owned();
        if !full.starts_with("CFX.Structures.") || !sent.ends_with(", CFX") {
            self.cursor = self.cursor.from(at);
            self.keep(extra, key)?;
        }
        Ok(kind)
    }

    /// Passes a `$type` that says nothing new at its place; any other stays in `extra`.
    pub(super) fn kind_among(&mut self, known: &[&str], extra: &mut Extra, key: &str) -> Parsed<()> {
        self.cursor.peek();
        let at = self.cursor.at();
        let sent = self.text_as_sent()?;
        let name = sent.strip_prefix("CFX.Structures.").and_then(|rest| rest.strip_suffix(", CFX"));
        if name.is_some_and(|name| known.contains(&name)) {
            return Ok(());
        }
        self.cursor = self.cursor.from(at);
        self.keep(extra, key)
    }
}

/// Puts what is left of an object into `extra`, under its name.
pub(super) fn nest(extra: &mut Extra, name: &str, inner: Extra) {
    if inner.is_empty() {
        return;
    }
    let mut text = String::from("{");
    for (key, value) in &inner {
        if text.len() > 1 {
            text.push(',');
        }
        quote(key, &mut text);
        text.push(':');
        text.push_str(value.text());
    }
    text.push('}');
    // Made of keys and of values that are JSON: it always reads.
    if let Ok(json) = Json::parse(&text) {
        extra.insert(name.to_owned(), json);
    }
}

/// A type's name without assembly.
pub(super) fn bare_name(name: &str) -> &str {
    name.split(',').next().unwrap_or(name).trim()
}

/// A time that differs from one before only in its seconds: most of a long message are such, and need no calendar.
fn same_minute(last: &Moment, sent: &str) -> Option<Moment> {
    const MINUTE: usize = "2018-03-26T16:52:".len();
    let (before, now) = (last.sent.as_bytes(), sent.as_bytes());
    if last.margin != 0 || last.at.0 <= 0 || before.len() != now.len() || before.get(..MINUTE)? != now.get(..MINUTE)? {
        return None;
    }
    let micros = |text: &[u8]| -> Option<(i64, usize)> {
        let end = MINUTE + text[MINUTE..].iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let seconds = &text[MINUTE..end];
        let digit = |at: usize| seconds.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'));
        let mut micros = digit(0)? * 10 + digit(1)?;
        if seconds.len() > 2 && (seconds[2] != b'.' || seconds.len() == 3 || seconds.len() > 12) {
            return None;
        }
        for at in 3..seconds.len().max(9) {
            let fraction = if at < seconds.len() { digit(at)? } else { 0 };
            if at < 9 {
                micros = micros * 10 + fraction;
            }
        }
        (micros < 60_000_000).then_some((micros, end))
    };
    let ((old, old_end), (new, new_end)) = (micros(before)?, micros(now)?);
    (before[old_end..] == now[new_end..]).then(|| Moment { at: last.at.plus(new - old), sent: sent.into(), margin: 0 })
}

/// Whether a text is a JSON number.
fn is_number(text: &str) -> bool {
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.number().is_ok() && cursor.at() == text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_same_minute_reads_as_the_calendar_does(
            before in "2018-0[1-3]-26T16:5[12]:[0-5][0-9](\\.[0-9]{1,9})?(Z|-04:00)",
            now in "2018-0[1-3]-26T16:5[12]:[0-6][0-9a](\\.[0-9a.]{0,10})?(Z|-04:00|)",
        ) {
            let last = Moment::parse(&before).expect("a time");
            for text in [now.as_str(), &format!("{}{}", &before[..17], &now[17..])] {
                if let Some(moment) = same_minute(&last, text) {
                    prop_assert_eq!(Some(moment), Moment::parse(text), "{} after {}", text, before);
                }
            }
            let mut later = before.clone();
            later.replace_range(17..19, "07");
            prop_assert_eq!(same_minute(&last, &later), Moment::parse(&later));
        }
    }
}
