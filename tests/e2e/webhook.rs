//! The webhook: what is posted, and that a refused, lost or broken off message is owed, repeated under its key
//! and never lost.

use chrono::{TimeDelta, Utc};
use rustix::process::Signal;

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::receiver::{Manner, QUERY, Receiver, SECRET, TOKEN};
use crate::scenario::Scenario;

/// A console with some rows and a receiver that takes everything.
pub fn world() -> (Scenario, Console, Receiver) {
    let (scenario, console) = Scenario::with_console();
    let receiver = Receiver::start();
    rows(&console, 0);
    let scenario = hooked(scenario, &receiver);
    (scenario, console, receiver)
}

pub fn hooked(scenario: Scenario, receiver: &Receiver) -> Scenario {
    let url = scenario.file("webhook_url", receiver.url());
    scenario
        .env("UNIFI_WEBHOOK_URL_FILE", url.to_str().unwrap())
        .env("UNIFI_WEBHOOK_SECRET", SECRET)
        .secret(TOKEN)
        .secret(QUERY)
        .secret(SECRET)
}

fn rows(console: &Console, first: u64) {
    let since = console.now() - TimeDelta::minutes(50);
    console.add(series(first, 5, since, TimeDelta::minutes(2)));
}

/// An hour later there is more to tell.
pub fn next_hour(console: &Console) {
    console.advance(TimeDelta::hours(1));
    rows(console, 1000 * u64::try_from(console.hits().len()).unwrap());
}

/// A command at a time some hours from now.
fn later(scenario: &Scenario, hours: i64, arguments: &[&str]) -> Ran {
    let now = (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
    scenario.does(&[arguments, &["--now", &now]].concat())
}

#[track_caller]
fn no_secret_in_any_file(scenario: &Scenario) {
    let secrets = [TOKEN, QUERY, SECRET].map(str::to_owned);
    archive::without(&scenario.reports, &secrets);
}

#[test]
fn a_report_is_posted_with_its_key_and_a_signature_that_verifies() {
    let (scenario, console, receiver) = world();
    let scenario = scenario.env("RUST_LOG", "debug");
    scenario
        .does(&["run", "-v"])
        .exits(0)
        .says("channel webhook accepted run 1");
    let got = receiver.got();
    assert_eq!(receiver.runs(), [[1]]);
    let message = &got[0];
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = archive::hex(ring::hmac::sign(&key, message.raw.as_bytes()).as_ref());
    assert_eq!(message.headers["x-signature-256"], format!("sha256={tag}"));
    assert_eq!(message.headers["content-type"], "application/json");
    let mut report = scenario.newest_report();
    report.as_object_mut().unwrap().remove("digest").unwrap();
    let body = &message.body;
    assert_eq!(body["reports"], serde_json::json!([report]));
    assert_eq!(
        (&body["schema_version"], &body["channel"], &body["instance"]),
        (&"1".into(), &"webhook".into(), &report["instance"])
    );
    assert_eq!(
        (body["key"].as_str(), message.key.len()),
        (Some(message.key.as_str()), 64)
    );
    // Settled in the checkpoint and in `.bak`, the outbox entry goes.
    for _ in 0..2 {
        next_hour(&console);
        scenario.run().exits(0);
    }
    assert!(
        !scenario.path(".outbox/000001").exists(),
        "{}",
        scenario.listing()
    );
    assert_eq!(receiver.runs(), [[1], [2], [3]]);
    no_secret_in_any_file(&scenario);
    scenario.told_exactly(&console);
    let show = scenario.does(&["config", "show"]).exits(0);
    show.says("kind = \"webhook\"");
}

#[test]
fn three_owed_runs_arrive_as_one_message() {
    let (scenario, console, receiver) = world();
    receiver.closes();
    for run in 1..=2 {
        scenario.run().exits(3).says("refuses the connection");
        next_hour(&console);
        assert!(scenario.path(&format!(".outbox/{run:06}/report.json")).exists());
    }
    let checkpoint = scenario.checkpoint();
    assert!(
        checkpoint["last_successful_run"].is_null(),
        "a required channel owes"
    );
    let failures = archive::lines(&scenario.path("failures.jsonl"));
    let failure = failures.last().unwrap();
    assert_eq!(
        (&failure["subject"], &failure["state"], &failure["stage"]),
        (&"webhook".into(), &"pending".into(), &"deliver".into())
    );
    receiver.opens();
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1, 2, 3]]);
    receiver.has_all(1, 3);
    let reports: Vec<_> = receiver.got()[0].body["reports"].as_array().unwrap().clone();
    let numbers: Vec<_> = reports.iter().map(|report| report["run"].as_u64()).collect();
    assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    no_secret_in_any_file(&scenario);
    scenario.told_exactly(&console);
}

