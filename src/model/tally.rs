//! Counts per value, bounded: what combining cannot change the outcome of.

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
}

impl Tally {
    pub fn of(value: &str, rows: u64) -> Self {
        Self {
            values: BTreeMap::from([(value.to_owned(), rows)]),
            rest: 0,
        }
    }

    pub fn absorb(&mut self, other: Self) {
        self.rest += other.rest;
        sum(&mut self.values, other.values);
        self.rest += cut(&mut self.values, TALLIED).into_iter().sum::<u64>();
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

/// Adds the counts of one to the other's.
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
fn hash(text: &str) -> u64 {
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
