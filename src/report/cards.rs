//! Findings as they are read: grouped by how urgent they are, in full up to fifteen an area, the rest by title.

use std::collections::BTreeMap;

use crate::model::count::{counted, thousands};
use crate::model::finding::{Category, Finding, Severity, Trend};
use crate::model::report::Report;
use crate::model::text::{KEY, clean};
use crate::report::clock::Clock;
use crate::report::verdict::is_open;
use crate::report::words::{capitalised, span, times};

/// Findings of one area shown in full; the rest of that area is listed by title.
const IN_FULL: usize = 15;
const TITLE: usize = 240;
const EXPLANATION: usize = 1_200;
const STEP: usize = 400;
const STEPS: usize = 8;
const EXAMPLES: usize = 5;
/// Examples of a finding that is not urgent.
const FEW_EXAMPLES: usize = 2;

/// Findings of one urgency, worst first.
pub struct Section {
    pub title: &'static str,
    pub cards: Vec<Card>,
    /// The findings beyond the cap, by title.
    pub others: Vec<Brief>,
    /// `15 listed per area in full, 23 more by title`; empty if all are shown in full.
    pub cut: String,
}

/// One finding in full.
pub struct Card {
    pub brief: Brief,
    /// `still going on`, `new`, `recurring, day 3` …
    pub standing: String,
    pub area: &'static str,
    pub explanation: String,
    /// Set smaller: it is not urgent.
    pub small: bool,
    /// How often, from when to when.
    pub when: String,
    pub steps: Vec<String>,
    pub examples: Vec<Seen>,
    /// `home/default · rule internet-down`.
    pub origin: String,
}

/// One finding in a line.
pub struct Brief {
    pub word: &'static str,
    pub class: &'static str,
    pub title: String,
    /// `4 times`.
    pub often: String,
}

/// One row as an example.
pub struct Seen {
    pub time: String,
    pub text: String,
}

/// The sections that hold something, most urgent first.
pub fn sections(report: &Report, clock: &Clock) -> Vec<Section> {
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let kinds: [(&'static str, Option<Severity>); 5] = [
        ("Needs you now", Some(Severity::Severe)),
        ("Worth a look", Some(Severity::Medium)),
        ("Minor", Some(Severity::Low)),
        ("For your information", Some(Severity::Info)),
        ("Resolved", None),
    ];
    kinds
        .into_iter()
        .map(|(title, wanted)| {
            let findings = report
                .findings
                .iter()
                .filter(|finding| wanted == is_open(finding).then_some(finding.severity))
                .collect();
            section(title, ordered(findings, wanted), &mut shown, clock)
        })
        .filter(|section| !section.cards.is_empty() || !section.others.is_empty())
        .collect()
}

/// The given order is the reading order; what is minor is kept together by area besides.
fn ordered(mut findings: Vec<&Finding>, severity: Option<Severity>) -> Vec<&Finding> {
    if matches!(severity, Some(Severity::Low | Severity::Info)) {
        findings.sort_by_key(|finding| finding.category);
    }
    findings
}

fn section(
    title: &'static str,
    findings: Vec<&Finding>,
    shown: &mut BTreeMap<&'static str, usize>,
    clock: &Clock,
) -> Section {
    let (mut cards, mut others) = (Vec::new(), Vec::new());
    for finding in findings {
        let of_area = shown.entry(finding.category.name()).or_default();
        if *of_area < IN_FULL {
            *of_area += 1;
            cards.push(card(finding, clock));
        } else {
            others.push(brief(finding));
        }
    }
    let cut = if others.is_empty() {
        String::new()
    } else {
        format!(
            "{IN_FULL} listed per area in full; {} more by title, all of it in the JSON report",
            thousands(others.len() as u64)
        )
    };
    Section {
        title,
        cards,
        others,
        cut,
    }
}

fn card(finding: &Finding, clock: &Clock) -> Card {
    let examples = if finding.severity >= Severity::Medium {
        EXAMPLES
    } else {
        FEW_EXAMPLES
    };
    Card {
        brief: brief(finding),
        standing: standing(finding),
        area: area(finding.category),
        explanation: clean(&finding.explanation, EXPLANATION),
        small: finding.severity < Severity::Medium || !is_open(finding),
        when: when(finding, clock),
        steps: finding
            .remediation
            .iter()
            .take(STEPS)
            .map(|step| clean(step, STEP))
            .collect(),
        examples: finding
            .examples
            .iter()
            .take(examples)
            .map(|example| Seen {
                time: clock.moment(example.time),
                text: clean(&example.text, STEP),
            })
            .collect(),
        origin: origin(finding),
    }
}

fn brief(finding: &Finding) -> Brief {
    let title = clean(&finding.title, TITLE);
    Brief {
        word: severity_word(finding),
        class: if is_open(finding) {
            finding.severity.name()
        } else {
            "clear"
        },
        title: if title.is_empty() {
            format!("Untitled finding of rule {}", clean(&finding.rule, KEY))
        } else {
            title
        },
        often: if finding.count == 0 {
            String::new()
        } else {
            times(finding.occurrences.max(1))
        },
    }
}

fn severity_word(finding: &Finding) -> &'static str {
    match finding.severity {
        _ if !is_open(finding) => "Resolved",
        Severity::Severe => "Severe",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Info => "Info",
    }
}

