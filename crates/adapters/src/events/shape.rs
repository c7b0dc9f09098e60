//! Shapes: what fields an event may have, and of what kind, taken from the kernel's own types. So the reader, the schema and the stored form cannot
//! drift apart: a type is asked for its fields by deserializing it from a source that notes what is asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Whole {
        least: i64,
        most: i64,
    },
    Bool,
    Time,
    Word(&'static [&'static str]),
    /// Any JSON.
    Any,
    /// Digits as sent.
    Number,
    List(Box<Shape>),
    /// An object with any names.
    Map(Box<Shape>),
    /// The object of this name.
    Object(&'static str),
}

/// Fields of an object, in the order of the type.
pub(super) type Fields = Vec<(&'static str, Shape)>;

/// Objects by the name of their type.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    pub(super) objects: BTreeMap<&'static str, Fields>,
}

/// Fields that hold the digits of a number.
const NUMBERS: &[&str] =
    &["grey_zone", "initial_quantity", "quantity", "quantity_rejected", "remaining", "spoiled", "used"];

macro_rules! shapes {
    ($($kind:ident,)+) => {
        /// Kinds of events that can be told in JSON: all but `Noted`.
        pub const KINDS: &[&str] = &[$(stringify!($kind),)+];

        /// The shapes of all kinds.
        pub(super) fn shapes() -> &'static Shapes {
            static SHAPES: OnceLock<Shapes> = OnceLock::new();
            SHAPES.get_or_init(|| {
                let mut shapes = Shapes::default();
                $(shapes.note::<kernel::event::$kind>();)+
                shapes
            })
        }
    };
}

shapes! {
    PackageReceived, PackageChanged, PackageUsedUp, PackageSplit, PackagesJoined, PackagesParted, MoistureChanged, Consumed,
    Mounted, Unmounted, Spliced, CleanedOut, SetupVerified, ParametersChanged, ToolServiced,
    UnitsCreated, UnitNamed, UnitsMatched, UnitsSeparated, Personalized,
    PassArrived, PassDeparted, PassStarted, StageChanged, PassEnded,
    Installed, Removed, Applied, Unapplied, ToolUsed, Measured, Inspected, Tested, Repaired, Disqualified,
    StationChanged, WorkOrderChanged, ProductReleased, StationProfiled,
    Packed, Unpacked, Assembled, Disassembled, Shipped, Arrived, Returned,
}

/// What an event of a kind must say: of each group at least one field, and that not empty.
pub(super) fn required(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "PackageReceived" | "PackageChanged" | "PackageUsedUp" | "MoistureChanged" => &[&["packages"]],
        "PackageSplit" => &[&["from"], &["new"]],
        "PackagesJoined" => &[&["leading"], &["trailing"]],
        "PackagesParted" => &[&["split_off"], &["remaining"]],
        "Consumed" => &[&["materials"]],
        "Mounted" | "Unmounted" => &[&["mounts"]],
        "Spliced" => &[&["depleted"], &["active"]],
        "CleanedOut" => &[&["location"]],
        "SetupVerified" => &[&["loaded"]],
        "ParametersChanged" => &[&["parameters"]],
        "ToolServiced" | "ToolUsed" => &[&["tools"]],
        "UnitsCreated" | "UnitNamed" | "PassArrived" | "PassDeparted" | "Disqualified" => &[&["units"]],
        "UnitsMatched" | "UnitsSeparated" => &[&["carrier"]],
        "Personalized" => &[&["units"]],
        "PassStarted" | "PassEnded" => &[&["units", "transaction"]],
        "StageChanged" => &[&["transaction"], &["stage"]],
        "Installed" | "Removed" | "Applied" | "Unapplied" => &[&["materials"]],
        "Measured" => &[&["units", "transaction"]],
        "Inspected" => &[&["units", "panel"]],
        "Tested" | "Repaired" => &[&["units"]],
        "StationChanged" => &[&["to", "fault", "occurrence", "what"]],
        "WorkOrderChanged" => &[&["orders"]],
        "ProductReleased" => &[&["product"]],
        "StationProfiled" => &[&["station"]],
        "Packed" => &[&["container"], &["units", "containers"]],
        "Unpacked" => &[&["container"]],
        "Assembled" => &[&["unit"], &["children"]],
        "Disassembled" => &[&["unit"]],
        "Shipped" => &[&["shipment"], &["units", "containers"]],
        "Arrived" => &[&["shipment"]],
        "Returned" => &[&["units", "containers"]],
        _ => &[],
    }
}

