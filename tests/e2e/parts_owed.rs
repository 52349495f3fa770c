//! What a channel with `sites` is owed: combined, repeated with the facts it was opened with, given up.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::child::Ran;
use crate::firm::{ACME, BOREALIS, CUMULUS, Firm, nothing_of_others};
use crate::receiver::{Manner, Receiver};
use crate::scenario::Scenario;
use crate::two_hosts::{exported, import};

/// A firm with one channel, for Borealis.
fn world() -> (Firm, Receiver) {
    let firm = Firm::new();
    let receiver = Receiver::start();
    firm.sends(&[("hook", &receiver, &["msp/default"])]);
    (firm, receiver)
}

/// A command at a time some days from now.
fn after_days(scenario: &Scenario, days: i64, arguments: &[&str]) -> Ran {
    let now = (Utc::now() + TimeDelta::days(days)).to_rfc3339();
    scenario.does(&[arguments, &["--now", &now]].concat())
}

#[test]
fn owed_parts_combine_without_the_runs_that_were_not_due() {
    let (firm, receiver) = world();
    receiver.closes();
    firm.scenario.run().exits(3);
    firm.an_hour(1);
    firm.scenario.does(&["run", "--site", "acme/default"]).exits(3);
    firm.an_hour(2);
    receiver.opens();
    firm.scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1, 3]]);
    let got = receiver.got();
    nothing_of_others(&got[0].raw, &[&BOREALIS]);
    let events = |number: usize| got[0].body["reports"][number]["counts"]["events"].clone();
    assert_eq!((events(0), events(1)), (json!(11), json!(22)));
    firm.scenario.does(&["status"]).exits(0);
}

#[test]
fn a_repeat_keeps_the_part_it_was_opened_with_whatever_the_configuration_says_by_then() {
    for after in [["msp/branch01"].as_slice(), &["acme/default", "msp/default"], &[]] {
        for repeating in ["run", "retry"] {
            println!("{after:?} {repeating}");
            let (firm, receiver) = world();
            receiver.manner(Manner::Drops);
            firm.scenario.run().exits(3);
            firm.sends(&[("hook", &receiver, after)]);
            receiver.manner(Manner::Says(200));
            firm.an_hour(1);
            after_days(&firm.scenario, 1, &[repeating]).exits(0);
            firm.scenario.run().exits(0);
            let got = receiver.got();
            assert_eq!((&got[0].key, &got[0].raw), (&got[1].key, &got[1].raw));
            assert_eq!(receiver.runs()[..3], [[1], [1], [2]]);
            nothing_of_others(&got[1].raw, &[&BOREALIS]);
            let newer = &got[2].body["reports"][0];
            let part = if after.is_empty() {
                serde_json::Value::Null
            } else {
                json!(after)
            };
            assert_eq!(newer["part"], part);
        }
    }
}

#[test]
fn a_death_between_opening_and_sending_changes_nothing_of_what_is_sent() {
    for point in ["message.opened", "message.answered"] {
        println!("{point}");
        let (firm, receiver) = world();
        let ran = firm.scenario.run_dying_at(point);
        assert!(!ran.status.success(), "{point} was not met: {ran}");
        firm.sends(&[("hook", &receiver, &["acme/default"])]);
        firm.scenario.does(&["retry"]).exits(0);
        let got = receiver.got();
        assert_eq!(got.len(), if point == "message.opened" { 1 } else { 2 });
        assert!(
            got.iter()
                .all(|one| one.raw == got[0].raw && one.key == got[0].key)
        );
        assert_eq!(got[0].body["reports"][0]["part"], json!(["msp/default"]));
    }
}

