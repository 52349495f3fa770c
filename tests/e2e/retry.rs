//! `retry`, `history gaps`, and what `status` and `check` say of a channel.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::receiver::{Manner, QUERY, Receiver, TOKEN};
use crate::scenario::Scenario;
use crate::webhook::{next_hour, world};

/// A receiver that refuses for good, and `runs` runs that it is owed.
fn owing(runs: i64) -> (Scenario, Console, Receiver) {
    let (scenario, console) = Scenario::with_console();
    let receiver = Receiver::start();
    let scenario = scenario
        .env("UNIFI_WEBHOOK_URL", &receiver.url())
        .secret(TOKEN)
        .secret(QUERY);
    receiver.manner(Manner::Says(404));
    for run in 0..runs {
        let since = console.now() - TimeDelta::minutes(50);
        console.add(series(
            u64::try_from(100 * run).unwrap(),
            3,
            since,
            TimeDelta::minutes(2),
        ));
        scenario.run().exits(3);
        console.advance(TimeDelta::hours(1));
    }
    (scenario, console, receiver)
}

/// A command at a time some days from now.
fn after_days(scenario: &Scenario, days: i64, arguments: &[&str]) -> Ran {
    let now = (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    scenario.does(&[arguments, &["--now", &now]].concat())
}

#[test]
fn retry_sends_all_that_is_owed_at_once_and_collects_nothing() {
    let (scenario, console, receiver) = owing(2);
    let asked = console.hits().len();
    scenario
        .does(&["retry"])
        .exits(3)
        .says("0 of 2 delivered, 2 still owed");
    receiver.manner(Manner::Says(200));
    // Nothing about the console has to be valid for that.
    let scenario = scenario.env("UNIFI_HOST", "http://192.0.2.300");
    let record = scenario.does(&["retry", "--json"]).exits(0).json();
    assert_eq!(record["command"], "retry");
    assert_eq!(receiver.runs().last().unwrap(), &[1, 2]);
    receiver.has_all(1, 2);
    assert_eq!(console.hits().len(), asked, "a console was asked");
    scenario.does(&["retry"]).exits(0).says("nothing is owed");
    scenario.does(&["history", "gaps"]).exits(0).says("no gaps");
    assert_eq!(scenario.history().last().unwrap()["command"], "retry");
    assert_eq!(
        scenario.checkpoint()["last_successful_run"],
        scenario.newest_report()["generated_at"]
    );
}

#[test]
fn retry_can_be_told_what_every_attempt_can() {
    let (scenario, _console, _receiver) = owing(1);
    let told = [
        "--wait",
        "1s",
        "--max-runtime",
        "1m",
        "--exit-zero-on",
        "partial",
        "--json",
    ];
    let record = scenario
        .does(&[&["retry"], told.as_slice()].concat())
        .exits(0)
        .json();
    assert_eq!(
        (&record["command"], &record["exit_code"]),
        (&"retry".into(), &3.into()),
        "{record:#}"
    );
}

#[test]
fn gaps_and_status_say_what_is_owed_and_why_and_never_where_to() {
    let (scenario, _console, receiver) = owing(2);
    for arguments in [["history", "gaps"].as_slice(), &["status"]] {
        scenario.does(arguments).exits(0).says_all(&[
            "webhook: run",
            "owed after 1 try",
            "HTTP 404",
            "next try from",
        ]);
    }
    let gaps = scenario.does(&["history", "gaps", "--json"]).exits(0).json();
    assert_eq!(
        (&gaps[0]["channel"], &gaps[0]["outcome"]),
        (&"webhook".into(), &"owed".into())
    );
    receiver.manner(Manner::Drops);
    scenario.does(&["retry"]).exits(3);
    scenario
        .does(&["history", "gaps"])
        .exits(0)
        .says("may have arrived");
}

#[test]
fn only_named_runs_are_sent_and_bad_lines_of_a_list_are_named_and_skipped() {
    let (scenario, _console, receiver) = owing(3);
    receiver.manner(Manner::Says(200));
    let list = b"2\n\nnonsense\n-1\n99\n";
    scenario
        .does_with_input(&["retry", "--runs", "-"], list)
        .exits(3)
        .says_all(&[
            "line 3",
            "nonsense",
            "line 4",
            "run 99",
            "1 of 1 delivered, 2 still owed",
        ]);
    assert_eq!(receiver.runs().last().unwrap(), &[2]);
    scenario.does(&["retry", "--run", "3"]).exits(3);
    scenario
        .does(&["retry", "--run", "99"])
        .exits(2)
        .says("none of the named runs");
    scenario
        .does(&["retry", "--runs", "missing"])
        .exits(2)
        .says("cannot be read");
    scenario.does(&["retry", "--run", "1"]).exits(0);
    receiver.has_all(1, 3);
}

#[test]
fn a_run_that_was_refused_for_seven_days_is_dead_told_once_and_can_still_be_sent() {
    let (scenario, _console, receiver) = owing(1);
    after_days(&scenario, 1, &["retry"]).exits(3);
    after_days(&scenario, 3, &["retry"]).exits(3);
    after_days(&scenario, 8, &["retry"]).exits(0).says("given up");
    scenario.does(&["history", "gaps"]).exits(0).says("dead");
    receiver.manner(Manner::Says(200));
    after_days(&scenario, 8, &["run"]).exits(0);
    let told = receiver.got().last().unwrap().clone();
    assert_eq!(told.runs(), [2]);
    assert_eq!(told.body["dead"][0]["run"], 1, "{:#}", told.body["dead"]);
    after_days(&scenario, 8, &["run"]).exits(0);
    assert!(
        receiver.got().last().unwrap().body.get("dead").is_none(),
        "told once"
    );
    assert!(!scenario.path(".outbox/000001").exists());
    scenario
        .does(&["retry", "--run", "1"])
        .exits(0)
        .says("1 of 1 delivered");
    assert_eq!(receiver.runs().last().unwrap(), &[1]);
    scenario.does(&["retry", "--run", "1"]).exits(0);
    assert_eq!(receiver.got().len(), 4 + 3, "what was accepted is not sent again");
}

#[test]
fn give_up_after_can_be_changed_and_neither_opens_what_is_dead_nor_kills_what_was_hardly_tried() {
    let (scenario, _console, receiver) = owing(1);
    let file = scenario.home().join("unifi.toml");
    let scenario = scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap());
    let patience = |time: &str| {
        let channel = format!("[[channel]]\nkind = \"webhook\"\ngive_up_after = \"{time}\"\n");
        scenario.file("unifi.toml", channel);
    };
    patience("1d");
    for days in [20, 40] {
        after_days(&scenario, days, &["retry"])
            .exits(3)
            .says("1 still owed");
    }
    let fourth = after_days(&scenario, 60, &["retry"]).exits(0);
    fourth.says("did not take run 1 for 1day: given up");
    // A second run is owed, and the patience is longer, then hardly any.
    after_days(&scenario, 60, &["run"]).exits(3);
    patience("300d");
    after_days(&scenario, 61, &["retry"]).exits(3);
    let gaps = scenario.does(&["history", "gaps"]).exits(0);
    gaps.says_all(&["webhook: run 1 dead", "webhook: run 2 owed"]);
    patience("1s");
    after_days(&scenario, 100, &["retry"])
        .exits(3)
        .says("1 still owed");
    receiver.manner(Manner::Says(200));
    after_days(&scenario, 101, &["retry"]).exits(0);
    let told = receiver.got().last().unwrap().clone();
    assert_eq!((told.runs(), &told.body["dead"][0]["run"]), (vec![2], &1.into()));
}

