//! Tests that need more than this package: the crash lab, recordings, a browser. Built with `--features real`.
//! What is not there is told as `not run: …`, one line for each test; only `aiounifi` must be had.
#![cfg(feature = "real")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test tells what it misses and fails where it stands"
)]

mod aiounifi;
mod browser;
mod clock;
#[path = "../e2e/console/mod.rs"]
#[expect(
    dead_code,
    clippy::disallowed_methods,
    reason = "a part of the tests' console is used here; it has a clock of its own"
)]
mod console;
mod crashlab;
mod gateway;
mod recordings;
mod year;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary under test.
const UNIFI_SCAN: &str = env!("CARGO_BIN_EXE_unifi-scan");

/// The path in this variable, or a line that says what was not run.
fn tool(variable: &str, what: &str) -> Option<String> {
    let found = environment(variable).filter(|path| Path::new(path).exists());
    if found.is_none() {
        println!("not run: {what} ({variable} is not set, or names nothing)");
    }
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests find outside tools through the environment"
)]
fn environment(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// An outside program with nothing of the caller's environment but where programs are.
fn outside(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", environment("PATH").unwrap_or_default())
        .env("HOME", home);
    command
}

/// Whether a program can be started and answers.
fn answers(program: &str, question: &str) -> bool {
    let home = tempfile::tempdir().unwrap();
    outside(program, home.path())
        .arg(question)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Both streams of a finished program, for messages.
fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The one published report below a directory.
fn published(directory: &Path) -> Option<PathBuf> {
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if name.starts_with("report-") && path.extension().is_some_and(|end| end == "json") {
                return Some(path);
            }
        }
    }
    None
}
