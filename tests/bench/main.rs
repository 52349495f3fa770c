//! What a run costs, measured on the whole process against a console on real sockets: requests, time,
//! memory. It fails on the promised requests, memory and sizes, and where a run costs more of the processor than some
//! times what curl does for the same pages; other times are printed, never judged. Names of parts behind `--` limit it to
//! those: `cargo bench -- lines`.
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
mod curl;
mod lines;
mod log;
mod rows;

use std::process::ExitCode;

use crate::console::Console;
use crate::cost::{Cost, PROGRAM, measure};
use crate::rows::Rows;

/// The memory a run may have, in KiB.
const MOST_MEMORY: u64 = 32 * 1024;
/// The same where it reads a million rows.
const MOST_MEMORY_OF_MILLION: u64 = 40 * 1024;
/// The stripped program, in bytes.
const MOST_PROGRAM: u64 = 8_000_000;

/// Measures a part and says whether its promises were kept.
type Part = fn() -> bool;

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let parts: [(&str, Part); 7] = [
        ("log", logs),
        ("million", million),
        ("distinct", distinct),
        ("curl", against_curl),
        ("demo", demo),
        ("lines", || lines::measured(MOST_MEMORY)),
        ("program", program),
    ];
    let wanted = parts
        .into_iter()
        .filter(|(name, _)| named.is_empty() || named.iter().any(|one| one == name));
    // All of them are measured, whatever became of the others.
    let broken: Vec<&str> = wanted.filter(|(_, part)| !part()).map(|(name, _)| name).collect();
    if broken.is_empty() {
        println!("promises kept");
        return ExitCode::SUCCESS;
    }
    println!("promises broken: {}", broken.join(", "));
    ExitCode::FAILURE
}

fn logs() -> bool {
    log::heading();
    [1_000, 25_000, 100_000]
        .map(|rows| log::measured(rows, Rows::Busy, MOST_MEMORY))
        .iter()
        .all(|kept| *kept)
}

fn distinct() -> bool {
    log::heading();
    log::measured(100_000, Rows::Distinct, MOST_MEMORY)
}

fn million() -> bool {
    log::heading();
    log::measured(1_000_000, Rows::Busy, MOST_MEMORY_OF_MILLION)
}

/// Rows of which nothing is judged but that they came are read for their key alone; of a busy site, some are not, which
/// is paid for where the pages have to be deciphered as well. Over plain HTTP, which no console speaks, it is only shown.
fn against_curl() -> bool {
    const ROWS: u64 = 100_000;
    let joins = log::against_curl(ROWS, Rows::Joins, &Console::start());
    let busy = log::against_curl(ROWS, Rows::Busy, &Console::start_tls());
    log::against_curl(ROWS, Rows::Busy, &Console::start());
    joins && busy
}

fn program() -> bool {
    let bytes = std::fs::metadata(PROGRAM).unwrap().len();
    println!("program: {bytes} bytes (≤{MOST_PROGRAM})");
    bytes <= MOST_PROGRAM
}

fn demo() -> bool {
    let home = tempfile::TempDir::new().unwrap();
    println!(
        "{:<36} {:>4} {:>11} {:>9} {:>16}",
        "demo", "exit", "wall", "CPU", "peak KiB"
    );
    let mut kept = true;
    for (what, arguments) in [
        ("run --demo", &["run", "--demo", "-q"][..]),
        ("run --demo, again", &["run", "--demo", "-q"]),
        ("status", &["status"]),
    ] {
        kept &= tell(what, &measure(home.path(), arguments, &[]));
    }
    kept
}

/// Prints a line of the table and says whether the process ended well and within its memory.
fn tell(what: &str, cost: &Cost) -> bool {
    let code = cost.code.map_or_else(|| "-".to_owned(), |code| code.to_string());
    let wall = format!("{:.1} ms", cost.wall.as_secs_f64() * 1000.0);
    let cpu = format!("{} ms", cost.cpu.as_millis());
    let peak = match cost.peak {
        0 => "too short".to_owned(),
        peak => format!("{peak} (≤{MOST_MEMORY})"),
    };
    println!("{what:<36} {code:>4} {wall:>11} {cpu:>9} {peak:>16}");
    cost.code == Some(0) && cost.peak <= MOST_MEMORY
}
