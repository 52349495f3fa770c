//! `state rebuild --from-reports`: a new checkpoint where only the archive is left.

use std::fs;

use chrono::TimeDelta;

use crate::archive;
use crate::console::Console;
use crate::console::row::series;
use crate::scenario::Scenario;
use crate::state_commands::{after_runs, an_hour};

/// Three runs, of which only the archive is left.
fn only_the_archive_is_left() -> (Scenario, Console) {
    let (scenario, console) = after_runs(3);
    for name in archive::below(&scenario.reports) {
        if name.starts_with('.') || name == "history.jsonl" {
            fs::remove_file(scenario.path(&name)).unwrap();
        }
    }
    (scenario, console)
}

#[test]
fn a_state_rebuilt_from_the_reports_repeats_nothing_where_events_were_archived() {
    let (scenario, console) = only_the_archive_is_left();
    let instance = scenario.newest_report()["instance"].clone();
    scenario.run().exits(65).says("state rebuild --from-reports");
    scenario.does(&["state", "rebuild"]).exits(2);
    scenario
        .does(&["state", "rebuild", "--from-reports"])
        .exits(0)
        .says_all(&["3 reports", "run 3"]);
    assert_eq!(scenario.checkpoint()["instance"], instance);
    scenario.does(&["state", "verify"]).exits(0);
    // A row of an hour that was reported shows up late.
    let late = series(900, 1, console.now() - TimeDelta::hours(2), TimeDelta::minutes(1));
    console.add(late);
    an_hour(&console, 3);
    scenario.run().exits(4);
    assert_eq!(scenario.reports().into_keys().last(), Some(4));
    let told = scenario.told();
    assert_eq!(told, console.ids().into_iter().collect::<Vec<_>>());
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(warnings.contains("rebuilt from 3 reports"), "{warnings}");
    scenario.run().exits(0);
}

#[test]
fn a_state_rebuilt_without_event_archives_loses_nothing_and_leaves_out_damaged_reports() {
    let (scenario, console) = only_the_archive_is_left();
    for name in archive::below(&scenario.reports) {
        if name.contains("/events-") {
            fs::remove_file(scenario.path(&name)).unwrap();
        } else if name.contains("/report-000003") && name.ends_with(".json") {
            let text = fs::read_to_string(scenario.path(&name)).unwrap();
            fs::write(scenario.path(&name), text.replace("demo", "dome")).unwrap();
        }
    }
    scenario
        .does(&["state", "rebuild", "--from-reports"])
        .exits(0)
        .says_all(&["2 reports", "run 3 is superseded", "may be told again"]);
    let late = series(900, 1, console.now() - TimeDelta::hours(2), TimeDelta::minutes(1));
    console.add(late);
    an_hour(&console, 3);
    scenario.run().exits(4);
    assert_eq!(scenario.newest_report()["run"], 4, "no number twice");
    let newest: u64 = scenario.newest_report()["counts"]["events"].as_u64().unwrap();
    assert!(newest >= 21, "two hours and the late row: {newest}");
    scenario.run().exits(0);
    assert_eq!(
        scenario.newest_report()["counts"]["events"],
        0,
        "after that nothing repeats"
    );
    let empty = Scenario::new();
    fs::create_dir(&empty.reports).unwrap();
    empty
        .does(&["state", "rebuild", "--from-reports"])
        .exits(65)
        .says("no report");
}
