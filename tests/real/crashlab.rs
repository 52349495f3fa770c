//! Runs that are killed, cut off from power, failed by the disk or doubled, through the crash lab: nothing is
//! lost and nothing told twice. These are short forms; README has the long one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{UNIFI_SCAN, environment, outside, said, tool};

/// The lab tries so many points of each kind here.
const POINTS: &str = "60";

/// How the program is run in the lab. A fixed moment makes also a first run repeat exactly.
const DEMO: &[&str] = &[
    "--now",
    "2026-11-20T12:34:56Z",
    "run",
    "--demo",
    "--quiet",
    "--reports-dir",
];

/// The crash lab, a directory to disturb, and one that shows what the runs must hold.
struct Lab {
    crashlab: String,
    python: String,
    temp: tempfile::TempDir,
}

impl Lab {
    /// A lab with a directory of so many undisturbed runs, or a line that says what was not run.
    fn with(runs: usize, what: &str) -> Option<Self> {
        let what = format!("the crash lab: {what}");
        let crashlab = tool("CRASHLAB", &what)?;
        if !cfg!(debug_assertions) {
            println!("not run: {what} (a release build has no --now)");
            return None;
        }
        let Some(python) = python() else {
            println!("not run: {what} (it needs root and Python 3.11)");
            return None;
        };
        let lab = Self {
            crashlab,
            python,
            temp: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(lab.prepared()).unwrap();
        for _ in 0..runs {
            demo(&lab.prepared());
        }
        let copied = Command::new("cp")
            .arg("-a")
            .args([lab.prepared(), lab.reference()])
            .status()
            .unwrap();
        assert!(copied.success());
        for _ in 0..3 {
            demo(&lab.reference());
        }
        Some(lab)
    }

    fn prepared(&self) -> PathBuf {
        self.temp.path().join("prepared")
    }

    fn reference(&self) -> PathBuf {
        self.temp.path().join("reference")
    }

    /// One mode of the lab finds no violation.
    fn finds_nothing(&self, mode: &str, options: &[&str]) {
        let checker = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crashlab/check.py");
        let lab = outside(&self.crashlab, self.temp.path())
            .env("CRASHLAB_REFERENCE", self.reference())
            .env("UNIFI_ARCHIVE_EVENTS", "true")
            .args([mode, "--timeout", "120"])
            .args(options)
            .arg("--dir")
            .arg(self.prepared())
            .args(["--check", &format!("{} {checker}", self.python)])
            .args(["--", UNIFI_SCAN])
            .args(DEMO)
            .arg("{dir}")
            .output()
            .unwrap();
        let told = said(&lab);
        println!("{told}");
        assert!(lab.status.success(), "{told}");
        let tried = told
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{mode}: "))?.split(' ').next())
            .and_then(|number| number.parse::<u32>().ok());
        assert!(tried.is_some_and(|points| points > 10), "{told}");
        assert!(told.contains(" 0 violations"), "{told}");
    }
}

/// An interpreter that the lab can work with.
fn python() -> Option<String> {
    let question = "import os, sys; print(sys.executable); \
                    sys.exit(os.geteuid() != 0 or sys.version_info < (3, 11))";
    let home = environment("HOME").unwrap_or_default();
    let output = outside("python3", Path::new(&home))
        .args(["-c", question])
        .output()
        .ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(path)
}

fn demo(dir: &Path) {
    let output = Command::new(UNIFI_SCAN)
        .env_clear()
        .env("UNIFI_ARCHIVE_EVENTS", "true")
        .args(DEMO)
        .arg(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "an undisturbed run: {}", said(&output));
}

#[test]
fn a_run_killed_at_any_call_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::with(2, "runs killed where others were before") {
        lab.finds_nothing("kill", &["--max-points", POINTS, "--double", "10"]);
    }
}

#[test]
fn a_first_run_killed_at_any_call_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::with(0, "first runs killed") {
        lab.finds_nothing("kill", &["--max-points", POINTS, "--double", "10"]);
    }
}

#[test]
fn a_power_cut_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::with(2, "power cuts") {
        lab.finds_nothing(
            "powercut",
            &["--models", "ordered,strict", "--max-states", POINTS],
        );
    }
}

#[test]
fn failing_calls_are_told_or_tried_again_and_lose_nothing() {
    if let Some(lab) = Lab::with(2, "failing calls") {
        let errors = ["--errno", "EINTR,SHORT,ENOSPC,EIO", "--max-points", POINTS];
        // What `.run.json` says after the commit is for `status`; it holds no delivery up.
        let excused = ["--swallow-ok", "*run.json*"];
        lab.finds_nothing("fail", &[&errors[..], &excused[..]].concat());
    }
}

#[test]
fn of_several_runs_at_once_one_runs_and_the_others_say_locked() {
    if let Some(lab) = Lab::with(2, "several runs at once") {
        lab.finds_nothing("lock", &["--locked-exit", "75", "--locked-within", "15"]);
    }
}
