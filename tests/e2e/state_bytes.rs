//! A small real checkpoint, cut at every byte and with a bit flipped in every byte, before the eyes of the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use chrono::TimeDelta;

use crate::child::PROGRAM;
use crate::console::row::Row;
use crate::scenario::Scenario;
use crate::state::{BACKUP, LIVE};

/// A directory after one run with one row, and the bytes of its checkpoint.
fn lived_in() -> (Scenario, Vec<u8>) {
    let (scenario, console) = Scenario::with_console();
    console.add([Row::new(1, console.now() - TimeDelta::hours(1))]);
    scenario.run().exits(0);
    fs::remove_dir_all(scenario.path(".state-backups")).unwrap();
    let whole = fs::read(scenario.path(LIVE)).unwrap();
    assert!(whole.len() < 6_000, "{} bytes are not small", whole.len());
    (scenario, whole)
}

fn verified(reports: &Path) -> Output {
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .env("REPORTS_DIR", reports)
        .args(["state", "verify"]);
    command.output().unwrap()
}

/// Each of these in the checkpoint's place is seen to be damaged, and what is told says so.
fn all_seen(reports: &Path, damaged: impl Iterator<Item = Vec<u8>>, told: &str) {
    for (at, bytes) in damaged.enumerate() {
        fs::write(reports.join(LIVE), &bytes).unwrap();
        let output = verified(reports);
        let said = String::from_utf8_lossy(&output.stdout);
        let whole = format!("byte {at}: {:?}\n{said}", output.status);
        assert_eq!(output.status.code(), Some(65), "{whole}");
        assert!(
            said.lines()
                .next()
                .is_some_and(|line| line.starts_with("checkpoint") && line.contains("BAD")),
            "{whole}"
        );
        assert!(said.contains(told) && !said.contains("first"), "{whole}");
        assert!(
            output.stderr.is_empty(),
            "{whole}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn cut_at_any_byte_the_checkpoint_is_damaged_and_no_first_run() {
    let (scenario, whole) = lived_in();
    fs::remove_file(scenario.path(BACKUP)).unwrap();
    let cuts = (0..whole.len()).map(|at| whole[..at].to_vec());
    all_seen(&scenario.reports, cuts, "state restore");
    fs::write(scenario.path(LIVE), &whole).unwrap();
    assert!(
        verified(&scenario.reports).status.success(),
        "as it was it is whole"
    );
}

#[test]
fn with_a_bit_flipped_in_any_byte_the_checkpoint_is_damaged_and_no_first_run() {
    let (scenario, whole) = lived_in();
    let flips = (0..whole.len()).map(|at| {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        flipped
    });
    all_seen(&scenario.reports, flips, "recovered from generation");
    fs::write(scenario.path(LIVE), &whole).unwrap();
    assert!(
        verified(&scenario.reports).status.success(),
        "as it was it is whole"
    );
}
