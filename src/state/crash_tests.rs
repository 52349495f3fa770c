//! A run in a child process, killed at every step of its commits: what it leaves is always the old state or the
//! new one, with everything that state names.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::disk::Dir;
use crate::disk::journal::{self, Disk, Names};
use crate::state::lived_in::{lived_in, now, run_once, store};
use crate::state::load::{Arrival, load};
use crate::state::outbox;
use crate::state::seen::Seen;

/// Tells the child where to work; set for children only.
const WORK: &str = "UNIFI_SCAN_TEST_WORK";
/// Tells the child where to look at what is left.
const LOOK: &str = "UNIFI_SCAN_TEST_LOOK";

#[expect(clippy::disallowed_methods, reason = "how a test talks to its child")]
fn told(name: &str) -> Option<Dir> {
    let path = std::env::var_os(name)?;
    Some(Dir::open(Path::new(&path)).unwrap())
}

/// The child. On its own, without a directory to work in, there is nothing to claim.
#[test]
fn child_runs_once() {
    let Some(dir) = told(WORK) else { return };
    let mut store = store(&dir);
    let mut loaded = store.load(now()).unwrap();
    store.secure(&mut loaded, now()).unwrap();
    store.tidy(&loaded.checkpoint, now()).unwrap();
    run_once(&mut store, &mut loaded.checkpoint);
}

/// The child that looks: for the crash lab.
#[test]
fn child_looks() {
    if let Some(dir) = told(LOOK) {
        look(&dir);
    }
}

/// What must hold whenever nobody runs; the number of committed runs.
fn look(dir: &Dir) -> u64 {
    let loaded = load(dir, now()).unwrap();
    assert!(
        !matches!(loaded.arrival, Arrival::Recovered { .. }),
        "{:?}",
        loaded.arrival
    );
    let checkpoint = loaded.checkpoint;
    assert_eq!(checkpoint.highest_run, checkpoint.run, "no number was skipped");
    for entry in checkpoint.needed_entries() {
        let report = outbox::read_json(dir, &entry).unwrap();
        assert_eq!(
            report.as_deref(),
            Some(b"{}".as_slice()),
            "the report of {entry} is owed"
        );
    }
    let seen = Seen::load(dir, &checkpoint);
    assert_eq!(seen.trouble, None);
    for run in 1..=checkpoint.run {
        assert!(
            seen.contains("0a1b/s1/sl", &format!("row {run}")),
            "row {run} was counted"
        );
    }
    assert!(!seen.contains("0a1b/s1/sl", &format!("row {}", checkpoint.run + 1)));
    checkpoint.run
}

#[test]
fn killed_at_any_point_of_a_commit_the_state_is_the_old_or_the_new() {
    let child = |dir: &Dir, point: &str| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "state::crash_tests::child_runs_once"])
            .env(WORK, dir.path())
            .env("UNIFI_SCAN_CRASH_AT", point)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
    };
    for point in ["begin", "staged", "kept", "renamed", "synced"] {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let mut runs = 0;
        for _ in 0..3 {
            let died = child(&dir, &format!("checkpoint.{point}"));
            assert_eq!(died.signal(), Some(6), "it died at {point}");
            let left = look(&dir);
            assert!(left == runs || left == runs + 1, "{left} after {runs} at {point}");
            assert!(child(&dir, "").success());
            runs = look(&dir);
            assert_eq!(runs, left + 1, "{point}");
        }
    }
}

#[test]
fn a_power_cut_after_any_step_leaves_the_old_state_or_the_new() {
    let (_temp, dir, _) = lived_in();
    let mut store = store(&dir);
    let mut loaded = store.load(now()).unwrap();
    let mut disk = Disk::of(dir.path());
    journal::start();
    run_once(&mut store, &mut loaded.checkpoint);
    store.tidy(&loaded.checkpoint, now()).unwrap();
    let steps = journal::stop();
    assert!(steps.len() > 20, "{steps:#?}");
    let cut = |disk: &Disk, names| {
        let temp = tempfile::tempdir().unwrap();
        disk.write_to(temp.path(), names);
        look(&Dir::open(temp.path()).unwrap())
    };
    let mut runs = 3;
    for step in &steps {
        disk.apply(step);
        for names in [Names::All, Names::Synced] {
            let left = cut(&disk, names);
            assert!(
                left == 3 || left == 4,
                "{left} runs after {step:?}, names {names:?}"
            );
            assert!(
                left >= runs || matches!(names, Names::All),
                "run 4 is gone again after {step:?}"
            );
            if matches!(names, Names::Synced) {
                runs = left;
            }
        }
    }
    assert_eq!(runs, 4);
}
