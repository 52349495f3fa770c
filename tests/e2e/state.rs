//! What the state on disk may suffer: a run goes on or refuses, and never silently starts over.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use crate::archive;
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

/// A third run over this checkpoint recovers, tells so once with 4, and misses nothing.
#[track_caller]
fn recovers(scenario: &Scenario, console: &Console) {
    console.add(series(200, 5, console.now(), TimeDelta::minutes(2)));
    console.advance(TimeDelta::hours(1));
    let ran = scenario.run().exits(4);
    let said = format!("{}{}", ran.said(), scenario.newest("txt")).to_lowercase();
    assert!(said.contains("recover") || said.contains("restored"), "{said}");
    let told = scenario.told();
    for id in console.ids() {
        assert!(told.contains(&id), "{id} got lost");
    }
    let names = archive::below(&scenario.reports);
    assert!(
        names
            .iter()
            .any(|name| name.starts_with(".last_run.json.corrupt-")),
        "the damaged file is kept: {names:#?}"
    );
    scenario.run().exits(0);
    archive::audit_after_recovery(&scenario.reports);
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

/// The bytes that stand in the checkpoint's place.
type Damage = Box<dyn Fn(&Scenario) -> Vec<u8>>;

type Photograph = std::collections::BTreeMap<String, Vec<u8>>;

#[test]
fn a_damaged_checkpoint_is_restored_from_its_backup() {
    let wrong_type = |name: &'static str, value: Value| {
        move |scenario: &Scenario| {
            let mut checkpoint = scenario.checkpoint();
            checkpoint[name] = value.clone();
            serde_json::to_vec_pretty(&checkpoint).unwrap()
        }
    };
    let name = |text: &str| text.to_owned();
    let damages: Vec<(String, Damage)> = vec![
        (name("empty"), Box::new(|_| Vec::new())),
        (name("a list"), Box::new(|_| b"[]".to_vec())),
        (name("null"), Box::new(|_| b"null".to_vec())),
        (name("no JSON"), Box::new(|_| b"last_run: yesterday\n".to_vec())),
        (
            name("a number for the time"),
            Box::new(wrong_type("last_successful_run", json!(1_779_000_000))),
        ),
        (
            name("a time without a zone"),
            Box::new(wrong_type("last_successful_run", json!("2026-11-20T06:00:00"))),
        ),
        (
            name("1970"),
            Box::new(wrong_type("last_successful_run", json!("1970-01-01T00:00:00Z"))),
        ),
        (
            name("the future"),
            Box::new(wrong_type("last_successful_run", json!("2199-01-01T00:00:00Z"))),
        ),
        (
            name("a text for the generation"),
            Box::new(wrong_type("generation", json!("three"))),
        ),
    ];
    for (what, damage) in damages {
        let (scenario, console) = after_two_runs();
        let bytes = damage(&scenario);
        fs::write(scenario.path(LIVE), bytes).unwrap();
        println!("{what}");
        recovers(&scenario, &console);
    }
}

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
fn a_lost_checkpoint_is_restored_from_its_backup_or_refused() {
    let (scenario, console) = after_two_runs();
    fs::remove_file(scenario.path(LIVE)).unwrap();
    console.advance(TimeDelta::minutes(5));
    scenario.run().exits(4);
    let (scenario, _console) = after_two_runs();
    fs::remove_file(scenario.path(LIVE)).unwrap();
    fs::remove_file(scenario.path(BACKUP)).unwrap();
    fs::remove_dir_all(scenario.path(".state-backups")).ok();
    refuses(&scenario, 65, &["state restore", "state rebuild", "state reset"]);
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
fn a_newer_schema_is_65_and_untouched() {
    let (scenario, _console) = after_two_runs();
    let mut checkpoint = scenario.checkpoint();
    checkpoint["schema_version"] = json!("3.0");
    fs::write(
        scenario.path(LIVE),
        serde_json::to_vec_pretty(&checkpoint).unwrap(),
    )
    .unwrap();
    refuses(&scenario, 65, &["3.0"]);
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
