//! Checkpoints of other versions: an older 2.x lacks fields, a later one has fields nobody here knows, and from 3 on
//! nothing is touched. (A 1.x is the Python scanner's: `state_mending`.)

use std::fs;

use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::scenario::Scenario;
use crate::state::{BACKUP, LIVE};
use crate::state_commands::{after_runs, an_hour};

/// Two runs, and then the checkpoint as another version would have written it.
fn written_by(version: &str, edit: impl Fn(&mut Value)) -> (Scenario, Console) {
    let (scenario, console) = after_runs(2);
    put(&scenario, LIVE, version, edit);
    (scenario, console)
}

fn put(scenario: &Scenario, name: &str, version: &str, edit: impl Fn(&mut Value)) {
    let mut checkpoint = archive::json(&scenario.path(name));
    checkpoint["schema_version"] = version.into();
    edit(&mut checkpoint);
    fs::remove_file(scenario.path(name)).unwrap();
    fs::write(scenario.path(name), archive::sealed(checkpoint)).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    fs::set_permissions(scenario.path(name), mode).unwrap();
}

/// It is whole to every command, and the next runs tell what is new and nothing twice.
#[track_caller]
fn goes_on(scenario: &Scenario, console: &Console) {
    for look in [
        &["state", "verify"][..],
        &["state", "show"],
        &["status"],
        &["history", "list"],
    ] {
        scenario.does(look).exits(0).never_says("first run");
    }
    for number in 2..4 {
        an_hour(console, number);
        scenario.run().exits(0).never_says("recovered");
    }
    assert_eq!(scenario.checkpoint()["schema_version"], "2.0");
    scenario.told_exactly(console);
}

#[test]
fn what_was_written_before_some_fields_were_thought_of_is_read() {
    let (scenario, console) = written_by("2.0", |checkpoint| {
        let remove = |object: &mut Value, field: &str| object.as_object_mut().unwrap().remove(field);
        for controller in checkpoint["controllers"].as_object_mut().unwrap().values_mut() {
            assert!(remove(controller, "starts").is_some());
        }
    });
    goes_on(&scenario, &console);
}

#[test]
fn fields_of_a_later_2_x_do_not_stop_an_older_program() {
    for version in ["2.7", "2.10.1"] {
        let (scenario, console) = written_by(version, |checkpoint| {
            let unknown = json!({"what": ["nobody", {"here": "knows"}], "since": 2031});
            checkpoint["novelty"] = unknown.clone();
            for place in [
                "/sources/0",
                "/sources/0/position",
                "/ledgers/file",
                "/runs/2",
                "/attempts/0",
                "/sidecar",
            ] {
                checkpoint.pointer_mut(place).unwrap()["novelty"] = unknown.clone();
            }
            // A kind of source and a lesson that only a later program knows.
            let mut source = checkpoint["sources"][0].clone();
            source["id"]["kind"] = json!("novelty");
            checkpoint["sources"].as_array_mut().unwrap().push(source);
            let controllers = checkpoint["controllers"].as_object_mut().unwrap();
            for controller in controllers.values_mut() {
                controller["learned"]["default/novelty"] = json!("obvious");
            }
        });
        goes_on(&scenario, &console);
    }
}

#[test]
fn a_3_0_in_any_place_stops_every_command_that_writes_and_stays_as_it_is() {
    for places in [&[LIVE][..], &[LIVE, BACKUP], &[BACKUP], &[".state-backups"]] {
        println!("{places:?}");
        let (scenario, _console) = after_runs(2);
        let backup = || {
            let names = archive::below(&scenario.reports).into_iter();
            names
                .filter(|name| name.starts_with(".state-backups/"))
                .collect::<Vec<String>>()
        };
        for place in places {
            let names = if place.starts_with(".state") {
                backup()
            } else {
                vec![(*place).to_owned()]
            };
            for name in names {
                put(&scenario, &name, "3.0", |_| {});
            }
        }
        if !places.contains(&LIVE) {
            fs::write(scenario.path(LIVE), "{").unwrap();
        }
        let mut before = scenario.photograph();
        let writing: [&[&str]; 5] = [
            &["run"],
            &["run", "--dry-run"],
            &["retry"],
            &["state", "rewind", "--to", "6h"],
            &["state", "verify"],
        ];
        for arguments in writing {
            scenario.does(arguments).exits(65).never_says("first run");
        }
        scenario
            .run()
            .exits(65)
            .says_all(&["3.0", "newer program", "state restore"]);
        let mut after = scenario.photograph();
        for name in [".run.json", ".last_run.lock"] {
            before.remove(name);
            after.remove(name);
        }
        assert!(before == after, "{}", scenario.listing());
    }
}

#[test]
fn what_scripts_and_the_python_scanner_look_for_stands_at_the_top_level() {
    let (scenario, _console) = after_runs(1);
    let text = fs::read_to_string(scenario.path(LIVE)).unwrap();
    let names: Vec<&str> = text
        .lines()
        .skip(1)
        .take(5)
        .map(|line| line.trim().split('"').nth(1).unwrap())
        .collect();
    let wanted = [
        "schema_version",
        "last_successful_run",
        "last_report_count",
        "generation",
        "checksum",
    ];
    assert_eq!(names, wanted);
    let checkpoint = scenario.checkpoint();
    assert_eq!(checkpoint["schema_version"], "2.0");
    let last = checkpoint["last_successful_run"].as_str().unwrap();
    assert!(
        last.ends_with('Z') && last.parse::<chrono::DateTime<chrono::Utc>>().is_ok(),
        "{last}"
    );
    assert_eq!(
        checkpoint["last_report_count"],
        scenario.newest_report()["counts"]["findings"]
    );
}
