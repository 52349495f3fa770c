//! What a run costs, measured on the whole process against a console on real sockets: requests, peak
//! memory, time. It fails on the promised requests and memory; times are printed, never judged.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    dead_code,
    reason = "a bench that cannot go on says so by panicking; it prints a table; it uses a part of the tests' console"
)]

#[path = "../e2e/console/mod.rs"]
mod console;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::console::row::{Row, series};
use crate::console::{API_KEY, Console};

const PROGRAM: &str = env!("CARGO_BIN_EXE_unifi-scan");
/// The memory a run may have, in KiB.
const MOST_MEMORY: u64 = 32 * 1024;

/// What one process cost.
struct Cost {
    code: Option<i32>,
    wall: Duration,
    /// Peak resident memory in KiB, as the kernel told it last.
    peak: u64,
}

fn main() -> ExitCode {
    println!(
        "{:<44} {:>6} {:>10} {:>10} {:>10}",
        "what", "exit", "wall", "peak KiB", "requests"
    );
    let mut promises = true;
    for rows in [1_000, 25_000, 100_000] {
        promises &= log(rows, false);
    }
    promises &= log(100_000, true);
    promises &= demo();
    println!(
        "{:<44} {:>38} bytes",
        "binary",
        std::fs::metadata(PROGRAM).unwrap().len()
    );
    if promises {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A first run over so many rows of the system log in a day, and a second over the overlap alone.
fn log(rows: u64, noisy: bool) -> bool {
    let home = tempfile::TempDir::new().unwrap();
    let console = Console::start();
    let since = console.now() - TimeDelta::hours(23);
    let step = TimeDelta::microseconds(i64::try_from(22 * 3_600_000_000 / rows).unwrap());
    if noisy {
        // Every row another pair, so that nothing folds together.
        let mut time = since;
        console.add((0..rows).map(|n| {
            time += step;
            let from = format!("2001:db8::{:x}:{:x}", n >> 16, n & 0xffff);
            Row::threat(n, time, &from, "198.51.100.1")
        }));
    } else {
        console.add(series(0, rows, since, step));
    }
    let most = 8 + rows * 11 / 1000;
    let kind = if noisy { "distinct rows" } else { "rows" };
    let mut kept = true;
    for run in ["first", "second"] {
        let before = console.hits().len();
        let host = format!("http://127.0.0.1:{}", console.port());
        let cost = measure(
            home.path(),
            &["run", "--quiet"],
            &[("UNIFI_HOST", &host), ("UNIFI_API_KEY", API_KEY)],
        );
        let requests = u64::try_from(console.hits().len() - before).unwrap();
        kept &= cost.code == Some(0) && requests <= most && cost.peak <= MOST_MEMORY;
        print(
            &format!("{rows} {kind}, {run} run"),
            &cost,
            &format!("{requests} (≤{most})"),
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
        let cost = measure(home.path(), arguments, &[]);
        kept &= cost.code == Some(0) && cost.peak <= MOST_MEMORY;
        print(what, &cost, "");
    }
    kept
}

fn print(what: &str, cost: &Cost, requests: &str) {
    let code = cost.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let wall = format!("{:.1} ms", cost.wall.as_secs_f64() * 1000.0);
    println!("{what:<44} {code:>6} {wall:>10} {:>10} {requests:>10}", cost.peak);
}

/// Runs it to its end and looks at its high-water mark every millisecond: the mark only rises, so the
/// last look misses at most what the last millisecond added.
fn measure(reports: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Cost {
    let started = Instant::now();
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .env("REPORTS_DIR", reports)
        .current_dir(reports)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let (ended, end) = channel();
    std::thread::spawn(move || ended.send((child.wait(), Instant::now())));
    let mut peak = 0;
    loop {
        peak = high_water_mark(&status).map_or(peak, |mark| mark.max(peak));
        if let Ok((status, at)) = end.recv_timeout(Duration::from_millis(1)) {
            return Cost {
                code: status.unwrap().code(),
                wall: at - started,
                peak,
            };
        }
    }
}

fn high_water_mark(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
