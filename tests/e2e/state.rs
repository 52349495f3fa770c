//! What the state on disk may suffer: a run goes on or refuses, and never silently starts over.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use rustix::fs::{CWD, FileType, Mode};

use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;

pub const LIVE: &str = ".last_run.json";
pub const BACKUP: &str = ".last_run.json.bak";

/// Two runs with rows, so that there is a checkpoint, its `.bak` and a report that is not repeated.
pub fn after_two_runs() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        20,
        console.now() - TimeDelta::hours(6),
        TimeDelta::minutes(10),
    ));
    scenario.run().exits(0);
    console.add(series(100, 20, console.now(), TimeDelta::minutes(2)));
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    (scenario, console)
}

/// A run that must refuse with this code, and leaves every file but the lock as it was.
#[track_caller]
fn refuses(scenario: &Scenario, code: i32, words: &[&str]) {
    let before = scenario.photograph();
    scenario.run().exits(code).says_all(words);
    let mut after = scenario.photograph();
    after.retain(|name, _| before.contains_key(name) || !name.starts_with(".run.json"));
    assert!(
        unchanged(before, after),
        "a refused run changed something: {}",
        scenario.listing()
    );
}

/// `.run.json` and the lock are no state.
fn unchanged(mut before: Photograph, mut after: Photograph) -> bool {
    for name in [".run.json", ".last_run.lock"] {
        before.remove(name);
        after.remove(name);
    }
    before == after
}

type Photograph = std::collections::BTreeMap<String, Vec<u8>>;

#[test]
fn a_checkpoint_cut_or_flipped_anywhere_is_never_believed() {
    let (scenario, _console) = after_two_runs();
    let whole = fs::read(scenario.path(LIVE)).unwrap();
    let step = (whole.len() / 40).max(1);
    for at in (0..whole.len() - 1).step_by(step) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        for bytes in [whole[..at].to_vec(), flipped] {
            fs::write(scenario.path(LIVE), &bytes).unwrap();
            let ran = scenario.does(&["run", "--dry-run"]).exits_one_of(&[4, 65]);
            assert_eq!(
                fs::read(scenario.path(LIVE)).unwrap(),
                bytes,
                "a dry run leaves the damage: {ran}"
            );
        }
    }
}

#[test]
fn a_checkpoint_and_backup_both_damaged_are_65_and_stay() {
    let (scenario, _console) = after_two_runs();
    fs::write(scenario.path(LIVE), "{").unwrap();
    fs::write(scenario.path(BACKUP), "{").unwrap();
    fs::remove_dir_all(scenario.path(".state-backups")).ok();
    refuses(&scenario, 65, &["state reset"]);
}

#[test]
fn a_checkpoint_that_is_no_file_is_moved_aside_or_refused_and_does_not_hang_the_run() {
    let puts: [fn(&Path); 2] = [
        |path| fs::create_dir(path).unwrap(),
        |path| {
            let mode = Mode::from_raw_mode(0o640);
            rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
        },
    ];
    for put in puts {
        let (scenario, console) = after_two_runs();
        fs::remove_file(scenario.path(LIVE)).unwrap();
        put(&scenario.path(LIVE));
        let kind = fs::symlink_metadata(scenario.path(LIVE)).unwrap().file_type();
        console.advance(TimeDelta::minutes(5));
        scenario.run().exits(4);
        let aside = fs::read_dir(&scenario.reports).unwrap().flatten();
        let aside = aside
            .filter(|entry| {
                let name = entry.file_name();
                name.to_string_lossy().starts_with(".last_run.json.corrupt-")
            })
            .map(|entry| entry.file_type().unwrap());
        assert_eq!(aside.collect::<Vec<_>>(), [kind], "what lay there is kept");
        scenario.run().exits(0);

        let (scenario, _console) = after_two_runs();
        for copy in [LIVE, BACKUP] {
            fs::remove_file(scenario.path(copy)).unwrap();
        }
        fs::remove_dir_all(scenario.path(".state-backups")).ok();
        put(&scenario.path(LIVE));
        scenario.run().exits(65).says("not a regular file");
        assert_eq!(
            fs::symlink_metadata(scenario.path(LIVE)).unwrap().file_type(),
            kind,
            "it still lies there"
        );
    }
}

#[test]
fn a_full_disk_is_74_and_the_old_checkpoint_stands() {
    let (scenario, console) = after_two_runs();
    let before = fs::read(scenario.path(LIVE)).unwrap();
    console.add(series(300, 400, console.now(), TimeDelta::seconds(5)));
    console.advance(TimeDelta::hours(1));
    // A limit on the size of files is the one full disk that every machine has; with the signal ignored
    // a write fails with EFBIG.
    scenario
        .shell("trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", &["run"])
        .exits(74);
    assert!(
        fs::read(scenario.path(LIVE)).unwrap() == before,
        "the checkpoint changed"
    );
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_reports_directory_that_cannot_be_is_73_with_the_way_out() {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console);
    let file = scenario.file("a-file", "");
    let missing = scenario.home().join("no/such/parent");
    for path in [file, missing] {
        let path = path.to_str().unwrap();
        scenario
            .does(&["run", "--reports-dir", path])
            .exits(73)
            .says(path);
    }
    assert!(
        console.hits().is_empty(),
        "nothing is collected that could not be kept"
    );
}
