//! `state export` and `state import --merge`: a standby machine and a move. What one has read the other does not read
//! again, and what one owes either may deliver, under the same key.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::archive;
use crate::console::Console;
use crate::receiver::{Manner, Receiver};
use crate::scenario::Scenario;
use crate::state_commands::an_hour;
use crate::webhook::hooked;

/// Another machine that looks at the same console.
pub fn machine(console: &Console) -> Scenario {
    Scenario::new().controller(console)
}

/// What `state export` writes, beside the reports of the machine that made it.
pub fn exported(from: &Scenario) -> PathBuf {
    let file = from.home().join("state.export");
    from.does(&["state", "export", file.to_str().unwrap()])
        .exits(0)
        .says("exported generation");
    file
}

#[track_caller]
pub fn import(to: &Scenario, file: &Path, code: i32) -> crate::child::Ran {
    to.does(&["state", "import", "--merge", file.to_str().unwrap()])
        .exits(code)
}

/// Every row was told by exactly one of the machines.
#[track_caller]
fn told_by_one(machines: &[&Scenario], console: &Console) {
    let mut told: Vec<String> = machines.iter().flat_map(|machine| machine.told()).collect();
    told.sort();
    assert_eq!(told, console.ids().into_iter().collect::<Vec<_>>());
    for machine in machines {
        archive::audit_after_recovery(&machine.reports);
    }
}

#[test]
fn a_move_goes_on_where_the_old_machine_was_and_delivers_what_it_owed_under_its_key() {
    let console = Console::start();
    let receiver = Receiver::start();
    let old = hooked(machine(&console), &receiver);
    an_hour(&console, 0);
    old.run().exits(0);
    receiver.manner(Manner::Drops);
    an_hour(&console, 1);
    old.run().exits(3);
    let file = exported(&old);
    receiver.manner(Manner::Says(200));

    let new = hooked(machine(&console), &receiver);
    import(&new, &file, 0).says_all(&[
        "run 2",
        "4 of 4 sources",
        "1 delivery that it owed",
        "The next run is 3",
    ]);
    new.does(&["state", "verify"]).exits(0).says("owed run 2-");
    new.does(&["history", "gaps"]).exits(0).says("may have arrived");
    assert_ne!(new.checkpoint()["instance"], old.checkpoint()["instance"]);
    an_hour(&console, 2);
    new.run().exits(0);

    told_by_one(&[&old, &new], &console);
    assert_eq!(receiver.runs(), [vec![1], vec![2], vec![2], vec![3]]);
    let got = receiver.got();
    assert_eq!(got[1].key, got[2].key, "a repeat has its key");
    assert_eq!(got[1].body, got[2].body);
    let report = new.newest_report();
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("taken in on request"), "{warnings}");
    assert!(!warnings.contains("first report"), "{warnings}");
    new.does(&["history", "gaps"]).exits(0).says("no gaps");
    new.does(&["status"]).exits(0);

    // Back on the old machine that delivery is known as well.
    import(&old, &exported(&new), 0);
    assert_eq!(old.checkpoint()["ledgers"]["webhook"]["last_contiguous"], 3);
    old.run().exits(0);
    assert_eq!(receiver.runs().len(), 5, "only its own new run");
    told_by_one(&[&old, &new], &console);
}

#[test]
fn two_machines_take_turns_and_every_row_is_told_by_one_of_them() {
    let console = Console::start();
    let receiver = Receiver::start();
    let machines = [(); 2].map(|()| hooked(machine(&console), &receiver));
    let mut last: Option<PathBuf> = None;
    for hour in 0..6 {
        let at_work = &machines[usize::try_from(hour % 2).unwrap()];
        if let Some(file) = &last {
            import(at_work, file, 0);
            import(at_work, file, 0).says("nothing new");
        }
        receiver.manner(if hour % 3 == 1 {
            Manner::Says(503)
        } else {
            Manner::Says(200)
        });
        an_hour(&console, hour);
        at_work.run().exits(if hour % 3 == 1 { 3 } else { 0 });
        last = Some(exported(at_work));
    }
    receiver.manner(Manner::Says(200));
    for (at_work, file) in [(&machines[0], last), (&machines[1], None)] {
        if let Some(file) = file {
            import(at_work, &file, 0);
        }
        at_work.does(&["retry"]).exits(0);
    }
    told_by_one(&machines.iter().collect::<Vec<_>>(), &console);
    // Another machine's accepted run of the same number settles nothing: every report arrived.
    let accepted: Vec<Value> = receiver
        .got()
        .iter()
        .filter(|got| got.accepted)
        .flat_map(|got| {
            let reports = got.body["reports"].as_array().unwrap();
            reports
                .iter()
                .map(|report| report["report_id"].clone())
                .collect::<Vec<_>>()
        })
        .collect();
    for machine in &machines {
        for report in machine.reports().values() {
            assert!(accepted.contains(&report["report_id"]), "run {}", report["run"]);
        }
    }
}

