//! Chance that repeats: the same seed and question give the same throws, on every machine and for ever.

/// A stream of throws (`SplitMix64`). Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The throws for one question, such as (`"guests"`, day 3). Neighbouring questions share nothing.
    pub fn new(seed: u64, question: &str, number: i64) -> Self {
        let mut dice = Self(seed);
        for byte in question.bytes() {
            dice.0 = dice.next() ^ u64::from(byte);
        }
        dice.0 = dice.next() ^ number.cast_unsigned();
        Self(dice.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both possible.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(0).cast_unsigned().saturating_add(1);
        low.saturating_add((self.next() % span).cast_signed())
    }

    pub fn percent(&mut self, chance: i64) -> bool {
        self.between(0, 99) < chance
    }

    /// One of `these`; nothing only if there is none.
    pub fn pick<'a, T>(&mut self, these: &'a [T]) -> Option<&'a T> {
        let last = i64::try_from(these.len()).ok()?.checked_sub(1)?;
        these.get(usize::try_from(self.between(0, last)).ok()?)
    }

    /// `digits` hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .filter_map(|_| char::from_digit(u32::try_from(self.next() & 15).ok()?, 16))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_repeat_and_stay_inside_their_bounds() {
        let (mut one, mut two) = (Dice::new(7, "guests", -3), Dice::new(7, "guests", -3));
        for _ in 0..1_000 {
            let thrown = one.between(-5, 5);
            assert_eq!(thrown, two.between(-5, 5));
            assert!((-5..=5).contains(&thrown));
        }
        assert_ne!(Dice::new(7, "guests", 1).next(), Dice::new(7, "guests", 2).next());
        assert!(one.pick::<u8>(&[]).is_none());
    }
}
