//! Ids of one controller's rows: 72 bits of their SHA-256 each, by family and hour.
//!
//! Pure.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use ring::digest::{SHA256, digest};

use crate::model::quick::Seeded;

pub type Id = [u8; 9];

/// What became of an id that was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    New,
    /// Known, from an earlier hour.
    Moved,
    Known,
}

/// The ids of one controller.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    pub families: BTreeMap<String, HashMap<Id, i64, Seeded>>,
    /// Ids per hour, all families together.
    hours: BTreeMap<i64, usize>,
    pub total: usize,
}

impl Shelf {
    /// An id that is known and comes back under a later hour moves there: a row that is stamped anew is known for
    /// as long as a new one.
    pub fn insert(&mut self, family: &str, id: Id, hour: i64) -> Entered {
        let ids = match self.families.get_mut(family) {
            Some(ids) => ids,
            None => self.families.entry(family.to_owned()).or_default(),
        };
        let left = match ids.entry(id) {
            Entry::Occupied(known) if hour <= *known.get() => return Entered::Known,
            Entry::Occupied(mut known) => Some(known.insert(hour)),
            Entry::Vacant(free) => {
                free.insert(hour);
                None
            }
        };
        *self.hours.entry(hour).or_default() += 1;
        let Some(left) = left else {
            self.total += 1;
            return Entered::New;
        };
        if let Some(rows) = self.hours.get_mut(&left) {
            *rows -= 1;
            if *rows == 0 {
                self.hours.remove(&left);
            }
        }
        Entered::Moved
    }

    pub fn drop_oldest_hour(&mut self) -> Option<i64> {
        let (&oldest, _) = self.hours.first_key_value()?;
        self.retain(|_, hour| hour > oldest);
        Some(oldest)
    }

    /// Takes out a family's ids, each with its hour.
    pub fn take(&mut self, family: &str) -> HashMap<Id, i64, Seeded> {
        let ids = self.families.remove(family).unwrap_or_default();
        self.retain(|_, _| true);
        ids
    }

    /// Keeps what `wanted` says; whether anything went.
    pub fn retain(&mut self, wanted: impl Fn(&str, i64) -> bool) -> bool {
        let before = self.total;
        for (family, ids) in &mut self.families {
            ids.retain(|_, hour| wanted(family, *hour));
        }
        self.families.retain(|_, ids| !ids.is_empty());
        if self.families.values().map(HashMap::len).sum::<usize>() == before {
            return false;
        }
        self.hours.clear();
        for hour in self.families.values().flat_map(HashMap::values) {
            *self.hours.entry(*hour).or_default() += 1;
        }
        self.total = self.hours.values().sum();
        self.total != before
    }
}

pub fn short(id: &str) -> Id {
    let mut short = [0; 9];
    for (to, from) in short.iter_mut().zip(digest(&SHA256, id.as_bytes()).as_ref()) {
        *to = *from;
    }
    short
}

/// Nine bytes are twelve characters of base64url.
pub fn encode(id: &Id, text: &mut String) {
    for three in id.chunks(3) {
        let bits = three
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.push(letter(bits >> shift & 63));
        }
    }
}

pub fn decode(text: &[u8]) -> Option<Id> {
    if text.len() != 12 {
        return None;
    }
    let mut id = [0; 9];
    for (three, four) in id.chunks_mut(3).zip(text.chunks(4)) {
        let mut bits = 0_u32;
        for c in four {
            bits = bits << 6 | value(*c)?;
        }
        for (to, from) in three.iter_mut().zip(bits.to_be_bytes().iter().skip(1)) {
            *to = *from;
        }
    }
    Some(id)
}

fn letter(value: u32) -> char {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = usize::try_from(value).unwrap_or_default();
    LETTERS.get(at).map_or('A', |c| char::from(*c))
}

fn value(letter: u8) -> Option<u32> {
    let (first, base) = match letter {
        b'A'..=b'Z' => (b'A', 0),
        b'a'..=b'z' => (b'a', 26),
        b'0'..=b'9' => (b'0', 52),
        b'-' => (b'-', 62),
        b'_' => (b'_', 63),
        _ => return None,
    };
    Some(u32::from(letter - first) + base)
}
