//! One message, many forms: pretty or compact, packed, in lists and lines, keys in any casing, enumerations as words or numbers.

use std::io::Write;

use kernel::event::Event;

use crate::sample::{compact, envelope, envelopes, event, places, read, stored};

fn events(input: &[u8]) -> Vec<String> {
    let reading = read(input);
    assert!(reading.malformed.is_empty(), "{}", places(&reading.malformed));
    assert_eq!(reading.heartbeats, 1);
    reading.events.iter().map(stored).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("packs");
    encoder.finish().expect("packs")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("packs")
}

#[test]
fn all_forms_give_the_same_events() {
    let pretty: Vec<String> = envelopes().into_iter().map(|(_, text)| text).collect();
    let compact: Vec<String> = pretty.iter().map(|text| compact_keeping_digits(text)).collect();
    let expected = events(pretty.join("\n").as_bytes());
    assert_eq!(expected.len(), pretty.len() - 1);
    for texts in [&pretty, &compact] {
        for joined in [
            texts.join("\n"),
            texts.join(""),
            texts.join("\r\n\r\n"),
            format!("[{}]", texts.join(",")),
            format!(" [\n{}\n]\n", texts.join(",\n")),
            format!("\u{FEFF}{}", texts.join("\n")),
            format!("[{}][{}]", texts[..9].join(","), texts[9..].join(",")),
        ] {
            assert_eq!(events(joined.as_bytes()), expected);
        }
        let lines = texts.join("\n");
        assert_eq!(events(&gzip(lines.as_bytes())), expected);
        assert_eq!(events(&zstd(lines.as_bytes())), expected);
        // Members and frames one after another, as log rotation leaves them.
        let (left, right) = lines.as_bytes().split_at(lines.len() / 2);
        assert_eq!(events(&[gzip(left), gzip(right)].concat()), expected);
        assert_eq!(events(&[zstd(left), zstd(right)].concat()), expected);
    }
    for (text, expected) in pretty.iter().filter(|text| !text.contains("CFX.Heartbeat")).zip(&expected) {
        assert_eq!(&stored(&event(text)), expected);
    }
}

/// Takes white space out of JSON, and leaves the rest to the letter.
fn compact_keeping_digits(text: &str) -> String {
    let (mut out, mut in_text, mut escaped) = (String::new(), false, false);
    for letter in text.chars() {
        if in_text {
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            in_text = letter == '"';
        }
        out.push(letter);
    }
    out
}

/// Writes all keys in lower case.
fn lower_keys(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.iter().map(lower_keys).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.to_lowercase(), lower_keys(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// The stored event with every key in lower case, and members in order of name: `extra` keeps keys as they were sent.
fn folded(event: &Event) -> serde_json::Value {
    lower_keys(&serde_json::from_str(&stored(event)).expect("JSON"))
}

#[test]
fn the_casing_of_keys_does_not_matter() {
    for (name, text) in envelopes() {
        if name == "CFX.Heartbeat" {
            continue;
        }
        let lower = lower_keys(&serde_json::from_str(&text).expect("JSON")).to_string();
        assert_eq!(folded(&event(&lower)), folded(&event(&compact(&text))), "{name}");
        assert_eq!(event(&lower).fact.kind(), event(&text).fact.kind());
    }
}

#[test]
fn enumerations_come_as_words_or_numbers() {
    let forms = [
        ("CFX.Production.WorkCompleted", r#"{"Result":#,"Units":[{"UnitIdentifier":"A"}]}"#, "\"Aborted\"", "2"),
        ("CFX.Production.UnitsArrived", r#"{"Units":[{"Status":#}]}"#, "\"Skip\"", "3"),
        ("CFX.Production.WorkStageStarted", r#"{"Stage":{"StageType":#}}"#, "\"Buffer\"", "1"),
        ("CFX.Production.TestAndInspection.UnitsInspected", r#"{"InspectionMethod":#}"#, "\"SPI\"", "2"),
        (
            "CFX.Production.TestAndInspection.UnitsInspected",
            r#"{"InspectedUnits":[{"Inspections":[{"DefectsFound":[{"Verification":#}]}]}]}"#,
            "\"DefectRejected\"",
            "2",
        ),
        (
            "CFX.Production.ReworkAndRepair.UnitsRepaired",
            r#"{"RepairedUnits":[{"OverallResult":#}]}"#,
            "\"Scrap\"",
            "2",
        ),
        ("CFX.Materials.Management.MaterialsModified", r#"{"Materials":[{"Status":#}]}"#, "\"Depleted\"", "2"),
        ("CFX.ResourcePerformance.StationStateChanged", r#"{"NewState":#}"#, "\"SBY_NoProduct\"", "2200"),
        ("CFX.ResourcePerformance.StationStateChanged", r#"{"NewState":#}"#, "\"SBY_NoProduct\"", "\"2200\""),
        ("CFX.Production.OperatorActivated", r#"{"Operator":{"LastName":"X","ActorType":#}}"#, "\"Robot\"", "1"),
    ];
    for (name, body, word, number) in forms {
        let [by_word, by_number] = [word, number].map(|sent| event(&envelope(name, 1, &body.replace('#', sent))));
        assert_eq!(by_word, by_number, "{name}");
        assert!(word == "\"Skip\"" || stored(&by_word).contains(word));
    }
}

#[test]
fn a_body_may_name_its_own_type() {
    let text = r#"{"TimeStamp":"2021-06-23T15:39:23Z","MessageBody":{"$type":"CFX.Production.WorkStarted, CFX","PrimaryIdentifier":"P"}}"#;
    let named = event(text);
    assert_eq!((named.fact.kind(), named.source.name.as_str()), ("PassStarted", "CFX.Production.WorkStarted"));
    // The order of the envelope's members does not matter.
    let late = event(
        r#"{"MessageBody":{"PrimaryIdentifier":"P"},"MessageName":"CFX.Production.WorkStarted","TimeStamp":"2021-06-23T15:39:23Z"}"#,
    );
    assert_eq!(late.fact.kind(), "PassStarted");
    assert_eq!(late.source.message, "");
}

#[test]
fn all_messages_of_the_standard_are_accepted() {
    for name in adapters::cfx::MESSAGES {
        let reading = read(envelope(name, 1, "{}").as_bytes());
        assert!(reading.malformed.is_empty(), "{name}: {}", places(&reading.malformed));
        assert!(adapters::cfx::is_known(name));
    }
}
