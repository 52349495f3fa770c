//! The system log of a busy site, read from a console whose rows are rendered before the measure begins: a first run, a
//! second over the overlap alone, and a third that must look into it because some rows came late.

use std::path::Path;

use chrono::TimeDelta;

use crate::console::row::Row;
use crate::console::{API_KEY, Console};
use crate::cost::{Cost, measure};
use crate::curl;
use crate::rows::Rows;

/// The ids remembered of one controller, in bytes.
const MOST_REMEMBERED: u64 = 4 * 1024 * 1024;
/// What a first run may cost more than fetching its pages.
const MOST_TIMES_CURL: f64 = 3.0;
/// How often both are measured; the cheapest counts.
const ROUNDS: usize = 5;
/// Time is counted in hundredths of a second: so many runs and fetches make up one measure.
const RUNS: usize = 2;
const FETCHES: usize = 6;

pub fn heading() {
    println!(
        "{:<36} {:>4} {:>15} {:>11} {:>9} {:>16} {:>10}",
        "log", "exit", "requests", "wall", "CPU", "peak KiB", "seen ids"
    );
}

/// Measures the three runs and says whether they kept what is promised: requests, memory in KiB, ids.
pub fn measured(count: u64, rows: Rows, most_memory: u64) -> bool {
    let console = Console::start();
    fill(&console, count, rows);
    let home = tempfile::TempDir::new().unwrap();
    let most = 8 + count * 11 / 1000;
    let mut kept = true;
    for run in ["first run", "second run", "late rows"] {
        if run == "late rows" {
            let ago = [3, 8, 15].map(TimeDelta::hours).into_iter().zip(count..);
            let late = ago.map(|(ago, n)| Row::new(n, console.now() - ago));
            console.add(late.collect::<Vec<_>>());
        }
        let before = console.state().hits.len();
        let cost = run_at(&console, home.path());
        let requests = u64::try_from(console.state().hits.len() - before).unwrap();
        let remembered = sidecar(home.path());
        // What a few late rows cost depends on where they lie, not on how many rows there are.
        let asked = if run == "late rows" {
            requests.to_string()
        } else {
            kept &= requests <= most;
            format!("{requests} (≤{most})")
        };
        kept &= remembered <= MOST_REMEMBERED && cost.code == Some(0) && cost.peak <= most_memory;
        tell(
            &format!("{count} {}, {run}", rows.name()),
            &cost,
            &asked,
            most_memory,
            remembered,
        );
        console.advance(TimeDelta::minutes(10));
    }
    kept
}

/// Measures a first run against curl, which only fetches the same pages, each once, over one connection: over plain
/// HTTP, or as consoles speak. Says whether it cost no more than it may.
pub fn against_curl(count: u64, rows: Rows, console: &Console) -> bool {
    let how = if console.pin().is_some() {
        "TLS"
    } else {
        "plain HTTP"
    };
    fill(console, count, rows);
    let pages = curl::Pages::of(console, count);
    let (mut run, mut fetch) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let homes: Vec<_> = (0..RUNS).map(|_| tempfile::TempDir::new().unwrap()).collect();
        let costs = homes.iter().map(|home| {
            let cost = run_at(console, home.path());
            assert_eq!(cost.code, Some(0), "a first run failed");
            cost.cpu.as_secs_f64()
        });
        run = run.min(mean(costs));
        let Some(fetched) = (0..FETCHES).map(|_| pages.fetch()).collect::<Option<Vec<_>>>() else {
            println!("curl is not on this machine: what a run costs cannot be compared");
            return false;
        };
        fetch = fetch.min(mean(fetched.into_iter().map(|time| time.as_secs_f64())));
    }
    let times = run / fetch;
    println!(
        "{count} {} over {how}: CPU {:.0} ms, curl {:.0} ms for the same pages: {times:.1} × (≤{MOST_TIMES_CURL:.1})",
        rows.name(),
        run * 1000.0,
        fetch * 1000.0
    );
    times <= MOST_TIMES_CURL
}

#[expect(clippy::cast_precision_loss, reason = "a handful of figures")]
fn mean(figures: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = figures.len() as f64;
    figures.sum::<f64>() / count
}

/// Adds so many rows, spread over the day before its now.
fn fill(console: &Console, count: u64, rows: Rows) {
    let since = console.now() - TimeDelta::hours(23);
    let step = TimeDelta::microseconds(i64::try_from(22 * 3_600_000_000 / count).unwrap());
    console.add(rows.spread(count, since, step));
}

fn run_at(console: &Console, reports: &Path) -> Cost {
    let host = console.url();
    let mut environment = vec![("UNIFI_HOST", host.as_str()), ("UNIFI_API_KEY", API_KEY)];
    environment.extend(console.pin().map(|pin| ("UNIFI_TLS_FINGERPRINT", pin)));
    measure(reports, &["run", "--quiet"], &environment)
}

fn tell(what: &str, cost: &Cost, requests: &str, most_memory: u64, remembered: u64) {
    let code = cost.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let wall = format!("{:.1} ms", cost.wall.as_secs_f64() * 1000.0);
    let cpu = format!("{} ms", cost.cpu.as_millis());
    let peak = format!("{} (≤{most_memory})", cost.peak);
    println!("{what:<36} {code:>4} {requests:>15} {wall:>11} {cpu:>9} {peak:>16} {remembered:>10}");
}

/// The bytes of the ids the newest commit remembers.
fn sidecar(reports: &Path) -> u64 {
    let files = std::fs::read_dir(reports).unwrap().map(|file| file.unwrap());
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with(".seen-"))
        .map(|file| file.metadata().unwrap().len())
        .max()
        .unwrap_or(0)
}