#[test]
fn an_unknown_answer_and_then_a_refused_connection_keep_the_key() {
    let (scenario, console, receiver) = world();
    receiver.manner(Manner::Drops);
    scenario.run().exits(3).says("under the same key");
    receiver.closes();
    next_hour(&console);
    scenario.run().exits(3);
    receiver.opens();
    receiver.manner(Manner::Says(404));
    next_hour(&console);
    scenario.run().exits(3);
    receiver.manner(Manner::Says(200));
    next_hour(&console);
    later(&scenario, 7, &["run"]).exits(0);
    assert_eq!(receiver.runs(), [vec![1], vec![1], vec![1], vec![2, 3, 4]]);
    let got = receiver.got();
    assert!(got[..3].iter().all(|one| one.key == got[0].key), "{got:#?}");
    assert!(got[..3].iter().all(|one| one.raw == got[0].raw), "the same facts");
    receiver.has_all(1, 4);
    scenario.told_exactly(&console);
}

#[test]
fn what_is_refused_combines_with_newer_runs_and_what_is_unknown_does_not() {
    let other = Receiver::start();
    let hang = "[[channel]]\nkind = \"webhook\"\ntimeout = \"1s\"\n";
    for (manner, is_unknown) in [
        (Manner::Redirects(other.url()), false),
        (Manner::Says(404), false),
        (Manner::Says(429), false),
        (Manner::Says(500), true),
        (Manner::Hangs, true),
        (Manner::Drops, true),
    ] {
        println!("{manner:?}");
        let (scenario, console, receiver) = world();
        let file = scenario.file("unifi.toml", hang);
        let scenario = scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap());
        receiver.manner(manner);
        scenario.run().exits(3);
        receiver.manner(Manner::Says(200));
        next_hour(&console);
        later(&scenario, 7, &["run"]).exits(0);
        let wanted: &[&[u64]] = if is_unknown {
            &[&[1], &[1], &[2]]
        } else {
            &[&[1], &[1, 2]]
        };
        assert_eq!(receiver.runs(), wanted);
        receiver.has_all(1, 2);
        let got = receiver.got();
        assert_eq!(got[0].key == got[1].key, is_unknown);
        no_secret_in_any_file(&scenario);
    }
    assert!(other.got().is_empty(), "a redirect was followed");
}

#[test]
fn a_status_counts_whatever_becomes_of_the_body_behind_it() {
    let (scenario, _console, receiver) = world();
    receiver.manner(Manner::Drips);
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1]]);
}

#[test]
fn a_death_at_any_step_of_a_message_costs_at_most_one_repeat_under_the_same_key() {
    for point in [
        "message.begin",
        "message.opened",
        "message.answered",
        "message.entered",
    ] {
        println!("{point}");
        let (scenario, console, receiver) = world();
        scenario.run().exits(0);
        next_hour(&console);
        let ran = scenario.run_dying_at(point);
        assert!(!ran.status.success(), "{point} was not met: {ran}");
        next_hour(&console);
        scenario.run().exits(0);
        receiver.has_all(1, 3);
        let twice = receiver.runs().iter().filter(|runs| runs.contains(&2)).count();
        assert_eq!(
            twice,
            if point == "message.answered" { 2 } else { 1 },
            "{:?}",
            receiver.runs()
        );
        scenario.told_exactly(&console);
    }
}

#[test]
fn a_kill_while_the_receiver_has_it_in_hand_repeats_it_under_the_same_key() {
    let (scenario, console, receiver) = world();
    receiver.manner(Manner::Hangs);
    let run = scenario.start(&["run"]);
    receiver.wait_for(1);
    run.kill();
    receiver.manner(Manner::Says(200));
    next_hour(&console);
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1], [1], [2]]);
    let got = receiver.got();
    assert_eq!(got[0].key, got[1].key);
    scenario.told_exactly(&console);
}

