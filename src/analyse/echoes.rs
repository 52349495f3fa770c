//! One thing that happened, told by several lists of a console (the log, the list of events, that of alarms, that of
//! threats): which row is the first to tell of it, and which are its echoes. Each list tells of a thing once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::source::SourceKind;
use crate::model::tally::hash;

/// How far the times lie apart that two lists give one thing, in seconds. Alarms lie up to 2 s after what they tell of
/// (facts: unifi-api.md section 2.1, `INITIATOR_ID`).
const APART: i64 = 5;
/// Rows that were counted so few seconds before a watermark may have echoes behind it: lists end up to 30 s earlier than
/// the log.
pub const BORDER: i64 = 40;
/// Moments remembered at most.
const MOST: usize = 50_000;
const VOICES: usize = 4;

/// Which list speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    Log,
    Events,
    Alarms,
    Ips,
}

impl Voice {
    /// `None` for lists that nothing else repeats.
    pub fn of(kind: SourceKind, key: &str) -> Option<Self> {
        match kind {
            SourceKind::Events => Some(Self::Events),
            SourceKind::Input if key.starts_with("EVT_") => Some(Self::Events),
            SourceKind::Alarms => Some(Self::Alarms),
            SourceKind::Ips => Some(Self::Ips),
            SourceKind::SystemLog | SourceKind::Audit | SourceKind::AdminActivity | SourceKind::Input => {
                Some(Self::Log)
            }
            SourceKind::TrafficFlows
            | SourceKind::GatewayLog
            | SourceKind::Anomalies
            | SourceKind::Devices
            | SourceKind::Health
            | SourceKind::Lines => None,
        }
    }
}

/// How often each list spoke of each group in each second. Two groups of one hash are hardly ever told of in the same
/// seconds.
#[derive(Debug, Default)]
pub struct Echoes {
    told: BTreeMap<(u64, i64), [u32; VOICES]>,
}

impl Echoes {
    /// Takes note of a row of this group, and says whether another list has told of it.
    pub fn hear(&mut self, voice: Voice, group: &str, time: DateTime<Utc>) -> bool {
        let (group, second, own) = (hash(group), time.timestamp(), voice as usize);
        let near = (group, second.saturating_sub(APART))..=(group, second.saturating_add(APART));
        let others_told_more = |told: &[u32; VOICES]| told.iter().max() > told.get(own);
        let told_by_others = self
            .told
            .range(near)
            .filter(|(_, told)| others_told_more(told))
            .map(|(moment, _)| *moment)
            .min_by_key(|(_, other)| (other.abs_diff(second), *other));
        let moment = told_by_others.unwrap_or((group, second));
        if self.told.len() < MOST || self.told.contains_key(&moment) {
            let told = self.told.entry(moment).or_default();
            if let Some(count) = told.get_mut(own) {
                *count = count.saturating_add(1);
            }
        }
        told_by_others.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    #[test]
    fn each_list_echoes_a_thing_once_whoever_spoke_first() {
        for order in [
            [Voice::Log, Voice::Events, Voice::Alarms],
            [Voice::Alarms, Voice::Log, Voice::Events],
        ] {
            let mut echoes = Echoes::default();
            let heard = order.map(|voice| [0, 0, 3].map(|second| echoes.hear(voice, "down", at(second))));
            assert_eq!(heard, [[false; 3], [true; 3], [true; 3]]);
        }
    }

    #[test]
    fn what_one_list_says_more_often_than_the_others_happened_more_often() {
        let mut echoes = Echoes::default();
        assert!(!echoes.hear(Voice::Log, "down", at(0)));
        assert!(echoes.hear(Voice::Events, "down", at(4)));
        assert!(!echoes.hear(Voice::Events, "down", at(5)));
        assert!(echoes.hear(Voice::Alarms, "down", at(5)));
    }

    #[test]
    fn another_group_and_another_moment_are_no_echo() {
        let mut echoes = Echoes::default();
        assert!(!echoes.hear(Voice::Log, "down", at(0)));
        assert!(!echoes.hear(Voice::Events, "up", at(0)));
        assert!(!echoes.hear(Voice::Events, "down", at(APART + 1)));
        assert!(!echoes.hear(Voice::Log, "down", at(0)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut echoes = Echoes::default();
        for second in 0..60_000 {
            echoes.hear(Voice::Log, "down", at(second * 20));
        }
        assert_eq!(echoes.told.len(), MOST);
    }
}