#[test]
fn what_is_owed_is_sent_by_the_sites_in_force_when_its_message_is_opened() {
    let (firm, receiver) = world();
    receiver.closes();
    firm.scenario.run().exits(3);
    firm.an_hour(1);
    firm.scenario.does(&["run", "--site", "msp/default"]).exits(3);
    receiver.opens();
    firm.sends(&[("hook", &receiver, &["acme/default"])]);
    firm.scenario.does(&["retry"]).exits(0).says("2 of 2 delivered");
    let got = receiver.got();
    assert_eq!(got[0].runs(), [1, 2]);
    nothing_of_others(&got[0].raw, &[&ACME]);
    let [first, second] = [0, 1].map(|number| got[0].body["reports"][number].clone());
    assert_eq!(
        (&first["part"], &first["counts"]["events"]),
        (&json!(["acme/default"]), &json!(7))
    );
    // Of the second run nothing is for the sites that are wanted now, and it says so.
    assert_eq!(
        (&second["part"], &second["sources"]),
        (&json!(["acme/default"]), &json!([]))
    );
    assert!(second["counts"]["events"].is_null());
    assert!(
        second["warnings"][0]
            .as_str()
            .unwrap()
            .contains("asked nothing of these sites")
    );
    // What was not due stays so.
    firm.sends(&[("hook", &receiver, &["msp/default"])]);
    firm.an_hour(2);
    firm.scenario.does(&["run", "--site", "acme/default"]).exits(0);
    firm.sends(&[("hook", &receiver, &["acme/default"])]);
    firm.scenario.does(&["retry", "--run", "3"]).exits(0);
    assert_eq!(receiver.got().len(), 1);
}

#[test]
fn of_a_run_that_was_given_up_the_next_message_tells_the_counts_of_the_part() {
    let (firm, receiver) = world();
    receiver.manner(Manner::Says(404));
    firm.scenario.run().exits(3);
    let whole = firm.scenario.newest_report()["counts"].clone();
    for days in [1, 3] {
        after_days(&firm.scenario, days, &["retry"]).exits(3);
    }
    after_days(&firm.scenario, 8, &["retry"])
        .exits(0)
        .says("given up");
    let part = receiver.got()[0].body["reports"][0]["counts"].clone();
    receiver.manner(Manner::Says(200));
    firm.an_hour(1);
    firm.scenario.run().exits(0);
    let got = receiver.got().last().unwrap().clone();
    let dead = json!([{"run": 1, "findings": part["findings"], "severe": part["severe"]}]);
    assert_eq!(got.body["dead"], dead);
    assert!(part["findings"].as_u64() < whole["findings"].as_u64());
    firm.scenario.does(&["retry", "--run", "1"]).exits(0);
    let sent = receiver.got().last().unwrap().clone();
    assert_eq!(
        (sent.runs(), &sent.body["reports"][0]["counts"]),
        (vec![1], &part)
    );
}

#[test]
fn another_machine_repeats_the_part_that_was_opened_though_it_is_configured_otherwise() {
    let (firm, receiver) = world();
    receiver.manner(Manner::Drops);
    firm.scenario.run().exits(3);
    let file = exported(&firm.scenario);
    let other = Firm::new();
    other.sends(&[("hook", &receiver, &["msp/branch01"])]);
    import(&other.scenario, &file, 0);
    receiver.manner(Manner::Says(200));
    other.scenario.does(&["retry"]).exits(0);
    let got = receiver.got();
    assert_eq!(
        (got.len(), &got[0].key, &got[0].raw),
        (2, &got[1].key, &got[1].raw)
    );
    // What it opens itself is the part of its own sites, of the same reports.
    receiver.manner(Manner::Says(404));
    firm.an_hour(1);
    firm.scenario.run().exits(3);
    import(&other.scenario, &exported(&firm.scenario), 0);
    receiver.manner(Manner::Says(200));
    other.scenario.does(&["retry"]).exits(0);
    let last = receiver.got().last().unwrap().clone();
    nothing_of_others(&last.raw, &[&CUMULUS]);
    assert_eq!(last.body["reports"][0]["part"], json!(["msp/branch01"]));
}
