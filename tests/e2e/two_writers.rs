//! Two at once in one directory: the second waits, refuses or is noticed, and nothing is lost by it.

use std::fs;

use chrono::TimeDelta;

use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::scenario::Scenario;
use crate::state::{BACKUP, LIVE, after_two_runs};

#[test]
fn the_second_of_two_runs_is_75_at_once_and_names_the_first() {
    let (scenario, console) = after_two_runs();
    let asked = console.asked("system-log/all");
    console.fault(Fault::on("system-log/all", What::Hold));
    let first = scenario.start(&["run"]);
    console.wait_until("the first run", |state| state.asked("system-log/all") > asked);
    let before = scenario.photograph();
    scenario
        .run()
        .exits(75)
        .says_all(&[&first.pid().to_string(), "collect"]);
    assert!(
        scenario.photograph() == before,
        "the refused run changed something"
    );
    scenario.does(&["run", "--exit-zero-on", "locked"]).exits(0);
    let status = scenario.does(&["status"]);
    assert!(status.said().contains(&first.pid().to_string()), "{status}");
    console.behave();
    first.wait().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_waiting_run_goes_on_when_the_first_has_ended() {
    let (scenario, console) = after_two_runs();
    console.fault(Fault::on("stat/device", What::Hold));
    let held = console.asked("stat/device");
    let first = scenario.start(&["run"]);
    console.wait_until("the first run", |state| state.asked("stat/device") > held);
    let second = scenario.start(&["run", "--wait", "100s"]);
    console.behave();
    first.wait().exits(0);
    second.wait().exits(0);
    assert_eq!(scenario.reports().len(), 4);
    scenario.told_exactly(&console);
}

#[test]
fn asking_for_the_status_never_makes_a_run_fail() {
    let (scenario, console) = after_two_runs();
    for _ in 0..5 {
        let (status, run) = (scenario.start(&["status"]), scenario.start(&["run"]));
        let status = status.wait();
        assert!(status.code().is_some_and(|code| code <= 1), "{status}");
        run.wait().exits(0);
    }
    scenario.told_exactly(&console);
}

/// A run that is held at its last request while the test does something behind its back.
fn meanwhile(scenario: &Scenario, console: &Console, behind: impl Fn()) -> crate::child::Ran {
    console.add(series(300, 5, console.now(), TimeDelta::minutes(1)));
    console.advance(TimeDelta::hours(1));
    console.fault(Fault::on("stat/health", What::Hold));
    let held = console.asked("stat/health");
    let run = scenario.start(&["run"]);
    console.wait_until("the run", |state| state.asked("stat/health") > held);
    behind();
    console.behave();
    run.wait()
}

#[test]
fn a_lock_file_replaced_during_a_run_is_73_and_nothing_is_committed() {
    let (scenario, console) = after_two_runs();
    let before = fs::read(scenario.path(LIVE)).unwrap();
    meanwhile(&scenario, &console, || {
        fs::remove_file(scenario.path(".last_run.lock")).unwrap();
        fs::write(scenario.path(".last_run.lock"), "").unwrap();
    })
    .exits(73)
    .says("lock");
    assert!(
        fs::read(scenario.path(LIVE)).unwrap() == before,
        "the checkpoint was replaced"
    );
    assert_eq!(scenario.reports().len(), 2);
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_checkpoint_replaced_by_another_writer_is_73_and_stays() {
    let (scenario, console) = after_two_runs();
    let older = fs::read(scenario.path(BACKUP)).unwrap();
    meanwhile(&scenario, &console, || {
        let path = scenario.path("another-writer");
        fs::write(&path, &older).unwrap();
        fs::rename(&path, scenario.path(LIVE)).unwrap();
    })
    .exits(73);
    assert!(
        fs::read(scenario.path(LIVE)).unwrap() == older,
        "the other writer's checkpoint was replaced"
    );
}
