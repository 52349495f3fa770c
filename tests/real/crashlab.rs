//! Runs that are killed, cut off from power, failed by the disk or doubled, through the crash lab: nothing is
//! lost and nothing told twice. These are short forms; README has the long one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{UNIFI_SCAN, environment, outside, said, tool};

/// How often the undisturbed runs go on, to show what the disturbed ones must hold.
const RUNS: &str = "12";

/// The crash lab, and the directories to disturb: `first`, `settled`, `owing`, `pinned` (see `world.py`).
struct Lab {
    crashlab: String,
    temp: tempfile::TempDir,
}

impl Lab {
    /// A lab with its world, or a line that says what was not run.
    fn set_up(what: &str) -> Option<Self> {
        let what = format!("the crash lab: {what}");
        let crashlab = tool("CRASHLAB", &what)?;
        if !cfg!(debug_assertions) {
            println!("not run: {what} (a release build has no --now)");
            return None;
        }
        if !has_its_tools() {
            println!("not run: {what} (it needs root, Python 3.11, ip and unshare)");
            return None;
        }
        let lab = Self {
            crashlab,
            temp: tempfile::tempdir().unwrap(),
        };
        let made = lab
            .script("world.py")
            .args([UNIFI_SCAN.as_ref(), lab.world().as_os_str(), RUNS.as_ref()])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said(&made));
        Some(lab)
    }

    fn world(&self) -> PathBuf {
        self.temp.path().join("world")
    }

    fn script(&self, name: &str) -> Command {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crashlab");
        let mut command = outside(here.join(name).to_str().unwrap(), self.temp.path());
        command
            .env("CRASHLAB", &self.crashlab)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// One mode of the lab finds no violation where `before` is disturbed and the receiver gives these answers.
    fn finds_nothing(&self, (before, answers): (&str, &str), mode: &str, options: &[&str]) {
        let lab = self
            .script("lab.sh")
            .args([UNIFI_SCAN.as_ref(), self.world().as_os_str()])
            .args([before, answers, mode])
            .args(options)
            .output()
            .unwrap();
        let told = said(&lab);
        println!("{told}");
        assert!(lab.status.success(), "{told}");
        let tried = told
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{mode}: "))?.split(' ').next())
            .and_then(|number| number.parse::<u32>().ok());
        assert!(tried.is_some_and(|points| points >= 10), "{told}");
        assert!(told.contains(" 0 violations"), "{told}");
    }
}

/// Whether there is what the lab and our scripts work with.
fn has_its_tools() -> bool {
    let question = "import os, sys; from shutil import which; \
                    sys.exit(os.geteuid() != 0 or sys.version_info < (3, 11) or not all(map(which, ['ip', 'unshare'])))";
    let home = environment("HOME").unwrap_or_default();
    outside("python3", Path::new(&home))
        .args(["-c", question])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Both channels have everything, and the receiver takes everything.
const AT_EASE: (&str, &str) = ("settled", "200");

#[test]
fn a_run_killed_at_any_call_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::set_up("runs killed where others were before") {
        lab.finds_nothing(AT_EASE, "kill", &["--max-points", "50", "--double", "10"]);
    }
}

#[test]
fn a_first_run_killed_at_any_call_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::set_up("first runs killed") {
        lab.finds_nothing(("first", "200"), "kill", &["--max-points", "40"]);
    }
}

#[test]
fn a_run_killed_where_the_receiver_refuses_or_breaks_off_repeats_the_key_unless_that_was_definite() {
    if let Some(lab) = Lab::set_up("runs killed beside a bad receiver") {
        for (before, answers) in [("pinned", "drop,200"), ("owing", "429,200")] {
            lab.finds_nothing((before, answers), "kill", &["--max-points", "20"]);
        }
    }
}

#[test]
fn a_power_cut_loses_nothing_and_tells_nothing_twice() {
    if let Some(lab) = Lab::set_up("power cuts") {
        for model in ["ordered", "strict"] {
            let options = ["--models", model, "--max-states", "40"];
            lab.finds_nothing(AT_EASE, "powercut", &options);
        }
    }
}

#[test]
fn failing_calls_are_told_or_tried_again_and_lose_nothing() {
    if let Some(lab) = Lab::set_up("failing calls") {
        let errors = "EINTR,SHORT,ENOSPC,EIO,EACCES,EROFS,EDQUOT";
        // What `.run.json` says after the commit is for `status`; it holds no delivery up.
        let excused = ["--swallow-ok", "*run.json*"];
        let options = ["--errno", errors, "--max-points", "70"];
        lab.finds_nothing(AT_EASE, "fail", &[&options[..], &excused[..]].concat());
    }
}

#[test]
fn a_connection_that_breaks_is_told_and_loses_nothing() {
    if let Some(lab) = Lab::set_up("connections that break") {
        let broken = ["--classes", "net,netrecv", "--errno", "ECONNRESET,ETIMEDOUT"];
        lab.finds_nothing(AT_EASE, "fail", &[&broken[..], &["--max-points", "15"]].concat());
    }
}

#[test]
fn runs_that_meet_and_are_killed_at_random_lose_nothing() {
    if let Some(lab) = Lab::set_up("storms") {
        let options = ["--iterations", "10", "--instances", "3", "--recover-every", "5"];
        lab.finds_nothing(AT_EASE, "storm", &options);
    }
}

#[test]
fn of_several_runs_at_once_one_runs_and_the_others_say_locked() {
    if let Some(lab) = Lab::set_up("several runs at once") {
        lab.finds_nothing(AT_EASE, "lock", &["--locked-exit", "75", "--locked-within", "15"]);
    }
}
