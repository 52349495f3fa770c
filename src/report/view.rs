//! Everything a rendering says, already counted, sorted, cut, cleaned and put into words.
//!
//! No string leaves here with control, bidirectional or invisible characters; escaping is the rendering's.

use std::collections::BTreeSet;

use crate::model::count::{counted, thousands};
use crate::model::report::Report;
use crate::model::text::{KEY, NAME, SENTENCE, clean};
use crate::report::cards::{self, Section};
use crate::report::clock::Clock;
use crate::report::coverage::{Coverage, coverage};
use crate::report::devices::{Devices, devices};
use crate::report::numbers::{self, KINDS, Routine, Tally, Threats, Tile, cut};
use crate::report::sight::Sight;
use crate::report::timeline::{Timeline, timeline};
use crate::report::verdict::{Tone, Verdict};
use crate::report::words::{listed, span};

const WARNINGS: usize = 30;
const WARNING: usize = 600;

pub struct View {
    pub demo: bool,
    /// `run 42` or `ad hoc report`.
    pub run: String,
    /// The sites it is about.
    pub place: String,
    pub tone: Tone,
    /// The headline, without a full stop.
    pub headline: String,
    /// The window and its zone.
    pub window: String,
    /// How the findings are made up, and what is missing.
    pub lede: Vec<String>,
    pub tiles: Vec<Tile>,
    /// Sentences about this report itself.
    pub notes: Vec<String>,
    pub sections: Vec<Section>,
    pub timeline: Option<Timeline>,
    pub threats: Threats,
    pub devices: Devices,
    pub routine: Routine,
    pub coverage: Coverage,
    pub unknown_keys: Vec<Tally>,
    pub unknown_cut: String,
    /// Name and value, for the footer.
    pub about: Vec<(&'static str, String)>,
}

impl View {
    pub fn of(report: &Report) -> Self {
        let clock = Clock::of(report);
        let verdict = Verdict::of(report);
        let devices = devices(report);
        Self {
            demo: report.demo,
            run: report
                .run
                .map_or_else(|| "ad hoc report".to_owned(), |run| format!("run {run}")),
            place: place(report),
            tone: verdict.tone(),
            headline: verdict.sentence(),
            window: window(report, &clock),
            lede: lede(report, &verdict),
            tiles: numbers::tiles(report, &verdict, &devices),
            notes: notes(report),
            sections: cards::sections(report, &clock),
            timeline: timeline(report, &clock),
            threats: numbers::threats(report, verdict.sight),
            devices,
            routine: numbers::routine(report, verdict.sight),
            coverage: coverage(report, &clock),
            unknown_keys: report
                .unknown_keys
                .iter()
                .take(KINDS)
                .map(|unknown| Tally {
                    count: thousands(unknown.count),
                    what: clean(&unknown.key, KEY),
                    aside: clean(&unknown.example, SENTENCE),
                })
                .collect(),
            unknown_cut: cut(report.unknown_keys.len(), KINDS, "key"),
            about: about(report, &clock),
        }
    }
}

/// `home/default and garage/default`, or how many sites.
fn place(report: &Report) -> String {
    let sites: BTreeSet<&str> = report
        .sources
        .iter()
        .filter_map(|source| source.name.rsplit_once('/').map(|(site, _)| site))
        .collect();
    let named: Vec<String> = sites.iter().take(4).map(|site| clean(site, KEY)).collect();
    if sites.len() > 3 {
        return counted(sites.len() as u64, "site");
    }
    listed(&named)
}

fn window(report: &Report, clock: &Clock) -> String {
    let (since, until) = (report.window.since(), report.window.until());
    if report.window.is_empty() {
        return format!("{}, {}", clock.moment(since), clock.zone(since));
    }
    let length = span(until.signed_duration_since(since));
    format!(
        "{} ({length}), {}",
        clock.stretch(since, until),
        clock.zone(since)
    )
}

/// `1 severe, 2 medium and 3 minor findings.` and what could not be seen.
fn lede(report: &Report, verdict: &Verdict) -> Vec<String> {
    let findings = report.findings.len() as u64;
    let kinds: Vec<String> = [
        (verdict.severe, "severe"),
        (verdict.medium, "medium"),
        (verdict.low, "low"),
        (verdict.info, "info"),
        (verdict.resolved, "resolved"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, word)| format!("{} {word}", thousands(number)))
    .collect();
    let mut sentences = Vec::new();
    sentences.push(match (findings, verdict.sight) {
        (0, Sight::Whole) => "No findings.".to_owned(),
        (0, _) => "No findings in what could be read.".to_owned(),
        _ => format!("{}: {}.", counted(findings, "finding"), listed(&kinds)),
    });
    if verdict.is_incomplete() {
        sentences.push(format!("This report is incomplete: {}.", verdict.missing()));
    }
    sentences
}

fn notes(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> = report
        .warnings
        .iter()
        .take(WARNINGS)
        .map(|warning| clean(warning, WARNING))
        .collect();
    let more = cut(report.warnings.len(), WARNINGS, "note");
    if !more.is_empty() {
        notes.push(more);
    }
    notes
}

fn about(report: &Report, clock: &Clock) -> Vec<(&'static str, String)> {
    let instance = clean(&report.instance, NAME);
    vec![
        (
            "Run",
            report
                .run
                .map_or_else(|| "ad hoc, without a number".to_owned(), |run| run.to_string()),
        ),
        ("Made", clock.moment(report.generated_at)),
        (
            "Window (UTC)",
            format!("{} – {}", utc(report.window.since()), utc(report.window.until())),
        ),
        ("Report id", clean(&report.report_id, NAME)),
        (
            "Instance",
            if instance.is_empty() {
                "none".to_owned()
            } else {
                instance
            },
        ),
        ("By", clean(&report.generator, NAME)),
    ]
}

fn utc(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coverage::Outcome;
    use crate::report::sample;

    #[test]
    fn numbers_of_an_unread_source_are_unknown() {
        let mut report = sample::quiet();
        report.counts.events = 0;
        report.counts.routine = 0;
        report.sources[0].outcome = Outcome::Failed;
        let view = View::of(&report);
        assert_eq!(view.tiles[0].value, "unknown");
        assert_eq!(view.tiles[1].value, "unknown");
        assert!(view.threats.said.starts_with("Unknown"), "{}", view.threats.said);
        assert!(view.routine.said.starts_with("Unknown"), "{}", view.routine.said);
    }
}
