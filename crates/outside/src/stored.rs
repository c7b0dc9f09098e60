//! The stored form of events: entries of a ledger or a database that may be damaged.

use kernel::event::Event;
use kernel::stored::{self, EVENT_BYTES_MAX, StoredError};

/// An entry. What stands after a line break is its attachment.
pub fn stored(bytes: &[u8]) {
    let (entry, attachment) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    let mut asked = None;
    let decoded = stored::decode(entry, &mut |digest| {
        asked = Some(digest.to_owned());
        Some(attachment.to_vec())
    });
    if let Some(digest) = stored::attached(entry) {
        let asked = asked.as_deref();
        assert!(asked.is_none_or(|asked| asked == stored::hex(&digest)), "{asked:?} is not {digest:?}");
    }
    match decoded {
        Ok(event) => match stored::encode(&event) {
            Ok(_) => reads_back(&event),
            // What stands around a fact was larger than we would write.
            Err(StoredError::TooLarge(_)) => {}
            Err(error) => panic!("an event that reads cannot be written: {error}"),
        },
        Err(error) => crate::words::is_echo(&error.to_string(), &String::from_utf8_lossy(entry)),
    }
}

/// An event has a stored form that fits an entry, and what is read from it is the event.
pub(crate) fn reads_back(event: &Event) {
    let stored = stored::encode(event).expect("what was read can be stored");
    assert!(stored.entry.len() <= EVENT_BYTES_MAX);
    let attachment = stored.attachment.as_ref();
    let mut fetch =
        |digest: &str| attachment.filter(|(own, _)| stored::hex(own) == digest).map(|(_, bytes)| bytes.clone());
    let again = stored::decode(&stored.entry, &mut fetch).expect("what was stored reads back");
    assert_eq!(&again, event);
    assert_eq!(stored::attached(&stored.entry), attachment.map(|(digest, _)| *digest));
    assert_eq!(stored::encode(&again).expect("it was stored before"), stored);
}
