//! The file that `state export` writes: whole or refused, with all that is owed, and never taken for what it is not.

use std::fs;
use std::process::Command;

use crate::archive;
use crate::console::Console;
use crate::receiver::{Got, Manner, Receiver};
use crate::state_commands::an_hour;
use crate::two_hosts::{exported, import, machine};
use crate::webhook::hooked;

#[test]
fn an_export_that_is_not_whole_changes_nothing() {
    let console = Console::start();
    let old = machine(&console);
    an_hour(&console, 0);
    old.run_dying_at("publish.events").dies();
    let file = exported(&old);
    let whole = fs::read(&file).unwrap();
    let new = machine(&console);
    new.run().exits(0);
    let before = new.photograph();
    let refused = |bytes: &[u8], why: &str| {
        let file = new.file("broken.export", bytes);
        import(&new, &file, 65).says_all(&[why, "nothing was changed"]);
        assert!(new.photograph() == before, "{}", new.listing());
    };
    for cut in [0, 1, 100, whole.len() / 2, whole.len() - 2] {
        refused(&whole[..cut], "export");
    }
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    refused(&flipped, "damaged");
    refused(b"{}\n", "no export");
    // Without the report it owes its watermark is not taken.
    let text = String::from_utf8(whole.clone()).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("report.json") && !line.starts_with("{\"sha256"))
        .collect();
    let mut without = lines.join("\n") + "\n";
    let sum = archive::hex(ring::digest::digest(&ring::digest::SHA256, without.as_bytes()).as_ref());
    without = format!("{without}{{\"sha256\":\"{sum}\"}}\n");
    refused(without.as_bytes(), "does not hold its report");
    import(&new, &file, 0);
}

#[test]
fn a_copied_directory_that_went_on_by_itself_is_not_taken_in() {
    let console = Console::start();
    let ours = machine(&console);
    an_hour(&console, 0);
    ours.run().exits(0);
    let copy = machine(&console);
    let copied = Command::new("cp")
        .arg("-a")
        .arg(&ours.reports)
        .arg(&copy.reports)
        .status()
        .unwrap();
    assert!(copied.success());
    for hour in 1..14 {
        an_hour(&console, hour);
        ours.run().exits(0);
    }
    an_hour(&console, 14);
    copy.run().exits(0);
    let file = exported(&copy);
    let before = ours.photograph();
    import(&ours, &file, 78).says_all(&["run 2 of instance", "state reset", "nothing was changed"]);
    assert!(ours.photograph() == before, "{}", ours.listing());
}

#[test]
fn more_runs_than_the_checkpoint_describes_go_along_and_are_delivered() {
    let console = Console::start();
    let receiver = Receiver::start();
    let old = hooked(machine(&console), &receiver);
    receiver.closes();
    for hour in 0..70 {
        an_hour(&console, hour);
        old.run().exits(3);
    }
    let file = exported(&old);
    receiver.opens();
    let new = hooked(machine(&console), &receiver);
    import(&new, &file, 0).says("70 deliveries");
    new.does(&["retry"])
        .exits(0)
        .says("70 of 70 delivered, 0 still owed");
    receiver.has_all(1, 70);
}

#[test]
fn going_back_twice_to_one_copy_loses_nothing_to_an_export_of_in_between() {
    let console = Console::start();
    let receiver = Receiver::start();
    let home = hooked(machine(&console), &receiver);
    an_hour(&console, 0);
    home.run().exits(0);
    let copy = home.checkpoint()["generation"].to_string();
    home.does(&["state", "backup"]).exits(0);
    let back = ["state", "restore", "--generation", &copy];
    home.does(&back).exits(0);
    receiver.manner(Manner::Says(404));
    an_hour(&console, 1);
    home.run();
    let file = exported(&home);
    home.does(&back).exits(0);
    receiver.manner(Manner::Says(200));
    import(&home, &file, 0);
    an_hour(&console, 2);
    home.run();
    home.does(&["retry"]);
    let sent: Vec<u64> = receiver
        .got()
        .iter()
        .filter(|got| got.accepted)
        .flat_map(Got::runs)
        .collect();
    let newest = home.newest_report()["run"].as_u64().unwrap();
    assert!(sent.contains(&newest), "{sent:?}");
    let told: u64 = home
        .reports()
        .iter()
        .filter(|(run, _)| sent.contains(run))
        .map(|(_, report)| report["counts"]["events"].as_u64().unwrap())
        .sum();
    assert!(
        told >= console.ids().len() as u64,
        "{told} rows of {} reached the receiver",
        console.ids().len()
    );
}
