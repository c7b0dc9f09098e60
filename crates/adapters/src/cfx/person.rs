//! Persons and secrets: what may not be stored as sent, and how it is found in any JSON.
//!
//! Every value that is kept as JSON passes through [`copy`], which writes it without white space, replaces persons by pseudonyms and
//! secrets by keyed digests, and leaves everything else to the digit. Pseudonyms and digests are made by the [`Veil`], which the caller brings.

use kernel::event::Json;

use super::json::{Cursor, Fault, Next, Parsed, What, fault_at, quote};

/// Whoever knows the key to pseudonyms and digests.
pub trait Veil {
    /// The pseudonym of a person: the same for the same person.
    fn person(&mut self, identity: &Identity) -> String;
    /// A keyed digest of a secret: the same for the same text.
    fn secret(&mut self, text: &str) -> String;
}

/// What a message says of who somebody is. Not all fields are filled; at least one is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Badge or staff number (CFX `OperatorIdentifier`).
    pub identifier: String,
    /// Login (CFX `LoginName`).
    pub login: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
}

impl Identity {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        [&self.identifier, &self.login, &self.first_name, &self.last_name].iter().all(|text| text.trim().is_empty())
    }

    /// The field that a member of an object fills. `operator`: the object stands where a person does, so other names mean the same.
    pub(crate) fn field(&mut self, name: &str, operator: bool) -> Option<&mut String> {
        let is = |names: &[&str]| names.iter().any(|field| field.eq_ignore_ascii_case(name));
        if is(&["OperatorIdentifier"]) || operator && is(&["Identifier", "UniqueIdentifier", "Id", "Badge", "Number"]) {
            Some(&mut self.identifier)
        } else if is(&["LoginName"]) || operator && is(&["Login", "UserName", "User", "Email", "EMail", "Mail"]) {
            Some(&mut self.login)
        } else if is(&["FirstName"]) {
            Some(&mut self.first_name)
        } else if is(&["LastName"]) || operator && is(&["Name", "FullName", "DisplayName", "Surname"]) {
            Some(&mut self.last_name)
        } else {
            None
        }
    }
}

/// Members whose text names a person, in lower case, letters and digits only.
const PERSON_NAMES: &[&str] = &[
    "acceptedby",
    "actorname",
    "approvedby",
    "badge",
    "badgeid",
    "badgenumber",
    "blocker",
    "conditionoperator",
    "confirmedby",
    "employee",
    "employeeid",
    "employeename",
    "employeenumber",
    "firstname",
    "fullname",
    "inspector",
    "inspectorid",
    "inspectorname",
    "lastname",
    "login",
    "loginname",
    "modifiedby",
    "operator",
    "operatorid",
    "operatoridentifier",
    "operatorname",
    "person",
    "personid",
    "personnelnumber",
    "pressoperator",
    "repairoperator",
    "requestor",
    "reservedoperators",
    "scheduler",
    "startedby",
    "surname",
    "tester",
    "testername",
    "trackedby",
    "unblocker",
    "updatedby",
    "user",
    "userid",
    "username",
];

/// Whether a member of this name, or a pair of this name, names a person by its text.
pub(crate) fn names_person(name: &str) -> bool {
    let plain = plain(name);
    PERSON_NAMES.binary_search(&plain.as_str()).is_ok()
}

/// Parts of names that always mark a secret.
const SECRET_PARTS: &[&str] =
    &["password", "passwort", "passwd", "passcode", "passphrase", "secret", "credential", "pincode"];

/// Whether a JSON member of this name holds a secret. Strict: `PinCount` and `Key` (of a pair) are none.
pub(crate) fn names_secret(name: &str) -> bool {
    if name.len() < 3 {
        return false;
    }
    let plain = plain(name);
    SECRET_PARTS.iter().any(|part| plain.contains(part))
        || matches!(plain.as_str(), "pin" | "puk" | "pwd" | "psk" | "token")
        || (plain.len() > 3 && plain.ends_with("key"))
        || (plain.len() > 5 && plain.ends_with("token"))
        || plain.ends_with("userpin")
        || plain.ends_with("operatorpin")
        || plain.ends_with("pwd")
}

/// Whether a name-and-value pair of this name (a characteristic, a parameter) holds a secret. Wide: any word `key` will do.
pub(crate) fn pair_names_secret(name: &str) -> bool {
    names_secret(name)
        || words(name).any(|word| {
            matches!(
                word.to_ascii_lowercase().as_str(),
                "key" | "keys" | "pin" | "puk" | "token" | "psk" | "pwd" | "pass" | "credentials"
            )
        })
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The words of `DeviceKey_2`, `WPA2-PSK`, `device key`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).flat_map(|part| {
        let mut cuts: Vec<usize> = part
            .as_bytes()
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            .map(|(at, _)| at + 1)
            .collect();
        cuts.push(part.len());
        let mut from = 0;
        cuts.into_iter().map(move |to| {
            let word = &part[from..to];
            from = to;
            word
        })
    })
}

/// Keeps the value at the cursor as JSON, veiled, without white space. `name` is the member's it stands in.
pub(crate) fn keep(cursor: &mut Cursor<'_>, name: &str, veil: &mut dyn Veil) -> Parsed<Json> {
    cursor.peek();
    let start = cursor.at();
    let mut out = String::new();
    copy(cursor, name, veil, &mut out)?;
    Json::parse(&out).map_err(|error| {
        Box::new(Fault {
            at: start,
            what: What::Words { reason: format!("the value is not JSON: {error}"), field: None },
        })
    })
}

