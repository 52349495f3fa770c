//! New, recurring, worse or over: findings held against what earlier reports said.

use chrono::TimeDelta;

use crate::analyse::scene::Scene;
use crate::analyse::sequel;
use crate::model::finding::{Finding, Trend};
use crate::model::memory::{Memory, Remembered};

/// Findings remembered at most; the longest silent are forgotten first, those that go on last. At some 450 bytes each
/// they take half of the 128 KiB that a checkpoint is to stay below.
const REMEMBERED: usize = 140;
/// A finding silent for so long is forgotten.
const FORGET: TimeDelta = TimeDelta::days(30);
/// A count must reach this before twice as many is worse.
const NOTABLE: u64 = 10;

/// Marks the findings, adds those that are over or that nothing was heard of, and returns the next memory.
pub fn apply(findings: &mut Vec<Finding>, scene: &Scene<'_>) -> Memory {
    let mut next = scene.evidence.memory.clone();
    let run = scene.evidence.run;
    for finding in findings.iter_mut() {
        let earlier = scene.evidence.memory.findings.get(&finding.fingerprint);
        if let Some(earlier) = earlier {
            compare(finding, earlier);
        }
        let first_seen = earlier.map_or(finding.first_seen, |earlier| {
            earlier.first_seen.min(finding.first_seen)
        });
        next.findings.insert(
            finding.fingerprint.clone(),
            Remembered {
                rule: finding.rule.clone(),
                severity: finding.severity,
                category: finding.category,
                title: finding.title.clone(),
                subject: finding.subject.clone(),
                site: finding.site.clone(),
                first_seen,
                last_seen: earlier.map_or(finding.last_seen, |earlier| {
                    earlier.last_seen.max(finding.last_seen)
                }),
                last_run: run.or(earlier.map(|earlier| earlier.last_run)).unwrap_or(0),
                last_count: finding.count,
                days: finding.days,
                ongoing: finding.ongoing,
            },
        );
    }
    let absent: Vec<_> = scene
        .evidence
        .memory
        .findings
        .iter()
        .filter(|(fingerprint, earlier)| {
            // An ad hoc report tells what it was asked for, not how last week's story goes on.
            run.is_some()
                && earlier.ongoing
                && !findings
                    .iter()
                    .any(|finding| finding.fingerprint == **fingerprint)
        })
        .collect();
    for (fingerprint, earlier) in absent {
        let fate = sequel::fate(earlier, findings, scene);
        if let Some(remembered) = next.findings.get_mut(fingerprint) {
            remembered.ongoing = fate.goes_on();
            if fate == sequel::Fate::Over {
                remembered.last_run = run.unwrap_or(remembered.last_run);
            }
        }
        findings.extend(sequel::again(fingerprint, earlier, scene, fate));
    }
    bound(&mut next, scene);
    next
}

fn compare(finding: &mut Finding, earlier: &Remembered) {
    let another_day = finding.last_seen.date_naive() > earlier.last_seen.date_naive();
    finding.days = earlier.days.saturating_add(u32::from(another_day));
    if finding.ongoing && earlier.ongoing {
        finding.first_seen = finding.first_seen.min(earlier.first_seen);
    }
    if finding.trend == Trend::Resolved {
        return;
    }
    let doubled = earlier.last_count > 0
        && finding.count >= NOTABLE
        && finding.count >= earlier.last_count.saturating_mul(2);
    finding.trend = if finding.severity > earlier.severity || doubled {
        Trend::Worse
    } else {
        Trend::Recurring
    };
}

fn bound(memory: &mut Memory, scene: &Scene<'_>) {
    memory
        .findings
        .retain(|_, earlier| earlier.ongoing || scene.now() - earlier.last_seen <= FORGET);
    if memory.findings.len() > REMEMBERED {
        let mut by_silence: Vec<_> = memory
            .findings
            .iter()
            .map(|(fingerprint, earlier)| (earlier.ongoing, earlier.last_seen, fingerprint.clone()))
            .collect();
        by_silence.sort();
        let surplus = by_silence.len() - REMEMBERED;
        for (_, _, fingerprint) in by_silence.into_iter().take(surplus) {
            memory.findings.remove(&fingerprint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case, device, row};
    use crate::model::device::Device;

    const MAC: &str = "02:00:00:00:00:aa";

    fn offline() -> Device {
        Device {
            state: Some(0),
            ..device("uap", "Lobby", MAC)
        }
    }

    #[test]
    fn an_outage_is_new_then_recurring_then_told_once_as_over() {
        let first = Case::default().seeing(vec![offline()]).judge();
        assert_eq!(first.findings[0].trend, Trend::New);
        let mut second = Case::default().seeing(vec![offline()]).remembering(first.memory);
        second.now += TimeDelta::days(1);
        let second = second.seeing(vec![offline()]).judge();
        assert_eq!(
            (second.findings[0].trend, second.findings[0].days),
            (Trend::Recurring, 2)
        );
        let up = || Case::default().seeing(vec![device("uap", "Lobby", MAC)]);
        let third = up().remembering(second.memory).judge();
        assert_eq!(third.findings[0].trend, Trend::Resolved);
        assert_eq!(third.findings[0].title, "“Lobby” is back online");
        assert!(!third.findings[0].explanation.contains("While it is away"));
        assert_eq!(third.findings[0].remediation.len(), 1);
        let fourth = up().remembering(third.memory).judge();
        assert!(fourth.findings.is_empty(), "{:?}", fourth.findings);
    }

    #[test]
    fn a_line_nobody_heard_of_again_is_still_told() {
        let mut first = Case::of([row("NETWORK_WAN_FAILED_2", 0, &[("WAN_NAME", "Fiber")])]);
        first.now = crate::analyse::samples::start() + TimeDelta::hours(1);
        let mut second = Case::default().remembering(first.judge().memory);
        second.now = first.now + TimeDelta::hours(1);
        let quiet = second.judge();
        assert_eq!(quiet.findings[0].trend, Trend::Quiet);
        assert!(quiet.findings[0].ongoing);
        let mut back = Case::of([row("NETWORK_WAN_RESTORED_2", 7000, &[("WAN_NAME", "Fiber")])]);
        back = back.remembering(quiet.memory);
        let over = back.judge();
        assert_eq!(
            (over.findings[0].trend, over.findings[0].count),
            (Trend::Resolved, 1)
        );
    }

    #[test]
    fn a_device_that_rows_call_by_its_name_is_found_in_the_list() {
        let first = Case::of([row("EVT_AP_Lost_Contact", 0, &[("AP", "Lobby")])]).judge();
        let second = Case::default().seeing(vec![device("uap", "Lobby", MAC)]);
        let second = second.remembering(first.memory).judge();
        assert_eq!(second.findings[0].title, "“Lobby” is back online");
    }

    #[test]
    fn memory_is_bounded() {
        let memory = Memory {
            findings: (0..900)
                .map(|n| {
                    let first = Case::of([row("EVT_AD_Login", n, &[("ADMIN", &format!("a{n}"))])]).judge();
                    first.memory.findings.into_iter().next().unwrap()
                })
                .collect(),
        };
        assert_eq!(memory.findings.len(), 900);
        let next = Case::default().remembering(memory).judge().memory;
        assert_eq!(next.findings.len(), REMEMBERED);
    }
}
