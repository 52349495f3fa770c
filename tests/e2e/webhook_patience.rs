//! A receiver that says when it wants to be asked again: soon, and the same run does; later, and a later run does.

use chrono::{TimeDelta, Utc};

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::receiver::{Manner, QUERY, Receiver, TOKEN};
use crate::scenario::Scenario;

fn world() -> (Scenario, Console, Receiver) {
    let (scenario, console) = Scenario::with_console();
    let receiver = Receiver::start();
    let since = console.now() - TimeDelta::minutes(50);
    console.add(series(0, 5, since, TimeDelta::minutes(2)));
    let scenario = scenario
        .env("UNIFI_WEBHOOK_URL", &receiver.url())
        .secret(TOKEN)
        .secret(QUERY);
    (scenario, console, receiver)
}

/// A command some minutes from now.
fn after(scenario: &Scenario, minutes: i64, arguments: &[&str]) -> Ran {
    let now = (Utc::now() + TimeDelta::minutes(minutes)).to_rfc3339();
    scenario.does(&[arguments, &["--now", &now]].concat())
}

#[test]
fn who_asks_for_a_moment_is_asked_again_by_the_same_run_under_the_same_key() {
    for status in [429, 503] {
        let (scenario, console, receiver) = world();
        receiver.once(Manner::SaysLater(status, "0".to_owned()));
        receiver.once(Manner::SaysLater(
            status,
            "Mon, 12 Jan 1970 13:47:00 GMT".to_owned(),
        ));
        scenario.run().exits(0);
        assert_eq!(receiver.runs(), [[1], [1], [1]]);
        let keys: Vec<String> = receiver.got().into_iter().map(|got| got.key).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        receiver.has_all(1, 1);
        scenario.told_exactly(&console);
    }
}

#[test]
fn a_run_does_not_go_on_asking_for_ever() {
    let (scenario, _console, receiver) = world();
    receiver.manner(Manner::SaysLater(429, "0".to_owned()));
    scenario.run().exits(3);
    assert_eq!(receiver.runs(), [[1], [1], [1]]);
    // A clock that jumps ahead must not kill what only one run has tried.
    let gaps = scenario.does(&["history", "gaps"]).exits(0);
    gaps.says("run 1 owed after 1 try");
}

#[test]
fn who_asks_for_longer_is_left_alone_with_newer_runs_too_unless_the_operator_asks() {
    for (status, wanted) in [
        (429, vec![vec![1], vec![1, 2, 3]]),
        (503, vec![vec![1], vec![1], vec![2, 3]]),
    ] {
        let (scenario, console, receiver) = world();
        receiver.manner(Manner::SaysLater(status, "7200".to_owned()));
        scenario.run().exits(3).says("asks for 2h");
        receiver.manner(Manner::Says(200));
        console.advance(TimeDelta::minutes(30));
        after(&scenario, 30, &["run"]).exits(3);
        assert_eq!(receiver.runs(), [[1]], "it wanted to be left alone");
        scenario.does(&["history", "gaps"]).exits(0).says_all(&[
            "run 1 owed after 1 try",
            "run 2 owed after 0 tries",
            "next try from",
        ]);
        console.advance(TimeDelta::minutes(95));
        after(&scenario, 125, &["run"]).exits(0);
        assert_eq!(receiver.runs(), wanted);
        receiver.has_all(1, 3);
        scenario.told_exactly(&console);
    }
    let (scenario, _console, receiver) = world();
    receiver.manner(Manner::SaysLater(429, "7200".to_owned()));
    scenario.run().exits(3);
    receiver.manner(Manner::Says(200));
    scenario.does(&["retry"]).exits(0);
    assert_eq!(receiver.runs(), [[1], [1]]);
}

#[test]
fn nobody_is_waited_for_longer_than_a_day_whatever_is_asked() {
    let date = (Utc::now() + TimeDelta::days(30))
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    for wish in [date, "999999999999999999".to_owned()] {
        let (scenario, console, receiver) = world();
        receiver.manner(Manner::SaysLater(429, wish));
        let before = Utc::now();
        scenario.run().exits(3);
        let failures = archive::lines(&scenario.path("failures.jsonl"));
        let next: chrono::DateTime<Utc> = failures.last().unwrap()["next_try"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let day = TimeDelta::hours(24);
        assert!(before + day <= next && next <= Utc::now() + day, "{next}");
        receiver.manner(Manner::Says(200));
        console.advance(TimeDelta::hours(24));
        after(&scenario, 24 * 60 + 1, &["run"]).exits(0);
        receiver.has_all(1, 2);
    }
}
