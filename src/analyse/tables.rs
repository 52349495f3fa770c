//! The tables beside the findings: counts, routine keys, unknown keys, events per hour.

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::analyse::catalogue;
use crate::model::digest::{Digest, HOURS};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{Counts, Hour, RoutineKey, UnknownKey};
use crate::model::window::Window;

pub fn counts(digest: &Digest, findings: &[Finding], routine: &BTreeMap<String, u64>) -> Counts {
    let of = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count() as u64
    };
    Counts {
        events: digest.events,
        findings: findings.len() as u64,
        severe: of(Severity::Severe),
        medium: of(Severity::Medium),
        low: of(Severity::Low),
        info: of(Severity::Info),
        routine: routine.values().sum(),
        muted: 0,
        by_category: digest
            .categories
            .iter()
            .map(|(category, count)| (category.name().to_owned(), *count))
            .collect(),
    }
}

pub fn routine_keys(routine: &BTreeMap<String, u64>) -> Vec<RoutineKey> {
    let mut keys: Vec<_> = routine
        .iter()
        .map(|(key, count)| RoutineKey {
            key: key.clone(),
            title: catalogue::explain(key)
                .entry
                .map_or("Other messages", |entry| entry.what)
                .to_owned(),
            count: *count,
        })
        .collect();
    keys.sort_by(|a, b| b.count.cmp(&a.count).then(a.key.cmp(&b.key)));
    keys
}

pub fn unknown_keys(digest: &Digest) -> Vec<UnknownKey> {
    let mut keys: Vec<_> = digest
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

/// Rows per hour (seconds since the epoch / 3600) in findings of each severity above info, worst first.
pub type Shades = BTreeMap<i64, [u64; 3]>;

/// Events per hour, by the severity of the finding they are in: an hour is severe only where a severe finding
/// has rows. All others are info. Hours of the window without events are there as zeros, at most the last fourteen days.
pub fn timeline(digest: &Digest, window: Window, shades: &Shades) -> Vec<Hour> {
    let mut hours: BTreeMap<i64, u64> = digest
        .hours
        .iter()
        .map(|(hour, rows)| (*hour, rows.iter().sum()))
        .collect();
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
        .filter_map(|(hour, rows)| {
            let mut left = rows;
            let [severe, medium, low] = shades.get(&hour).copied().unwrap_or_default().map(|wanted| {
                let taken = wanted.min(left);
                left -= taken;
                taken
            });
            let info = left;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case, row};

    #[test]
    fn quiet_hours_of_the_window_are_there_as_zeros() {
        let judged = Case::of([row("ADMIN_ACCESS", 7200, &[("ADMIN", "alex")])]).judge();
        assert_eq!(judged.timeline.len(), 72);
        assert_eq!(judged.timeline.iter().filter(|hour| hour.info == 1).count(), 1);
        let endless = Window::new(DateTime::UNIX_EPOCH, crate::analyse::samples::start()).unwrap();
        assert_eq!(timeline(&Digest::default(), endless, &Shades::new()).len(), HOURS);
    }
}
