//! What a run costs, measured on the whole process against a console on real sockets: requests, time,
//! memory. It fails on the promised requests, memory and sizes; times are printed, never judged.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on says so by panicking; it prints a table; it uses a part of the tests' console"
)]

#[path = "../e2e/console/mod.rs"]
mod console;
mod cost;
mod lines;

use std::path::Path;
use std::process::ExitCode;

use chrono::TimeDelta;

use crate::console::row::{Row, series};
use crate::console::{API_KEY, Console};
use crate::cost::{Cost, PROGRAM, measure};

/// The memory a run may have, in KiB.
const MOST_MEMORY: u64 = 32 * 1024;
/// The ids remembered of one controller, in bytes.
const MOST_REMEMBERED: u64 = 4 * 1024 * 1024;
/// The stripped program, in bytes.
const MOST_PROGRAM: u64 = 8_000_000;

fn main() -> ExitCode {
    println!(
        "{:<36} {:>4} {:>13} {:>10} {:>9} {:>16} {:>10}",
        "what", "exit", "requests", "wall", "CPU", "peak KiB", "seen ids"
    );
    let mut kept = true;
    for rows in [1_000, 25_000, 100_000] {
        kept &= log(rows, "rows", &alike(rows));
    }
    kept &= log(100_000, "distinct rows", &distinct(100_000));
    kept &= demo();
    kept &= lines::measured(MOST_MEMORY);
    let program = std::fs::metadata(PROGRAM).unwrap().len();
    println!("program: {program} bytes (≤{MOST_PROGRAM})");
    kept &= program <= MOST_PROGRAM;
    println!("promises {}", if kept { "kept" } else { "broken" });
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Rows of a first run, spread over the day before the console's now.
type Rows<'a> = &'a dyn Fn(&Console) -> Vec<Row>;

fn alike(rows: u64) -> impl Fn(&Console) -> Vec<Row> {
    move |console| series(0, rows, console.now() - TimeDelta::hours(23), step(rows))
}

/// Every row another pair, so that nothing folds together.
fn distinct(rows: u64) -> impl Fn(&Console) -> Vec<Row> {
    move |console| {
        let mut time = console.now() - TimeDelta::hours(23);
        let threat = |n: u64| {
            time += step(rows);
            let from = format!("2001:db8::{:x}:{:x}", n >> 16, n & 0xffff);
            Row::threat(n, time, &from, "198.51.100.1")
        };
        (0..rows).map(threat).collect()
    }
}

fn step(rows: u64) -> TimeDelta {
    TimeDelta::microseconds(i64::try_from(22 * 3_600_000_000 / rows).unwrap())
}

/// A first run over so many rows of the system log, a second over the overlap alone, and a third that must
/// look into it because some rows came late.
fn log(count: u64, kind: &str, rows: Rows) -> bool {
    let home = tempfile::TempDir::new().unwrap();
    let console = Console::start();
    console.add(rows(&console));
    let most = 8 + count * 11 / 1000;
    let mut kept = true;
    for run in ["first run", "second run", "late rows"] {
        if run == "late rows" {
            let ago = [3, 8, 15].map(TimeDelta::hours).into_iter().zip(count..);
            console.add(
                ago.map(|(ago, n)| Row::new(n, console.now() - ago))
                    .collect::<Vec<_>>(),
            );
        }
        let before = console.hits().len();
        let host = format!("http://127.0.0.1:{}", console.port());
        let cost = measure(
            home.path(),
            &["run", "--quiet"],
            &[("UNIFI_HOST", &host), ("UNIFI_API_KEY", API_KEY)],
        );
        let requests = u64::try_from(console.hits().len() - before).unwrap();
        let remembered = sidecar(home.path());
        // What a few late rows cost depends on where they lie, not on how many rows there are.
        let asked = if run == "late rows" {
            requests.to_string()
        } else {
            kept &= requests <= most;
            format!("{requests} (≤{most})")
        };
        kept &= remembered <= MOST_REMEMBERED;
        kept &= tell(
            &format!("{count} {kind}, {run}"),
            &cost,
            &asked,
            &remembered.to_string(),
        );
        console.advance(TimeDelta::minutes(10));
    }
    kept
}

fn demo() -> bool {
    let home = tempfile::TempDir::new().unwrap();
    let mut kept = true;
    for (what, arguments) in [
        ("run --demo", &["run", "--demo", "-q"][..]),
        ("run --demo, again", &["run", "--demo", "-q"]),
        ("status", &["status"]),
    ] {
        kept &= tell(what, &measure(home.path(), arguments, &[]), "", "");
    }
    kept
}

/// Prints a line of the table and says whether the process ended well and within its memory.
fn tell(what: &str, cost: &Cost, requests: &str, remembered: &str) -> bool {
    let code = cost.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let wall = format!("{:.1} ms", cost.wall.as_secs_f64() * 1000.0);
    let cpu = format!("{} ms", cost.cpu.as_millis());
    let peak = match cost.peak {
        0 => "too short".to_owned(),
        peak => format!("{peak} (≤{MOST_MEMORY})"),
    };
    println!("{what:<36} {code:>4} {requests:>13} {wall:>10} {cpu:>9} {peak:>16} {remembered:>10}");
    cost.code == Some(0) && cost.peak <= MOST_MEMORY
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
