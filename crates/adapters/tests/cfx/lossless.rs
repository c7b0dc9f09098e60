//! Nothing of a message is lost: every leaf of every sample occurs in the stored event.

use serde_json::Value;

use crate::sample::{envelopes, event, stored};

/// Leaves whose meaning is kept in another form.
fn is_kept_otherwise(path: &str, leaf: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    match name {
        // Persons go behind the veil.
        "OperatorIdentifier" | "LoginName" | "FirstName" | "LastName" => true,
        "StartedBy" => true,
        "Value" => leaf.starts_with("BADGE"),
        // A unit is good unless something else is said.
        "Status" => leaf == "Pass",
        // The type's last word, where it stands for a tool or a carrier; nothing, where the place says it.
        "$type" => leaf.starts_with("CFX.Structures.") && leaf.ends_with(", CFX"),
        // Numbers of enumerations become their words.
        "OldState" | "NewState" => true,
        _ => false,
    }
}

fn leaves(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push((path.to_owned(), value.to_string())),
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, out)),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, out))
        }
    }
}

/// Every leaf of `text`, as often as it occurs there, is in `kept`.
fn check_kept(name: &str, text: &str, kept: &str) {
    let (mut sent, mut stored) = (Vec::new(), Vec::new());
    // Numbers are compared as digits: the messages hold none that serde would write in another way.
    leaves("", &serde_json::from_str(text).expect("JSON"), &mut sent);
    leaves("", &serde_json::from_str(kept).expect("JSON"), &mut stored);
    let mut stored: Vec<String> = stored.into_iter().map(|(_, leaf)| leaf).collect();
    for (path, leaf) in sent {
        if leaf.is_empty() || is_kept_otherwise(&path, &leaf) {
            continue;
        }
        match stored.iter().position(|kept| *kept == leaf) {
            Some(at) => {
                stored.swap_remove(at);
            }
            None => panic!("{name}: `{leaf}` of {path} is lost in\n{kept}"),
        }
    }
}

#[test]
fn every_leaf_is_stored() {
    for (name, text) in envelopes() {
        if name != "CFX.Heartbeat" {
            check_kept(&name, &text, &stored(&event(&text)));
        }
    }
}

#[test]
fn numbers_keep_their_digits() {
    let text = crate::sample::envelope(
        "CFX.Production.Assembly.MaterialsInstalled",
        1,
        r#"{"InstalledMaterials":[{"QuantityInstalled":3.50,"QuantityNonInstalled":1e2,"Vendor":{"Z":1.000000000000000000001}}]}"#,
    );
    let stored = stored(&event(&text));
    for digits in ["\"quantity\":3.50,", "\"quantity_rejected\":1e2,", "1.000000000000000000001"] {
        assert!(stored.contains(digits), "{digits} in {stored}");
    }
}

#[test]
fn what_nobody_knows_is_kept() {
    let text = crate::sample::envelope(
        "CFX.Production.WorkStarted",
        1,
        r#"{"PrimaryIdentifier":"P","Acme":null,"Lane":null,"VENDOR":[1, {"a b":" c "}],"primaryidentifier":"Q","Lane":2.5,"Units":[{"PositionNumber":-1,"New":true}]}"#,
    );
    let text = text.replace("\"UniqueID\"", "\"RequestID\":\"R-7\",\"Unheard\":{},\"UniqueID\"");
    let stored = stored(&event(&text));
    for kept in [
        r#""Acme":null"#,
        r#""VENDOR":[1,{"a b":" c "}]"#,
        r#""primaryidentifier":"Q""#,
        r#""primary":"P""#,
        r#""Lane":2.5"#,
        r#""PositionNumber":-1"#,
        r#""New":true"#,
        r#""RequestID":"R-7""#,
        r#""Unheard":{}"#,
    ] {
        assert!(stored.contains(kept), "{kept} in {stored}");
    }
}

#[test]
fn unknown_messages_are_noted_whole() {
    let text = crate::sample::envelope("Acme.Thing.Happened", 1, r#"{ "A" : [ 1.0 , "x" ] }"#);
    let event = event(&text);
    assert_eq!(event.fact.kind(), "Noted");
    assert!(stored(&event).contains(r#""body":{"A":[1.0,"x"]}"#));
}