/// Appends the value at the cursor, veiled, without white space.
pub(crate) fn copy(cursor: &mut Cursor<'_>, name: &str, veil: &mut dyn Veil, out: &mut String) -> Parsed<()> {
    match cursor.next()? {
        Next::Text => {
            if names_secret(name) {
                let text = cursor.text()?;
                cover(veil, text.trim().is_empty(), |veil| veil.secret(&text), out);
            } else if names_person(name) {
                let text = cursor.text()?;
                let identity = Identity { identifier: text.into_owned(), ..Identity::default() };
                cover(veil, identity.is_blank(), |veil| veil.person(&identity), out);
            } else {
                out.push_str(cursor.text_as_sent()?);
            }
        }
        Next::Number => {
            let number = cursor.number()?;
            if names_secret(name) {
                quote(&veil.secret(number), out);
            } else if names_person(name) {
                quote(&veil.person(&Identity { identifier: number.to_owned(), ..Identity::default() }), out);
            } else {
                out.push_str(number);
            }
        }
        Next::Bool => out.push_str(if cursor.boolean()? { "true" } else { "false" }),
        Next::Null => {
            cursor.null()?;
            out.push_str("null");
        }
        Next::List => {
            out.push('[');
            cursor.begin_list()?;
            let mut first = true;
            let mut comma = false;
            while cursor.element(&mut first)? {
                if comma {
                    out.push(',');
                }
                comma = true;
                copy(cursor, name, veil, out)?;
            }
            out.push(']');
        }
        Next::Object if names_secret(name) => {
            let start = cursor.at();
            let sent = cursor.skip()?;
            let sent = str::from_utf8(sent).or_else(|error| fault_at(start + error.valid_up_to(), What::Utf8))?;
            quote(&veil.secret(sent), out);
        }
        Next::Object => copy_object(cursor, names_person(name), veil, out)?,
    }
    Ok(())
}

fn cover(veil: &mut dyn Veil, blank: bool, word: impl FnOnce(&mut dyn Veil) -> String, out: &mut String) {
    if blank {
        out.push_str("\"\"");
    } else {
        quote(&word(veil), out);
    }
}

fn copy_object(cursor: &mut Cursor<'_>, operator: bool, veil: &mut dyn Veil, out: &mut String) -> Parsed<()> {
    let mut identity = Identity::default();
    let mut pair_name = None;
    let mut pair_value = None;
    let mut comma = false;
    let separate = |comma: &mut bool, out: &mut String| {
        if *comma {
            out.push(',');
        }
        *comma = true;
    };
    out.push('{');
    cursor.begin_object()?;
    let mut first = true;
    while let Some(name) = cursor.member(&mut first)? {
        if let Some(field) = identity.field(&name, operator) {
            match cursor.next()? {
                Next::Text => *field = cursor.text()?.into_owned(),
                Next::Number => *field = cursor.number()?.to_owned(),
                Next::Null => {
                    cursor.null()?;
                }
                _ => return cursor.fault(What::Type { wanted: "a text" }),
            }
            continue;
        }
        separate(&mut comma, out);
        quote(&name, out);
        out.push(':');
        let kind = cursor.next()?;
        let mut ahead = cursor.from(cursor.at());
        let start = out.len();
        copy(cursor, &name, veil, out)?;
        if matches!(kind, Next::Text | Next::Number) {
            let is = |word: &str| name.eq_ignore_ascii_case(word);
            let value = if kind == Next::Text { ahead.text()?.into_owned() } else { ahead.number()?.to_owned() };
            if is("Name") || is("Key") || is("ParameterName") || is("CharacteristicName") {
                pair_name = Some(value);
            } else if is("Value") || is("ParameterValue") || is("CharacteristicValue") {
                pair_value = Some((start..out.len(), value));
            }
        }
    }
    if let (Some(name), Some((span, value))) = (pair_name, pair_value)
        && !value.trim().is_empty()
    {
        let covered = if pair_names_secret(&name) {
            Some(veil.secret(&value))
        } else if names_person(&name) {
            Some(veil.person(&Identity { identifier: value, ..Identity::default() }))
        } else {
            None
        };
        if let Some(covered) = covered {
            let mut text = String::new();
            quote(&covered, &mut text);
            out.replace_range(span, &text);
        }
    }
    if !identity.is_blank() {
        separate(&mut comma, out);
        out.push_str("\"Pseudonym\":");
        quote(&veil.person(&identity), out);
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_names_is_sorted() {
        assert!(PERSON_NAMES.is_sorted());
    }

    #[test]
    fn secrets_are_told_by_name() {
        for name in [
            "Password",
            "userPassword",
            "Passcode",
            "ClientSecret",
            "PrivateKey",
            "api_key",
            "OperatorKey",
            "PIN",
            "AccessToken",
        ] {
            assert!(names_secret(name), "{name}");
            assert!(pair_names_secret(name), "{name}");
        }
        for name in ["PinCount", "Key", "Name", "MAC Address", "IMEI", "FirmwareVersion", "Keyboard", "Spindle", "X"] {
            assert!(!names_secret(name), "{name}");
        }
        for name in ["Device Key", "WPA2-PSK", "SIM PIN", "KEY", "token 2", "PairingKey"] {
            assert!(pair_names_secret(name), "{name}");
        }
        for name in ["MAC Address", "IMEI", "FirmwareVersion", "KeyboardLayout", "Pinning"] {
            assert!(!pair_names_secret(name), "{name}");
        }
    }
}
