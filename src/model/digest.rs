//! What a slice's rows are folded into. Digests of slices and of consecutive runs combine: a monoid.
//!
//! Every part is a sum, a minimum, a maximum or a set cut to its k smallest members, so that combining is
//! exactly associative and commutative, and memory stays bounded however many rows and subjects there are.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::finding::{Category, Example, Severity, Subject};
use crate::model::tally::{Tally, cut, is_zero, sum};

/// Groups kept apart; the rows of the others are counted in one overflow group per rule and site.
pub const GROUPS: usize = 400;
/// Examples kept of a group.
pub const EXAMPLES: usize = 5;
/// Turns (went down, came back) kept of a group: the newest.
pub const TURNS: usize = 64;
/// Hours of which a group keeps a count: the newest.
pub const GROUP_HOURS: usize = 48;
/// Hours of which the whole digest keeps counts: the newest.
pub const HOURS: usize = 24 * 14;
/// Unknown keys shown one by one.
pub const UNKNOWN: usize = 64;

/// The rows of one or more slices, as far as the report needs them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Digest {
    /// Rows folded in.
    pub events: u64,
    /// By group key, which begins with the rank in which groups are kept when there are too many.
    pub groups: BTreeMap<String, Group>,
    /// `<rule>:<site>` → everything of that rule for which there was no room.
    pub overflow: BTreeMap<String, Group>,
    /// Rows that need nobody, per catalogue key.
    pub routine: BTreeMap<String, u64>,
    /// All rows of known keys, per catalogue key.
    pub keys: BTreeMap<String, u64>,
    /// Keys that are not in the catalogue.
    pub unknown: BTreeMap<String, Unknown>,
    /// Rows per hour (seconds since the epoch / 3600): severe, medium, low, info.
    pub hours: BTreeMap<i64, [u64; 4]>,
    pub categories: BTreeMap<Category, u64>,
}

/// The rows of one rule about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub rule: String,
    /// `home/default`.
    pub site: String,
    pub subject: Subject,
    /// It concerns the gateway, without which nothing works.
    #[serde(default, skip_serializing_if = "is_false")]
    pub core: bool,
    /// The worst of its rows, by the catalogue.
    pub worst: Severity,
    pub count: u64,
    /// Rows among them that say again what a row of another list said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub echoes: u64,
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    /// The earliest rows with different words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Rows per catalogue key (or key as sent, where unknown).
    pub keys: Tally,
    /// Rows per value of what matters to the rule: `blocked`, `detected`, `port`, `client` …
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facets: BTreeMap<String, Tally>,
    /// The facets of echoes: what other rows may have left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub echoed: BTreeMap<String, Tally>,
    /// Rows per hour (seconds since the epoch / 3600).
    pub hours: BTreeMap<i64, u64>,
    /// When it went down and came back, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
    /// There were more turns than are kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub turns_cut: bool,
}

/// A change of state. Written as `[milliseconds since the epoch, way, seconds]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Turn(pub i64, pub Way, pub Option<u64>);

/// Which way a thing turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    Down,
    /// It was down for the seconds told, and the row says that this is over.
    Blip,
    /// It was restarted or updated on purpose: being gone for a while is expected.
    Planned,
    /// Last, so that of a loss and a return in one millisecond the return holds.
    Up,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    pub count: u64,
    /// The smallest sentence, addresses masked.
    pub example: String,
}

impl Unknown {
    pub fn absorb(&mut self, other: Self) {
        self.count += other.count;
        if other.example < self.example {
            self.example = other.example;
        }
    }
}

impl Digest {
    /// Its sums, without the groups.
    pub fn sums(&self) -> Self {
        Self {
            events: self.events,
            groups: BTreeMap::new(),
            overflow: BTreeMap::new(),
            routine: self.routine.clone(),
            keys: self.keys.clone(),
            unknown: self.unknown.clone(),
            hours: self.hours.clone(),
            categories: self.categories.clone(),
        }
    }

    /// Takes in another digest; the order does not matter.
    pub fn absorb(&mut self, other: Self) {
        self.events += other.events;
        for (key, group) in other.groups {
            self.add_group(key, group);
        }
        for (key, group) in other.overflow {
            self.add_overflow(key, group);
        }
        sum(&mut self.routine, other.routine);
        sum(&mut self.keys, other.keys);
        sum(&mut self.categories, other.categories);
        for (key, unknown) in other.unknown {
            self.add_unknown(key, unknown);
        }
        for (hour, counts) in other.hours {
            self.add_hour(hour, counts);
        }
    }

