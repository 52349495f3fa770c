//! New, recurring, worse or over: findings held against what earlier reports said.

use chrono::TimeDelta;

use crate::analyse::aftermath::{aftermath, next_time};
use crate::analyse::rules::{self, Kind, Rule};
use crate::analyse::scene::Scene;
use crate::analyse::words::{self, capitalised};
use crate::model::finding::{Finding, Severity, Trend};
use crate::model::memory::{Memory, Remembered};

/// Findings remembered at most; the longest silent are forgotten first, those that go on last. At some 450 bytes each
/// they take half of the 128 KiB that a checkpoint is to stay below.
const REMEMBERED: usize = 140;
/// A finding silent for so long is forgotten.
const FORGET: TimeDelta = TimeDelta::days(30);
/// An outage nobody has heard of for so long is no longer brought up.
const SILENT: TimeDelta = TimeDelta::days(2);
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
        let fate = fate(earlier, findings, scene);
        if let Some(remembered) = next.findings.get_mut(fingerprint) {
            remembered.ongoing = matches!(fate, Fate::Unseen | Fate::Quiet);
            if fate == Fate::Over {
                remembered.last_run = run.unwrap_or(remembered.last_run);
            }
        }
        match fate {
            Fate::Over => findings.push(again(fingerprint, earlier, scene, true)),
            Fate::Quiet => findings.push(again(fingerprint, earlier, scene, false)),
            Fate::Unseen | Fate::Dropped => {}
        }
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

/// What became of a finding that was going on and is not among today's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Seen to be over.
    Over,
    /// Nothing was heard of it: as far as we know it goes on.
    Quiet,
    /// Where one would see it was not read this time.
    Unseen,
    /// Told under another name, or silent for too long.
    Dropped,
}

fn fate(earlier: &Remembered, findings: &[Finding], scene: &Scene<'_>) -> Fate {
    let told_otherwise = findings.iter().any(|finding| {
        finding.rule.starts_with("device-")
            && earlier.rule.starts_with("device-")
            && finding.site == earlier.site
            && finding.subject.id == earlier.subject.id
    });
    if told_otherwise {
        return Fate::Dropped;
    }
    if earlier.rule == "coverage" {
        let asked = scene.evidence.coverage.iter();
        let asked = asked.filter(|source| source.site() == earlier.site);
        return if asked.clone().count() == 0 {
            Fate::Unseen
        } else if asked
            .clone()
            .all(|source| source.is_covered(scene.evidence.coverage))
        {
            Fate::Over
        } else {
            Fate::Dropped
        };
    }
    let site = scene.site(&earlier.site);
    let devices = site.and_then(|site| site.devices.as_ref());
    if earlier.rule == "health" {
        return if site.is_some_and(|site| site.health.is_some()) {
            Fate::Over
        } else {
            Fate::Unseen
        };
    }
    let rule = rules::find(&earlier.rule);
    let seen_in_snapshot = rule.kind != Kind::Outage || matches!(rule.id, "device-down" | "on-battery");
    if seen_in_snapshot {
        let Some(devices) = devices else {
            return Fate::Unseen;
        };
        let device = devices
            .iter()
            .find(|device| device.mac.eq_ignore_ascii_case(&earlier.subject.id));
        // Not connected, and yet no finding: updating, adopting. The next report will know.
        return match device.map(|device| (device.state, device.disabled)) {
            Some((Some(1) | None, _) | (_, true)) | None => Fate::Over,
            Some(_) => Fate::Unseen,
        };
    }
    let lines: Vec<_> = devices
        .into_iter()
        .flatten()
        .flat_map(|device| &device.wans)
        .collect();
    let all_up = !lines.is_empty()
        && lines
            .iter()
            .all(|wan| wan.up == Some(true) || wan.enabled == Some(false));
    if rule.id == "wan-outage" && all_up {
        Fate::Over
    } else if scene.now() - earlier.last_seen > SILENT {
        Fate::Dropped
    } else {
        Fate::Quiet
    }
}

/// An earlier finding told once more: that it is over, or that nothing was heard of it.
fn again(fingerprint: &str, earlier: &Remembered, scene: &Scene<'_>, over: bool) -> Finding {
    let rule = rules::find(&earlier.rule);
    let name = words::name(&earlier.subject);
    let who = match rule.id {
        "wan-outage" => format!("internet connection {name}"),
        "wan-failover" => "main internet line".to_owned(),
        "vpn-tunnel" => format!("VPN tunnel {name}"),
        _ => name,
    };
    let title = match (over, rule.id) {
        (true, "device-down") => format!("{who} is back online"),
        (true, "wan-outage" | "vpn-tunnel") => format!("{who} works again"),
        (true, "coverage") => "everything could be read again".to_owned(),
        (true, _) => format!("solved: {}", earlier.title),
        (false, _) => format!("{who}: still no sign that it is back"),
    };
    let remediation = if over && rule.kind == Kind::Outage {
        vec![next_time(rule)]
    } else if over {
        Vec::new()
    } else {
        rule.advice.iter().map(|step| (*step).to_owned()).collect()
    };
    Finding {
        fingerprint: fingerprint.to_owned(),
        rule: earlier.rule.clone(),
        severity: if over { Severity::Info } else { earlier.severity },
        category: earlier.category,
        title: capitalised(title.trim()),
        explanation: if over {
            over_now(earlier, rule, scene)
        } else {
            format!(
                "An earlier report told of this, and no message has said since that it is over. {}",
                rule.explanation
            )
        },
        remediation,
        subject: earlier.subject.clone(),
        site: earlier.site.clone(),
        first_seen: earlier.first_seen,
        last_seen: if over { scene.now() } else { earlier.last_seen },
        count: 0,
        occurrences: 1,
        trend: if over { Trend::Resolved } else { Trend::Quiet },
        days: earlier.days,
        ongoing: !over,
        examples: Vec::new(),
    }
}

/// How long it lasted at most: nobody saw it end, it was only seen to be over.
fn over_now(earlier: &Remembered, rule: &Rule, scene: &Scene<'_>) -> String {
    let lasted = u64::try_from((scene.now() - earlier.first_seen).num_seconds()).unwrap_or(0);
    match rule.kind {
        Kind::Outage if lasted >= 60 => format!(
            "An earlier report told of this. It is over now, after {} at most. {}",
            words::duration(lasted),
            aftermath(rule)
        ),
        _ => "An earlier report told of this. It is over now.".to_owned(),
    }
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
    fn an_unread_device_list_resolves_nothing() {
        let first = Case::default().seeing(vec![offline()]).judge();
        let second = Case::default().remembering(first.memory).judge();
        assert!(second.findings.is_empty());
        assert!(second.memory.findings.values().all(|earlier| earlier.ongoing));
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
