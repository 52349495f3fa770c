//! The figures of a report, or of one of its sites: sums, so that those of several sites add up.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::{Deserialize, Serialize};

use crate::model::digest::{HOURS, Unknown};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Counts, Hour, RoutineKey, Threats, UnknownKey};
use crate::model::window::Window;

/// What became of the rows, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub events: u64,
    pub muted: u64,
    /// Events by category name.
    pub by_category: BTreeMap<String, u64>,
    /// Rows that need nobody, per key.
    pub routine: BTreeMap<String, u64>,
    pub threats: Threats,
    /// Events per hour (seconds since the epoch / 3600) by the severity of their finding, worst first.
    pub hours: BTreeMap<i64, [u64; 4]>,
    /// Keys that are not in the catalogue.
    pub unknown: BTreeMap<String, Unknown>,
}

impl Figures {
    /// Adds those of another site.
    pub fn absorb(&mut self, other: Self) {
        self.events += other.events;
        self.muted += other.muted;
        for (category, count) in other.by_category {
            *self.by_category.entry(category).or_default() += count;
        }
        for (key, count) in other.routine {
            *self.routine.entry(key).or_default() += count;
        }
        self.threats.absorb(other.threats);
        for (hour, counts) in other.hours {
            let known = self.hours.entry(hour).or_default();
            for (sum, count) in known.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        for (key, unknown) in other.unknown {
            match self.unknown.get_mut(&key) {
                Some(known) => known.absorb(unknown),
                None => {
                    self.unknown.insert(key, unknown);
                }
            }
        }
    }

    /// With the findings that the rows not counted here are in.
    pub fn counts(&self, findings: &[Finding]) -> Counts {
        let of = |severity| {
            let alike = findings.iter().filter(|finding| finding.severity == severity);
            alike.count() as u64
        };
        Counts {
            events: self.events,
            findings: findings.len() as u64,
            severe: of(Severity::Severe),
            medium: of(Severity::Medium),
            low: of(Severity::Low),
            info: of(Severity::Info),
            routine: self.routine.values().sum(),
            muted: self.muted,
            by_category: self.by_category.clone(),
        }
    }

    /// The keys that need nobody, most rows first; `title` says what a key means.
    pub fn routine_keys(&self, title: impl Fn(&str) -> String) -> Vec<RoutineKey> {
        let mut keys: Vec<_> = self
            .routine
            .iter()
            .map(|(key, count)| RoutineKey {
                key: key.clone(),
                title: title(key),
                count: *count,
            })
            .collect();
        keys.sort_by(|a, b| b.count.cmp(&a.count).then(a.key.cmp(&b.key)));
        keys
    }

    pub fn unknown_keys(&self) -> Vec<UnknownKey> {
        let mut keys: Vec<_> = self
            .unknown
            .iter()
            .map(|(key, unknown)| UnknownKey {
                key: key.clone(),
                count: unknown.count,
                example: unknown.example.clone(),
            })
            .collect();
        keys.sort_by(|a, b| b.count.cmp(&a.count).then(a.key.cmp(&b.key)));
        keys
    }

    /// Its hours, and those of the window without events as zeros: at most the last fourteen days.
    pub fn timeline(&self, window: Window) -> Vec<Hour> {
        let mut hours = self.hours.clone();
        if !window.is_empty() {
            let last = (window.until().timestamp() - 1).div_euclid(3600);
            let oldest = last.saturating_sub(i64::try_from(HOURS).unwrap_or(i64::MAX) - 1);
            let first = window.since().timestamp().div_euclid(3600).max(oldest);
            for hour in first..=last {
                hours.entry(hour).or_default();
            }
        }
        let surplus = hours.len().saturating_sub(HOURS);
        hours
            .into_iter()
            .skip(surplus)
            .filter_map(|(hour, [severe, medium, low, info])| {
                Some(Hour {
                    start: DateTime::from_timestamp(hour.checked_mul(3600)?, 0)?,
                    severe,
                    medium,
                    low,
                    info,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_window_has_the_hours_of_its_last_fourteen_days() {
        let until = "2026-11-19T06:00:00Z".parse().unwrap();
        let endless = Window::new(DateTime::UNIX_EPOCH, until).unwrap();
        assert_eq!(Figures::default().timeline(endless).len(), HOURS);
    }
}
