//! `state …`: what a tired person types when the state is broken, or to see that it is not.

use std::fs;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;

const LIVE: &str = ".last_run.json";
const BAK: &str = ".last_run.json.bak";

/// So many hourly runs with ten rows each.
pub fn after_runs(runs: u32) -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    for run in 0..runs {
        an_hour(&console, run);
        scenario.run().exits(0);
    }
    (scenario, console)
}

/// An hour passes, in which ten rows appear.
pub fn an_hour(console: &Console, number: u32) {
    let rows = series(
        u64::from(number) * 100,
        10,
        console.now() + TimeDelta::minutes(2),
        TimeDelta::minutes(5),
    );
    console.add(rows);
    console.advance(TimeDelta::hours(1));
}

fn rows<'a>(verified: &'a Value, what: &str) -> Vec<&'a Value> {
    let all = verified.as_array().unwrap().iter();
    all.filter(|row| row["what"].as_str().unwrap().starts_with(what))
        .collect()
}

/// Everything but the lock is as it was.
#[track_caller]
fn untouched(scenario: &Scenario, arguments: &[&str], code: i32) -> crate::child::Ran {
    let before = scenario.photograph();
    let ran = scenario.does(arguments).exits(code);
    assert!(
        scenario.photograph() == before,
        "{arguments:?} changed something: {}",
        scenario.listing()
    );
    ran
}

/// Every row the console shows was told at least once.
#[track_caller]
fn nothing_lost(scenario: &Scenario, console: &Console) {
    let told = scenario.told();
    let missing: Vec<String> = console
        .ids()
        .into_iter()
        .filter(|id| told.binary_search(id).is_err())
        .collect();
    assert!(missing.is_empty(), "never told: {missing:?}");
    archive::audit_after_recovery(&scenario.reports);
}

pub fn generation(scenario: &Scenario) -> u64 {
    scenario.checkpoint()["generation"].as_u64().unwrap()
}

#[test]
fn verify_says_that_a_whole_state_is_whole_and_touches_nothing() {
    let scenario = Scenario::new();
    untouched(&scenario, &["state", "verify"], 0).says("first");
    let (scenario, _console) = after_runs(2);
    untouched(&scenario, &["state", "verify"], 0)
        .says_all(&["generation", "run 2", "seen ids", "last reports", "backups"])
        .never_says("first");
}

#[test]
fn verify_names_what_is_damaged_and_never_calls_it_a_first_run() {
    let (scenario, _console) = after_runs(2);
    let sidecar = scenario.checkpoint()["sidecar"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let names = archive::below(&scenario.reports);
    let report = names.iter().find(|name| name.contains("/report-000001")).unwrap();
    let report = report.rsplit_once('.').unwrap().0.to_owned() + ".json";
    let backup = names
        .iter()
        .find(|name| name.starts_with(".state-backups/"))
        .unwrap();
    for (name, what) in [
        (LIVE, "checkpoint"),
        (BAK, "the one before"),
        (&sidecar, "seen ids"),
        (&report, "report 1"),
        (backup, "backup"),
    ] {
        let whole = fs::read(scenario.path(name)).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [&[], &whole[..whole.len() / 2], &flipped] {
            fs::write(scenario.path(name), damaged).unwrap();
            let ran = untouched(&scenario, &["state", "verify", "--json"], 65).never_says("first");
            assert_eq!(rows(&ran.json(), what)[0]["verdict"], "bad", "{name}: {ran}");
        }
        fs::write(scenario.path(name), whole).unwrap();
        untouched(&scenario, &["state", "verify"], 0);
    }
    fs::remove_file(scenario.path(LIVE)).unwrap();
    untouched(&scenario, &["state", "verify"], 65).says_all(&["lost", "recovered from generation"]);
}

#[test]
fn backups_are_listed_newest_first_and_one_more_is_made_on_request() {
    let scenario = Scenario::new();
    scenario.does(&["state", "backups"]).exits(0).says("no backups");
    scenario.does(&["state", "backup"]).exits(65);
    let (scenario, console) = after_runs(1);
    an_hour(&console, 1);
    scenario.run().exits(0);
    let made = scenario.does(&["state", "backup"]).exits(0);
    let newest = generation(&scenario);
    let made = made.says(&format!("generation {newest}"));
    let listed = untouched(&scenario, &["state", "backups", "--json"], 0).json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed[0]["generation"], newest, "{made}");
    let generations: Vec<u64> = listed
        .iter()
        .map(|line| line["generation"].as_u64().unwrap())
        .collect();
    assert!(generations.is_sorted_by(|a, b| a >= b), "{generations:?}");
    assert!(listed.iter().all(|line| line["state"] == "valid"), "{listed:?}");
    let path = scenario.path(listed[0]["path"].as_str().unwrap());
    assert_eq!(
        fs::read(&path).unwrap(),
        fs::read(scenario.path(LIVE)).unwrap(),
        "a backup is the checkpoint as it is"
    );
    fs::write(&path, "{").unwrap();
    scenario
        .does(&["state", "backups"])
        .exits(0)
        .says_all(&["damaged", "generation", "age"]);
    fs::write(scenario.path(LIVE), "{").unwrap();
    untouched(&scenario, &["state", "backup"], 65);
}