#[test]
fn a_run_whose_outbox_entry_is_gone_is_sent_from_the_archive_or_told_as_dead() {
    let (scenario, _console, receiver) = owing(2);
    fs::remove_dir_all(scenario.path(".outbox/000001")).unwrap();
    fs::remove_dir_all(scenario.path(".outbox/000002")).unwrap();
    let names = archive::below(&scenario.reports);
    let second = names
        .iter()
        .find(|name| name.contains("report-000002") && name.ends_with(".json"));
    fs::write(scenario.path(second.unwrap()), "{}").unwrap();
    receiver.manner(Manner::Says(200));
    scenario.does(&["retry"]).exits(0).says("its report is gone");
    let got = receiver.got().last().unwrap().clone();
    assert_eq!(got.runs(), [1]);
    assert_eq!(got.body["dead"][0]["run"], 2, "{:#}", got.body);
}

#[test]
fn check_reaches_the_receiver_without_sending_anything() {
    let (scenario, _console, receiver) = owing(1);
    let row = "127.0.0.1";
    scenario
        .does(&["check"])
        .exits(0)
        .says_all(&["channel webhook", row, "no message was sent"]);
    assert_eq!(receiver.got().len(), 1);
    receiver.closes();
    scenario.does(&["check"]).exits(69).says("refuses the connection");
    receiver.opens();
}

#[test]
fn a_run_whose_report_cannot_be_read_stays_owed_and_is_told_as_a_failure_until_it_is_sent() {
    let (scenario, console, receiver) = world();
    receiver.closes();
    scenario.run().exits(3);
    receiver.opens();
    // Links in a circle in the places of both: something is there, and nobody can tell what it holds.
    let names = archive::below(&scenario.reports);
    let published = names
        .iter()
        .find(|name| name.contains("/report-") && name.ends_with(".json"));
    let places = [
        scenario.path(".outbox/000001/report.json"),
        scenario.path(published.unwrap()),
    ];
    let aside = |place: &Path| place.with_extension("aside");
    for place in &places {
        fs::rename(place, aside(place)).unwrap();
        symlink(place, place).unwrap();
    }
    next_hour(&console);
    scenario.run().exits(3).says("its report cannot be read");
    assert_eq!(receiver.runs(), [[2]]);
    let failures = || archive::lines(&scenario.path("failures.jsonl"));
    let last = failures().pop().unwrap();
    assert_eq!(
        (&last["run"], &last["state"]),
        (&json!(1), &json!("pending")),
        "{last:#}"
    );
    assert!(
        last["reason"].as_str().unwrap().contains("cannot be read"),
        "{last:#}"
    );
    for place in &places {
        fs::remove_file(place).unwrap();
        fs::rename(aside(place), place).unwrap();
    }
    scenario.does(&["retry"]).exits(0);
    assert_eq!(receiver.runs(), [[2], [1]]);
    let last = failures().pop().unwrap();
    assert_eq!(
        (&last["run"], &last["state"]),
        (&json!(1), &json!("resolved")),
        "{last:#}"
    );
    scenario.told_exactly(&console);
}
