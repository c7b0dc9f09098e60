//! What is said to people about bytes that could not be read, and bytes that are text.

/// The longest message to a person about something that could not be read, in bytes.
const MESSAGE_BYTES_MAX: usize = 4096;

/// A message about what a machine or a file said: it says something, on one line, and does not grow with the input.
pub(crate) fn is_message(text: &str) {
    is_echo(text, "");
}

/// A message about what somebody typed, which may be repeated in it, in quotes.
pub(crate) fn is_echo(text: &str, typed: &str) {
    assert!(!text.trim().is_empty(), "an empty message");
    assert!(typed.contains(['\n', '\r']) || !text.contains(['\n', '\r']), "a message of more than one line: {text:?}");
    let longest = MESSAGE_BYTES_MAX + 2 * typed.len();
    assert!(text.len() <= longest, "a message of {} bytes: {:.200}", text.len(), text);
}

/// Runs `check` with the bytes as text, if they are text.
pub(crate) fn with_text(bytes: &[u8], check: impl FnOnce(&str)) {
    if let Ok(text) = str::from_utf8(bytes) {
        check(text);
    }
}
