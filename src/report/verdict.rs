//! What the whole report comes to: whether anything needs a person, and whether it can be known at all.
//!
//! "All clear" is said only when every source answered in full and nothing above info is open.

use crate::model::count::{counted, thousands};
use crate::model::finding::{Finding, Severity, Trend};
use crate::model::report::Report;
use crate::model::source::SourceKind;
use crate::model::text::clean;
use crate::report::sight::Sight;
use crate::report::words::{capitalised, cut, spelled, uncapitalised};

/// The open findings and the gaps of one report, counted.
pub struct Verdict<'a> {
    report: &'a Report,
    pub severe: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
    pub resolved: u64,
    /// Sources that did not answer in full.
    pub gaps: u64,
    /// Rows that could not be read.
    pub malformed: u64,
    pub sight: Sight,
    /// All of it was read from files: it says nothing of how things are now.
    of_files: bool,
}

/// About so many characters of a headline.
const HEADLINE: usize = 200;

/// The colour of the verdict; each is also said in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Severe,
    Medium,
    Low,
    Unsure,
    Clear,
}

impl<'a> Verdict<'a> {
    pub fn of(report: &'a Report) -> Self {
        let open = |severity| counting(report, |finding| is_open(finding) && finding.severity == severity);
        Self {
            report,
            severe: open(Severity::Severe),
            medium: open(Severity::Medium),
            low: open(Severity::Low),
            info: open(Severity::Info),
            resolved: counting(report, |finding| finding.trend == Trend::Resolved),
            gaps: report
                .sources
                .iter()
                .map(|source| u64::from(!source.is_covered(&report.sources)))
                .sum(),
            malformed: report
                .sources
                .iter()
                .fold(0, |sum, source| source.malformed.saturating_add(sum)),
            sight: Sight::of(report),
            of_files: !report.sources.is_empty()
                && report
                    .sources
                    .iter()
                    .all(|source| source.id.kind == SourceKind::Input),
        }
    }

    pub fn tone(&self) -> Tone {
        match (self.severe, self.medium, self.low) {
            (1.., _, _) => Tone::Severe,
            (_, 1.., _) => Tone::Medium,
            _ if self.is_incomplete() => Tone::Unsure,
            (_, _, 1..) => Tone::Low,
            _ => Tone::Clear,
        }
    }

    /// One sentence without a full stop.
    pub fn sentence(&self) -> String {
        match (self.severe, self.medium, self.low) {
            (1.., _, _) => self.naming(&format!("{} you now", needs(self.severe)), Severity::Severe),
            (_, 1.., _) => self.naming(&format!("{} to look at", things(self.medium)), Severity::Medium),
            _ if self.sight == Sight::Nothing => {
                "No verdict: none of the sources of events could be read".to_owned()
            }
            (_, _, 1..) if self.is_incomplete() => format!(
                "Nothing urgent in what could be read: {}, and {}",
                minor(self.low),
                self.missing()
            ),
            (_, _, 1..) => format!("Nothing urgent: {}", minor(self.low)),
            _ if self.is_incomplete() => format!("Nothing found, but {}", self.missing()),
            _ if self.of_files && self.report.counts.events == 0 => {
                let devices = if self.report.devices.is_empty() {
                    ""
                } else {
                    ", and no device in them needs you"
                };
                format!("These files hold no events{devices}")
            }
            _ if self.of_files => "These files hold nothing that needs you".to_owned(),
            _ if self.resolved > 0 => format!("All clear, and {} resolved", problems(self.resolved)),
            _ => "All clear: nothing needs you".to_owned(),
        }
    }

    pub fn is_incomplete(&self) -> bool {
        self.gaps > 0 || self.malformed > 0 || self.sight != Sight::Whole
    }

    /// `1 of 4 sources could not be read in full`.
    pub fn missing(&self) -> String {
        let sources = self.report.sources.len() as u64;
        match (self.gaps, sources) {
            (_, 0) => "no source was read".to_owned(),
            (0, _) => format!("{} could not be read", counted(self.malformed, "row")),
            (gaps, _) => format!(
                "{} of {} could not be read in full",
                thousands(gaps),
                counted(sources, "source")
            ),
        }
    }

    /// The sentence with what it is about: of one or two findings all, of more the first in reading order.
    fn naming(&self, sentence: &str, severity: Severity) -> String {
        let open: Vec<&Finding> = self
            .report
            .findings
            .iter()
            .filter(|finding| is_open(finding) && finding.severity == severity)
            .collect();
        let room = HEADLINE.saturating_sub(sentence.chars().count() + 2);
        match open.as_slice() {
            [] => sentence.to_owned(),
            [only] => format!("{sentence}: {}", short(only, HEADLINE)),
            [first, second] => {
                let room = room.saturating_sub(6);
                let (one, other) = (short(first, HEADLINE), joined(second, HEADLINE));
                // The shorter one keeps its words, the longer one gives way.
                let (long, little) = (one.chars().count(), other.chars().count());
                let rest = room.saturating_sub(long.min(little)).max(room / 2);
                format!("{sentence}: {}; and {}", cut(&one, rest), cut(&other, rest))
            }
            [first, ..] => format!("{sentence}; first: {}", short(first, room.saturating_sub(7))),
        }
    }
}

