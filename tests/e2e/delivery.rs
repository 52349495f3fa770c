//! The file channel, and death anywhere on the way to it: over all runs every event is published once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;

use crate::archive;
use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::scenario::Scenario;

/// A console with some rows, read with a login, one run done.
fn after_one_run() -> (Scenario, Console) {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console).password();
    console.add(series(
        0,
        130,
        console.now() - TimeDelta::hours(8),
        TimeDelta::minutes(3),
    ));
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(2));
    console.add(series(
        1000,
        130,
        console.now() - TimeDelta::minutes(110),
        TimeDelta::seconds(45),
    ));
    (scenario, console)
}

/// The run after a death ends well, says that one died, and nothing is lost or told twice.
#[track_caller]
fn made_up_for(scenario: &Scenario, console: &Console) {
    console.behave();
    scenario.run().exits_one_of(&[0, 4]);
    scenario.told_exactly(console);
}

/// Every name given to `crash_point` anywhere in the program.
fn crash_points() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for name in archive::below(&source) {
        let text = fs::read_to_string(source.join(name)).unwrap();
        for call in text.split("crash_point(\"").skip(1) {
            found.extend(call.split('"').next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn a_death_at_any_named_point_loses_and_doubles_nothing() {
    let points = crash_points();
    assert!(points.len() >= 5, "the program names its steps: {points:?}");
    let mut died = 0;
    for point in &points {
        println!("{point}");
        let (scenario, console) = after_one_run();
        let ran = scenario.run_dying_at(point);
        died += u32::from(!ran.status.success());
        made_up_for(&scenario, &console);
    }
    assert!(
        died * 2 >= u32::try_from(points.len()).unwrap(),
        "only {died} of {points:?} were met"
    );
}

#[test]
fn a_death_at_any_named_point_of_the_first_run_loses_nothing() {
    for point in &crash_points() {
        println!("{point}");
        let (scenario, console) = Scenario::with_console();
        console.add(series(
            0,
            40,
            console.now() - TimeDelta::hours(8),
            TimeDelta::minutes(3),
        ));
        scenario.run_dying_at(point);
        made_up_for(&scenario, &console);
    }
}

#[test]
fn a_second_death_during_the_repair_changes_nothing_about_that() {
    let points: Vec<String> = crash_points().into_iter().collect();
    for (first, second) in points.iter().zip(points.iter().cycle().skip(points.len() / 2)) {
        println!("{first}, then {second}");
        let (scenario, console) = after_one_run();
        scenario.run_dying_at(first);
        scenario.run_dying_at(second);
        made_up_for(&scenario, &console);
    }
}

#[test]
fn sigkill_at_every_request_loses_and_doubles_nothing() {
    let (scenario, console) = after_one_run();
    let before = console.hits().len();
    scenario.run().exits(0);
    let requests = console.hits().len() - before;
    drop((scenario, console));
    assert!(requests > 5);
    for n in 0..requests {
        let (scenario, console) = after_one_run();
        let before = console.hits().len();
        console.fault(Fault::on("", What::Hold).after(n).times(1));
        let ends = console.asked("stat/health");
        let run = scenario.start(&["run"]);
        // How many requests a run makes depends on where it stands in its hour; the health is always its last.
        console.wait_until("the request", |state| {
            state.hits.len() > before + n || state.asked("stat/health") > ends
        });
        run.kill();
        made_up_for(&scenario, &console);
    }
}

#[test]
fn sigkill_between_the_last_answer_and_the_end_loses_and_doubles_nothing() {
    for n in 0..12 {
        let (scenario, console) = after_one_run();
        console.fault(Fault::on("/api/auth/logout", What::Hold));
        let logouts = console.asked("/api/auth/logout");
        let run = scenario.start(&["run"]);
        console.wait_until("the logout", |state| state.asked("/api/auth/logout") > logouts);
        console.behave();
        run.kill_after(Duration::from_micros(n * n * 1_000));
        made_up_for(&scenario, &console);
    }
}

#[test]
fn a_killed_attempt_is_told_by_the_next_run() {
    let (scenario, console) = after_one_run();
    console.fault(Fault::on("stat/device", What::Hold));
    let held = console.asked("stat/device");
    let run = scenario.start(&["run"]);
    console.wait_until("the run", |state| state.asked("stat/device") > held);
    run.kill();
    console.behave();
    scenario.does(&["run", "-v"]).exits(0).says("died");
    let history = scenario.history();
    assert!(
        history.iter().any(|line| line["result"] == "died"),
        "{history:#?}"
    );
    scenario.told_exactly(&console);
}

#[test]
fn a_report_is_published_once_and_leaves_the_outbox_when_it_is_settled_twice_over() {
    let (scenario, console) = after_one_run();
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let names = archive::below(&scenario.reports);
    for number in 1..=3 {
        for end in ["json", "html", "txt"] {
            let start = format!("/report-{number:06}-");
            let found = names
                .iter()
                .filter(|name| name.contains(&start) && name.ends_with(end))
                .count();
            assert_eq!(found, 1, "run {number}, {end}: {names:#?}");
        }
        let archived = format!("/events-{number:06}.jsonl");
        assert_eq!(
            names.iter().filter(|name| name.ends_with(&archived)).count(),
            1,
            "{names:#?}"
        );
    }
    // Settled in the checkpoint and in `.bak`.
    assert!(!scenario.path(".outbox/000001").exists(), "{names:#?}");
    let checkpoint = scenario.checkpoint();
    assert_eq!(
        checkpoint["ledgers"]["file"]["last_contiguous"], 3,
        "{:#}",
        checkpoint["ledgers"]
    );
    assert_eq!(
        checkpoint["last_successful_run"],
        scenario.newest_report()["generated_at"]
    );
    assert_eq!(
        checkpoint["last_report_count"],
        scenario.newest_report()["counts"]["findings"]
    );
}

#[test]
fn a_report_that_cannot_be_published_is_owed_and_published_by_the_next_run() {
    let (scenario, console) = after_one_run();
    let month = archive::below(&scenario.reports)
        .into_iter()
        .find(|name| name.contains("/report-"))
        .unwrap();
    let month = scenario.path(month.rsplit_once('/').unwrap().0);
    let aside = scenario.home().join("aside");
    fs::rename(&month, &aside).unwrap();
    fs::write(&month, "in the way").unwrap();
    scenario.run().exits_one_of(&[3, 73]);
    fs::remove_file(&month).unwrap();
    fs::rename(&aside, &month).unwrap();
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_projection_that_cannot_be_written_is_3_at_the_beginning_as_at_the_end_and_holds_no_other_up() {
    let (scenario, console) = after_one_run();
    fs::remove_file(scenario.path("index.html")).unwrap();
    fs::create_dir_all(scenario.path("index.html/in the way")).unwrap();
    scenario.run().exits(3).says("a projection could not be written");
    // In the way when the run begins, and gone when it ends.
    console.advance(TimeDelta::hours(1));
    console.fault(Fault::on("stat/health", What::Hold));
    let held = console.asked("stat/health");
    let run = scenario.start(&["run"]);
    console.wait_until("the run", |state| state.asked("stat/health") > held);
    fs::remove_dir_all(scenario.path("index.html")).unwrap();
    console.behave();
    run.wait().exits(3);
    assert!(
        fs::read_to_string(scenario.path("index.html"))
            .unwrap()
            .contains("report-000003")
    );
    // The logs and the pages do not wait for each other.
    fs::create_dir(scenario.path("failures.jsonl")).unwrap();
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(3);
    assert!(
        fs::read_to_string(scenario.path("index.html"))
            .unwrap()
            .contains("report-000004")
    );
    fs::remove_dir(scenario.path("failures.jsonl")).unwrap();
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}
