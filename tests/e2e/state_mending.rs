//! `state …` where the operator changes what is remembered: starting over, a hand-edited checkpoint, reading again.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;
use crate::state_commands::{after_runs, an_hour};

const LIVE: &str = ".last_run.json";

fn times_told(scenario: &Scenario) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for id in scenario.told() {
        *told.entry(id).or_default() += 1;
    }
    told
}

#[track_caller]
fn refused(scenario: &Scenario, arguments: &[&str], code: i32, words: &str) {
    let before = scenario.photograph();
    scenario.does(arguments).exits(code).says(words);
    assert!(scenario.photograph() == before, "{arguments:?} changed something");
}

fn warnings(scenario: &Scenario) -> String {
    scenario.newest_report()["warnings"].to_string()
}

#[test]
fn a_reset_starts_over_under_new_numbers_and_keeps_what_was_there() {
    let (scenario, console) = after_runs(2);
    refused(&scenario, &["state", "reset"], 2, "--yes");
    let before = scenario.checkpoint();
    let old = fs::read(scenario.path(LIVE)).unwrap();
    scenario.does(&["state", "reset", "--yes"]).exits(0).says_all(&[
        "first run",
        "kept as",
        "number will be 3",
    ]);
    let kept = archive::below(&scenario.reports)
        .into_iter()
        .filter(|name| name.starts_with(".state-backups/"));
    assert!(
        kept.into_iter()
            .any(|name| fs::read(scenario.path(&name)).unwrap() == old),
        "the old checkpoint is kept"
    );
    assert_ne!(scenario.checkpoint()["instance"], before["instance"]);
    scenario.does(&["state", "verify"]).exits(0);
    an_hour(&console, 2);
    scenario.run().exits(0);
    assert_eq!(scenario.reports().into_keys().collect::<Vec<_>>(), [1, 2, 3]);
    let told = warnings(&scenario);
    assert!(
        told.contains("reset on request") && told.contains("first report"),
        "{told}"
    );
    let first = &times_told(&scenario);
    for id in console.ids() {
        assert!(first[&id] >= 1, "{id} got lost");
    }
    scenario.run().exits(0);
    let again = times_told(&scenario);
    assert_eq!(*first, again, "after that nothing repeats");
    archive::audit_after_recovery(&scenario.reports);
    // The way back from a mistake.
    let generation = before["generation"].to_string();
    scenario
        .does(&["state", "restore", "--generation", &generation])
        .exits(0);
    assert_eq!(scenario.checkpoint()["instance"], before["instance"]);
    scenario.run().exits(4);
}

#[test]
fn a_reset_is_the_way_out_when_nothing_can_be_read() {
    let (scenario, _console) = after_runs(2);
    fs::remove_dir_all(scenario.path(".state-backups")).unwrap();
    for name in [LIVE, ".last_run.json.bak"] {
        fs::write(scenario.path(name), "{").unwrap();
    }
    scenario.run().exits(65);
    scenario
        .does(&["state", "reset", "--yes"])
        .exits(0)
        .says("corrupt");
    scenario.run().exits(0);
    assert_eq!(scenario.reports().into_keys().last(), Some(3), "no number twice");
    let fresh = Scenario::new();
    fs::create_dir(&fresh.reports).unwrap();
    fresh
        .does(&["state", "reset", "--yes"])
        .exits(0)
        .says("first anyway");
    assert!(!fresh.path(LIVE).exists());
}

fn edited(scenario: &Scenario, edit: impl Fn(&mut Value)) -> String {
    let mut checkpoint = scenario.checkpoint();
    edit(&mut checkpoint);
    serde_json::to_string_pretty(&checkpoint).unwrap()
}

#[test]
fn a_deliberate_edit_is_accepted_and_told_and_anything_else_is_not() {
    let (scenario, console) = after_runs(2);
    let other = json!("0123456789abcdef0123456789abcdef");
    let bad: [(&str, String, &str); 6] = [
        ("cut", "{\"schema".to_owned(), "not JSON"),
        (
            "newer",
            edited(&scenario, |c| c["schema_version"] = json!("3.0")),
            "3.0",
        ),
        ("type", edited(&scenario, |c| c["run"] = json!("two")), "run"),
        (
            "lineage",
            edited(&scenario, |c| c["instance"] = other.clone()),
            "lineage",
        ),
        (
            "path",
            edited(&scenario, |c| c["sidecar"]["name"] = json!("../x")),
            "sidecar",
        ),
        (
            "naive",
            edited(&scenario, |c| c["start"] = json!("2026-11-20T06:00:00")),
            "start",
        ),
    ];
    for (name, text, words) in bad {
        let file = scenario.file(name, text);
        refused(&scenario, &["state", "accept", file.to_str().unwrap()], 65, words);
    }
    refused(&scenario, &["state", "accept", "/nowhere"], 65, "nowhere");
    scenario
        .does(&["state", "accept", ".last_run.json"])
        .exits(0)
        .says("nothing to accept");

    let ahead = edited(&scenario, |c| c["consecutive_failures"] = json!(7));
    fs::write(scenario.path(LIVE), ahead).unwrap();
    scenario.does(&["state", "verify"]).exits(65);
    let live = scenario.path(LIVE);
    scenario
        .does(&["state", "accept", live.to_str().unwrap()])
        .exits(0)
        .says_all(&["accepted", "consecutive_failures"]);
    scenario.does(&["state", "verify"]).exits(0);
    assert_eq!(scenario.checkpoint()["consecutive_failures"], 7);
    an_hour(&console, 2);
    scenario.run().exits(0);
    assert!(warnings(&scenario).contains("edited by hand"));
    scenario.run().exits(0);
    assert!(!warnings(&scenario).contains("edited by hand"), "told once");
    scenario.told_exactly(&console);
}

