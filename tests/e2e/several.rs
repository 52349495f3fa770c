//! Several consoles in one run: asked at once, each to its own verdict, and the report the same whoever was faster.

use std::fmt::Write as _;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::archive;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::console::{API_KEY, Console};
use crate::scenario::{Scenario, source};

/// So many consoles, each with rows of its own.
fn consoles(count: u64) -> Vec<Console> {
    let made = (0..count).map(|number| {
        let console = Console::start();
        console.state().uuid = format!("7c1e64a0-5f3b-4c0e-9d57-02f1a3b4c5{number:02}");
        let since = console.now() - TimeDelta::minutes(50);
        console.add(series(1000 * number, 20, since, TimeDelta::minutes(2)));
        console
    });
    made.collect()
}

fn world(consoles: &[Console], first: &str) -> Scenario {
    let scenario = Scenario::new();
    let mut file = first.to_owned();
    for (number, console) in consoles.iter().enumerate() {
        let port = console.port();
        write!(
            file,
            "[[controller]]\nname = \"c{number}\"\nhost = \"http://127.0.0.1:{port}\"\napi_key = \"{API_KEY}\"\n"
        )
        .unwrap();
    }
    let path = scenario.file("several.toml", file);
    scenario.env("UNIFI_SCAN_CONFIG", path.to_str().unwrap())
}

#[track_caller]
fn told_exactly(scenario: &Scenario, consoles: &[Console]) {
    let mut wanted: Vec<String> = consoles.iter().flat_map(Console::ids).collect();
    wanted.sort();
    assert_eq!(scenario.told(), wanted);
    archive::audit(&scenario.reports);
}

#[test]
fn a_console_that_lets_wait_does_not_keep_the_others_waiting() {
    let consoles = consoles(6);
    let scenario = world(&consoles, "");
    for console in &consoles[..3] {
        console.fault(Fault::on("/system-log/all", What::Hold).times(1));
    }
    let run = scenario.start(&["run"]);
    // Three of the four that are asked at once let wait: the fourth place goes through the rest.
    for console in &consoles[3..] {
        console.wait_for_path("/stat/health");
    }
    for console in &consoles[..3] {
        console.behave();
    }
    run.wait().exits(0);
    told_exactly(&scenario, &consoles);
}

#[test]
fn with_max_parallel_1_they_are_asked_one_after_the_other() {
    let consoles = consoles(2);
    let scenario = world(&consoles, "max_parallel = 1\n");
    consoles[0].fault(Fault::on("/stat/health", What::Hold).times(1));
    let run = scenario.start(&["run"]);
    consoles[0].wait_for_path("/stat/health");
    assert!(consoles[1].hits().is_empty());
    consoles[0].behave();
    run.wait().exits(0);
    told_exactly(&scenario, &consoles);
    scenario
        .does(&["config", "show"])
        .exits(0)
        .says("max_parallel = 1");
    world(&consoles, "max_parallel = 0\n")
        .run()
        .exits(78)
        .says("max_parallel");
}

#[test]
fn the_report_is_the_same_whichever_console_was_faster() {
    let consoles = consoles(3);
    let now = consoles[0].now().to_rfc3339();
    let report = |slow: usize| {
        let scenario = world(&consoles, "");
        consoles[slow].fault(Fault::on("/system-log/all", What::Hold).times(1));
        let run = scenario.start(&["run", "--now", &now]);
        for (number, console) in consoles.iter().enumerate() {
            if number != slow {
                console.wait_for_path("/stat/health");
            }
        }
        consoles[slow].behave();
        run.wait().exits(0);
        for console in &consoles {
            console.state().hits.clear();
        }
        let report = scenario.newest_report();
        // Windows end when their console was asked.
        let judged = ["counts", "findings", "routine", "digest", "devices", "timeline"];
        let report: Vec<Value> = judged.iter().map(|part| report[part].clone()).collect();
        let names = archive::below(&scenario.reports);
        let rows = names.iter().find(|name| name.contains("/events-")).unwrap();
        (report, archive::lines(&scenario.path(rows)))
    };
    let (first, rows) = report(0);
    for slow in 1..3 {
        let (again, again_rows) = report(slow);
        assert_eq!(again, first);
        assert_eq!(again_rows, rows, "the event archive");
    }
}

#[test]
fn a_console_that_never_answers_has_its_share_of_the_time_and_the_next_one_the_rest() {
    let consoles = consoles(3);
    let scenario = world(&consoles, "max_parallel = 1\n");
    consoles[0].fault(Fault::on("/system-log/all", What::Hang));
    let told = scenario
        .does(&["run", "--max-runtime", "12s", "--json"])
        .exits(3)
        .json();
    let line = source(&told, "c0/default/system-log");
    assert_eq!(
        (&line["outcome"], &line["code"]),
        (&json!("failed"), &json!(69)),
        "{line:#}"
    );
    assert!(
        line["reason"].as_str().unwrap().contains("its share of the time"),
        "{line:#}"
    );
    for name in ["c1", "c2"] {
        assert_eq!(
            source(&told, &format!("{name}/default/system-log"))["outcome"],
            "complete"
        );
    }
    // Nobody is shut out by one that is slow, and it loses nothing by it.
    consoles[0].behave();
    scenario.run().exits(0);
    told_exactly(&scenario, &consoles);
}

#[test]
fn the_status_names_the_console_that_was_never_read_and_is_stale_until_it_is() {
    let consoles = consoles(2);
    let scenario = world(&consoles, "");
    consoles[0].state().key_is_good = false;
    scenario.run().exits(3);
    let ran = scenario
        .does(&["status", "--max-age", "26h"])
        .exits(1)
        .says("not read        c0/")
        .says("never read, STALE");
    let told: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.starts_with("not read"))
        .collect();
    assert_eq!(told.len(), 1, "one line for one reason: {told:#?}");
    assert!(
        told[0].contains("and 2 more") && told[0].contains("API key"),
        "{told:#?}"
    );
    assert!(!ran.stdout.contains("c1/"), "{ran}");
    let told = scenario.does(&["status", "--json"]).exits(0).json();
    assert_eq!(told["lacking"].as_array().unwrap().len(), 1);
    consoles[0].state().key_is_good = true;
    scenario.run().exits(0);
    scenario
        .does(&["status", "--max-age", "26h"])
        .exits(0)
        .never_says("not read");
}