#[test]
fn a_restored_generation_reads_again_what_came_after_it_under_new_numbers() {
    let (scenario, console) = after_runs(1);
    scenario.does(&["state", "backup"]).exits(0);
    let old = generation(&scenario);
    let epoch = scenario.checkpoint()["sources"][0]["epoch"].as_u64().unwrap();
    for number in 1..4 {
        an_hour(&console, number);
        scenario.run().exits(0);
    }
    let before = generation(&scenario);
    let wanted = old.to_string();
    let restore = ["state", "restore", "--generation", &wanted];
    untouched(&scenario, &["state", "restore", "--generation", "999"], 65).says("no valid copy");
    untouched(&scenario, &["state", "restore"], 2).says_all(&["valid", "--generation"]);
    untouched(&scenario, &[&restore[..], &["--dry-run"]].concat(), 0)
        .says_all(&["would be", "runs 2 to 4 are superseded"]);
    scenario
        .does(&restore)
        .exits(0)
        .says_all(&["recovered from generation", "next run is 5"]);
    let restored = scenario.checkpoint();
    assert!(restored["generation"].as_u64().unwrap() > before);
    assert!(restored["sources"][0]["epoch"].as_u64().unwrap() > epoch);
    scenario.does(&["state", "verify"]).exits(0);
    scenario.run().exits(4);
    assert_eq!(
        scenario.reports().into_keys().collect::<Vec<_>>(),
        [1, 2, 3, 4, 5],
        "no number twice"
    );
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(warnings.contains("restored on request"), "{warnings}");
    let index = fs::read_to_string(scenario.path("index.html")).unwrap();
    assert_eq!(
        index.matches("superseded").count(),
        3,
        "runs 2 to 4 are marked: {index}"
    );
    let told = scenario.told().len();
    assert!(
        told > console.ids().len(),
        "what came after is told again: {told}"
    );
    nothing_lost(&scenario, &console);
    scenario.run().exits(0);
    assert!(
        !scenario.newest_report()["warnings"]
            .to_string()
            .contains("restored"),
        "it is told once"
    );
    // What was replaced is a backup too: the way back from a mistaken restore.
    scenario
        .does(&["state", "restore", "--generation", &before.to_string()])
        .exits(0);
    scenario.run().exits(4);
    nothing_lost(&scenario, &console);
}

#[test]
fn a_damaged_newer_or_lost_checkpoint_is_restored_from_the_newest_copy_and_kept() {
    let newer = |scenario: &Scenario| {
        let mut checkpoint = scenario.checkpoint();
        checkpoint["schema_version"] = json!("3.0");
        serde_json::to_vec(&checkpoint).unwrap()
    };
    for kind in ["damaged", "newer", "lost"] {
        let (scenario, console) = after_runs(2);
        let bytes = if kind == "newer" {
            newer(&scenario)
        } else {
            b"{\"half\":".to_vec()
        };
        if kind == "lost" {
            fs::remove_file(scenario.path(LIVE)).unwrap();
        } else {
            fs::write(scenario.path(LIVE), &bytes).unwrap();
        }
        untouched(&scenario, &["state", "restore", "--dry-run"], 0);
        scenario.does(&["state", "restore"]).exits(0);
        let names = archive::below(&scenario.reports);
        let aside = names
            .iter()
            .find(|name| name.starts_with(".last_run.json.corrupt-"));
        if kind == "lost" {
            assert_eq!(aside, None);
        } else {
            assert_eq!(fs::read(scenario.path(aside.unwrap())).unwrap(), bytes, "{kind}");
        }
        an_hour(&console, 2);
        scenario.run().exits(4);
        nothing_lost(&scenario, &console);
        scenario.run().exits(0);
    }
}

#[test]
fn a_backup_copied_back_by_hand_works_like_a_restore() {
    let (scenario, console) = after_runs(1);
    let listed = scenario.does(&["state", "backups", "--json"]).exits(0).json();
    let copy = scenario.path(listed[0]["path"].as_str().unwrap());
    for number in 1..3 {
        an_hour(&console, number);
        scenario.run().exits(0);
    }
    fs::copy(copy, scenario.path(LIVE)).unwrap();
    scenario.does(&["state", "verify"]).exits(0);
    an_hour(&console, 3);
    scenario.run().exits(4);
    assert_eq!(scenario.reports().into_keys().last(), Some(4));
    nothing_lost(&scenario, &console);
    scenario.run().exits(0);
}

#[test]
fn a_restore_beside_a_running_scan_is_refused() {
    use crate::console::fault::{Fault, What};
    let (scenario, console) = after_runs(1);
    console.fault(Fault::on("stat/health", What::Hold));
    let held = console.asked("stat/health");
    let run = scenario.start(&["run"]);
    console.wait_until("the run", |state| state.asked("stat/health") > held);
    untouched(&scenario, &["state", "restore", "--generation", "1"], 75).says(&run.pid().to_string());
    untouched(&scenario, &["state", "verify"], 0);
    console.behave();
    run.wait().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_restore_that_dies_anywhere_leaves_the_old_state_or_the_restored_one() {
    for point in ["begin", "staged", "kept", "renamed", "synced"] {
        let (scenario, console) = after_runs(2);
        let restore = ["state", "restore", "--generation", "3"];
        let mut command = scenario.command(&restore);
        command.env("UNIFI_SCAN_CRASH_AT", format!("checkpoint.{point}"));
        let died = scenario.spawn(command, b"").wait();
        assert_eq!(died.code(), None, "{point}: {died}");
        scenario.does(&["state", "verify"]).exits(0);
        an_hour(&console, 2);
        scenario.run().exits_one_of(&[0, 4]);
        assert_eq!(scenario.reports().into_keys().last(), Some(3), "{point}");
        nothing_lost(&scenario, &console);
    }
}
