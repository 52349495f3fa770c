//! Corners of the state: nothing there yet, damage while runs are owed, files that are gone which something names.

use std::fs;
use std::path::PathBuf;

use chrono::TimeDelta;
use serde_json::Value;

use crate::console::Console;
use crate::console::row::{Row, series};
use crate::receiver::Receiver;
use crate::scenario::{Scenario, source};
use crate::state::{BACKUP, LIVE};
use crate::state_commands::{after_runs, an_hour};
use crate::webhook::{next_hour, world};

fn warnings(scenario: &Scenario) -> String {
    scenario.newest_report()["warnings"].to_string()
}

#[test]
fn killed_before_its_first_commit_a_first_run_is_followed_by_a_first_run() {
    for point in ["checkpoint.begin", "checkpoint.staged", "checkpoint.kept"] {
        let (scenario, console) = Scenario::with_console();
        let since = console.now() - TimeDelta::hours(8);
        console.add(series(0, 40, since, TimeDelta::minutes(3)));
        for _ in 0..2 {
            let died = scenario.run_dying_at(point);
            assert_eq!(died.code(), None, "{died}");
            assert!(!scenario.path(LIVE).exists(), "{point}");
            scenario
                .does(&["state", "verify"])
                .exits(0)
                .says("the next run is the first");
        }
        scenario.run().exits(0);
        assert!(
            warnings(&scenario).contains("first report"),
            "{}",
            warnings(&scenario)
        );
        scenario.told_exactly(&console);
    }
}

/// Two runs that the webhook is owed.
fn owing() -> (Scenario, Console, Receiver) {
    let (scenario, console, receiver) = world();
    receiver.closes();
    for _ in 0..2 {
        scenario.run().exits(3);
        next_hour(&console);
    }
    (scenario, console, receiver)
}

#[test]
fn damage_while_runs_are_owed_costs_the_channel_none_of_them() {
    for damage in [&b""[..], b"{", b"[]"] {
        let (scenario, _console, receiver) = owing();
        fs::write(scenario.path(LIVE), damage).unwrap();
        // First the damage is mended while the channel is still away, then it comes back.
        scenario.run().exits(3).says("recovered from generation");
        for run in 1..=2 {
            assert!(
                scenario.path(&format!(".outbox/{run:06}/report.json")).exists(),
                "run {run}"
            );
        }
        receiver.opens();
        scenario.run().exits_one_of(&[0, 4]);
        assert_eq!(receiver.runs()[0][..2], [1, 2]);
        let newest = scenario.checkpoint()["run"].as_u64().unwrap();
        receiver.has_all(1, newest);
        scenario.does(&["state", "verify"]).exits(0);
    }
}

#[test]
fn an_owed_run_that_the_checkpoint_has_no_room_for_is_known_by_its_report() {
    let (scenario, _console, receiver) = owing();
    for name in [LIVE, BACKUP] {
        let mut checkpoint = crate::archive::json(&scenario.path(name));
        checkpoint["runs"] = serde_json::json!({});
        fs::write(scenario.path(name), crate::archive::sealed(checkpoint)).unwrap();
    }
    fs::remove_file(scenario.path("history.jsonl")).unwrap();
    scenario.does(&["state", "verify"]).exits(0).says("owed run 2");
    receiver.opens();
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1, 2, 3]]);
}

/// Both runs have reached the channel when the checkpoint is lost that says so: `.bak` still owes them, and of what it
/// owes the outbox has nothing any more.
fn bak_owes_what_is_gone(remove: impl Fn(&Scenario)) -> (Scenario, Console, Receiver) {
    let (scenario, console, receiver) = owing();
    let owed = fs::read(scenario.path(LIVE)).unwrap();
    receiver.opens();
    scenario.does(&["retry"]).exits(0);
    assert_eq!(receiver.runs(), [[1, 2]]);
    fs::remove_dir_all(scenario.path(".state-backups")).ok();
    fs::remove_file(scenario.path(BACKUP)).unwrap();
    fs::write(scenario.path(BACKUP), owed).unwrap();
    fs::write(scenario.path(LIVE), "").unwrap();
    fs::remove_dir_all(scenario.path(".outbox")).unwrap();
    remove(&scenario);
    (scenario, console, receiver)
}

