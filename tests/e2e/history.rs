//! `history show`: one attempt, by its run or by how its id begins.

use std::fs;

use chrono::TimeDelta;

use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;

/// One run with a report, and one attempt that found its key revoked.
fn world() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    let since = console.now() - TimeDelta::hours(6);
    console.add(series(0, 30, since, TimeDelta::minutes(7)));
    scenario.run().exits(0);
    console.state().key_is_good = false;
    scenario.run().exits(77);
    (scenario, console)
}

#[test]
fn a_run_is_shown_by_its_number_in_words_and_as_it_was_printed() {
    let (scenario, _console) = world();
    let before = scenario.photograph();
    let report = scenario.newest_report();
    let path = "report-000001-";
    let shown = scenario.does(&["history", "show", "1"]).exits(0);
    shown.says_all(&[
        "ok (exit 0), ended in stage done",
        report["report_id"].as_str().unwrap(),
        path,
        "30 (",
        "/default/system-log: complete, 30 events",
        "file: accepted run 1",
    ]);
    let json = scenario.does(&["history", "show", "1", "--json"]).exits(0).json();
    assert_eq!(json, scenario.history()[0]);
    assert!(scenario.photograph() == before, "looking changed something");
}

#[test]
fn an_attempt_without_a_number_is_shown_by_how_its_id_begins() {
    let (scenario, _console) = world();
    let history = scenario.history();
    let id = history[1]["attempt_id"].as_str().unwrap();
    scenario.does(&["history", "list"]).exits(0).says(&id[..8]);
    for beginning in [&id[..8], id] {
        scenario
            .does(&["history", "show", beginning])
            .exits(0)
            .says_all(&[
                id,
                "auth (exit 77)",
                "error",
                history[1]["error"].as_str().unwrap(),
            ]);
    }
    // What was not appended, the checkpoint still has.
    fs::remove_file(scenario.path("history.jsonl")).unwrap();
    scenario
        .does(&["history", "show", &id[..8]])
        .exits(0)
        .says("auth");
}

#[test]
fn what_is_not_there_or_not_clear_is_1() {
    let scenario = Scenario::new();
    scenario
        .does(&["history", "show", "1"])
        .exits(1)
        .says("no attempts yet");
    let (scenario, _console) = world();
    scenario
        .does(&["history", "show", "2"])
        .exits(1)
        .says("no attempt of run 2");
    scenario
        .does(&["history", "show", "zebra"])
        .exits(1)
        .says("zebra");
    scenario.does(&["history", "show", ""]).exits(1);
    let mut history = scenario.history();
    for end in ["1", "2"] {
        let mut line = history[1].clone();
        line["attempt_id"] = format!("feed{end:0>28}").into();
        history.push(line);
    }
    let lines: Vec<String> = history.iter().map(|line| format!("{line}\n")).collect();
    fs::write(scenario.path("history.jsonl"), lines.concat()).unwrap();
    scenario
        .does(&["history", "show", "feed0000"])
        .exits(1)
        .says("several");
    let one = format!("feed{:0>28}", 1);
    scenario.does(&["history", "show", &one]).exits(0).says(&one);
}
