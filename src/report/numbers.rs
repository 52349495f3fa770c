//! The report's numbers: at a glance, threats blocked and let through, and what needs nobody.

use std::cmp::Reverse;

use crate::model::count::{counted, thousands};
use crate::model::report::Report;
use crate::model::text::{KEY, NAME, clean};
use crate::report::devices::Devices;
use crate::report::sight::Sight;
use crate::report::verdict::Verdict;

/// Kinds of event listed by name.
pub const KINDS: usize = 25;
const PAIRS: usize = 10;

/// One number at a glance.
pub struct Tile {
    pub label: &'static str,
    pub value: String,
    pub aside: String,
    pub value_class: &'static str,
    pub aside_class: &'static str,
}

pub struct Threats {
    pub said: String,
    pub pairs: Vec<Pair>,
}

pub struct Pair {
    pub source: String,
    pub destination: String,
    pub blocked: String,
    pub detected: String,
    pub let_through: bool,
}

/// What happened and needs nobody.
pub struct Routine {
    pub said: String,
    pub kinds: Vec<Tally>,
    pub cut: String,
    /// Events by area: `security 12, wireless 1,040`.
    pub areas: String,
}

/// Something with its count.
pub struct Tally {
    pub count: String,
    pub what: String,
    /// The console's key, or an example.
    pub aside: String,
}

pub fn tiles(report: &Report, verdict: &Verdict, devices: &Devices) -> Vec<Tile> {
    let (threats, sight) = (&report.threats, verdict.sight);
    // Any of those that do not say it may be one or the other.
    let told = match sight {
        Sight::Whole if unsaid(report) > 0 => Sight::Part,
        sight => sight,
    };
    let device_aside = match (devices.bad, devices.unknown) {
        (0, 0) if report.devices.is_empty() => String::new(),
        (0, 0) => "all fine".to_owned(),
        (bad, 0) => format!("{} to look at", thousands(bad)),
        (0, unknown) => format!("{} unknown", thousands(unknown)),
        (bad, unknown) => format!("{} to look at, {} unknown", thousands(bad), thousands(unknown)),
    };
    vec![
        Tile {
            label: "Events",
            value: sight.number(report.counts.events),
            aside: match sight {
                Sight::Nothing => String::new(),
                _ => format!("{} routine", thousands(report.counts.routine)),
            },
            value_class: "plain",
            aside_class: "quiet",
        },
        Tile {
            label: "Threats blocked",
            value: told.number(threats.blocked),
            aside: String::new(),
            value_class: "plain",
            aside_class: "quiet",
        },
        Tile {
            label: "Threats let through",
            value: told.number(threats.detected),
            aside: if threats.detected > 0 {
                "detected, not blocked".to_owned()
            } else {
                String::new()
            },
            aside_class: "quiet",
            value_class: if threats.detected > 0 { "severe" } else { "plain" },
        },
        Tile {
            label: "Devices",
            value: devices.tile.clone(),
            aside: device_aside,
            value_class: "plain",
            aside_class: match (devices.bad, devices.unknown) {
                (1.., _) => "severe",
                (_, 1..) => "unsure",
                _ => "quiet",
            },
        },
    ]
}

/// Threats of which the console does not say whether they were blocked.
fn unsaid(report: &Report) -> u64 {
    let threats = &report.threats;
    let alarms = report
        .findings
        .iter()
        .filter(|finding| finding.rule == "threat" || finding.rule.starts_with("threat-"))
        .fold(0, |sum: u64, finding| sum.saturating_add(finding.occurrences));
    alarms.saturating_sub(threats.blocked.saturating_add(threats.detected))
}