/// The JSON Schema (2020-12) of an event.
#[must_use]
pub fn schema() -> String {
    let mut out = String::from(
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"Tracewright event\",\n  \
         \"description\": \"One event, as docs/events.md describes it. A file holds one a line, or a list of them.\",\n  \
         \"oneOf\": [\n",
    );
    for (index, kind) in KINDS.iter().enumerate() {
        let comma = if index + 1 < KINDS.len() { "," } else { "" };
        let _ = writeln!(out, "    {{ \"$ref\": \"#/$defs/{kind}\" }}{comma}");
    }
    out.push_str("  ],\n  \"$defs\": {\n");
    let shapes = shapes();
    let mut blocks: Vec<String> = shapes
        .objects
        .iter()
        .filter(|(name, _)| **name != "Person" && !KINDS.contains(name))
        .map(|(name, fields)| object(name, fields, ""))
        .collect();
    blocks.push(
        "    \"Person\": {\n      \"description\": \"Who: a badge or login, or an object. Replaced by a pseudonym before anything is recorded.\",\n      \
         \"oneOf\": [\n        { \"type\": [\"string\", \"number\"] },\n        { \"type\": \"object\", \"additionalProperties\": false, \"minProperties\": 1, \
         \"properties\": { \"badge\": { \"type\": \"string\" }, \"login\": { \"type\": \"string\" }, \"first_name\": { \"type\": \"string\" }, \
         \"last_name\": { \"type\": \"string\" }, \"actor\": { \"type\": \"string\" } } }\n      ]\n    }"
            .to_owned(),
    );
    for kind in KINDS {
        let envelope = format!(
            "        \"type\": {{ \"const\": \"{kind}\" }},\n        \"at\": {{ \"type\": \"string\", \"format\": \"date-time\" }},\n        \
             \"source\": {{ \"type\": \"string\", \"default\": \"events\" }},\n        \"id\": {{ \"type\": \"string\" }}"
        );
        if let Some(fields) = shapes.objects.get(kind) {
            blocks.push(object(kind, fields, &envelope));
        }
    }
    out.push_str(&blocks.join(",\n"));
    out.push_str("\n  }\n}\n");
    out
}

fn object(name: &str, fields: &Fields, envelope: &str) -> String {
    let mut lines: Vec<String> = if envelope.is_empty() { Vec::new() } else { vec![envelope.to_owned()] };
    lines.extend(fields.iter().map(|(field, shape)| format!("        \"{field}\": {}", of(shape))));
    let mut out = format!(
        "    \"{name}\": {{\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \"properties\": {{\n{}\n      }}",
        lines.join(",\n")
    );
    if !envelope.is_empty() {
        let mut needed = vec!["\"type\"".to_owned(), "\"at\"".to_owned()];
        let (single, several): (Vec<&[&str]>, Vec<&[&str]>) =
            required(name).iter().copied().partition(|group| group.len() == 1);
        needed.extend(single.iter().map(|group| format!("\"{}\"", group[0])));
        let _ = write!(out, ",\n      \"required\": [{}]", needed.join(", "));
        for group in several {
            let any: Vec<String> = group.iter().map(|field| format!("{{ \"required\": [\"{field}\"] }}")).collect();
            let _ = write!(out, ",\n      \"anyOf\": [{}]", any.join(", "));
        }
    }
    out.push_str("\n    }");
    out
}

fn of(shape: &Shape) -> String {
    match shape {
        Shape::Text => "{ \"type\": \"string\" }".to_owned(),
        Shape::Whole { least, most } if *least == i64::MIN && *most == i64::MAX => {
            "{ \"type\": \"integer\" }".to_owned()
        }
        Shape::Whole { least, most } => {
            format!("{{ \"type\": \"integer\", \"minimum\": {least}, \"maximum\": {most} }}")
        }
        Shape::Bool => "{ \"type\": \"boolean\" }".to_owned(),
        Shape::Time => "{ \"type\": \"string\", \"format\": \"date-time\" }".to_owned(),
        Shape::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("{{ \"enum\": [{}] }}", words.join(", "))
        }
        Shape::Any => "{}".to_owned(),
        Shape::Number => "{ \"type\": \"number\" }".to_owned(),
        Shape::List(inner) => format!("{{ \"type\": \"array\", \"items\": {} }}", of(inner)),
        Shape::Map(inner) => format!("{{ \"type\": \"object\", \"additionalProperties\": {} }}", of(inner)),
        Shape::Object(name) => format!("{{ \"$ref\": \"#/$defs/{name}\" }}"),
    }
}

impl Shapes {
    fn note<'de, T: serde::Deserialize<'de>>(&mut self) {
        let mut shape = Shape::Any;
        // INVARIANT: the kernel's records read from nothing, since every field has a default.
        T::deserialize(Probe { shapes: self, shape: &mut shape }).expect("an event's type reads from a probe");
    }
}

/// A source of values that notes what is asked for.
struct Probe<'p> {
    shapes: &'p mut Shapes,
    shape: &'p mut Shape,
}

