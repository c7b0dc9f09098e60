//! Damage: one bad message gives one precise complaint and takes no neighbour with it; nothing of an input is lost.

use std::fmt::Write as _;
use std::io::Read;

use adapters::cfx::{Documents, Malformed, Raw, Zones, transcribe};
use proptest::prelude::*;

use crate::sample::{GlassVeil, LINES_BEFORE, envelope, envelopes, folder, places, read, samples, stored};

fn good(number: usize) -> String {
    envelope(
        "CFX.Production.WorkStarted",
        number,
        &format!(r#"{{"PrimaryIdentifier":"GOOD-{number}","Units":[{{"PositionNumber":1}}]}}"#),
    )
}

fn line_of(text: &str) -> String {
    text.replace('\n', "")
}

/// Reads an input, and shows the good messages by number and each complaint.
fn check(input: &str, good: &[usize], complaints: &str) {
    let reading = read(input.as_bytes());
    let identifiers: Vec<String> = reading.events.iter().map(|event| event.source.message.clone()).collect();
    let expected: Vec<String> = good.iter().map(|number| format!("id-{number}")).collect();
    assert_eq!(identifiers, expected, "{input}\n{}", places(&reading.malformed));
    assert_eq!(places(&reading.malformed), complaints, "{input}");
}

fn malformed_samples() -> Vec<(String, String, u64)> {
    let manifest = std::fs::read_to_string(folder().join("malformed/manifest.json")).expect("the manifest reads");
    let manifest: Vec<serde_json::Value> = serde_json::from_str(&manifest).expect("the manifest reads");
    let mut bodies = samples("malformed");
    manifest
        .iter()
        .map(|entry| {
            let message = entry["message"].as_str().expect("a name");
            let defect = entry["defect"].as_str().expect("a defect");
            let line = defect.split_once("line ").and_then(|(_, rest)| rest.split_once(' ')).expect("a line").0;
            let at = bodies.iter().position(|sample| sample.name == message).expect("a sample");
            (message.to_owned(), bodies.swap_remove(at).body, line.parse().expect("a line"))
        })
        .collect()
}

#[test]
fn published_damage_is_named_by_line_and_field() {
    let mut report = String::new();
    for (name, body, line) in malformed_samples() {
        let text = envelope(&name, 7, &body);
        let reading = read(text.as_bytes());
        assert!(reading.events.is_empty());
        let [damage] = reading.malformed.as_slice() else { panic!("{name}: {}", places(&reading.malformed)) };
        assert_eq!(damage.line, line + LINES_BEFORE, "{name}: {damage}");
        assert!(damage.field.starts_with("MessageBody."), "{name}: {damage}");
        assert_eq!(damage.bytes, text.as_bytes());
        assert_eq!((damage.source.message.as_str(), &damage.source.name), ("id-7", &name));
        assert!(damage.at.is_some());
        writeln!(report, "{name}\n  {damage}").expect("writes");
    }
    insta::assert_snapshot!("published_damage", report);
}

#[test]
fn damage_takes_no_neighbour_with_it() {
    let all = malformed_samples();
    let damaged: Vec<String> =
        all.iter().enumerate().map(|(at, (name, body, _))| envelope(name, 100 + at, body)).collect();
    for joined in ["\n", "", ",\n", "\n\n"] {
        let mut parts = vec![good(0)];
        for (number, text) in damaged.iter().enumerate() {
            parts.push(text.clone());
            parts.push(good(number + 1));
        }
        let text = parts.join(joined);
        for text in [text.clone(), format!("[{text}]")] {
            let reading = read(text.as_bytes());
            assert_eq!(reading.events.len(), parts.len() - damaged.len(), "{joined:?}\n{}", places(&reading.malformed));
            assert_eq!(reading.malformed.len(), damaged.len(), "{joined:?}\n{}", places(&reading.malformed));
            for (damage, damaged) in reading.malformed.iter().zip(&damaged) {
                assert_eq!(String::from_utf8_lossy(&damage.bytes), *damaged);
            }
        }
        // Bad neighbours stay apart, too.
        let text = damaged.join(joined);
        assert_eq!(read(text.as_bytes()).malformed.len(), damaged.len(), "{joined:?}");
    }
}

#[test]
fn damaged_lines_of_a_log() {
    let (a, b, c) = (line_of(&good(1)), line_of(&good(2)), line_of(&good(3)));
    let cut = &b[..b.len() - 30];
    check(
        &format!("{a}\n{cut}\n{c}\n"),
        &[1, 3],
        "line 2, column 205: in `MessageBody.U`: the text ends in the middle of `U`\n",
    );
}

#[test]
fn shapes_of_damage() {
    let (a, c) = (line_of(&good(1)), line_of(&good(3)));
    let head = r#""MessageName":"CFX.Production.WorkStarted","UniqueID":"id-2","TimeStamp":"2021-06-23T15:39:23Z""#;
    let body = |body: &str| format!("{a}\n{{{head},\"MessageBody\":{body}}}\n{c}\n");
    for (damaged, complaint) in [
        (r#"{"Lane":1 "Units":[]}"#, "in `MessageBody.Lane`: a comma is missing before `Units`"),
        (r#"{"Lane":1,}"#, "in `MessageBody.Lane`: a comma stands before `}` with nothing after it"),
        (r#"{"Units":[{},]}"#, "in `MessageBody.Units[1]`: a comma stands before `]` with nothing after it"),
        (r#"{"Units":[{} {}]}"#, "in `MessageBody.Units[0]`: a comma is missing before the next element of the list"),
        (r#"{"Lane":}"#, "in `MessageBody.Lane`: `Lane` has no value"),
        (r#"{"PrimaryIdentifier":SN12}"#, "in `MessageBody.PrimaryIdentifier`: the value `SN12` is not in quotes"),
        (
            r#"{"PrimaryIdentifier":007}"#,
            "in `MessageBody.PrimaryIdentifier`: a number may not begin with 0: `007` belongs in quotes",
        ),
        (
            r#"{"PrimaryIdentifier":“A”}"#,
            "in `MessageBody.PrimaryIdentifier`: a typographic quote “ stands where a plain \" belongs",
        ),
        (r#"{“Lane”:1}"#, "in `MessageBody`: a typographic quote “ stands where a plain \" belongs"),
        (r#"{'Lane':1}"#, "in `MessageBody`: a name stands in single quotes ' where plain double quotes \" belong"),
        (r#"{Lane:1}"#, "in `MessageBody`: the name `Lane:1` is not in double quotes"),
        (r#"{"Lane":NaN}"#, "in `MessageBody.Lane`: `NaN` is not a number that JSON knows"),
        (r#"{"FlipX":True}"#, "in `MessageBody.FlipX`: `True` must be written in lower case letters"),
        (
            r#"{"PrimaryIdentifier":"C:\dir"}"#,
            "in `MessageBody.PrimaryIdentifier`: `PrimaryIdentifier` holds a backslash that is not doubled or an escape that JSON does not know: `\\dir`",
        ),
        (r#"{"Units":"A,B"}"#, "in `MessageBody.Units`: a list [ ] belongs here, but a text stands here"),
        (
            r#"{"Units":[{"PositionNumber":{}}]}"#,
            "in `MessageBody.Units[0].PositionNumber`: a whole number belongs here, but an object stands here",
        ),
        (
            r#"{"Units":[{"PositionNumber":"one"}]}"#,
            "in `MessageBody.Units[0].PositionNumber`: a whole number belongs here, but `one` stands here",
        ),
        (
            r#"{"PrimaryIdentifier":["A"]}"#,
            "in `MessageBody.PrimaryIdentifier`: a text belongs here, but a list stands here",
        ),
        (r#"[]"#, "in `MessageBody`: an object { } belongs here, but a list stands here"),
        (r#""text""#, "in `MessageBody`: an object { } belongs here, but a text stands here"),
        ("null", "in `MessageBody`: the message has no `MessageBody`"),
    ] {
        let reading = read(body(damaged).as_bytes());
        assert_eq!(reading.events.len(), 2, "{damaged}: {}", places(&reading.malformed));
        let found = places(&reading.malformed);
        let (place, found) = found.trim_end().split_once(": ").expect("a place");
        assert!(place.starts_with("line 2, "), "{place}");
        assert_eq!(found, complaint, "{damaged}");
    }
}

#[test]
fn envelopes_that_lack_something() {
    for (text, complaint) in [
        (
            r#"{"TimeStamp":"2021-06-23T15:39:23Z","MessageBody":{}}"#,
            "line 1, column 1: in `MessageName`: the message has no `MessageName`",
        ),
        (
            r#"{"MessageName":"A.B","MessageBody":{}}"#,
            "line 1, column 1: in `TimeStamp`: the message has no `TimeStamp`",
        ),
        (
            r#"{"MessageName":"A.B","TimeStamp":"noon"}"#,
            "line 1, column 35: in `TimeStamp`: `noon` is not a time such as 2018-03-26T16:52:25.376-04:00",
        ),
        (
            r#"{"MessageName":"A.B","TimeStamp":"2021-02-29T12:00:00Z"}"#,
            "line 1, column 35: in `TimeStamp`: `2021-02-29T12:00:00Z` is a day, an hour or an offset that does not exist",
        ),
        (
            r#"{"MessageName":"A.B","TimeStamp":"2016-12-31T23:59:60Z"}"#,
            "line 1, column 35: in `TimeStamp`: `2016-12-31T23:59:60Z` is a leap second (:60), which no clock here can hold",
        ),
        (
            r#"{"MessageName":["A.B"]}"#,
            "line 1, column 16: in `MessageName`: a text belongs here, but a list stands here",
        ),
        ("42", "line 1, column 1: a message is an object { }, and this is none"),
        ("hello", "line 1, column 1: the value `hello` is not in quotes"),
        ("\u{1}\u{2}", "line 1, column 1: a control character (code 0x01) stands where a value belongs"),
    ] {
        check(text, &[], &format!("{}\n", complaint.replace("column 35", "column 34")));
    }
}

#[test]
fn a_file_that_is_cut_off() {
    let text = format!("[{},\n{}", good(1), &good(2)[..60]);
    let reading = read(text.as_bytes());
    assert_eq!(reading.events.len(), 1);
    assert_eq!(
        places(&reading.malformed),
        "line 10, column 14: in `Version`: the text ends in the middle of `Version`\n\
         line 10, column 14: the list of messages is not closed with ]: the input may be cut off\n"
    );
    assert_eq!(String::from_utf8_lossy(&reading.malformed[0].bytes), good(2)[..60]);
}

#[test]
fn a_packed_file_that_is_cut_off() {
    let lines: Vec<String> = (0..5000).map(|number| line_of(&good(number))).collect();
    let text = lines.join("\n");
    let mut gzip = Vec::new();
    flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast()).read_to_end(&mut gzip).expect("packs");
    let zstd = zstd::encode_all(text.as_bytes(), 1).expect("packs");
    for packed in [gzip, zstd] {
        let reading = read(&packed[..packed.len() * 4 / 5]);
        assert!(reading.events.len() > 1000, "{} events", reading.events.len());
        let last = reading.malformed.last().expect("a complaint");
        assert!(last.reason.starts_with("the packed input is cut off or damaged here"), "{last}");
        assert!(reading.malformed.len() <= 2, "{}", places(&reading.malformed));
    }
}

#[test]
fn garbage_between_messages() {
    let text = format!("\u{FEFF}junk {{\"a\":1}} }}\n{}\n\u{7f}\u{0}%%\n[{},null,7,{}] ]]", good(1), good(2), good(3));
    let reading = read(text.as_bytes());
    assert_eq!(reading.events.len(), 3, "{}", places(&reading.malformed));
    assert_eq!(reading.malformed.len(), 4, "{}", places(&reading.malformed));
}

#[test]
fn a_message_with_a_bracket_too_many() {
    let a = line_of(&good(1));
    let early =
        r#"{"MessageName":"CFX.Production.WorkStarted","TimeStamp":"2021-06-23T15:39:23Z"}, "MessageBody":{"Lane":1}}"#;
    let reading = read(format!("{a}\n{early}\n{a}").as_bytes());
    assert_eq!(reading.events.len(), 2);
    assert_eq!(reading.malformed.len(), 1, "{}", places(&reading.malformed));
    assert_eq!(String::from_utf8_lossy(&reading.malformed[0].bytes), early);
}

#[test]
fn messages_have_a_longest_size() {
    let long = line_of(&good(2)).replace("GOOD", &"x".repeat(300_000));
    let text = format!("{}\n{long}\n{}\n", line_of(&good(1)), line_of(&good(3)));
    let items: Vec<_> = Documents::with_limit(text.as_bytes(), 100_000).collect();
    let (good, bad): (Vec<_>, Vec<_>) = items.into_iter().partition(Result::is_ok);
    assert_eq!(good.len(), 2 + 1, "the end of the long message is garbage, and the others are whole");
    assert_eq!(bad.len(), 3);
}

#[test]
fn deep_nesting_is_refused_without_harm() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let text = envelope("A.B", 2, &format!("{}1{}", open.repeat(100_000), close.repeat(100_000)));
        let reading = read(format!("{}\n{text}\n{}", good(1), good(3)).as_bytes());
        assert_eq!(reading.events.len(), 2);
        assert_eq!(reading.malformed.len(), 1);
        assert!(reading.malformed[0].reason.contains("nested deeper"), "{}", reading.malformed[0]);
    }
}

/// The bytes of an input that are in no item, which all must be punctuation.
fn check_nothing_is_lost(input: &[u8]) {
    let mut at = 0;
    let mut check_gap = |to: usize, length: usize| {
        assert!(at <= to && to + length <= input.len());
        let gap = &input[at..to];
        let gap: Vec<u8> = String::from_utf8_lossy(gap).replace('\u{FEFF}', "").into_bytes();
        assert!(gap.iter().all(|byte| b" \r\n\t,[]".contains(byte)), "{gap:?}");
        at = to + length;
    };
    for item in Documents::new(input) {
        match item {
            Ok(raw) => {
                check_gap(raw.offset as usize, raw.bytes.len());
                assert_eq!(&input[raw.offset as usize..][..raw.bytes.len()], raw.bytes.as_slice());
                let before = &input[..raw.offset as usize];
                assert_eq!(raw.line, 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64);
                if let Err(damage) = transcribe(&raw, &mut GlassVeil::default(), &Zones::default()) {
                    check_place(&raw, &damage);
                }
            }
            Err(remark) => check_gap(remark.offset as usize, remark.bytes.len()),
        }
    }
    check_gap(input.len(), 0);
}

fn check_place(raw: &Raw, damage: &Malformed) {
    assert_eq!(damage.bytes, raw.bytes);
    assert!(damage.offset >= raw.offset && damage.offset <= raw.offset + raw.bytes.len() as u64);
    assert!(damage.line >= raw.line && damage.column >= 1);
    assert!(!damage.reason.is_empty());
}

/// Inputs as they are, with bytes changed, cut out or put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<String> = envelopes().into_iter().map(|(_, text)| text).filter(|text| text.len() < 4000).collect();
    let change = (
        any::<prop::sample::Index>(),
        prop_oneof![Just(None), prop::sample::select(b"{}[]\",:\\ \n0-.eE\xE2\x80\x9C\xFFtn".to_vec()).prop_map(Some)],
        any::<bool>(),
    );
    let picked = prop::collection::vec(prop::sample::select(texts), 1..4);
    (picked, prop::sample::select(vec!["\n", "", ","]), any::<bool>(), prop::collection::vec(change, 0..6)).prop_map(
        |(texts, separator, one_line, changes)| {
            let texts: Vec<String> =
                texts.into_iter().map(|text| if one_line { line_of(&text) } else { text }).collect();
            let mut bytes = texts.join(separator).into_bytes();
            for (index, byte, insert) in changes {
                let at = index.index(bytes.len());
                match byte {
                    Some(byte) if insert => bytes.insert(at, byte),
                    Some(byte) => bytes[at] = byte,
                    None if bytes.len() > 1 => drop(bytes.remove(at)),
                    None => {}
                }
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_never_lost(input in prop::collection::vec(any::<u8>(), 0..300)) {
        check_nothing_is_lost(&input);
    }

    #[test]
    fn random_punctuation_is_never_lost(input in "[\\[\\]{}:,\"\\\\ \n0-9a-c\u{201c}\u{feff}-]{0,80}") {
        check_nothing_is_lost(input.as_bytes());
    }

    #[test]
    fn changed_messages_are_never_lost(input in mutated()) {
        check_nothing_is_lost(&input);
    }

    #[test]
    fn one_damaged_line_leaves_the_others(change in (any::<prop::sample::Index>(), "[{}\\[\\]\",:a1 \u{201d}]")) {
        let mut damaged = line_of(&good(2));
        let at = change.0.index(damaged.len());
        damaged.replace_range(at..=at, &change.1);
        let reading = read(format!("{}\n{damaged}\n{}\n{}", line_of(&good(1)), line_of(&good(3)), line_of(&good(4))).as_bytes());
        let kept: Vec<&str> = reading.events.iter().map(|event| event.source.message.as_str()).collect();
        for expected in ["id-1", "id-3", "id-4"] {
            prop_assert!(kept.contains(&expected), "{} from {}", expected, damaged);
        }
        let all: usize = reading.events.len() + reading.malformed.len();
        prop_assert!((4..=5).contains(&all), "{} items from {}: {}", all, damaged, places(&reading.malformed));
    }
}

#[test]
fn small_reads_give_the_same() {
    struct Drops<'a>(&'a [u8]);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(97);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let text: String = envelopes().into_iter().map(|(_, text)| text).take(20).collect::<Vec<_>>().join("\n");
    let whole: Vec<Raw> = Documents::new(text.as_bytes()).map(|item| item.expect("a document")).collect();
    let drops: Vec<Raw> = Documents::new(Drops(text.as_bytes())).map(|item| item.expect("a document")).collect();
    assert_eq!(whole, drops);
    assert!(!stored(&read(text.as_bytes()).events[0]).is_empty());
}
