//! The report as people and programs read it. Pure: the same [`Report`] gives the same bytes.
//!
//! [`json`] is the source of truth; [`html`], [`text`] and [`markdown`] are renderings of one [`view`], in
//! which everything is counted, sorted, cut and cleaned. Every string in a report may be hostile.

pub mod html;
pub mod index;
pub mod json;
pub mod markdown;
pub mod named;
pub mod part;
pub mod text;

mod cards;
mod clock;
mod coverage;
mod devices;
mod numbers;
mod sight;
mod timeline;
mod verdict;
mod view;
mod words;

#[cfg(test)]
mod sample;

use crate::model::count::counted;
use crate::model::report::{Counts, Report};
use crate::model::window::Window;
use crate::report::sight::Sight;
use crate::report::verdict::Verdict;

/// One sentence: the state of the network, as far as it is known.
pub fn headline(report: &Report) -> String {
    let verdict = Verdict::of(report);
    // The other sentences say it themselves.
    let aside = if verdict.is_incomplete() && verdict.severe + verdict.medium > 0 {
        " (the report is incomplete)"
    } else {
        ""
    };
    format!("{}{aside}.", verdict.sentence())
}

/// The line `run` prints last: number, counts, window in UTC, and where the report lies.
pub fn summary(report: &Report, path: &str) -> String {
    let name = report
        .run
        .map_or_else(|| "ad hoc".to_owned(), |run| format!("run {run}"));
    let mut line = format!(
        "{name}: {}, {}{}, {}",
        events(report),
        counted(report.counts.findings, "finding"),
        worst(&report.counts),
        in_utc(report.window),
    );
    if !path.is_empty() {
        line.push_str(", ");
        line.push_str(path);
    }
    line
}

/// The events as far as they are known.
fn events(report: &Report) -> String {
    let seen = report.counts.events;
    match Sight::of(report) {
        Sight::Whole => counted(seen, "event"),
        Sight::Part if seen > 0 => format!("at least {}", counted(seen, "event")),
        Sight::Part => "no events seen".to_owned(),
        Sight::Nothing => "events unknown".to_owned(),
    }
}

fn worst(counts: &Counts) -> String {
    let named: Vec<String> = [(counts.severe, "severe"), (counts.medium, "medium")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, severity)| format!("{} {severity}", crate::model::count::thousands(number)))
        .collect();
    if named.is_empty() {
        return String::new();
    }
    format!(" ({})", named.join(", "))
}

fn in_utc(window: Window) -> String {
    let (since, until) = (window.since(), window.until());
    let same_day = since.date_naive() == until.date_naive();
    let until = until.format(if same_day { "%H:%M" } else { "%Y-%m-%d %H:%M" });
    let dash = if same_day { "–" } else { " – " };
    format!("{}{dash}{until} UTC", since.format("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _, Utc};

    use super::*;

    #[test]
    fn the_summary_is_the_line_of_the_contract() {
        let mut report = sample::quiet();
        let since = Utc.with_ymd_and_hms(2026, 11, 20, 6, 0, 0).unwrap();
        report.run = Some(42);
        report.window = Window::new(since, since + TimeDelta::hours(1)).unwrap();
        report.counts = Counts {
            events: 1_204,
            findings: 7,
            severe: 1,
            medium: 2,
            ..Counts::default()
        };
        assert_eq!(
            summary(&report, "2026/11/report-000042-20261120T070000Z.html"),
            "run 42: 1,204 events, 7 findings (1 severe, 2 medium), 2026-11-20 06:00–07:00 UTC, \
             2026/11/report-000042-20261120T070000Z.html",
        );
    }

    #[test]
    fn a_window_across_days_writes_both_dates() {
        insta::assert_snapshot!(summary(
            &sample::busy(),
            "2026/11/report-000042-20261120T060012Z.html"
        ));
    }

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let mut report = sample::quiet();
        report.run = None;
        report.counts = Counts {
            events: 1,
            findings: 1,
            low: 1,
            ..Counts::default()
        };
        let line = summary(&report, "");
        assert!(line.starts_with("ad hoc: 1 event, 1 finding, 2026-"), "{line}");
        assert!(line.ends_with(" UTC"), "{line}");
    }

    #[test]
    fn the_headline_is_one_sentence() {
        insta::assert_snapshot!(headline(&sample::busy()));
        assert_eq!(headline(&sample::quiet()), "All clear: nothing needs you.");
    }
}