/// A title inside a longer sentence: its own parts are not set apart like those of the sentence.
fn short(finding: &Finding, longest: usize) -> String {
    let title = clean(&finding.title, finding.title.len());
    cut(&title.trim_end_matches('.').replace("; ", " – "), longest)
}

/// The same behind an "and"; a name stays as it is.
fn joined(finding: &Finding, longest: usize) -> String {
    let title = short(finding, longest);
    let name = finding.subject.name.as_str();
    if !name.is_empty() && title.starts_with(name) {
        title
    } else {
        uncapitalised(&title)
    }
}

impl Tone {
    /// The name its colour has in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Severe => "severe",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Unsure => "unsure",
            Self::Clear => "clear",
        }
    }

    /// The verdict in one or two words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Severe => "Severe",
            Self::Medium => "Medium",
            Self::Low => "Low",
            Self::Unsure => "Incomplete",
            Self::Clear => "Clear",
        }
    }
}

pub fn is_open(finding: &Finding) -> bool {
    finding.trend != Trend::Resolved
}

fn counting(report: &Report, wanted: impl Fn(&Finding) -> bool) -> u64 {
    report
        .findings
        .iter()
        .map(|finding| u64::from(wanted(finding)))
        .sum()
}

fn things(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} thing{plural}", capitalised(&spelled(number)))
}

fn needs(number: u64) -> String {
    let verb = if number == 1 { "needs" } else { "need" };
    format!("{} {verb}", things(number))
}

fn minor(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} minor finding{plural}", spelled(number))
}

fn problems(number: u64) -> String {
    match number {
        1 => "one problem is".to_owned(),
        _ => format!("{} problems are", spelled(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coverage::Outcome;
    use crate::model::report::Report;
    use crate::report::sample;

    fn said(report: &Report) -> String {
        Verdict::of(report).sentence()
    }

    fn without(severities: &[Severity]) -> Report {
        let mut report = sample::busy();
        report
            .findings
            .retain(|finding| !severities.contains(&finding.severity) || !is_open(finding));
        for source in &mut report.sources {
            source.outcome = Outcome::Complete;
            source.malformed = 0;
        }
        report
    }

    #[test]
    fn all_clear_is_said_only_when_every_source_answered_in_full() {
        let mut report = sample::quiet();
        assert_eq!(said(&report), "All clear: nothing needs you");
        for outcome in [
            Outcome::Partial,
            Outcome::Unsupported,
            Outcome::Denied,
            Outcome::Failed,
        ] {
            report.sources[1].outcome = outcome;
            assert_eq!(
                said(&report),
                "Nothing found, but 1 of 3 sources could not be read in full"
            );
            assert_eq!(Verdict::of(&report).tone(), Tone::Unsure);
        }
    }

    #[test]
    fn without_any_source_of_events_there_is_no_verdict() {
        let mut report = sample::quiet();
        report.counts.events = 0;
        report.sources[0].outcome = Outcome::Failed;
        assert!(said(&report).starts_with("No verdict:"));
        report.sources.clear();
        assert!(said(&report).starts_with("No verdict:"));
    }

    #[test]
    fn a_row_that_could_not_be_read_is_enough_to_be_unsure() {
        let mut report = sample::quiet();
        report.sources[0].malformed = 2;
        assert_eq!(said(&report), "Nothing found, but 2 rows could not be read");
    }

    #[test]
    fn the_worst_open_finding_is_named() {
        let busy = sample::busy();
        assert!(
            said(&busy).starts_with("Two things need you now: ") && said(&busy).contains("; and "),
            "{}",
            said(&busy)
        );
        let mut long = sample::busy();
        long.findings[0].title = "long; ".repeat(99);
        assert!(said(&long).chars().count() <= HEADLINE, "{}", said(&long));
        assert!(said(&long).ends_with(&format!("; and {}", long.findings[1].title)));
        let mut both = sample::busy();
        both.findings[0].title = format!(
            "{} – only some attempts were blocked",
            "tried to reach addresses ".repeat(4)
        );
        both.findings[1].title = "This report may be incomplete in what it says of yesterday".to_owned();
        let both = said(&both);
        assert!(
            both.ends_with("reach addresses; and this report may be incomplete in what it says of yesterday"),
            "{both}"
        );
        let medium = said(&without(&[Severity::Severe]));
        assert!(medium.contains(" to look at"), "{medium}");
        let low = said(&without(&[Severity::Severe, Severity::Medium]));
        assert!(low.starts_with("Nothing urgent: "), "{low}");
    }

    #[test]
    fn files_say_nothing_of_today() {
        let mut report = sample::quiet();
        for source in &mut report.sources {
            source.id.kind = SourceKind::Input;
        }
        assert_eq!(said(&report), "These files hold nothing that needs you");
        report.counts.events = 0;
        assert!(said(&report).starts_with("These files hold no events, and no device"));
        report.devices.clear();
        assert_eq!(said(&report), "These files hold no events");
    }

    #[test]
    fn what_is_resolved_needs_nobody() {
        let report = without(&[Severity::Severe, Severity::Medium, Severity::Low]);
        assert_eq!(said(&report), "All clear, and one problem is resolved");
        assert_eq!(Verdict::of(&report).tone(), Tone::Clear);
    }
}
