//! Consoles before the system log: classic controllers, and the event, alarm and threat lists of Network 6 and 7.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::console::row::{Row, series};
use crate::console::{Console, Manner};
use crate::scenario::{Scenario, source};

/// A console of those times.
fn older(classic: bool, version: &str) -> (Scenario, Console) {
    let console = Console::start();
    {
        let mut state = console.state();
        state.classic = classic;
        state.has_log = false;
        version.clone_into(&mut state.version);
    }
    let scenario = Scenario::new().controller(&console);
    let scenario = if classic { scenario.password() } else { scenario };
    (scenario, console)
}

/// So many joins, evenly spread.
fn joins(first: u64, count: u64, since: DateTime<Utc>, step: TimeDelta) -> Vec<Row> {
    (0..count)
        .map(|n| {
            let time = since + step * i32::try_from(n).unwrap();
            Row::listed(first + n, time, "EVT_WU_Connected", &json!({}))
        })
        .collect()
}

/// Every row of the lists was told once.
#[track_caller]
fn told_exactly(scenario: &Scenario, console: &Console) {
    let mut wanted: Vec<String> = {
        let state = console.state();
        let shown = state
            .lists
            .values()
            .flatten()
            .filter(|row| row.appears <= state.now);
        shown.map(|row| row.id.clone()).collect()
    };
    wanted.sort();
    assert_eq!(scenario.told(), wanted);
    archive::audit(&scenario.reports);
}

#[test]
fn the_lists_of_older_consoles_are_read_and_the_log_they_lack_is_told() {
    for (classic, version) in [(true, "6.5.55"), (true, "7.4.162"), (false, "7.5.187")] {
        let (scenario, console) = older(classic, version);
        let now = console.now();
        console.list(
            "events",
            joins(0, 30, now - TimeDelta::hours(20), TimeDelta::minutes(30)),
        );
        let threat = json!({
            "src_ip": "192.0.2.62", "dest_ip": "198.51.100.7", "inner_alert_action": "blocked", "subsystem": "www",
            "inner_alert_signature": "ET MALWARE Suspicious Beacon", "inner_alert_signature_id": 2_003_337,
            "timestamp": (now - TimeDelta::hours(3)).timestamp(), "srcipGeo": [], "dstipGeo": false, "catname": ["malware"]
        });
        console.list(
            "ips",
            [Row::listed(
                900,
                now - TimeDelta::hours(3),
                "EVT_IPS_IpsAlert",
                &threat,
            )],
        );
        for hour in 0..3 {
            let told = scenario.does(&["run", "--json"]).exits(0).json();
            for (name, outcome) in [
                ("system-log", "unsupported"),
                ("alarms", "empty"),
                ("devices", "complete"),
            ] {
                let line = source(&told, &format!("/{name}"));
                assert_eq!(line["outcome"], outcome, "{version}: {line:#}");
            }
            told_exactly(&scenario, &console);
            console.advance(TimeDelta::hours(1));
            let since = console.now() - TimeDelta::minutes(50);
            console.list(
                "events",
                joins(1000 + 100 * hour, 5, since, TimeDelta::minutes(5)),
            );
        }
        let report = scenario.reports().remove(&1).unwrap();
        let titles: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["title"].as_str())
            .collect();
        assert!(
            titles.iter().any(|title| title.contains("attack")),
            "{version}: {titles:#?}"
        );
        let state = console.state();
        let wanted = if classic { 3 } else { 0 };
        assert_eq!(
            (state.logins, state.logouts),
            (wanted, wanted),
            "{version}: one login a run, and its logout"
        );
        assert!(
            state
                .hits
                .iter()
                .all(|hit| !hit.path.contains("archive") && hit.method != "PUT")
        );
    }
}

#[test]
fn more_rows_than_one_answer_holds_and_rows_that_come_late_are_told_once() {
    let (scenario, console) = older(true, "7.4.162");
    let now = console.now();
    console.list(
        "events",
        joins(0, 7_500, now - TimeDelta::hours(22), TimeDelta::seconds(10)),
    );
    scenario.run().exits(0);
    told_exactly(&scenario, &console);
    let asked = console.asked("/stat/event");
    assert!((3..=4).contains(&asked), "{asked} requests for 7,500 rows");
    let late = now - TimeDelta::hours(6);
    console.advance(TimeDelta::minutes(30));
    console.list(
        "events",
        [
            Row::listed(90_000, late, "EVT_WU_Connected", &json!({})).appearing(console.now()),
            Row::listed(
                90_001,
                now - TimeDelta::seconds(90),
                "EVT_WU_Connected",
                &json!({}),
            ),
        ],
    );
    scenario.run().exits(0);
    assert_eq!(source(&scenario.newest_report(), "/events")["late"], 1);
    told_exactly(&scenario, &console);
}

