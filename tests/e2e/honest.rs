//! What a run could not see or cannot know, its report says.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::fault::{Fault, What};
use crate::console::row::{Row, device, series};
use crate::scenario::{Scenario, source};

#[test]
fn a_source_that_fails_costs_neither_the_report_nor_the_others() {
    for (path, name) in [("stat/device", "devices"), ("stat/health", "health")] {
        let (scenario, console) = Scenario::with_console();
        console.add(series(
            0,
            30,
            console.now() - TimeDelta::hours(6),
            TimeDelta::minutes(7),
        ));
        console.fault(Fault::on(
            path,
            What::json(
                500,
                r#"{"meta":{"rc":"error","msg":"api.err.ServerError"},"data":[]}"#,
            ),
        ));
        let ran = scenario.does(&["run", "--json"]).exits(3);
        let failed = source(&ran.json(), name).clone();
        assert_eq!(failed["outcome"], "failed");
        assert!(failed["events"].is_null(), "unknown is not zero: {failed}");
        assert!(
            failed["code"].as_u64().is_some_and(|code| code > 3),
            "its own code: {failed}"
        );
        let report = scenario.newest_report();
        assert_eq!(source(&report, name)["outcome"], "failed");
        assert!(source(&report, name)["records"].is_null(), "{report:#}");
        assert_eq!(source(&report, "system-log")["outcome"], "complete");
        for extension in ["txt", "html"] {
            assert!(
                scenario.newest(extension).contains(name),
                "the {extension} names {name}"
            );
            assert!(!scenario.newest(extension).to_lowercase().contains("all clear"));
        }
        scenario.told_exactly(&console);
    }
}

#[test]
fn devices_that_do_not_answer_in_time_cost_only_themselves() {
    let (scenario, console) = Scenario::with_console();
    let scenario = scenario.hasty();
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(6),
        TimeDelta::minutes(7),
    ));
    console.fault(Fault::on("stat/device", What::Hang));
    scenario.run().exits(3);
    let report = scenario.newest_report();
    let devices = source(&report, "devices");
    assert_eq!(devices["outcome"], "failed", "{devices:#}");
    assert!(
        devices["reason"].as_str().unwrap().contains("1000 ms"),
        "{devices:#}"
    );
    assert!(
        report["devices"].as_array().is_none_or(Vec::is_empty),
        "unknown is not shown as fine"
    );
    scenario.told_exactly(&console);
}

