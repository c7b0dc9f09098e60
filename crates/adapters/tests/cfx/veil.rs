//! Persons and secrets never reach an event.

use adapters::cfx::{Documents, Transcribed, Zones, transcribe};

use crate::sample::{GlassVeil, envelope, envelopes, stored};

/// Reads a body, and gives the stored event and what was covered.
fn veiled(name: &str, body: &str) -> (String, GlassVeil) {
    let mut veil = GlassVeil::default();
    let text = envelope(name, 1, body);
    let raw = Documents::new(text.as_bytes()).next().expect("a document").expect("a document");
    match transcribe(&raw, &mut veil, &Zones::default()) {
        Ok(Transcribed::Event(event)) => (stored(&event), veil),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_person_of_any_sample_is_stored() {
    let mut persons = 0;
    for (name, text) in envelopes() {
        let mut veil = GlassVeil::default();
        let raw = Documents::new(text.as_bytes()).next().expect("a document").expect("a document");
        if let Ok(Transcribed::Event(event)) = transcribe(&raw, &mut veil, &Zones::default()) {
            let stored = stored(&event);
            for word in [
                "Smith",
                "Joseph",
                "John",
                "BADGE",
                "joseph.smith",
                "Doe",
                "OperatorIdentifier",
                "LoginName",
                "LastName",
            ] {
                assert!(!stored.contains(word), "{name}: {word} in {stored}");
            }
            persons += veil.persons.len();
        }
    }
    assert!(persons >= 15, "{persons} persons were found");
}

#[test]
fn one_person_is_one_pseudonym_wherever_it_stands() {
    let operator = r#"{"operatoridentifier":"B1","LOGINNAME":"jd","FirstName":"J","LastName":"D","ActorType":"Human"}"#;
    let body = format!(
        r#"{{"Operator":{operator},"Tasks":[{{"Operator":{operator}}},{{"By":{{"Deep":{operator}}}}}],"Blocker":"B1","ReservedOperators":["B1","B2"],"Blank":{{"OperatorIdentifier":null,"LoginName":"","ActorType":"Robot"}}}}"#
    );
    let (stored, veil) = veiled("CFX.ResourcePerformance.MaintenancePerformed", &body);
    assert_eq!(veil.persons.len(), 3, "{:?}", veil.persons);
    assert_eq!(stored.matches("person-0").count(), 3, "{stored}");
    assert!(stored.contains(r#""Blank":{"ActorType":"Robot"}"#), "{stored}");
    assert!(stored.contains(r#""ReservedOperators":["person-1","person-2"]"#), "{stored}");
}

#[test]
fn blank_operators_are_nobody() {
    let body = r#"{"Operator":{"OperatorIdentifier":null,"ActorType":"Human","LastName":null,"FirstName":null,"LoginName":null},"FaultOccurrenceId":"F"}"#;
    let (stored, veil) = veiled("CFX.ResourcePerformance.FaultCleared", body);
    assert!(veil.persons.is_empty());
    assert!(!stored.contains("person"), "{stored}");
}

#[test]
fn secrets_become_digests() {
    let body = r#"{"PersonalizedUnits":[{"UnitIdentifier":"U","Characteristics":[
        {"Name":"MAC Address","Value":"C0-15"},{"Name":"IMEI","Value":"356938035643809"},{"Name":"Firmware","Value":"1.2"},
        {"Name":"Device Key","Value":"s3cret-1"},{"Value":"s3cret-2","Name":"PASSWORD"},{"Name":"SIM PIN","Value":4711},
        {"Name":"token","Value":"s3cret-3"}]}],"ApiKey":"s3cret-4","Vendor":{"private_key":{"d":"s3cret-5"},"Passcode":["s3cret-6"]}}"#;
    let (stored, veil) = veiled("CFX.Production.Assembly.UnitsPersonalized", body);
    assert!(!stored.contains("s3cret") && !stored.contains("4711"), "{stored}");
    assert_eq!(veil.secrets.len(), 7);
    for kept in ["C0-15", "356938035643809", "\"1.2\"", "Device Key"] {
        assert!(stored.contains(kept), "{kept} in {stored}");
    }
}

#[test]
fn escaped_keys_hide_nothing() {
    let (stored, veil) = veiled("Acme.Thing", r#"{"Last\u004eame":"Hidden","Pass\u0077ord":"Hidden"}"#);
    assert!(!stored.contains("Hidden"), "{stored}");
    assert_eq!((veil.persons.len(), veil.secrets.len()), (1, 1));
}