#[test]
fn a_kill_between_an_answer_and_its_commit_repeats_the_message_under_the_same_key() {
    let pairs = ["run run", "run retry", "retry run", "retry retry"];
    for (killed, repeating) in pairs.map(|pair| pair.split_once(' ').unwrap()) {
        println!("{killed}, then {repeating}");
        let (scenario, console, receiver) = world();
        if killed == "retry" {
            receiver.closes();
            scenario.run().exits(3);
            receiver.opens();
        }
        receiver.manner(Manner::Hangs);
        let run = scenario.start(&[killed]);
        receiver.wait_for(1);
        // The answer reaches it, and it does nothing with it any more.
        run.signal(Signal::STOP);
        receiver.accepts_late();
        run.kill();
        receiver.manner(Manner::Says(200));
        scenario.does(&[repeating]).exits(0);
        scenario.run().exits(0);
        let last = if repeating == "run" { 3 } else { 2 };
        receiver.has_all(1, last);
        let got = receiver.got();
        assert_eq!((&got[0].key, &got[0].raw), (&got[1].key, &got[1].raw));
        assert_eq!(got.len() as u64, last + 1, "one repeat: {:?}", receiver.runs());
        scenario.told_exactly(&console);
    }
}

#[test]
fn a_signal_ends_the_wait_for_an_answer_and_what_was_sent_stays_pinned() {
    let (scenario, console, receiver) = world();
    receiver.manner(Manner::Hangs);
    let run = scenario.start(&["run"]);
    receiver.wait_for(1);
    run.signal(Signal::TERM);
    run.wait().exits(143);
    receiver.manner(Manner::Says(200));
    next_hour(&console);
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1], [1], [2]]);
    scenario.told_exactly(&console);
}

#[test]
fn a_new_channel_is_owed_nothing_from_before_and_a_removed_one_drops_its_debts() {
    let (scenario, console) = Scenario::with_console();
    rows(&console, 0);
    scenario.run().exits(0);
    next_hour(&console);
    let receiver = Receiver::start();
    let scenario = hooked(scenario, &receiver);
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[2]]);
    receiver.manner(Manner::Says(503));
    next_hour(&console);
    scenario.run().exits(3);
    let scenario = scenario
        .without("UNIFI_WEBHOOK_URL_FILE")
        .without("UNIFI_WEBHOOK_SECRET");
    let tells = |scenario: &Scenario| {
        let warnings = scenario.newest_report()["warnings"].to_string();
        warnings.contains("Channel webhook is configured no more: it never had run 3")
    };
    next_hour(&console);
    scenario.run().exits(0);
    assert!(tells(&scenario));
    next_hour(&console);
    scenario.run().exits(0);
    assert!(!tells(&scenario), "once");
    assert_eq!(receiver.runs().len(), 2);
    scenario.told_exactly(&console);
}

#[test]
fn a_channel_gets_what_it_asked_for_and_one_that_is_not_required_may_owe() {
    let (scenario, console, receiver) = world();
    let quiet = "[[channel]]\nkind = \"webhook\"\nwhen = \"severe\"\nmin_severity = \"severe\"\n";
    let file = scenario.file("unifi.toml", quiet);
    let scenario = scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap());
    let record = scenario.does(&["run", "--json"]).exits(0).json();
    assert_eq!(record["channels"][1]["outcome"], "not due", "{record:#}");
    assert!(receiver.got().is_empty());
    scenario.file(
        "unifi.toml",
        "[[channel]]\nkind = \"webhook\"\nrequired = false\n",
    );
    receiver.manner(Manner::Says(500));
    next_hour(&console);
    let record = scenario.does(&["run", "--json"]).exits(0).json();
    assert_eq!(record["channels"][1]["outcome"], "owed", "{record:#}");
}

#[test]
fn what_is_owed_is_sent_although_no_console_is_reached() {
    let (scenario, console, receiver) = world();
    receiver.closes();
    scenario.run().exits(3);
    receiver.opens();
    drop(console);
    scenario.run().exits(69);
    assert_eq!(receiver.runs(), [[1]]);
}
