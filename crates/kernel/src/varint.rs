//! Variable-length integers of the packed rows (LEB128; signed values zigzag).

/// Appends an unsigned value.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed value.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Reads packed values from the front of a slice.
#[derive(Debug)]
pub(crate) struct Unpack<'a>(pub(crate) &'a [u8]);

impl Unpack<'_> {
    /// Whether all was read.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next unsigned value; `None` at the end or on a malformed value.
    pub(crate) fn next(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// The next signed value.
    pub(crate) fn next_signed(&mut self) -> Option<i64> {
        self.next().map(|value| ((value >> 1) as i64) ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let mut out = Vec::new();
        let unsigned = [0, 1, 127, 128, 300, u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, 1_700_000_000_000_000];
        unsigned.iter().for_each(|value| put(&mut out, *value));
        signed.iter().for_each(|value| put_signed(&mut out, *value));
        let mut unpack = Unpack(&out);
        unsigned.iter().for_each(|value| assert_eq!(unpack.next(), Some(*value)));
        signed.iter().for_each(|value| assert_eq!(unpack.next_signed(), Some(*value)));
        assert!(unpack.is_empty());
        assert_eq!(unpack.next(), None);
    }
}
