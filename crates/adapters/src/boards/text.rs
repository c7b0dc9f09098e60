//! From bytes to text: compression, then encoding.

use std::io::Read;

use serde::Serialize;

/// A file as given, compressed or not, may unpack to at most this many bytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A file as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text without a byte order mark.
    pub text: String,
    /// How it was encoded.
    pub encoding: Encoding,
}

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
    /// Windows-1252: what is left when it is not UTF-8.
    Windows1252,
}

/// Why bytes are not text.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Too much.
    #[error("it is larger than {} MiB unpacked", FILE_BYTES_MAX / (1024 * 1024))]
    TooLarge,
    /// The compression is broken.
    #[error("its {kind} compression is damaged: {source}")]
    Damaged {
        /// Which compression.
        kind: &'static str,
        /// What the decompressor says.
        source: std::io::Error,
    },
    /// A workbook or a ZIP archive.
    #[error(
        "it is a ZIP archive or an Excel workbook; save the sheet as CSV, or unpack the archive, and give that file"
    )]
    Archive,
    /// An old workbook.
    #[error("it is an old Excel workbook; save the sheet as CSV and give that file")]
    OldWorkbook,
    /// Something else.
    #[error("it is not text")]
    NotText,
    /// Nothing.
    #[error("it is empty")]
    Empty,
}

/// Unpacks gzip and zstd up to [`FILE_BYTES_MAX`] and decodes UTF-8, UTF-16 or Windows-1252.
///
/// # Errors
///
/// If the bytes are too many, damaged, empty, or no text.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let unpacked;
    let bytes = match bytes {
        [0x1f, 0x8b, ..] => {
            unpacked = unpack("gzip", flate2::read::MultiGzDecoder::new(bytes))?;
            &unpacked
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::Decoder::new(bytes).map_err(|source| DecodeError::Damaged { kind: "zstd", source })?;
            unpacked = unpack("zstd", decoder)?;
            &unpacked
        }
        bytes if bytes.len() > FILE_BYTES_MAX => return Err(DecodeError::TooLarge),
        bytes => bytes,
    };
    match bytes {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Err(DecodeError::Archive),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(DecodeError::OldWorkbook),
        [0xff, 0xfe, rest @ ..] => Ok(utf16(rest, u16::from_le_bytes, Encoding::Utf16Le)),
        [0xfe, 0xff, rest @ ..] => Ok(utf16(rest, u16::from_be_bytes, Encoding::Utf16Be)),
        [0xef, 0xbb, 0xbf, rest @ ..] => eight_bit(rest),
        bytes => eight_bit(bytes),
    }
    .and_then(|decoded| if decoded.text.trim().is_empty() { Err(DecodeError::Empty) } else { Ok(decoded) })
}

fn unpack(kind: &'static str, reader: impl Read) -> Result<Vec<u8>, DecodeError> {
    let mut unpacked = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    reader.take(limit).read_to_end(&mut unpacked).map_err(|source| DecodeError::Damaged { kind, source })?;
    if unpacked.len() > FILE_BYTES_MAX { Err(DecodeError::TooLarge) } else { Ok(unpacked) }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, encoding: Encoding) -> Decoded {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Decoded { text, encoding }
}

fn eight_bit(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    if bytes.contains(&0) {
        return Err(DecodeError::NotText);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded { text: text.to_owned(), encoding: Encoding::Utf8 }),
        Err(_) => {
            let text = bytes.iter().map(|byte| windows_1252(*byte)).collect();
            Ok(Decoded { text, encoding: Encoding::Windows1252 })
        }
    }
}

/// Windows-1252 is Latin-1 except for 0x80..0xa0; its five holes stay control characters.
fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn encodings() {
        let utf16le: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("µF,1".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let utf16be: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("µF,1".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        for (bytes, encoding) in [
            ("µF,1".as_bytes(), Encoding::Utf8),
            ("\u{feff}µF,1".as_bytes(), Encoding::Utf8),
            (&utf16le, Encoding::Utf16Le),
            (&utf16be, Encoding::Utf16Be),
            (b"\xb5F,1", Encoding::Windows1252),
        ] {
            let decoded = decode(bytes).expect("text");
            assert_eq!((decoded.text.as_str(), decoded.encoding), ("µF,1", encoding));
        }
        assert_eq!(decode(b"\x80\x93").expect("text").text, "€“");
    }

    #[test]
    fn compression() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"Ref,Val").expect("write");
        assert_eq!(decode(&gzip.finish().expect("gzip")).expect("text").text, "Ref,Val");
        assert_eq!(decode(&zstd::encode_all(&b"Ref,Val"[..], 1).expect("zstd")).expect("text").text, "Ref,Val");
        let bomb = zstd::encode_all(std::io::repeat(b'a').take(FILE_BYTES_MAX as u64 + 1), 1).expect("zstd");
        assert!(matches!(decode(&bomb), Err(DecodeError::TooLarge)));
    }

    #[test]
    fn what_is_not_text_says_so() {
        assert!(matches!(decode(b"PK\x03\x04xlsx"), Err(DecodeError::Archive)));
        assert!(matches!(decode(b"\x28\xb5\x2f\xfdxx"), Err(DecodeError::Damaged { kind: "zstd", .. })));
        assert!(matches!(decode(b"a\0b"), Err(DecodeError::NotText)));
        assert!(matches!(decode(b"  \r\n"), Err(DecodeError::Empty)));
    }
}
