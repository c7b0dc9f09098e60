//! Things: whatever can be named in a question, written `kind:identifier`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $word:literal;)+) => {
        /// What kind of thing an identifier names. The code is stored; the word is what people write before the colon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $variant = $code,)+ }

        impl Kind {
            /// All kinds, in order of their codes.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)+];

            /// The word before the colon.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Kind::$variant => $word,)+ }
            }

            /// The kind with this stored code.
            #[must_use]
            pub fn from_code(code: u8) -> Option<Kind> {
                match code { $($code => Some(Kind::$variant),)+ _ => None }
            }

            /// The kind that people write as this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Kind> {
                match word { $($word => Some(Kind::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    /// An internal part number.
    Part = 1, "part";
    /// A supplier's lot: manufacturer, manufacturer part number and lot code.
    Lot = 2, "lot";
    /// A supplier's delivery.
    Receipt = 3, "receipt";
    /// A reel, tray, tube, jar or stack with an identifier of its own.
    Package = 4, "package";
    /// A panel, board, assembly or product.
    Unit = 5, "unit";
    /// A serialised part.
    Component = 6, "component";
    /// Firmware.
    Software = 7, "software";
    /// Reusable: pallet, fixture, magazine, tote, feeder, trolley.
    Carrier = 8, "carrier";
    /// A box or pallet to ship.
    Container = 9, "container";
    /// A shipment.
    Shipment = 10, "shipment";
    /// A work order.
    Order = 11, "order";
    /// A product, with `@revision`.
    Product = 12, "product";
    /// A machine program (recipe), with `@revision`.
    Program = 13, "program";
    /// A nozzle, head, stencil, squeegee, driver, fixture kept as a tool.
    Tool = 14, "tool";
    /// A person, by pseudonym.
    Person = 15, "person";
    /// A machine or work place.
    Station = 16, "station";
    /// A supplier, customer or partner.
    Party = 17, "party";
    /// A document.
    Document = 18, "document";
    /// A standing criterion with its holds.
    Case = 19, "case";
    /// A place on a station (or on a carrier).
    Place = 20, "place";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A kind and an identifier, as people write it: `package:REEL-17`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// The kind before the colon.
    pub kind: Kind,
    /// The identifier after it.
    pub key: Box<str>,
}

impl Name {
    /// Names a thing.
    pub fn new(kind: Kind, key: impl Into<Box<str>>) -> Name {
        Name { kind, key: key.into() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.key)
    }
}

/// A text that names no kind, or no identifier.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// There is no known kind before a colon.
    #[error("`{0}` names no kind")]
    NoKind(String),
    /// Nothing stands after the colon.
    #[error("`{0}` has nothing after the colon")]
    Empty(String),
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Name, NameError> {
        let (word, key) = text.split_once(':').ok_or_else(|| NameError::NoKind(text.to_owned()))?;
        let kind = Kind::from_word(word).ok_or_else(|| NameError::NoKind(text.to_owned()))?;
        if key.is_empty() {
            return Err(NameError::Empty(text.to_owned()));
        }
        Ok(Name::new(kind, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            let name = Name::new(*kind, "A:1/2");
            assert_eq!(name.to_string().parse::<Name>().expect("reads back"), name);
            assert_eq!(Kind::from_code(*kind as u8), Some(*kind));
        }
    }

    #[test]
    fn a_bare_identifier_is_refused() {
        assert_eq!("REEL".parse::<Name>(), Err(NameError::NoKind("REEL".into())));
        assert_eq!("reel:X".parse::<Name>(), Err(NameError::NoKind("reel:X".into())));
        assert_eq!("package:".parse::<Name>(), Err(NameError::Empty("package:".into())));
    }
}
