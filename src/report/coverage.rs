//! The coverage box: which sources answered, with how many records, and what could not be seen and why.

use crate::model::count::{counted, thousands};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::report::Report;
use crate::model::text::{KEY, clean};
use crate::report::clock::Clock;

const REASON: usize = 600;

pub struct Coverage {
    /// `3 of 4 sources answered in full.`
    pub said: String,
    pub sources: Vec<Source>,
}

pub struct Source {
    pub name: String,
    pub class: &'static str,
    pub outcome: &'static str,
    /// Records, late rows, rows counted before, rows that could not be read.
    pub facts: String,
    /// What was asked for, and how far back the console's rows go.
    pub window: String,
    pub reason: String,
}

pub fn coverage(report: &Report, clock: &Clock) -> Coverage {
    let said = said(&report.sources);
    Coverage {
        said,
        sources: report
            .sources
            .iter()
            .map(|coverage| source(coverage, clock))
            .collect(),
    }
}

/// What was read without a gap is told apart from what this console or account does not have, where that is no gap.
fn said(sources: &[SourceCoverage]) -> String {
    let is_whole = |source: &&SourceCoverage| source.outcome.is_whole() && source.malformed == 0;
    let is_excused = |source: &&SourceCoverage| !source.outcome.is_whole() && source.is_covered(sources);
    let all = sources.len() as u64;
    let whole = sources.iter().filter(is_whole).count() as u64;
    let excused = sources.iter().filter(is_excused).count() as u64;
    let lacking = match excused {
        1 => "one is not offered or not allowed, which leaves no gap".to_owned(),
        several => format!(
            "{} are not offered or not allowed, which leaves no gap",
            thousands(several)
        ),
    };
    match all {
        0 => "No source was read: nothing is known about this time.".to_owned(),
        1 if whole == 1 => "The one source answered in full.".to_owned(),
        _ if whole == all => format!("All {} sources answered in full.", thousands(all)),
        _ if excused > 0 => format!(
            "{} of {} answered in full; {lacking}.",
            thousands(whole),
            counted(all, "source")
        ),
        _ => format!(
            "{} of {} answered in full.",
            thousands(whole),
            counted(all, "source")
        ),
    }
}

fn source(coverage: &SourceCoverage, clock: &Clock) -> Source {
    let name = clean(&coverage.name, KEY);
    Source {
        name: if name.is_empty() {
            clean(&coverage.id.to_string(), KEY)
        } else {
            name
        },
        class: match coverage.outcome {
            Outcome::Complete | Outcome::Empty => "clear",
            Outcome::Partial | Outcome::Failed => "severe",
            Outcome::Unsupported | Outcome::Denied => "unsure",
        },
        outcome: coverage.outcome.name(),
        facts: facts(coverage),
        window: window(coverage, clock),
        reason: reason(coverage),
    }
}

fn facts(coverage: &SourceCoverage) -> String {
    let whole = coverage.outcome.is_whole();
    let about = |number, what: &str| match number {
        0 if !whole => format!("{what}s unknown"),
        _ if whole => counted(number, what),
        _ => format!("at least {}", counted(number, what)),
    };
    let mut facts = Vec::new();
    if coverage.id.kind.has_events() {
        facts.push(about(coverage.events, "event"));
        if coverage.records > 0 {
            facts.push(format!("{} received", counted(coverage.records, "row")));
        }
    } else {
        facts.push(about(coverage.records, "record"));
    }
    let asides = [
        (coverage.late, "late"),
        (coverage.duplicates, "counted before"),
        (coverage.malformed, "unreadable"),
    ];
    facts.extend(
        asides
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{} {word}", thousands(number))),
    );
    facts.join(", ")
}

fn window(coverage: &SourceCoverage, clock: &Clock) -> String {
    let mut parts = Vec::new();
    if let (Some(since), Some(until)) = (coverage.since, coverage.until) {
        parts.push(clock.stretch(since, until));
    }
    if let Some(oldest) = coverage.oldest {
        parts.push(format!("oldest row {}", clock.moment(oldest)));
    }
    parts.join(", ")
}

/// The reason given; else what the outcome means, so that a gap is never without a word.
fn reason(coverage: &SourceCoverage) -> String {
    let given = coverage
        .reason
        .as_deref()
        .map(|reason| clean(reason, REASON))
        .unwrap_or_default();
    if !given.is_empty() {
        return given;
    }
    let meaning = match coverage.outcome {
        Outcome::Complete | Outcome::Empty => "",
        Outcome::Partial => "part of the time could not be proved",
        Outcome::Unsupported => "this console does not offer it",
        Outcome::Denied => "the account may not read it",
        Outcome::Failed => "it could not be read",
    };
    meaning.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_source_that_failed_has_unknown_events_not_none() {
        let mut report = sample::quiet();
        let source = &mut report.sources[0];
        (source.outcome, source.events, source.records) = (Outcome::Failed, 0, 0);
        assert_eq!(facts(source), "events unknown");
        (source.outcome, source.events) = (Outcome::Partial, 3);
        assert_eq!(facts(source), "at least 3 events");
        (source.outcome, source.events) = (Outcome::Empty, 0);
        assert_eq!(facts(source), "0 events");
    }

    #[test]
    fn every_gap_has_a_reason() {
        let mut report = sample::quiet();
        let source = &mut report.sources[0];
        source.reason = Some("\u{1b}[2J".repeat(2));
        assert_eq!(reason(source), "[2J[2J");
        source.reason = None;
        for outcome in [
            Outcome::Partial,
            Outcome::Unsupported,
            Outcome::Denied,
            Outcome::Failed,
        ] {
            source.outcome = outcome;
            assert!(!reason(source).is_empty());
        }
    }

    #[test]
    fn late_and_unreadable_rows_are_told() {
        let report = sample::busy();
        let told: Vec<String> = report.sources.iter().map(facts).collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
