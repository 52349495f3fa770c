//! SIGKILL at the file-system calls of a run, through the crash lab: nothing lost, nothing told twice.

use std::path::Path;
use std::process::Command;

use crate::{UNIFI_SCAN, tool};

/// Calls at which the short form kills; the long form (see README) tries all of them.
const POINTS: &str = "60";

fn demo(dir: &Path) {
    let status = Command::new(UNIFI_SCAN)
        .env_clear()
        .env("UNIFI_ARCHIVE_EVENTS", "true")
        .args(["run", "--demo", "--quiet", "--reports-dir"])
        .arg(dir)
        .status()
        .unwrap();
    assert!(status.success(), "the undisturbed demo run ended with {status}");
}

/// Kills the run after `runs` undisturbed ones at every chosen call, and judges what is left.
fn killed_everywhere(runs: usize) {
    let Some(crashlab) = tool("CRASHLAB", "kills at every file-system call") else {
        return;
    };
    let temp = tempfile::tempdir().unwrap();
    let (prepared, reference) = (temp.path().join("prepared"), temp.path().join("reference"));
    std::fs::create_dir(&prepared).unwrap();
    for _ in 0..runs {
        demo(&prepared);
    }
    let copied = Command::new("cp")
        .arg("-a")
        .arg(&prepared)
        .arg(&reference)
        .status()
        .unwrap();
    assert!(copied.success());
    for _ in 0..2 {
        demo(&reference);
    }
    let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crashlab/check.py");
    let lab = Command::new(crashlab)
        .env("UNIFI_SCAN_REFERENCE", &reference)
        .env("UNIFI_ARCHIVE_EVENTS", "true")
        .args(["kill", "--max-points", POINTS, "--dir"])
        .arg(&prepared)
        .args([
            "--check",
            &format!("python3 {checker}"),
            "--",
            UNIFI_SCAN,
            "run",
            "--demo",
            "--quiet",
        ])
        .args(["--reports-dir", "{dir}"])
        .output()
        .unwrap();
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&lab.stdout),
        String::from_utf8_lossy(&lab.stderr)
    );
    println!("{told}");
    assert!(lab.status.success(), "{told}");
    assert!(
        told.contains(" 0 violations") && !told.contains(" 0 points"),
        "{told}"
    );
}

#[test]
fn a_run_killed_at_any_call_loses_nothing_and_tells_nothing_twice() {
    killed_everywhere(2);
}