#[test]
fn a_list_that_is_cut_off_says_so_and_is_read_again() {
    let (scenario, console) = older(true, "7.4.162");
    let since = console.now() - TimeDelta::hours(20);
    let alarm = |n: u64, time| Row::listed(n, time, "EVT_AP_Lost_Contact", &json!({"archived": false}));
    let alarms = (0..3_200).map(|n| alarm(n, since + TimeDelta::seconds(20 * i64::try_from(n).unwrap())));
    console.list("alarms", alarms);
    let told = scenario.does(&["run", "--json"]).exits(3).json();
    let line = source(&told, "/alarms");
    assert_eq!(line["outcome"], "partial");
    assert!(line["reason"].as_str().unwrap().contains("3000"), "{line:#}");
    assert_eq!(scenario.told().len(), 3_000);
    // What was cut off is read once it can be, and nothing is told again.
    console.state().lists.get_mut("alarms").unwrap().drain(..1_000);
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 3_200);
    archive::audit(&scenario.reports);
}

#[test]
fn a_console_that_does_not_go_on_to_older_rows_is_partial() {
    let (scenario, console) = older(true, "7.4.162");
    console.list(
        "events",
        joins(
            0,
            40,
            console.now() - TimeDelta::hours(20),
            TimeDelta::minutes(20),
        ),
    );
    console.manner(Manner {
        page_cap: Some(10),
        ignores_page_number: true,
        ..Manner::default()
    });
    let told = scenario.does(&["run", "--json"]).exits(3).json();
    let line = source(&told, "/events");
    assert!(
        line["reason"].as_str().unwrap().contains("same rows again"),
        "{line:#}"
    );
    console.behave();
    scenario.run().exits(0);
    told_exactly(&scenario, &console);
}

#[test]
fn after_an_upgrade_the_log_goes_on_where_the_lists_ended() {
    let (scenario, console) = older(false, "7.5.187");
    let now = console.now();
    console.list(
        "events",
        joins(0, 20, now - TimeDelta::hours(10), TimeDelta::minutes(20)),
    );
    scenario.run().exits(0);
    // Days pass in which no list but that of events has anything.
    for day in 1..4 {
        console.advance(TimeDelta::days(1));
        let since = console.now() - TimeDelta::hours(10);
        console.list("events", joins(100 * day, 5, since, TimeDelta::minutes(20)));
        scenario.run().exits(0);
    }
    told_exactly(&scenario, &console);
    let before = scenario.told();
    let now = console.now();
    // Two days later the console has a log, which also holds what the lists held, under other ids.
    console.advance(TimeDelta::days(2));
    console.add(series(
        5_000,
        20,
        now - TimeDelta::hours(10),
        TimeDelta::minutes(20),
    ));
    let new = series(6_000, 30, now + TimeDelta::minutes(5), TimeDelta::hours(1));
    let mut wanted: Vec<String> = before
        .into_iter()
        .chain(new.iter().map(|row| row.id.clone()))
        .collect();
    wanted.sort();
    console.add(new);
    {
        let mut state = console.state();
        state.has_log = true;
        "10.3.58".clone_into(&mut state.version);
    }
    scenario.run().exits(0);
    assert_eq!(scenario.told(), wanted);
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(warnings.contains("has a system log now"), "{warnings}");
    scenario.run().exits(0);
    assert_eq!(scenario.told(), wanted);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "/system-log")["outcome"], "empty");
    let names: Vec<_> = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].clone())
        .collect();
    assert!(
        !names
            .iter()
            .any(|name| name.as_str().unwrap().ends_with("/events")),
        "{names:?}"
    );
    scenario.does(&["status", "--max-age", "1h"]).exits(0);
}

#[test]
fn one_outage_in_two_lists_is_one_finding() {
    let (scenario, console) = older(true, "7.4.162");
    let at = console.now() - TimeDelta::hours(2);
    let fields =
        json!({"user": null, "ssid": null, "channel": null, "msg": "AP[02:00:5e:00:53:01] was disconnected"});
    console.list("events", [Row::listed(1, at, "EVT_AP_Lost_Contact", &fields)]);
    console.list("alarms", [Row::listed(2, at, "EVT_AP_Lost_Contact", &fields)]);
    let back =
        json!({"user": null, "ssid": null, "channel": null, "msg": "AP[02:00:5e:00:53:01] was connected"});
    console.list(
        "events",
        [Row::listed(
            3,
            at + TimeDelta::minutes(40),
            "EVT_AP_Connected",
            &back,
        )],
    );
    scenario.run().exits(0);
    let report = scenario.newest_report();
    let findings: Vec<&Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["title"].as_str().unwrap().contains("Hall AP"))
        .collect();
    assert_eq!(findings.len(), 1, "{:#}", report["findings"]);
    assert_eq!(findings[0]["occurrences"], 1, "{:#}", findings[0]);
    assert_eq!(findings[0]["count"], 3, "{:#}", findings[0]);
    told_exactly(&scenario, &console);
}
