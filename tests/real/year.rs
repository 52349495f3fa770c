//! Hourly runs on one busy site, once without a webhook and once with one that is dead all the time: what is
//! remembered stays within its bounds.
//!
//! Here for some hours; `YEAR_HOURS=8760` makes it the year. `src/run/year_tests.rs` always takes all of it,
//! without the process around it.

use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::row::{Row, series};
use crate::console::{API_KEY, Console};
use crate::{UNIFI_SCAN, environment, said};

/// Hours of a short year.
const HOURS: u64 = 20;
const MOST_CHECKPOINT: u64 = 128 * 1024;
/// Behind a channel that is dead all the time: with the runs it is owed, and what was tried.
const MOST_BEHIND_DEAD: u64 = 256 * 1024;
const MOST_IDS: u64 = 4 * 1024 * 1024;
/// Rows of the log in an hour.
const ROWS: u64 = 600;

/// The site and its reports.
struct Site {
    console: Console,
    temp: tempfile::TempDir,
    now: DateTime<Utc>,
    hour: u64,
}

impl Site {
    fn new() -> Self {
        let console = Console::start();
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        console.state().now = now.timestamp_millis();
        let temp = tempfile::tempdir().unwrap();
        Self {
            console,
            temp,
            now,
            hour: 0,
        }
    }

    /// An hour passes in which much is seen: people come and go, devices drop off, strangers knock.
    fn pass(&mut self) {
        let first = self.hour * ROWS;
        let mut rows = series(first, ROWS - 100, self.now, TimeDelta::seconds(6));
        for n in 0..100 {
            let number = first + ROWS - 100 + n;
            let time = self.now + TimeDelta::seconds(i64::try_from(n * 35).unwrap());
            let dice = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            rows.push(match n % 5 {
                0 | 1 => {
                    let from = format!("198.51.100.{}", dice % 250);
                    Row::threat(number, time, &from, &format!("192.0.2.{}", dice / 250 % 200))
                }
                2 => Row::keyed(number, time, &format!("NOBODY_KNOWS_THIS_{}", dice % 300)),
                3 => {
                    let device = json!({"id": format!("02:00:5e:00:54:{:02x}", dice % 200), "name": format!("Device {}", dice % 200)});
                    let fields = json!({"key": "DEVICE_DISCONNECTED", "parameters": {"DEVICE": device}});
                    Row::shaped(number, time, &fields)
                }
                _ => {
                    let admin = json!({"id": format!("admin{}", dice % 100), "name": format!("Admin {}", dice % 100)});
                    let fields = json!({"key": "ADMIN_LOGIN", "parameters": {"ADMIN": admin}});
                    Row::shaped(number, time, &fields)
                }
            });
        }
        self.console.add(rows);
        self.hour += 1;
        self.now += TimeDelta::hours(1);
        let mut state = self.console.state();
        state.now = self.now.timestamp_millis();
        state.hits.clear();
        let forgotten = (self.now - TimeDelta::days(3)).timestamp_millis();
        for rows in state.rows.values_mut() {
            rows.retain(|row| row.time >= forgotten);
        }
    }

    fn run(&self, webhook: Option<&str>) {
        let output = Command::new(UNIFI_SCAN)
            .env_clear()
            .env("UNIFI_HOST", self.console.url())
            .env("UNIFI_API_KEY", API_KEY)
            .env("UNIFI_WEBHOOK_URL", webhook.unwrap_or_default())
            .env("REPORTS_DIR", self.reports())
            .args(["run", "--quiet", "--now", &self.now.to_rfc3339()])
            .output()
            .unwrap();
        let wanted = if webhook.is_some() { 3 } else { 0 };
        assert_eq!(
            output.status.code(),
            Some(wanted),
            "hour {}: {}",
            self.hour,
            said(&output)
        );
    }

    fn reports(&self) -> &Path {
        self.temp.path()
    }

    /// Bytes of the checkpoint and of the seen ids.
    fn sizes(&self) -> (u64, u64) {
        let length = |name: &str| fs::metadata(self.reports().join(name)).map_or(0, |found| found.len());
        let checkpoint: Value =
            serde_json::from_slice(&fs::read(self.reports().join(".last_run.json")).unwrap()).unwrap();
        let sidecar = checkpoint
            .pointer("/sidecar/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        (length(".last_run.json"), length(sidecar))
    }
}

/// The largest of both over the year.
fn year(webhook: Option<&str>) -> (u64, u64) {
    let hours = environment("YEAR_HOURS").map_or(HOURS, |hours| hours.parse().unwrap());
    let mut site = Site::new();
    let mut most = (0, 0);
    for _ in 0..hours {
        site.pass();
        site.run(webhook);
        let (checkpoint, ids) = site.sizes();
        most = (most.0.max(checkpoint), most.1.max(ids));
        if site.hour.is_multiple_of(500) {
            tell(&site, most);
        }
    }
    tell(&site, most);
    most
}

fn tell(site: &Site, most: (u64, u64)) {
    let length = |name: &str| fs::metadata(site.reports().join(name)).map_or(0, |found| found.len());
    let logs = ["history.jsonl", "failures.jsonl"].map(|name| format!("{name} {} bytes", length(name)));
    let outbox = fs::read_dir(site.reports().join(".outbox")).unwrap().count();
    println!(
        "year: {} runs of {ROWS} rows: checkpoint at most {} bytes, seen ids at most {} bytes, {}, {outbox} in the outbox",
        site.hour,
        most.0,
        most.1,
        logs.join(", ")
    );
}

#[test]
fn a_year_of_hourly_runs_on_a_busy_site_stays_within_bounds() {
    let (checkpoint, ids) = year(None);
    assert!(checkpoint < MOST_CHECKPOINT, "{checkpoint}");
    assert!(ids < MOST_IDS, "{ids}");
}

#[test]
fn a_year_behind_a_dead_webhook_stays_within_bounds() {
    // Port 1 answers nobody.
    let (checkpoint, ids) = year(Some("http://127.0.0.1:1/hook"));
    assert!(checkpoint < MOST_BEHIND_DEAD, "{checkpoint}");
    assert!(ids < MOST_IDS, "{ids}");
}