#[test]
fn machines_that_both_ran_alone_keep_their_runs_apart() {
    let console = Console::start();
    let receiver = Receiver::start();
    let [ours, theirs] = [(); 2].map(|()| hooked(machine(&console), &receiver));
    an_hour(&console, 0);
    theirs.run().exits(0);
    receiver.manner(Manner::Says(503));
    ours.run().exits(3);
    // Their run 1 was accepted, ours was not.
    import(&ours, &exported(&theirs), 0).says("The next run is 2");
    assert_eq!(ours.checkpoint()["ledgers"]["webhook"]["last_contiguous"], 0);
    receiver.manner(Manner::Says(200));
    ours.does(&["retry"]).exits(0);
    let instances: Vec<Value> = receiver
        .got()
        .iter()
        .filter(|got| got.accepted)
        .map(|got| got.body["instance"].clone())
        .collect();
    assert_eq!(
        instances,
        [&theirs, &ours].map(|machine| machine.checkpoint()["instance"].clone())
    );
}

#[test]
fn what_the_old_machine_had_not_published_is_published_beside_the_new_ones_reports() {
    let console = Console::start();
    let old = machine(&console);
    an_hour(&console, 0);
    old.run_dying_at("publish.events").dies();
    let file = exported(&old);
    let new = machine(&console);
    an_hour(&console, 1);
    new.does(&["run", "--site", "default"]).exits(0);
    import(&new, &file, 0).says("1 delivery that it owed");
    new.run().exits(0);
    let mark = old.checkpoint()["instance"].as_str().unwrap()[..8].to_owned();
    let names = archive::below(&new.reports);
    for end in [".json", ".html", ".txt"] {
        let end = format!("Z-{mark}{end}");
        assert!(
            names
                .iter()
                .any(|name| name.contains("report-000001-") && name.ends_with(&end)),
            "{names:#?}"
        );
    }
    assert!(
        names
            .iter()
            .any(|name| name.ends_with(&format!("events-000001-{mark}.jsonl"))),
        "{names:#?}"
    );
    assert!(
        fs::read_to_string(new.path("index.html"))
            .unwrap()
            .contains(&format!("-{mark}.html"))
    );
    new.does(&["history", "list"])
        .exits(0)
        .says(&format!("of {mark}"));
    new.does(&["state", "verify"]).exits(0);
    for _ in 0..2 {
        new.run().exits(0);
    }
    let instance = old.checkpoint()["instance"].as_str().unwrap().to_owned();
    assert!(!new.path(".outbox").join(instance).exists(), "{}", new.listing());
}

#[test]
fn two_consoles_under_one_name_are_not_mixed() {
    let consoles = [(); 2].map(|()| Console::start());
    let [ours, theirs] = [0, 1].map(|at| machine(&consoles[at]));
    consoles[1].state().uuid = "5f0a2a52-0000-4000-8000-0000000000ff".to_owned();
    ours.run().exits(0);
    theirs.run().exits(0);
    import(&ours, &exported(&theirs), 78).says("both know a controller");
}

#[test]
fn an_import_that_dies_anywhere_is_made_again() {
    for point in [
        "outbox.sealed",
        "checkpoint.staged",
        "checkpoint.kept",
        "checkpoint.renamed",
        "checkpoint.synced",
    ] {
        let console = Console::start();
        let receiver = Receiver::start();
        let old = hooked(machine(&console), &receiver);
        receiver.manner(Manner::Says(503));
        an_hour(&console, 0);
        old.run().exits(3);
        let file = exported(&old);
        receiver.manner(Manner::Says(200));
        let new = hooked(machine(&console), &receiver);
        an_hour(&console, 1);
        new.does(&["run", "--dry-run"]).exits(0);
        let mut command = new.command(&["state", "import", "--merge", file.to_str().unwrap()]);
        command.env("UNIFI_SCAN_CRASH_AT", point);
        new.spawn(command, b"").wait().dies();
        import(&new, &file, 0);
        new.run().exits(0);
        told_by_one(&[&old, &new], &console);
        assert_eq!(receiver.runs().len(), 3, "{point}: {:?}", receiver.runs());
        new.does(&["state", "verify"]).exits(0);
    }
}