#[test]
fn what_bak_owes_and_the_outbox_lacks_is_sent_from_the_archive_under_its_key() {
    let (scenario, _console, receiver) = bak_owes_what_is_gone(|_| {});
    let ids: Vec<Value> = scenario
        .reports()
        .values()
        .map(|report| report["report_id"].clone())
        .collect();
    scenario.does(&["retry"]).exits(4);
    assert_eq!(receiver.runs(), [[1, 2], [1, 2]]);
    let got = receiver.got();
    assert_eq!(got[0].key, got[1].key, "the receiver can tell that it has them");
    let sent = got[1].body["reports"].as_array().unwrap().iter();
    assert!(sent.map(|report| &report["report_id"]).eq(&ids));
    scenario.run().exits(4);
    scenario.run().exits(0);
    scenario.does(&["state", "verify"]).exits(0);
}

#[test]
fn what_bak_owes_and_is_nowhere_any_more_is_told_once_as_lost() {
    let (scenario, console, receiver) = bak_owes_what_is_gone(|scenario| {
        for name in crate::archive::below(&scenario.reports) {
            if name.starts_with("20") && name.contains("/report-000001") {
                fs::remove_file(scenario.path(&name)).unwrap();
            }
        }
    });
    scenario.run().exits(4);
    assert_eq!(receiver.runs()[1][0], 2, "{:?}", receiver.runs());
    next_hour(&console);
    scenario.run().exits(0);
    next_hour(&console);
    scenario.run().exits(0);
    let told: Vec<Value> = receiver
        .got()
        .iter()
        .map(|got| got.body["dead"].clone())
        .collect();
    let of_run_1 = told.iter().filter(|dead| dead[0]["run"] == 1).count();
    assert_eq!(of_run_1, 1, "{told:?}");
    scenario.does(&["state", "verify"]).exits(0);
}

/// The file of seen ids that the checkpoint names.
fn sidecar(scenario: &Scenario) -> PathBuf {
    scenario.path(scenario.checkpoint()["sidecar"]["name"].as_str().unwrap())
}

#[test]
fn without_its_seen_ids_a_run_misses_nothing_and_says_what_may_repeat() {
    type Harm = fn(&PathBuf);
    let harms: [Harm; 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let half = bytes.len() / 2;
            bytes[half] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        },
    ];
    for harm in harms {
        for is_late in [false, true] {
            let (scenario, console) = after_runs(3);
            harm(&sidecar(&scenario));
            let late = console.now() - TimeDelta::minutes(100);
            if is_late {
                console.add([Row::new(900, late)]);
            }
            an_hour(&console, 3);
            let told = scenario.told().len();
            scenario.run().exits(0);
            let report = scenario.newest_report();
            let new = scenario.told().len() - told;
            if is_late {
                // The hour it lies in is told whole.
                assert!((11..=21).contains(&new), "{new}");
                assert!(
                    warnings(&scenario).contains("may repeat"),
                    "{}",
                    warnings(&scenario)
                );
            } else {
                assert_eq!(new, 10, "{:#}", source(&report, "system-log"));
            }
            assert!(
                warnings(&scenario).contains("seen ids"),
                "{}",
                warnings(&scenario)
            );
            let all = scenario.told();
            for id in console.ids() {
                assert!(all.binary_search(&id).is_ok(), "{id} got lost");
            }
            an_hour(&console, 4);
            scenario.run().exits(0);
            assert_eq!(
                scenario.told().len(),
                all.len() + 10,
                "after that nothing repeats"
            );
            assert!(!warnings(&scenario).contains("seen ids"), "told once");
            scenario.run().exits(0);
            scenario.does(&["state", "verify"]).exits(0);
        }
    }
}
