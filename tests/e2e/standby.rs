//! Two machines and a mishap: what one left out, gave up, lost or published is neither lost nor hidden on the other.

use std::fs;

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::console::Console;
use crate::receiver::{Manner, Receiver};
use crate::scenario::Scenario;
use crate::state_commands::an_hour;
use crate::two_hosts::{exported, import, machine};
use crate::webhook::hooked;

fn pair() -> (Console, Receiver, [Scenario; 2]) {
    let console = Console::start();
    let receiver = Receiver::start();
    let machines = [(); 2].map(|()| hooked(machine(&console), &receiver));
    (console, receiver, machines)
}

/// The ids of all reports that the receiver took.
fn accepted(receiver: &Receiver) -> Vec<Value> {
    let got = receiver.got();
    let bodies = got.iter().filter(|got| got.accepted).map(|got| &got.body);
    let reports = bodies.flat_map(|body| body["reports"].as_array().unwrap());
    reports.map(|report| report["report_id"].clone()).collect()
}

/// Tries for longer than a week.
fn give_up(machine: &Scenario) {
    for days in 1..=8 {
        let now = (Utc::now() + TimeDelta::days(days)).to_rfc3339();
        machine
            .does(&["retry", "--now", &now])
            .exits(if days < 7 { 3 } else { 0 });
    }
}

#[test]
fn a_number_that_an_import_reserved_is_not_given_again_after_the_copy_before_is_put_back() {
    let (console, receiver, [ours, standby]) = pair();
    an_hour(&console, 0);
    ours.run().exits(0);
    for hour in 1..4 {
        an_hour(&console, hour);
        standby.run().exits(0);
    }
    import(&ours, &exported(&standby), 0).says("The next run is 4");
    import(&standby, &exported(&ours), 0);
    fs::copy(ours.path(".last_run.json.bak"), ours.path(".last_run.json")).unwrap();
    receiver.manner(Manner::Says(404));
    an_hour(&console, 4);
    ours.run().exits(3).says("run 4");
    import(&ours, &exported(&standby), 0);
    receiver.manner(Manner::Says(200));
    ours.does(&["retry"]).exits(4).says("1 of 1 delivered");
    assert_eq!(
        accepted(&receiver).last(),
        Some(&ours.newest_report()["report_id"])
    );
}

#[test]
fn a_restore_goes_above_the_epoch_that_another_machine_brought() {
    let (console, receiver, [ours, standby]) = pair();
    an_hour(&console, 0);
    ours.run().exits(0);
    ours.does(&["state", "backup"]).exits(0);
    let generation = ours.checkpoint()["generation"].to_string();
    for hour in 1..7 {
        an_hour(&console, hour);
        standby.run().exits(0);
    }
    standby.does(&["state", "backup"]).exits(0);
    let newest = standby.checkpoint()["generation"].to_string();
    standby
        .does(&["state", "restore", "--generation", &newest])
        .exits(0);
    standby.run().exits(4);
    import(&ours, &exported(&standby), 0);
    receiver.manner(Manner::Says(404));
    an_hour(&console, 7);
    ours.run().exits(3);
    import(&standby, &exported(&ours), 0);
    let epoch = |machine: &Scenario| machine.checkpoint()["sources"][0]["epoch"].as_u64().unwrap();
    let before = epoch(&ours);
    ours.does(&["state", "restore", "--generation", &generation])
        .exits(0);
    assert!(epoch(&ours) > before, "{} after {before}", epoch(&ours));
    receiver.manner(Manner::Says(200));
    import(&standby, &exported(&ours), 0);
    import(&ours, &exported(&standby), 0);
    an_hour(&console, 8);
    ours.run().exits(4);
    standby.does(&["retry"]).exits(0);
    let told: Vec<String> = [&ours, &standby]
        .iter()
        .flat_map(|machine| machine.told())
        .collect();
    for id in console.ids() {
        assert!(told.contains(&id), "{id} was told by nobody");
    }
}

#[test]
fn what_is_given_up_for_another_machine_is_told_by_our_own_next_message() {
    let (console, receiver, [old, new]) = pair();
    an_hour(&console, 0);
    old.run().exits(0);
    receiver.manner(Manner::Says(404));
    an_hour(&console, 1);
    old.run().exits(3);
    import(&new, &exported(&old), 0);
    give_up(&new);
    receiver.manner(Manner::Says(200));
    an_hour(&console, 2);
    new.run().exits(0);
    let got = receiver.got();
    let dead = &got.last().unwrap().body["dead"];
    assert_eq!(dead[0]["run"], 2, "{dead}");
    assert_eq!(dead[0]["instance"], old.checkpoint()["instance"]);
    an_hour(&console, 3);
    new.run().exits(0);
    assert!(
        receiver.got().last().unwrap().body.get("dead").is_none(),
        "told once"
    );
    new.does(&["history", "gaps"]).exits(0).says("no gaps");
    new.does(&["state", "verify"]).exits(0).says("nothing is owed");
}

#[test]
fn a_run_that_another_machine_published_is_published_in_its_own_archive_as_well() {
    let (console, _receiver, [ours, standby]) = pair();
    an_hour(&console, 0);
    ours.run().exits(0);
    an_hour(&console, 1);
    ours.run_dying_at("publish.events").dies();
    import(&standby, &exported(&ours), 0);
    an_hour(&console, 2);
    standby.run().exits(0);
    import(&ours, &exported(&standby), 0);
    ours.does(&["retry"]).exits(0);
    assert_eq!(ours.reports().keys().copied().collect::<Vec<_>>(), [1, 2]);
    ours.does(&["report", "show", "2"]).exits(0);
    ours.does(&["history", "gaps"]).exits(0).says("no gaps");
    let pending = |failure: &&Value| failure["state"] == "pending";
    let checkpoint = ours.checkpoint();
    assert_eq!(
        checkpoint["failures"].as_array().unwrap().iter().find(pending),
        None
    );
}

#[test]
fn a_report_that_is_gone_on_one_machine_is_delivered_by_the_other() {
    let (console, receiver, [ours, standby]) = pair();
    receiver.manner(Manner::Says(404));
    an_hour(&console, 0);
    ours.run().exits(3);
    import(&standby, &exported(&ours), 0);
    let instance = ours.checkpoint()["instance"].as_str().unwrap().to_owned();
    an_hour(&console, 1);
    standby.run().exits(3);
    fs::remove_dir_all(standby.path(".outbox").join(&instance)).unwrap();
    for entry in fs::read_dir(standby.path("2026/11")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .ends_with(&instance[..8])
        {
            fs::remove_file(path).unwrap();
        }
    }
    import(&ours, &exported(&standby), 0);
    receiver.manner(Manner::Says(200));
    ours.does(&["retry"]).exits(0);
    assert!(accepted(&receiver).contains(&ours.reports()[&1]["report_id"]));
}