#[test]
fn a_run_that_was_given_up_and_is_wanted_again_is_owed_whatever_the_other_machine_thinks_of_it() {
    let console = Console::start();
    let receiver = Receiver::start();
    let [ours, standby] = [(); 2].map(|()| hooked(machine(&console), &receiver));
    receiver.manner(Manner::Says(404));
    an_hour(&console, 0);
    ours.run().exits(3);
    for days in 1..=8 {
        let now = (Utc::now() + TimeDelta::days(days)).to_rfc3339();
        ours.does(&["retry", "--now", &now])
            .exits(if days < 7 { 3 } else { 0 });
    }
    receiver.manner(Manner::Says(200));
    an_hour(&console, 1);
    ours.run().exits(0);
    assert_eq!(
        receiver.got().last().unwrap().body["dead"][0]["run"],
        1,
        "it was told"
    );
    import(&standby, &exported(&ours), 0);

    receiver.manner(Manner::Drops);
    ours.does(&["retry", "--run", "1"]).exits(3);
    import(&ours, &exported(&standby), 0);
    ours.does(&["history", "gaps"]).exits(0).says("may have arrived");
    import(&standby, &exported(&ours), 0).says("1 delivery");
    receiver.manner(Manner::Says(200));
    let before = receiver.got().len();
    standby.does(&["retry"]).exits(0).says("1 of 1 delivered");
    let got = receiver.got();
    assert_eq!(got[before].runs(), [1]);
    assert_eq!(
        (&got[before].key, &got[before].body),
        (&got[before - 1].key, &got[before - 1].body)
    );

    // Then it is settled for both, and an export from before says nothing against that.
    let old = exported(&ours);
    import(&ours, &exported(&standby), 0);
    ours.does(&["history", "gaps"]).exits(0).says("no gaps");
    import(&standby, &old, 0);
    standby.does(&["retry"]).exits(0).says("nothing is owed");
}

#[test]
fn a_message_that_may_have_arrived_is_repeated_whole_although_another_machine_delivered_a_part_of_it() {
    let console = Console::start();
    let receiver = Receiver::start();
    let [ours, standby] = [(); 2].map(|()| hooked(machine(&console), &receiver));
    receiver.manner(Manner::Says(404));
    an_hour(&console, 0);
    ours.run().exits(3);
    import(&standby, &exported(&ours), 0);
    receiver.manner(Manner::Says(200));
    standby.does(&["retry"]).exits(0).says("1 of 1 delivered");
    receiver.manner(Manner::Says(404));
    an_hour(&console, 1);
    ours.run().exits(3);
    receiver.manner(Manner::Drops);
    ours.does(&["retry"]).exits(3);
    let pinned = receiver.got().last().unwrap().clone();
    assert_eq!(pinned.runs(), [1, 2]);

    import(&ours, &exported(&standby), 0);
    ours.does(&["retry"]).exits(3);
    let checkpoint = ours.checkpoint();
    let failures = checkpoint["failures"].as_array().unwrap();
    let pending = failures.iter().filter(|failure| failure["state"] == "pending");
    let pending: Vec<&Value> = pending.map(|failure| &failure["run"]).collect();
    assert_eq!(pending, [2], "run 1 was delivered");
    // The archive is the operator's to clear: what an open message needs lies in the outbox.
    fs::remove_dir_all(ours.reports.join("2026")).unwrap();
    receiver.manner(Manner::Says(200));
    ours.does(&["retry"]).exits(0);
    for got in receiver.got().iter().rev().take(2) {
        assert_eq!((&got.key, &got.body), (&pinned.key, &pinned.body));
    }
    ours.does(&["history", "gaps"]).exits(0).says("no gaps");
    ours.run().exits(0);
    assert!(!ours.path(".outbox/000001").exists(), "then it is cleared");
}