    /// Adds rows to the group of this key, or opens it; the least important group gives way.
    pub fn add_group(&mut self, key: String, group: Group) {
        match self.groups.get_mut(&key) {
            Some(known) => known.absorb(group),
            None => {
                self.groups.insert(key, group);
            }
        }
        while self.groups.len() > GROUPS {
            if let Some((_, evicted)) = self.groups.pop_last() {
                self.add_overflow(format!("{}:{}", evicted.rule, evicted.site), evicted);
            }
        }
    }

    fn add_overflow(&mut self, key: String, mut group: Group) {
        group.forget_subject();
        match self.overflow.get_mut(&key) {
            Some(known) => known.absorb(group),
            None => {
                self.overflow.insert(key, group);
            }
        }
    }

    pub fn add_unknown(&mut self, key: String, unknown: Unknown) {
        match self.unknown.get_mut(&key) {
            Some(known) => known.absorb(unknown),
            None => {
                self.unknown.insert(key, unknown);
            }
        }
        cut(&mut self.unknown, UNKNOWN);
    }

    pub fn add_hour(&mut self, hour: i64, counts: [u64; 4]) {
        let known = self.hours.entry(hour).or_default();
        for (sum, count) in known.iter_mut().zip(counts) {
            *sum += count;
        }
        while self.hours.len() > HOURS {
            self.hours.pop_first();
        }
    }
}

impl Group {
    /// Takes in more rows of the same rule and subject.
    pub fn absorb(&mut self, other: Self) {
        self.core |= other.core;
        self.worst = self.worst.max(other.worst);
        self.count += other.count;
        self.echoes += other.echoes;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.take_name(other.subject);
        for example in other.examples {
            self.take_example(example);
        }
        self.keys.absorb(other.keys);
        for (facet, tally) in other.facets {
            self.facets.entry(facet).or_default().absorb(tally);
        }
        for (facet, tally) in other.echoed {
            self.echoed.entry(facet).or_default().absorb(tally);
        }
        sum(&mut self.hours, other.hours);
        self.turns_cut |= other.turns_cut;
        self.turns.extend(other.turns);
        self.cut();
    }

    /// Keeps the newest of its hours and turns, as many as there is room for.
    pub fn cut(&mut self) {
        while self.hours.len() > GROUP_HOURS {
            self.hours.pop_first();
        }
        self.turns.sort_unstable();
        self.turns.dedup();
        let surplus = self.turns.len().saturating_sub(TURNS);
        self.turns_cut |= surplus > 0;
        self.turns.drain(..surplus);
    }

    /// Makes it stand for many subjects: their ups and downs do not mix, their counts do.
    pub fn forget_subject(&mut self) {
        self.subject = Subject {
            kind: "many".to_owned(),
            ..Subject::default()
        };
        self.turns.clear();
        self.turns_cut = false;
    }

    /// What its rows say was said already: they are counted, and add only what the others leave out.
    pub fn become_echo(&mut self) {
        self.echoes = self.count;
        self.examples.clear();
        self.echoed = std::mem::take(&mut self.facets);
        self.hours.clear();
        self.turns.clear();
    }

    /// Takes over from the echoes what no other row says.
    pub fn hear_echoes(&mut self) {
        for (facet, tally) in std::mem::take(&mut self.echoed) {
            self.facets.entry(facet).or_insert(tally);
        }
    }

    /// How often it happened, as far as single rows tell it.
    pub fn occurrences(&self) -> u64 {
        self.count.saturating_sub(self.echoes)
    }

    /// Rows counted under a facet, all values together.
    pub fn total(&self, facet: &str) -> u64 {
        self.facets.get(facet).map_or(0, Tally::total)
    }

    /// A real name beats a repeated id; among names the choice is arbitrary but always the same.
    fn take_name(&mut self, other: Subject) {
        let known = (self.subject.name != self.subject.id, &self.subject.name);
        if (other.name != other.id, &other.name) > known {
            self.subject.name = other.name;
        }
    }

    fn take_example(&mut self, example: Example) {
        match self.examples.iter_mut().find(|known| known.text == example.text) {
            Some(known) => known.time = known.time.min(example.time),
            None => self.examples.push(example),
        }
        self.examples
            .sort_by(|a, b| (a.time, &a.text).cmp(&(b.time, &b.text)));
        self.examples.truncate(EXAMPLES);
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if gives a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
