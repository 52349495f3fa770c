//! Older checkpoints put back by hand, as people do it: noticed whatever the last run had come to, and no number
//! of a run or a generation is used twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::archive;
use crate::console::Console;
use crate::scenario::Scenario;
use crate::state::{BACKUP, LIVE};
use crate::state_commands::{after_runs, an_hour, generation};

/// Where a run may die after its commit, and where it may not.
const ENDS: [&str; 6] = [
    "",
    "checkpoint.renamed",
    "checkpoint.synced",
    "publish.events",
    "publish.renderings",
    "publish.json",
];

/// Puts the first file in the place of the second.
type Hand = fn(&Path, &Path);

/// How somebody does that.
const HANDS: [(&str, Hand); 3] = [
    ("cp", |from, to| {
        fs::copy(from, to).unwrap();
    }),
    ("cp of what was there removed", |from, to| {
        fs::remove_file(to).unwrap();
        fs::copy(from, to).unwrap();
    }),
    ("mv", |from, to| fs::rename(from, to).unwrap()),
];

/// Two whole runs and a third that ends there.
fn ending_at(point: &str) -> (Scenario, Console) {
    let (scenario, console) = after_runs(2);
    an_hour(&console, 2);
    let ran = scenario.run_dying_at(point);
    assert_eq!(ran.status.success(), point.is_empty(), "{ran}");
    (scenario, console)
}

/// The numbers that any published report bears.
fn published(scenario: &Scenario) -> BTreeSet<u64> {
    scenario.reports().into_keys().collect()
}

/// The copy may have taken the record of an attempt with it, but no row.
#[track_caller]
fn all_told(scenario: &Scenario, console: &Console, what: &str) {
    let told = scenario.told();
    let ids = console.ids().into_iter();
    let lost: Vec<String> = ids.filter(|id| told.binary_search(id).is_err()).collect();
    assert!(lost.is_empty(), "{what}: never told: {lost:?}");
}

/// After the copy the next run says what it found, uses numbers of its own and loses nothing.
#[track_caller]
fn goes_on(scenario: &Scenario, console: &Console, used: u64, what: &str) {
    let numbers = published(scenario);
    an_hour(console, 3);
    let ran = scenario.run().exits(4).says("restored by hand");
    assert!(
        generation(scenario) > used,
        "{what}: generation {used} used twice"
    );
    let new: Vec<u64> = published(scenario).difference(&numbers).copied().collect();
    let newest = scenario.checkpoint()["run"].as_u64().unwrap();
    assert_eq!(new.last(), Some(&newest), "{what}: {ran}");
    assert!(
        numbers.iter().all(|number| *number < newest),
        "{what}: a number used twice"
    );
    all_told(scenario, console, what);
    scenario.run().exits(0);
    scenario.does(&["state", "verify"]).exits(0);
}

#[test]
fn the_checkpoint_before_is_known_for_a_copy_whatever_the_last_run_had_come_to() {
    for point in ENDS {
        for (hand, put) in HANDS {
            let (scenario, console) = ending_at(point);
            let used = generation(&scenario);
            let staged = scenario.path(".outbox/000003/report.json").exists();
            put(&scenario.path(BACKUP), &scenario.path(LIVE));
            let what = format!("{hand} after a run that ended at {point:?}");
            println!("{what}");
            if hand == "mv" && !point.is_empty() {
                // Nothing tells this from a death before the commit: nobody saw the run, its rows are read again.
                an_hour(&console, 3);
                scenario.run().exits_one_of(&[0, 4]);
                all_told(&scenario, &console, &what);
                continue;
            }
            goes_on(&scenario, &console, used, &what);
            if point.starts_with("checkpoint") {
                assert!(staged, "{what}");
                let left_out = scenario.reports();
                assert!(
                    !left_out.contains_key(&3),
                    "{what}: 3 was taken, and is superseded"
                );
            }
        }
    }
}

#[test]
fn a_backup_copied_back_is_known_for_one_whatever_the_last_run_had_come_to() {
    for point in ENDS {
        let (scenario, console) = ending_at(point);
        let used = generation(&scenario);
        let names = archive::below(&scenario.reports);
        let backup = names.iter().find(|name| name.starts_with(".state-backups/"));
        fs::copy(scenario.path(backup.unwrap()), scenario.path(LIVE)).unwrap();
        goes_on(&scenario, &console, used, &format!("after {point:?}"));
    }
}

#[test]
fn a_death_at_any_step_of_a_commit_is_no_copy_by_hand() {
    for step in ["begin", "staged", "kept", "renamed", "synced"] {
        let (scenario, console) = ending_at(&format!("checkpoint.{step}"));
        let verified = scenario.does(&["state", "verify", "--json"]).exits(0).json();
        let rows = verified.as_array().unwrap();
        assert!(
            rows.iter().all(|row| row["what"] != "next run"),
            "{step}: {verified:#}"
        );
        an_hour(&console, 3);
        scenario.run().exits(0).never_says("by hand");
        scenario.told_exactly(&console);
    }
}

#[test]
fn a_whole_directory_copied_elsewhere_goes_on_as_it_was() {
    let (scenario, console) = after_runs(2);
    let elsewhere = scenario.home().join("elsewhere");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([&scenario.reports, &elsewhere])
        .status();
    assert!(copied.unwrap().success());
    fs::remove_dir_all(&scenario.reports).unwrap();
    fs::rename(&elsewhere, &scenario.reports).unwrap();
    an_hour(&console, 2);
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let verified: Value = scenario.does(&["state", "verify", "--json"]).exits(0).json();
    assert!(!verified.to_string().contains("by hand"), "{verified:#}");
}