type Asked = de::value::Error;

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Asked;

    /// Only a time asks for anything at all: it reads its two forms.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Time;
        visitor.visit_str("1970-01-01T00:00:00Z")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Text;
        visitor.visit_str("")
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        self.deserialize_string(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Bool;
        visitor.visit_bool(false)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Whole { least: i64::MIN, most: i64::MAX };
        visitor.visit_i64(0)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Whole { least: 0, most: i64::from(u32::MAX) };
        visitor.visit_u32(0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_some(self)
    }

    /// JSON that is kept as sent asks for a value under a name of its own.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Asked> {
        *self.shape = Shape::Any;
        visitor.visit_map(MapDeserializer::new([(name, "null")].into_iter()))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        let mut inner = Shape::Any;
        let value = visitor.visit_seq(OneItem(Some(Probe { shapes: self.shapes, shape: &mut inner })))?;
        *self.shape = Shape::List(Box::new(inner));
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        let mut inner = Shape::Any;
        let value = visitor.visit_map(OneItem(Some(Probe { shapes: self.shapes, shape: &mut inner })))?;
        *self.shape = Shape::Map(Box::new(inner));
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        *self.shape = Shape::Word(words);
        let first: StrDeserializer<'_, Asked> = words.first().copied().unwrap_or_default().into_deserializer();
        visitor.visit_enum(first)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Asked> {
        *self.shape = Shape::Object(name);
        if self.shapes.objects.contains_key(name) {
            // Known, or being asked right now further out.
            return visitor.visit_map(OneItem(None));
        }
        self.shapes.objects.insert(name, Fields::new());
        let mut noted = Fields::new();
        let asking = Asking { shapes: self.shapes, fields: fields.iter(), noted: &mut noted };
        let value = visitor.visit_map(asking)?;
        self.shapes.objects.insert(name, noted);
        Ok(value)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

/// A list or map of one probed item, or of none.
struct OneItem<'p>(Option<Probe<'p>>);

impl<'de> SeqAccess<'de> for OneItem<'_> {
    type Error = Asked;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Asked> {
        self.0.take().map(|probe| seed.deserialize(probe)).transpose()
    }
}

impl<'de> MapAccess<'de> for OneItem<'_> {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Asked> {
        self.0.is_some().then(|| seed.deserialize("key".into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Asked> {
        match self.0.take() {
            Some(probe) => seed.deserialize(probe),
            None => Err(de::Error::custom("no item")),
        }
    }
}

/// All fields of an object, one after the other.
struct Asking<'p> {
    shapes: &'p mut Shapes,
    fields: std::slice::Iter<'static, &'static str>,
    noted: &'p mut Fields,
}

impl<'de> MapAccess<'de> for Asking<'_> {
    type Error = Asked;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Asked> {
        // What is kept of others' members is not for people to fill.
        let Some(field) = self.fields.find(|field| **field != "extra") else { return Ok(None) };
        self.noted.push((*field, Shape::Any));
        seed.deserialize((*field).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Asked> {
        let mut shape = Shape::Any;
        let value = seed.deserialize(Probe { shapes: self.shapes, shape: &mut shape })?;
        if let Some((field, noted)) = self.noted.last_mut() {
            *noted = if shape == Shape::Any && NUMBERS.contains(field) { Shape::Number } else { shape };
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_but_notes_can_be_told() {
        let kinds: Vec<&str> = kernel::event::Fact::KINDS.iter().copied().filter(|kind| *kind != "Noted").collect();
        assert_eq!(KINDS, kinds);
    }

    #[test]
    fn shapes_follow_the_types() {
        let shapes = &shapes().objects;
        assert_eq!(
            shapes["Packed"],
            [
                ("container", Shape::Text),
                ("units", Shape::List(Box::new(Shape::Text))),
                ("containers", Shape::List(Box::new(Shape::Text)))
            ]
        );
        let field = |object: &str, field: &str| {
            shapes[object].iter().find(|(name, _)| *name == field).map(|(_, shape)| shape.clone())
        };
        assert_eq!(field("Package", "leading"), Some(Shape::Object("Package")));
        assert_eq!(field("Package", "quantity"), Some(Shape::Number));
        assert_eq!(field("Placed", "at"), Some(Shape::Time));
        assert_eq!(field("Measurement", "value"), Some(Shape::Any));
        assert_eq!(field("UnitMention", "layout"), Some(Shape::Map(Box::new(Shape::Any))));
        for kind in KINDS {
            for name in required(kind).iter().copied().flatten() {
                assert!(field(kind, name).is_some(), "{kind}.{name}");
            }
        }
    }

    #[test]
    fn the_published_schema_is_this_one() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/event.schema.json");
        let schema = schema();
        serde_json::from_str::<serde_json::Value>(&schema).expect("the schema is JSON");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::create_dir_all(path.parent().expect("has a folder")).expect("makes the folder");
            std::fs::write(&path, &schema).expect("writes");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(published == schema, "docs/schema/event.schema.json is old: run this test with UPDATE_EXPECT=1");
    }
}