#[test]
fn a_rewind_reads_the_rows_again_from_that_hour_on_and_says_so() {
    let (scenario, console) = after_runs(2);
    an_hour(&console, 2);
    scenario.run().exits(0);
    let before = scenario.checkpoint();
    let watermark: DateTime<Utc> = before["sources"][0]["position"]["watermark"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    refused(&scenario, &["state", "rewind", "--to", "yesterday"], 2, "no time");
    scenario
        .does(&["state", "rewind", "--to", "2199-01-01T00:00:00Z"])
        .exits(0)
        .says("nothing was changed");
    assert_eq!(scenario.checkpoint(), before);
    let to = watermark - TimeDelta::hours(1);
    let hour = to.timestamp() / 3600 * 3600;
    scenario
        .does(&[
            "state",
            "rewind",
            "--to",
            &to.to_rfc3339_opts(SecondsFormat::Secs, true),
        ])
        .exits(0)
        .says("told again");
    let after = scenario.checkpoint();
    assert!(after["sources"][0]["epoch"].as_u64() > before["sources"][0]["epoch"].as_u64());
    scenario.run().exits(0);
    assert!(warnings(&scenario).contains("set back"));
    assert_eq!(scenario.reports().len(), 4, "numbers go on");
    let rows = archived_rows(&scenario);
    let told = times_told(&scenario);
    for (id, time) in rows {
        let wanted = if time.timestamp() >= hour { 2 } else { 1 };
        assert_eq!(told[&id], wanted, "{id} of {time}");
    }
    scenario.run().exits(0);
    assert_eq!(times_told(&scenario), told, "after that nothing repeats");
    scenario.audit(&console);
}

/// Every archived row with its time.
fn archived_rows(scenario: &Scenario) -> BTreeMap<String, DateTime<Utc>> {
    let names = archive::below(&scenario.reports);
    let archives = names.iter().filter(|name| name.contains("/events-"));
    archives
        .flat_map(|name| archive::lines(&scenario.path(name)))
        .map(|row| {
            let text = |field: &str| row[field].as_str().unwrap().to_owned();
            (text("id"), text("time").parse().unwrap())
        })
        .collect()
}

/// What the Python scanner left: its last success, three days ago on the console's clock.
fn of_the_python_scanner(scenario: &Scenario, console: &Console) -> (DateTime<Utc>, Vec<u8>) {
    let last = console.now() - TimeDelta::days(3);
    let naive = last.format("%Y-%m-%dT%H:%M:%S").to_string();
    let file = json!({"schema_version": "1.0", "last_successful_run": naive, "last_report_count": 12});
    let bytes = serde_json::to_vec_pretty(&file).unwrap();
    fs::create_dir_all(&scenario.reports).unwrap();
    fs::write(scenario.path(LIVE), &bytes).unwrap();
    (last, bytes)
}

#[test]
fn the_python_scanners_state_is_gone_on_from_ten_minutes_before_its_last_success() {
    for unreachable_at_first in [false, true] {
        let console = Console::start();
        let mut scenario = Scenario::new().env("UNIFI_API_KEY", crate::console::API_KEY);
        let (last, old) = of_the_python_scanner(&scenario, &console);
        console.add(series(
            0,
            10,
            last - TimeDelta::minutes(15),
            TimeDelta::minutes(1),
        ));
        console.add(series(100, 50, last, TimeDelta::hours(1)));
        scenario.does(&["state", "verify"]).exits(0).says("1.0");
        scenario.does(&["status"]).exits(0);
        if unreachable_at_first {
            scenario = scenario.env("UNIFI_HOST", "http://127.0.0.1:1");
            scenario.run().exits(69);
        }
        let scenario = scenario.controller(&console);
        scenario.run().exits(0);
        let told = warnings(&scenario);
        assert!(told.contains("up to 10 min may"), "{told}");
        assert!(!told.contains("first report"), "{told}");
        for (id, time) in &archived_rows(&scenario) {
            assert!(*time >= last - TimeDelta::minutes(10), "{id} of {time}");
        }
        // Five of the ten rows before it lie within the ten minutes.
        assert_eq!(scenario.told().len(), 55);
        let backups = archive::below(&scenario.reports)
            .into_iter()
            .filter(|name| name.starts_with(".state-backups/last_run-0-"));
        let backups: Vec<Vec<u8>> = backups
            .map(|name| fs::read(scenario.path(&name)).unwrap())
            .collect();
        assert_eq!(backups, [old], "the old file is the first backup");
        scenario.run().exits(0);
        assert_eq!(scenario.told().len(), 55);
        assert!(!warnings(&scenario).contains("10 min"), "told once");
        scenario.does(&["state", "verify"]).exits(0);
        scenario
            .does(&["state", "backups"])
            .exits(0)
            .says("earlier scanner");
        archive::audit(&scenario.reports);
    }
}

#[test]
fn a_python_file_over_our_own_state_starts_nothing_over() {
    let (scenario, console) = after_runs(2);
    of_the_python_scanner(&scenario, &console);
    an_hour(&console, 2);
    scenario.run().exits(4);
    assert_eq!(scenario.reports().into_keys().last(), Some(3));
    let told = times_told(&scenario);
    for id in console.ids() {
        assert!(told.contains_key(&id), "{id} got lost");
    }
}
