//! Counts per value, of so many values as are kept apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Distinct values a tally keeps apart.
pub const TALLIED: usize = 32;

/// Counts per value: of the values whose hash is smallest, and of the rest together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    pub values: BTreeMap<String, u64>,
    /// Rows whose value is not kept apart.
    #[serde(skip_serializing_if = "is_zero")]
    pub rest: u64,
    #[serde(skip)]
    limit: Limit,
}

/// The largest hash of the values of a full tally, where it is known: what lies above it goes to the rest. It follows
/// from the values and tells no two tallies apart.
#[derive(Clone, Copy, Debug, Default)]
struct Limit(Option<u64>);

impl PartialEq for Limit {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Limit {}

impl Tally {
    pub fn of(value: &str, rows: u64) -> Self {
        Self {
            values: BTreeMap::from([(value.to_owned(), rows)]),
            ..Self::default()
        }
    }

    pub fn absorb(&mut self, other: Self) {
        self.rest += other.rest;
        for (value, rows) in other.values {
            self.take(value, rows);
        }
    }

    fn take(&mut self, value: String, rows: u64) {
        if let Some(known) = self.values.get_mut(&value) {
            *known += rows;
            return;
        }
        if self.limit.0.is_some_and(|limit| hash(&value) > limit) {
            self.rest += rows;
            return;
        }
        self.values.insert(value, rows);
        self.rest += cut(&mut self.values, TALLIED).into_iter().sum::<u64>();
        let is_full = self.values.len() == TALLIED;
        self.limit = Limit(
            is_full
                .then(|| self.values.keys().map(|value| hash(value)).max())
                .flatten(),
        );
    }

    pub fn total(&self) -> u64 {
        self.values.values().sum::<u64>() + self.rest
    }

    /// Values with most rows first; equal ones in the order of their text.
    pub fn ranked(&self) -> Vec<(&str, u64)> {
        let mut ranked: Vec<_> = self
            .values
            .iter()
            .map(|(value, count)| (value.as_str(), *count))
            .collect();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        ranked
    }
}

pub fn sum<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

/// Keeps the `most` entries whose keys have the smallest hashes; returns what was cut off. Which entries
/// stay depends on the keys alone, so the order of combining cannot change it.
pub fn cut<V>(entries: &mut BTreeMap<String, V>, most: usize) -> Vec<V> {
    let mut gone = Vec::new();
    while entries.len() > most {
        let Some(key) = entries.keys().max_by_key(|key| (hash(key), *key)).cloned() else {
            break;
        };
        gone.extend(entries.remove(&key));
    }
    gone
}

/// FNV-1a: written into stored digests' choices, so it may never change.
pub fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if gives a reference"
)]
pub fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_by_one_in_any_order_or_all_at_once_the_same_values_are_kept() {
        let rows = |n: u64| (format!("value {}", n * 7919 % 200), n);
        let mut at_once = Tally::default();
        sum(
            &mut at_once.values,
            (0..400)
                .map(rows)
                .fold(BTreeMap::new(), |mut all, (value, rows)| {
                    *all.entry(value).or_default() += rows;
                    all
                }),
        );
        at_once.rest = cut(&mut at_once.values, TALLIED).into_iter().sum();
        let (mut upwards, mut downwards) = (Tally::default(), Tally::default());
        for n in 0..400 {
            let ((up, more), (down, less)) = (rows(n), rows(399 - n));
            upwards.absorb(Tally::of(&up, more));
            downwards.absorb(Tally::of(&down, less));
        }
        assert_eq!(at_once.total(), 399 * 400 / 2);
        assert_eq!((&upwards, &downwards), (&at_once, &at_once));
    }
}
