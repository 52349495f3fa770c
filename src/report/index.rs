//! The archive's contents: the newest runs on one page, and a page for every year.

use std::collections::BTreeSet;

use askama::Template;
use chrono::{DateTime, Datelike as _, Utc};

use crate::model::count::{counted, thousands};
use crate::model::text::{SENTENCE, clean};

/// Runs on the first page.
const NEWEST: usize = 400;

/// One committed run, as the archive lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    pub run: u64,
    pub generated_at: DateTime<Utc>,
    /// Below the archive, without extension: `2026/11/report-000042-20261120T060000Z`.
    pub path: String,
    /// `None` where no source of events was read.
    pub events: Option<u64>,
    pub findings: u64,
    pub severe: u64,
    pub medium: u64,
    pub headline: String,
    /// Committed before a recovery; its window was collected again.
    pub superseded: bool,
    /// Made by `run --demo`: nothing in it is real.
    pub demo: bool,
}

/// `index.html`: the last 400 runs, newest first, with links to the years.
pub fn render(entries: &[IndexEntry]) -> String {
    let demo = entries.iter().any(|entry| entry.demo);
    let years: BTreeSet<i32> = entries.iter().map(|entry| entry.generated_at.year()).collect();
    let newest = newest_first(entries.iter());
    let said = match newest.len() {
        0 => "No report yet.".to_owned(),
        few if few <= NEWEST => format!("{}, newest first. Times are UTC.", counted(few as u64, "run")),
        many => format!(
            "The newest {NEWEST} of {}, newest first. Times are UTC.",
            counted(many as u64, "run")
        ),
    };
    page(
        "Network reports",
        demo,
        said,
        years,
        "",
        newest.into_iter().take(NEWEST),
    )
}

/// `YYYY/index.html`: every run of a year, newest first.
pub fn year(entries: &[IndexEntry], year: i32) -> String {
    let newest = newest_first(entries.iter().filter(|entry| entry.generated_at.year() == year));
    let said = format!(
        "{}, newest first. Times are UTC.",
        counted(newest.len() as u64, "run")
    );
    page(
        &format!("Network reports of {year}"),
        newest.iter().any(|entry| entry.demo),
        said,
        BTreeSet::new(),
        "../",
        newest.into_iter(),
    )
}

#[derive(Template)]
#[template(path = "index.html", config = "src/report/askama.toml")]
struct Page {
    title: String,
    /// A directory holds the demo's reports or real ones, never both.
    demo: bool,
    said: String,
    years: Vec<i32>,
    /// The way back to the archive's own directory; empty on the first page.
    up: &'static str,
    rows: Vec<Row>,
}

struct Row {
    run: String,
    /// `2026-11-20 06:00`.
    at: String,
    /// `None` where the path is not one of ours.
    link: Option<String>,
    class: &'static str,
    headline: String,
    counts: String,
    superseded: bool,
}

fn page<'a>(
    title: &str,
    demo: bool,
    said: String,
    years: BTreeSet<i32>,
    up: &'static str,
    entries: impl Iterator<Item = &'a IndexEntry>,
) -> String {
    let page = Page {
        title: title.to_owned(),
        demo,
        said,
        years: years.into_iter().rev().collect(),
        up,
        rows: entries.map(|entry| row(entry, up)).collect(),
    };
    page.render()
        .expect("the template only places strings, and writing into memory does not fail")
}

fn newest_first<'a>(entries: impl Iterator<Item = &'a IndexEntry>) -> Vec<&'a IndexEntry> {
    let mut entries: Vec<&IndexEntry> = entries.collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.run, entry.generated_at)));
    entries
}

fn row(entry: &IndexEntry, up: &str) -> Row {
    let known = |letter: char| letter.is_ascii_alphanumeric() || "/-_.".contains(letter);
    let is_ours = entry.path.chars().all(known) && !entry.path.contains("..") && !entry.path.starts_with('/');
    let worst: Vec<String> = [(entry.severe, "severe"), (entry.medium, "medium")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{} {word}", thousands(number)))
        .collect();
    let worst = if worst.is_empty() {
        String::new()
    } else {
        format!(" ({})", worst.join(", "))
    };
    Row {
        run: entry.run.to_string(),
        at: entry.generated_at.format("%Y-%m-%d %H:%M").to_string(),
        link: is_ours.then(|| format!("{up}{}", entry.path)),
        class: match (entry.severe, entry.medium, entry.findings) {
            (1.., _, _) => "severe",
            (_, 1.., _) => "medium",
            (_, _, 1..) => "low",
            _ => "info",
        },
        headline: clean(&entry.headline, SENTENCE),
        counts: format!(
            "{}, {}{worst}",
            entry
                .events
                .map_or_else(|| "events unknown".to_owned(), |events| counted(events, "event")),
            counted(entry.findings, "finding")
        ),
        superseded: entry.superseded,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _};

    use super::*;

    fn entries(number: u64) -> Vec<IndexEntry> {
        let start = Utc.with_ymd_and_hms(2025, 12, 30, 6, 0, 0).unwrap();
        (1..=number)
            .map(|run| {
                let generated_at = start + TimeDelta::hours(run.cast_signed());
                IndexEntry {
                    run,
                    generated_at,
                    path: format!(
                        "2026/01/report-{run:06}-{}",
                        generated_at.format("%Y%m%dT%H%M%SZ")
                    ),
                    events: Some(run * 10),
                    findings: run % 4,
                    severe: u64::from(run % 7 == 3),
                    medium: u64::from(run % 3 == 1),
                    headline: "All clear: nothing needs you.".to_owned(),
                    superseded: run == 5,
                    demo: false,
                }
            })
            .collect()
    }

    #[test]
    fn the_newest_four_hundred_are_listed_newest_first() {
        let page = render(&entries(450));
        assert_eq!(page.matches("<tr>").count(), 401, "400 runs and the head");
        assert!(page.contains("newest 400 of 450 runs"));
        assert!(page.find(">450<").unwrap() < page.find(">449<").unwrap());
        assert!(!page.contains(">50<"), "run 50 is on its year's page");
    }

    #[test]
    fn every_run_is_on_the_page_of_its_year() {
        let all = entries(450);
        let rows: usize = [2025, 2026]
            .map(|wanted| year(&all, wanted).matches("<tr>").count() - 1)
            .iter()
            .sum();
        assert_eq!(rows, 450);
        assert!(render(&all).contains("href=\"2025/index.html\""));
        assert!(year(&all, 2026).contains("href=\"../2026/01/report-000450-"));
    }

    #[test]
    fn a_superseded_run_is_marked() {
        assert_eq!(render(&entries(9)).matches("superseded").count(), 1);
    }

    #[test]
    fn no_entry_can_link_elsewhere() {
        let mut all = entries(3);
        "javascript:alert(1)".clone_into(&mut all[0].path);
        "../../etc/passwd".clone_into(&mut all[1].path);
        "<script>alert(1)</script>\u{1b}[2J".clone_into(&mut all[2].headline);
        let page = render(&all);
        assert!(!page.contains("javascript:") && !page.contains("etc/passwd") && !page.contains("<script"));
    }

    #[test]
    fn an_archive_of_the_demo_says_so() {
        let mut all = entries(3);
        assert!(!render(&all).contains("Demo"));
        all[2].demo = true;
        assert!(render(&all).contains("Demo: nothing here is real"));
        assert!(render(&all).contains("Times are UTC."));
    }

    #[test]
    fn an_empty_archive_says_so() {
        assert!(render(&[]).contains("No report yet."));
    }
}