pub fn threats(report: &Report, sight: Sight) -> Threats {
    let threats = &report.threats;
    let unsaid = unsaid(report);
    let mut said = match (threats.blocked, threats.detected, sight) {
        (_, _, Sight::Nothing) => "Unknown: no source of events could be read.".to_owned(),
        (0, 0, _) if unsaid > 0 => String::new(),
        (0, 0, Sight::Whole) => "No threats were reported.".to_owned(),
        (0, 0, Sight::Part) => "None seen in what could be read.".to_owned(),
        (blocked, 0, _) => format!("{} blocked, none let through.", sight.number(blocked)),
        (blocked, detected, _) => format!(
            "{} blocked. {} detected but not blocked: that traffic went through.",
            sight.number(blocked),
            sight.number(detected)
        ),
    };
    if unsaid > 0 {
        let verb = if unsaid == 1 { "does" } else { "do" };
        let alarms = format!(
            "{} {verb} not say whether it was blocked.",
            counted(unsaid, "alarm")
        );
        said = if said.is_empty() {
            alarms
        } else {
            format!("{said} {alarms}")
        };
    }
    let pairs = threats
        .pairs
        .iter()
        .take(PAIRS)
        .map(|pair| Pair {
            source: clean(&pair.source, NAME),
            destination: clean(&pair.destination, NAME),
            blocked: thousands(pair.blocked),
            detected: thousands(pair.detected),
            let_through: pair.detected > 0,
        })
        .collect();
    Threats { said, pairs }
}

pub fn routine(report: &Report, sight: Sight) -> Routine {
    let counts = &report.counts;
    let muted = match counts.muted {
        0 => String::new(),
        number => format!(" {} muted by your rules.", thousands(number)),
    };
    let kinds = report.routine.iter().take(KINDS).map(|kind| Tally {
        count: thousands(kind.count),
        what: clean(&kind.title, NAME * 2),
        aside: clean(&kind.key, KEY),
    });
    let left: u64 = report
        .routine
        .iter()
        .skip(KINDS)
        .fold(0, |sum, kind| kind.count.saturating_add(sum));
    let mut cut = cut(report.routine.len(), KINDS, "kind");
    if left > 0 {
        cut = format!("{cut}: {}", counted(left, "event"));
    }
    let mut areas: Vec<(&String, &u64)> = counts
        .by_category
        .iter()
        .filter(|(_, number)| **number > 0)
        .collect();
    areas.sort_by_key(|(name, number)| (Reverse(**number), *name));
    let areas: Vec<String> = areas
        .into_iter()
        .map(|(name, number)| format!("{} {}", clean(name, NAME), thousands(*number)))
        .collect();
    let said = match (sight, counts.events) {
        (Sight::Nothing, _) => "Unknown: no source of events could be read.".to_owned(),
        (Sight::Whole, 0) => "No events at all.".to_owned(),
        (Sight::Part, 0) => "Nothing was seen in what could be read.".to_owned(),
        _ => format!(
            "{} of {} need nobody.{muted}",
            thousands(counts.routine),
            events(sight, counts.events)
        ),
    };
    Routine {
        said,
        kinds: kinds.collect(),
        cut,
        areas: areas.join(", "),
    }
}

/// `1,204 events`, `the 1,204 events that were seen`.
fn events(sight: Sight, number: u64) -> String {
    match sight {
        Sight::Whole => counted(number, "event"),
        _ => format!("the {} that could be read", counted(number, "event")),
    }
}

/// `and 12 more keys, in the JSON report`; empty if all are shown.
pub fn cut(all: usize, shown: usize, what: &str) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        1 => format!("and 1 more {what} in the JSON report"),
        more => format!("and {} more {what}s in the JSON report", thousands(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use crate::report::sample;
    use crate::report::view::View;

    #[test]
    fn blocked_is_never_shown_as_detected() {
        let mut report = sample::quiet();
        (report.threats.blocked, report.threats.detected) = (1_532, 0);
        assert_eq!(View::of(&report).threats.said, "1,532 blocked, none let through.");
        (report.threats.blocked, report.threats.detected) = (0, 3);
        let said = View::of(&report).threats.said;
        assert!(said.contains("3 detected but not blocked"), "{said}");
    }

    #[test]
    fn what_is_cut_is_counted() {
        let mut report = sample::busy();
        let kind = report.routine[0].clone();
        report.routine = vec![kind; 30];
        assert!(
            View::of(&report)
                .routine
                .cut
                .starts_with("and 5 more kinds in the JSON report: ")
        );
    }
}
