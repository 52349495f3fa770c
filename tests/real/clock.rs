//! The host's clock as the whole process sees it, moved by faketime: over both nights on which clocks change, and in
//! steps. A fake console tells what happened; nothing is lost, nothing repeated, nothing refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::console::row::series;
use crate::console::{API_KEY, Console};
use crate::{UNIFI_SCAN, answers, outside, said};

/// A host whose clock is moved, and a console whose clock goes on.
struct Host {
    console: Console,
    temp: tempfile::TempDir,
    zone: &'static str,
    now: DateTime<Utc>,
    rows: u64,
}

impl Host {
    /// `None`, and a line that says what was not run, without faketime.
    fn at(now: DateTime<Utc>, zone: &'static str, what: &str) -> Option<Self> {
        if !answers("faketime", "--version") {
            println!("not run: {what} (there is no faketime)");
            return None;
        }
        let console = Console::start();
        console.state().now = now.timestamp_millis();
        console.state().retention_days = None;
        Some(Self {
            console,
            temp: tempfile::tempdir().unwrap(),
            zone,
            now,
            rows: 0,
        })
    }

    /// An hour passes, in which five rows appear; then a run.
    fn hour(&mut self) {
        self.console
            .add(series(self.rows, 5, self.console.now(), TimeDelta::minutes(10)));
        self.rows += 5;
        self.console.advance(TimeDelta::hours(1));
        self.now += TimeDelta::hours(1);
        self.run();
    }

    fn run(&self) {
        #[expect(clippy::disallowed_methods, reason = "how far off the clock is to be")]
        let ahead = (self.now - Utc::now()).num_seconds();
        let output = outside("faketime", self.temp.path())
            .env("UNIFI_HOST", self.console.url())
            .env("UNIFI_API_KEY", API_KEY)
            .env("UNIFI_ARCHIVE_EVENTS", "true")
            .env("REPORTS_DIR", self.reports())
            .env("TZ", self.zone)
            // The time a run may take is measured by a clock that nobody moves.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .args(["-f", &format!("{ahead:+}s"), UNIFI_SCAN, "run"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", self.now, said(&output));
        let history = fs::read_to_string(self.reports().join("history.jsonl")).unwrap();
        let newest: Value = serde_json::from_str(history.lines().last().unwrap()).unwrap();
        let began = newest.get("started_at").and_then(Value::as_str).unwrap();
        let began: DateTime<Utc> = began.parse().unwrap();
        assert!(
            (began - self.now).num_seconds().abs() < 60,
            "the clock was moved: {began}, not {}",
            self.now
        );
    }

    fn reports(&self) -> std::path::PathBuf {
        self.temp.path().join("reports")
    }

    /// Every row that the console shows was told once.
    #[track_caller]
    fn has_told_each_row_once(&self) {
        let mut told = BTreeMap::new();
        count_rows(&self.reports(), &mut told);
        let wanted: BTreeMap<String, usize> = self.console.ids().into_iter().map(|id| (id, 1)).collect();
        assert_eq!(told, wanted);
    }
}

/// How often each row stands in the event archives below.
fn count_rows(dir: &Path, told: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !name.starts_with('.') {
            count_rows(&entry.path(), told);
        } else if name.starts_with("events-") {
            for line in fs::read_to_string(entry.path()).unwrap().lines() {
                let row: Value = serde_json::from_str(line).unwrap();
                let id = row.get("id").and_then(Value::as_str).unwrap();
                *told.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
}

#[test]
fn both_nights_on_which_the_hosts_clock_changes_lose_and_repeat_nothing() {
    for evening in ["2026-03-28T22:30:00Z", "2026-10-24T22:30:00Z"] {
        let evening = evening.parse().unwrap();
        let Some(mut host) = Host::at(evening, "Europe/Berlin", "both clock changes") else {
            return;
        };
        for _ in 0..6 {
            host.hour();
        }
        host.has_told_each_row_once();
    }
}

#[test]
fn steps_of_the_hosts_clock_lose_and_repeat_nothing() {
    let decade = TimeDelta::days(3653);
    let start = "2026-11-20T06:00:00Z".parse().unwrap();
    let Some(mut host) = Host::at(start, "UTC", "steps of the clock") else {
        return;
    };
    host.hour();
    for step in [-TimeDelta::hours(1), TimeDelta::hours(1), decade, -decade] {
        host.now += step;
        for _ in 0..2 {
            host.hour();
        }
    }
    host.has_told_each_row_once();
}
