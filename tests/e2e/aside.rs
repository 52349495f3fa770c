//! Commands that hold the lock and are no runs: they say who they are, leave nothing behind, and their death is told
//! as theirs.

use std::fs;

use chrono::TimeDelta;
use rustix::fs::FlockOperation;

use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::scenario::Scenario;
use crate::state_commands::after_runs;

const WHO: &str = ".run.json";

/// `state restore` of the first generation with a report that dies when it has put the checkpoint in its place.
fn dying_restore(scenario: &Scenario) {
    let mut command = scenario.command(&["state", "restore", "--generation", "3"]);
    command.env("UNIFI_SCAN_CRASH_AT", "checkpoint.renamed");
    let ran = scenario.spawn(command, b"").wait();
    assert!(!ran.status.success(), "{ran}");
}

/// A run that is killed while it reads.
fn killed_run(scenario: &Scenario, console: &Console) {
    console.fault(Fault::on("stat/device", What::Hold));
    let held = console.asked("stat/device");
    let run = scenario.start(&["run"]);
    console.wait_until("the run", |state| state.asked("stat/device") > held);
    run.kill();
    console.behave();
}

#[test]
fn a_run_beside_an_ad_hoc_report_is_told_who_is_at_work() {
    let (scenario, console) = after_runs(2);
    let before = fs::read(scenario.path(WHO)).unwrap();
    console.fault(Fault::on("stat/device", What::Hold));
    let held = console.asked("stat/device");
    let first = scenario.start(&["run", "--since", "5h"]);
    console.wait_until("the first", |state| state.asked("stat/device") > held);
    let pid = first.pid().to_string();
    let words = [
        "`unifi-scan run --since` holds the lock",
        &pid,
        "stage collect",
        "ago)",
    ];
    scenario.run().exits(75).says_all(&words);
    scenario
        .does(&["state", "rewind", "--to", "1h"])
        .exits(75)
        .says_all(&words);
    scenario
        .does(&["status"])
        .says_all(&["run --since: attempt", &pid]);
    let status = scenario.does(&["status", "--json"]).json();
    assert_eq!(status["running"]["command"], "run --since");
    console.behave();
    first.wait().exits(0);
    assert!(
        fs::read(scenario.path(WHO)).unwrap() == before,
        "it left something behind"
    );
    scenario.does(&["status"]).exits(0).says("running         no");
}

#[test]
fn a_run_beside_a_repair_of_the_state_is_told_which() {
    let (scenario, _console) = after_runs(2);
    dying_restore(&scenario);
    // As if it were still at work: its lock is held, and it has said who it is.
    let lock = fs::File::open(scenario.path(".last_run.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let record = crate::archive::json(&scenario.path(WHO));
    assert_eq!(
        (&record["command"], &record["stage"]),
        (&"state restore".into(), &"commit".into())
    );
    let pid = record["pid"].to_string();
    let id = record["attempt_id"].as_str().unwrap();
    let words = [
        "`unifi-scan state restore` holds the lock",
        &pid,
        id,
        "stage commit",
        "ago)",
    ];
    scenario.run().exits(75).says_all(&words);
    scenario
        .does(&["state", "restore", "--generation", "3"])
        .exits(75)
        .says_all(&words);
}

#[test]
fn a_repair_that_ends_leaves_who_ran_last_as_it_was_and_no_line_of_history() {
    let (scenario, console) = after_runs(2);
    let before = (fs::read(scenario.path(WHO)).unwrap(), scenario.history());
    for order in [
        ["state", "restore", "--generation", "3"].as_slice(),
        &["state", "rewind", "--to", "1h"],
        &["state", "rebuild", "--from-reports"],
        &["state", "reset", "--yes"],
    ] {
        scenario.does(order).exits(0);
        let after = (fs::read(scenario.path(WHO)).unwrap(), scenario.history());
        assert!(before == after, "{order:?}");
    }
    fs::remove_file(scenario.path(WHO)).unwrap();
    scenario.does(&["state", "reset", "--yes"]).exits(0);
    assert!(!scenario.path(WHO).exists());
    console.advance(TimeDelta::hours(1));
    let ran = scenario.does(&["run", "-v"]).exits(0);
    ran.never_says("died");
}

#[test]
fn a_repair_that_dies_is_told_as_what_it_is_and_hides_no_death_before_it() {
    let (scenario, console) = after_runs(2);
    console.add(series(900, 5, console.now(), TimeDelta::minutes(1)));
    console.advance(TimeDelta::hours(1));
    killed_run(&scenario, &console);
    scenario.does(&["state", "restore"]).exits(2);
    dying_restore(&scenario);
    scenario.does(&["run", "-v"]).exits(4).says_all(&[
        "previous command died command=\"state restore\" stage=commit",
        "previous attempt died stage=collect",
    ]);
    let told = scenario.newest_report()["warnings"].to_string();
    assert!(
        told.contains("The command `unifi-scan state restore` of "),
        "{told}"
    );
    let died: Vec<_> = scenario
        .history()
        .into_iter()
        .filter(|line| line["result"] == "died")
        .collect();
    assert_eq!(died.len(), 1, "{died:#?}");
    assert_eq!(
        (&died[0]["command"], &died[0]["stage"]),
        (&"run".into(), &"collect".into())
    );
    console.advance(TimeDelta::hours(1));
    scenario.does(&["run", "-v"]).exits(0).never_says("died");
    assert!(
        !scenario.newest_report()["warnings"].to_string().contains("died"),
        "once"
    );
}

#[test]
fn a_killed_ad_hoc_report_is_no_dead_run() {
    let (scenario, console) = after_runs(1);
    console.fault(Fault::on("stat/device", What::Hold));
    let held = console.asked("stat/device");
    let run = scenario.start(&["run", "--since", "5h"]);
    console.wait_until("the ad hoc run", |state| state.asked("stat/device") > held);
    run.kill();
    console.behave();
    console.advance(TimeDelta::hours(1));
    scenario
        .does(&["run", "-v"])
        .exits(0)
        .says("command=\"run --since\"");
    assert!(scenario.history().iter().all(|line| line["result"] == "ok"));
}
