//! A small seeded generator (splitmix64): the same seed gives the same factory on every machine and in every release.
//! Not for secrets.

/// A reproducible source of chance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed ^ 0x5851_f42d_4c95_7f2d);
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `from..to`; `from` when the range is empty.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        if to <= from {
            return from;
        }
        from + i64::try_from(self.next() % to.abs_diff(from)).unwrap_or(0)
    }

    /// True with the given probability. A probability of zero draws nothing, so that a knob turned off is really off.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        if probability <= 0.0 {
            return false;
        }
        ((self.next() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    /// A version 4 GUID as text.
    pub(crate) fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 50),
            low & 0xffff_ffff_ffff,
        )
    }
}
