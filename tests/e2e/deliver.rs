//! `run --deliver`: an ad hoc report is sent once, under its id, and is owed to nobody.

use std::fs;

use chrono::TimeDelta;
use rustix::process::Signal;
use serde_json::json;

use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::input::{page, report, rows};
use crate::receiver::{Manner, QUERY, Receiver, TOKEN};
use crate::scenario::Scenario;

/// A world with a receiver, and a file of rows.
fn world() -> (Scenario, Receiver, String) {
    let receiver = Receiver::start();
    let scenario = Scenario::new()
        .env("UNIFI_WEBHOOK_URL", &receiver.url())
        .secret(TOKEN)
        .secret(QUERY);
    let file = scenario.file("page.json", page(&rows()));
    (scenario, receiver, file.to_str().unwrap().to_owned())
}

#[test]
fn a_report_of_files_is_sent_only_when_told_once_and_under_its_id() {
    let (scenario, receiver, file) = world();
    scenario
        .does(&["run", "--input", &file, "--dry-run", "--deliver"])
        .exits(0);
    scenario.does(&["run", "--input", &file]).exits(0);
    assert!(receiver.got().is_empty(), "nobody asked for that");
    fs::remove_dir_all(&scenario.reports).unwrap();
    // It works beside a damaged checkpoint.
    fs::create_dir(&scenario.reports).unwrap();
    fs::write(scenario.path(".last_run.json"), "{ damaged").unwrap();
    let record = scenario
        .does(&["run", "--input", &file, "--deliver", "--json"])
        .exits(0)
        .json();
    let channels = json!([{"name": "webhook", "outcome": "accepted", "runs": [], "reason": null}]);
    assert_eq!(record["channels"], channels);
    let mut published = report(&scenario);
    published.as_object_mut().unwrap().remove("digest").unwrap();
    let got = receiver.got();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].key, published["report_id"].as_str().unwrap());
    assert_eq!(got[0].body["key"], published["report_id"]);
    assert_eq!(got[0].runs(), [0; 0]);
    assert_eq!(got[0].body["reports"], json!([published]));
    assert_eq!(fs::read(scenario.path(".last_run.json")).unwrap(), b"{ damaged");
}

#[test]
fn a_report_of_a_window_is_sent_and_moves_nothing() {
    let (scenario, receiver, _) = world();
    let console = Console::start();
    let scenario = scenario.controller(&console);
    let since = console.now() - TimeDelta::hours(10);
    console.add(series(0, 60, since, TimeDelta::minutes(9)));
    scenario.run().exits(0);
    let checkpoint = fs::read(scenario.path(".last_run.json")).unwrap();
    scenario.does(&["run", "--since", "5h", "--deliver"]).exits(0);
    assert_eq!(receiver.runs(), [vec![1], vec![]]);
    assert!(fs::read(scenario.path(".last_run.json")).unwrap() == checkpoint);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [vec![1], vec![], vec![2]]);
}

#[test]
fn what_is_not_taken_is_3_and_told_and_owed_to_nobody() {
    for (manner, outcome) in [
        (Some(Manner::Says(404)), "refused"),
        (Some(Manner::Says(500)), "unknown"),
        (Some(Manner::Drops), "unknown"),
        (None, "refused"),
    ] {
        println!("{manner:?}");
        let (scenario, receiver, file) = world();
        match manner {
            Some(manner) => receiver.manner(manner),
            None => receiver.closes(),
        }
        let order = ["run", "--input", &file, "--deliver", "--json"];
        let ran = scenario
            .does(&order)
            .exits(3)
            .says("channel webhook")
            .says("not sent again");
        assert_eq!(ran.json()["channels"][0]["outcome"], outcome, "{ran}");
        report(&scenario);
        scenario
            .does(&["run", "--input", &file, "--deliver", "--quiet"])
            .exits(3)
            .says("channel webhook");
        assert!(!scenario.path(".last_run.json").exists(), "nothing is remembered");
        scenario
            .does(&["history", "gaps"])
            .exits(0)
            .says("no attempts yet");
    }
}

#[test]
fn after_a_signal_what_was_read_is_written_and_not_sent() {
    let (scenario, receiver, _) = world();
    let console = Console::start();
    let scenario = scenario.controller(&console);
    let since = console.now() - TimeDelta::hours(20);
    console.add(series(0, 5_000, since, TimeDelta::seconds(12)));
    console.fault(Fault::on("system-log/all", What::Hang).after(30));
    let run = scenario.start(&["run", "--since", "20h", "--deliver", "--json"]);
    console.wait_until("the request that hangs", |state| {
        state.asked("system-log/all") > 30
    });
    run.signal(Signal::TERM);
    let record = run.wait().exits(143).json();
    assert_eq!(record["channels"][0]["outcome"], "refused", "{record:#}");
    assert!(receiver.got().is_empty());
    assert_eq!(report(&scenario)["sources"][0]["outcome"], "partial");
}

#[test]
fn a_channel_that_wants_only_what_is_severe_is_not_sent_the_rest() {
    let (scenario, receiver, file) = world();
    let config = scenario.file(
        "unifi.toml",
        "[[channel]]\nkind = \"webhook\"\nmin_severity = \"severe\"\n",
    );
    let scenario = scenario.env("UNIFI_SCAN_CONFIG", config.to_str().unwrap());
    let ran = scenario
        .does(&["run", "--input", &file, "--deliver", "--json"])
        .exits(0);
    assert_eq!(ran.json()["channels"][0]["outcome"], "not due", "{ran}");
    assert!(receiver.got().is_empty());
}

#[test]
fn only_an_ad_hoc_report_can_be_told_so() {
    let (scenario, receiver, _) = world();
    for order in [["run", "--deliver"].as_slice(), &["run", "--demo", "--deliver"]] {
        scenario.does(order).exits(2).says("--input");
    }
    assert!(receiver.got().is_empty() && !scenario.reports.exists());
}