pub fn area(category: Category) -> &'static str {
    match category {
        Category::Security => "Security",
        Category::Connectivity => "Connectivity",
        Category::Wireless => "Wireless",
        Category::Performance => "Performance",
        Category::System => "System",
        Category::Coverage => "Coverage",
        Category::Uncategorized => "Other",
    }
}

fn standing(finding: &Finding) -> String {
    let days = finding.days;
    let trend = match finding.trend {
        Trend::New => "new".to_owned(),
        Trend::Recurring if days > 1 => format!("day {days}"),
        Trend::Recurring => "seen before".to_owned(),
        Trend::Worse if days > 1 => format!("worse than last time, day {days}"),
        Trend::Worse => "worse than last time".to_owned(),
        Trend::Quiet => "quiet now, recovery not seen".to_owned(),
        Trend::Resolved if days > 1 => format!("was reported on {days} days"),
        Trend::Resolved => String::new(),
    };
    match (finding.ongoing && is_open(finding), trend.is_empty()) {
        (true, false) => format!("still going on, {trend}"),
        (true, true) => "still going on".to_owned(),
        _ => trend,
    }
}

/// `4 times in 6 h 6 min, Thu 19 Nov 21:04 – Fri 20 Nov 03:10 (12 events)`.
fn when(finding: &Finding, clock: &Clock) -> String {
    let (first, last) = (finding.first_seen, finding.last_seen);
    let stretch = clock.stretch(first, last);
    let often = finding.occurrences.max(1);
    let rows = if finding.count > often {
        format!(" ({})", counted(finding.count, "event"))
    } else {
        String::new()
    };
    let length = last.signed_duration_since(first);
    match (finding.count, often) {
        (_, 1) if finding.ongoing && is_open(finding) && first < last => {
            format!("Since {}{rows}", clock.moment(first))
        }
        (0, _) if first < last => stretch,
        (0, _) => format!("As of {}", clock.moment(last)),
        (_, 2..) if length.num_minutes() > 0 => {
            format!(
                "{} in {}, {stretch}{rows}",
                capitalised(&times(often)),
                span(length)
            )
        }
        _ => format!("{}, {stretch}{rows}", capitalised(&times(often))),
    }
}

fn origin(finding: &Finding) -> String {
    let site = clean(&finding.site, KEY);
    let rule = format!("rule {}", clean(&finding.rule, KEY));
    if site.is_empty() {
        rule
    } else {
        format!("{site} · {rule}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn beyond_fifteen_of_an_area_findings_are_still_named() {
        let report = sample::crowded(40);
        let sections = sections(&report, &Clock::of(&report));
        let medium = sections
            .iter()
            .find(|section| section.title == "Worth a look")
            .unwrap();
        assert_eq!(medium.cards.len(), IN_FULL);
        assert_eq!(medium.others.len(), 25);
        assert!(medium.cut.contains("25 more by title"), "{}", medium.cut);
    }

    #[test]
    fn a_finding_says_how_often_and_how_long() {
        let report = sample::busy();
        let clock = Clock::of(&report);
        let all: Vec<String> = report
            .findings
            .iter()
            .map(|finding| when(finding, &clock))
            .collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn what_is_still_broken_says_so_before_its_trend() {
        let mut report = sample::busy();
        let finding = &mut report.findings[0];
        finding.ongoing = true;
        finding.trend = Trend::Recurring;
        finding.days = 3;
        assert_eq!(standing(finding), "still going on, day 3");
    }
}
