//! Chance from a seed: the same city every time.

/// SplitMix64 (Steele, Lea, Flood 2014): small, good enough to invent people with.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// Each subject has its own stream, so that adding one changes no other.
    pub fn of(subject: &str, number: usize) -> Self {
        // FNV-1a
        let hash = subject.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash.wrapping_add((number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` up to but without `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(1).unsigned_abs();
        low + i64::try_from(self.next() % span).unwrap_or(0)
    }

    pub fn percent(&mut self) -> i64 {
        self.between(0, 100)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = i64::try_from(from.len()).ok().filter(|count| *count > 0)?;
        from.get(usize::try_from(self.between(0, count)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_subject_has_the_same_luck_and_stays_within_bounds() {
        let draw = |number| {
            let mut chance = Chance::of("person", number);
            (0..200).map(|_| chance.between(3, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).iter().all(|value| (3..9).contains(value)));
        assert_eq!((3..9).filter(|value| draw(1).contains(value)).count(), 6);
    }
}