#[test]
fn a_log_that_fails_keeps_its_watermark_and_is_made_up_for() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(6),
        TimeDelta::minutes(7),
    ));
    console.fault(Fault::on(
        "system-log/all",
        What::json(500, r#"{"errorCode":500,"message":"broken"}"#),
    ));
    let summary = scenario.run().exits(3).summary().to_owned();
    assert!(summary.starts_with("run 1: events unknown, "), "{summary}");
    let report = scenario.newest_report();
    let log = source(&report, "system-log");
    assert_eq!(log["outcome"], "failed");
    for number in ["events", "records", "late", "duplicates", "malformed"] {
        assert!(log.get(number).is_some_and(Value::is_null), "{number}: {log:#}");
    }
    let told = "system-log: failed, events unknown";
    scenario.does(&["history", "show", "1"]).exits(0).says(told);
    assert!(scenario.newest("txt").contains("events unknown"));
    let archive = std::fs::read_to_string(scenario.path("index.html")).unwrap();
    assert!(archive.contains("events unknown"), "{archive}");
    assert!(scenario.told().is_empty());
    console.behave();
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn bad_rows_are_counted_and_cost_nothing_else() {
    let (scenario, console) = Scenario::with_console();
    let time = console.now() - TimeDelta::hours(3);
    console.add(series(0, 20, time, TimeDelta::minutes(2)));
    let at = |minutes| time + TimeDelta::minutes(minutes);
    console.add([
        Row::raw("x1", at(3), "42".to_owned()),
        Row::raw("x2", at(5), "null".to_owned()),
        Row::raw("x3", at(7), "[]".to_owned()),
        Row::raw("x4", at(9), "\"text\"".to_owned()),
        Row::raw("x5", at(11), r#"{"id":"x5","archived":nope}"#.to_owned()),
        Row::raw("x6", at(13), r#"{"id":"x6","timestamp":,}"#.to_owned()),
    ]);
    scenario.run().exits_one_of(&[0, 3]);
    let report = scenario.newest_report();
    let log = source(&report, "system-log");
    assert_eq!(
        (log["events"].as_u64(), log["malformed"].as_u64()),
        (Some(20), Some(6)),
        "{log:#}"
    );
    scenario.audit(&console);
}

#[test]
fn rows_with_little_in_them_are_events_all_the_same() {
    let (scenario, console) = Scenario::with_console();
    let at = |minutes| console.now() - TimeDelta::hours(3) + TimeDelta::minutes(minutes);
    console.add([
        Row::shaped(1, at(1), &json!({"severity": null, "status": null, "type": null, "event": null, "subcategory": null, "target": null})),
        Row::shaped(2, at(2), &json!({"parameters": null, "message_raw": "Nobody knows {WHO} did {WHAT}."})),
        Row::shaped(3, at(3), &json!({"key": "SOMETHING_NOBODY_HAS_SEEN_7", "category": "BRAND_NEW"})),
        Row::shaped(4, at(4), &json!({"parameters": {"CLIENT": false, "DEVICE": [], "DURATION": {"name": 7}}})),
        Row::shaped(5, at(5), &json!({"timestamp": at(5).timestamp_millis().to_string()})),
        Row::shaped(6, at(6), &json!({"severity": 3, "title_raw": ["a", "list"], "message_raw": {"an": "object"}})),
        Row::shaped(7, at(7), &json!({"message_raw": null, "title_raw": null, "category": null})),
    ]);
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let report = scenario.newest_report();
    let unknown = report["unknown_keys"].to_string();
    assert!(unknown.contains("SOMETHING_NOBODY_HAS_SEEN"), "{unknown}");
    assert!(
        scenario.newest("txt").contains("SOMETHING_NOBODY_HAS_SEEN"),
        "and the text shows it"
    );
}

#[test]
fn a_row_without_an_id_is_told_once() {
    let (scenario, console) = Scenario::with_console();
    console.add([Row::shaped(
        1,
        console.now() - TimeDelta::hours(2),
        &json!({"id": null}),
    )]);
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 1);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 1);
    scenario.audit(&console);
}

#[test]
fn an_empty_console_says_which_sources_answered() {
    let (scenario, _console) = Scenario::with_console();
    scenario.run().exits(0);
    let report = scenario.newest_report();
    let outcome = |end| source(&report, end)["outcome"].clone();
    assert_eq!(outcome("system-log"), "empty");
    assert_eq!(outcome("devices"), "complete");
    assert_eq!(source(&report, "devices")["records"], 2);
    let text = scenario.newest("txt");
    for name in ["system-log", "devices", "health"] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
}

#[test]
fn a_console_without_the_log_is_told_as_unsupported_never_as_quiet() {
    for what in [What::not_found(), What::not_allowed()] {
        let (scenario, console) = Scenario::with_console();
        console.fault(Fault::on("system-log/all", what.clone()));
        console.fault(Fault::on("system-log/count", what));
        scenario.run().exits(3);
        let report = scenario.newest_report();
        let log = source(&report, "system-log");
        assert_eq!(log["outcome"], "unsupported");
        assert!(log["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        for extension in ["txt", "html"] {
            let rendering = scenario.newest(extension).to_lowercase();
            assert!(!rendering.contains("all clear"), "{rendering}");
            assert!(
                rendering.contains("unsupported") || rendering.contains("not offer"),
                "{rendering}"
            );
        }
    }
}

#[test]
fn a_log_the_account_may_not_read_is_told_as_denied() {
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("system-log/all", What::forbidden()));
    console.fault(Fault::on("system-log/count", What::forbidden()));
    scenario.run().exits(3);
    assert_eq!(
        source(&scenario.newest_report(), "system-log")["outcome"],
        "denied"
    );
}

#[test]
fn devices_are_visible_as_what_they_are() {
    let (scenario, console) = Scenario::with_console();
    console.state().devices = vec![
        device(
            "02:00:5e:00:54:01",
            "Roof AP",
            json!({"state": 0, "uptime": null, "system-stats": {}}),
        ),
        device(
            "02:00:5e:00:54:02",
            "New AP",
            json!({"state": 2, "adopted": false}),
        ),
        device(
            "02:00:5e:00:54:03",
            "Hot switch",
            json!({"type": "usw", "overheating": true, "has_temperature": true, "general_temperature": "97"}),
        ),
        device("02:00:5e:00:54:04", "", json!({"name": null})),
        device(
            "02:00:5e:00:54:05",
            "Odd one",
            json!({"state": 17, "type": "never-seen"}),
        ),
        device("02:00:5e:00:54:06", "Fresh AP", json!({"uptime": "240"})),
        json!({"mac": "02:00:5e:00:54:07"}),
        json!(12),
    ];
    scenario.run().exits_one_of(&[0, 3]);
    let report = scenario.newest_report();
    let devices = report["devices"].as_array().unwrap();
    let state = |mac: &str| -> &Value {
        devices
            .iter()
            .find(|device| device["mac"] == mac)
            .unwrap_or_else(|| panic!("no {mac} in {devices:#?}"))
    };
    assert_eq!(state("02:00:5e:00:54:01")["state"], "offline");
    assert_eq!(state("02:00:5e:00:54:02")["state"], "pending");
    assert_eq!(state("02:00:5e:00:54:03")["healthy"], false);
    assert!(
        state("02:00:5e:00:54:05")["state"]
            .as_str()
            .unwrap()
            .contains("17")
    );
    assert_ne!(state("02:00:5e:00:54:05")["healthy"], true, "unknown is not OK");
    assert_ne!(state("02:00:5e:00:54:07")["healthy"], true, "unknown is not OK");
    assert!(
        !state("02:00:5e:00:54:04")["name"].as_str().unwrap().is_empty(),
        "an unnamed device has a label"
    );
    let text = scenario.newest("txt");
    for name in ["Roof AP", "Hot switch", "restarted 4 min ago"] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
}

#[test]
fn one_cause_is_one_finding_however_many_rows_it_has() {
    let (scenario, console) = Scenario::with_console();
    let since = console.now() - TimeDelta::hours(10);
    console.add((0..3000).map(|n| {
        Row::threat(
            n,
            since + TimeDelta::seconds(i64::try_from(n).unwrap() * 10),
            "192.0.2.10",
            "198.51.100.1",
        )
    }));
    let ran = scenario.run().exits(0);
    let report = scenario.newest_report();
    let findings = report["findings"].as_array().unwrap();
    let threats: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["count"].as_u64() > Some(0))
        .collect();
    assert_eq!(threats.len(), 1, "{findings:#?}");
    assert_eq!(threats[0]["count"], 3000);
    assert_eq!(
        threats[0]["first_seen"].as_str().map(|text| &text[..16]),
        Some(&since.to_rfc3339()[..16])
    );
    assert_eq!(report["threats"]["blocked"], 3000);
    assert_eq!(
        report["threats"]["detected"], 0,
        "blocked is never shown as detected"
    );
    assert!(
        scenario.newest("html").len() < 100_000,
        "a mail program would clip it"
    );
    assert!(
        ran.summary().starts_with("run 1: 3,000 events, "),
        "{}",
        ran.summary()
    );
    scenario.told_exactly(&console);
}

#[test]
fn a_device_that_left_the_list_is_not_back() {
    let (scenario, console) = Scenario::with_console();
    let other = || device("02:00:5e:00:54:01", "Roof AP", json!({}));
    let away = device("02:00:5e:00:54:02", "Cellar", json!({"type": "usw", "state": 0}));
    console.state().devices = vec![other(), away];
    scenario.run().exits(0);
    assert_eq!(scenario.newest_report()["findings"][0]["rule"], "device-down");
    console.state().devices = vec![other()];
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    let text = scenario.newest("txt");
    assert!(
        text.contains("“Cellar” is no longer in the console's list"),
        "{text}"
    );
    assert!(
        !text.contains("back online") && !text.contains("All clear"),
        "{text}"
    );
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert!(!scenario.newest("txt").contains("Cellar"), "told once");
}
