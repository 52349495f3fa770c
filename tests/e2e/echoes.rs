//! What the log and the older lists tell of one thing, where they do not tell it in the same run.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::console::beside::Kept;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::scenario::{Scenario, source};

const INSIDE: &str = "192.168.3.62";
const OUTSIDE: &str = "198.51.100.7";

/// A console of Network 9 that keeps its lists beside the log.
fn console() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    {
        let mut state = console.state();
        "9.3.43".clone_into(&mut state.version);
        state.beside.older = ["events", "alarms", "ips"]
            .map(|list| (list, Kept::Until(i64::MAX)))
            .into();
    }
    (scenario, console)
}

fn alert(n: u64, before: TimeDelta, console: &Console) -> Row {
    let fields = json!({
        "user": null, "ap": null, "ap_name": null, "ssid": null, "channel": null, "subsystem": "www", "src_ip": INSIDE,
        "dest_ip": OUTSIDE, "inner_alert_action": "blocked", "inner_alert_signature": "ET MALWARE Beacon"
    });
    Row::listed(n, console.now() - before, "EVT_IPS_IpsAlert", &fields)
}

/// The ids of the log and of these lists, each told once.
#[track_caller]
fn told_exactly(scenario: &Scenario, console: &Console, lists: &[&str]) {
    let mut wanted: Vec<String> = console.ids().into_iter().collect();
    let state = console.state();
    let listed = lists
        .iter()
        .flat_map(|list| state.lists.get(list).into_iter().flatten());
    wanted.extend(listed.map(|row| row.id.clone()));
    wanted.sort();
    assert_eq!(scenario.told(), wanted);
    archive::audit(&scenario.reports);
}

#[test]
fn what_the_lists_show_of_it_only_after_the_run_is_no_second_time() {
    // The log ends 90 s before the run, and each list a little earlier.
    for (log, list) in [
        (95, 95),
        (91, 96),
        (88, 92),
        (99, 104),
        (92, 89),
        (128, 125),
        (95, 91),
        (89, 89),
    ] {
        let (scenario, console) = console();
        let before = |seconds| TimeDelta::seconds(seconds);
        let at = console.now() - before(3_000);
        console.add([
            Row::new(1, at),
            Row::threat(2, console.now() - before(log), INSIDE, OUTSIDE),
        ]);
        console.list(
            "events",
            [
                Row::listed(10, at, "EVT_WU_Connected", &json!({})),
                alert(11, before(list), &console),
            ],
        );
        console.list("alarms", [alert(21, before(list), &console)]);
        for _ in 0..4 {
            scenario.run().exits(0);
            console.advance(TimeDelta::hours(1));
        }
        let reports = scenario.reports();
        let findings = reports
            .values()
            .flat_map(|report| report["findings"].as_array().unwrap());
        let occurrences: Vec<&Value> = findings.map(|finding| &finding["occurrences"]).collect();
        assert_eq!(occurrences, [&json!(1)], "{log} {list}");
        told_exactly(&scenario, &console, &["events", "alarms"]);
    }
}

#[test]
fn while_the_log_cannot_be_read_the_lists_are_and_nothing_of_the_log_is_lost_by_it() {
    let (scenario, console) = console();
    let hour = |first: u64, console: &Console| {
        let since = console.now() - TimeDelta::minutes(50);
        console.add(series(first, 5, since, TimeDelta::minutes(9)));
        let at = |n: u64| since + TimeDelta::minutes(9 * n.cast_signed());
        let joins = (0..5).map(|n| Row::listed(100 + first + n, at(n), "EVT_WU_Connected", &json!({})));
        console.list("events", joins.collect::<Vec<_>>());
    };
    console.fault(Fault::on("system-log/all", What::json(500, "{}")));
    for run in 0..2 {
        hour(1_000 * run, &console);
        scenario.run().exits(3);
        let report = scenario.newest_report();
        assert_eq!(source(&report, "/system-log")["outcome"], "failed");
        assert_eq!(source(&report, "/events")["events"], 5, "run {run}");
        console.advance(TimeDelta::hours(1));
    }
    console.behave();
    hour(5_000, &console);
    scenario.run().exits(0);
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(!warnings.contains("has a system log now"), "{warnings}");
    told_exactly(&scenario, &console, &["events"]);
}

#[test]
fn what_a_list_tells_a_run_later_because_it_failed_is_no_second_time() {
    let (scenario, console) = console();
    console.list(
        "events",
        [Row::listed(
            1,
            console.now() - TimeDelta::hours(2),
            "EVT_WU_Connected",
            &json!({}),
        )],
    );
    console.add([Row::new(1, console.now() - TimeDelta::hours(2))]);
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(1));
    let before = TimeDelta::minutes(30);
    console.add([Row::threat(2, console.now() - before, INSIDE, OUTSIDE)]);
    console.list("events", [alert(11, before, &console)]);
    console.fault(Fault::on("stat/event", What::json(500, "{}")));
    scenario.run().exits(3);
    console.behave();
    for _ in 0..2 {
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
    }
    let reports = scenario.reports();
    let findings = reports
        .values()
        .flat_map(|report| report["findings"].as_array().unwrap());
    let threats = findings.filter(|finding| finding["rule"] == "threat-outbound");
    let occurrences: Vec<&Value> = threats.map(|finding| &finding["occurrences"]).collect();
    assert_eq!(occurrences, [&json!(1)]);
    told_exactly(&scenario, &console, &["events"]);
}

#[test]
fn an_internet_line_that_every_list_calls_otherwise_is_one_outage() {
    let (scenario, console) = console();
    let at = |minutes| console.now() - TimeDelta::minutes(minutes);
    let wan = json!({"WAN_ID": {"id": "WAN"}, "WAN_NAME": {"name": "Fiber"}});
    let log = |n, minutes, key: &str| {
        let fields =
            json!({"key": key, "category": "INTERNET_AND_WAN", "subcategory": null, "parameters": wan});
        Row::shaped(n, at(minutes), &fields)
    };
    console.add([
        log(1, 40, "NETWORK_WAN_FAILED_2"),
        log(2, 30, "NETWORK_WAN_RESTORED_2"),
    ]);
    let legacy = |n, minutes, state: &str| {
        let fields = json!({
            "user": null, "ap": null, "ap_name": null, "ssid": null, "channel": null, "subsystem": "wan",
            "gw": "02:00:5e:00:53:00", "gw_name": "Gateway", "msg": format!("WAN1 transitioned to {state}")
        });
        Row::listed(
            n,
            at(minutes) + TimeDelta::seconds(2),
            "EVT_GW_WANTransition",
            &fields,
        )
    };
    console.list("events", [legacy(11, 40, "down"), legacy(12, 30, "up")]);
    console.list("alarms", [legacy(21, 40, "down")]);
    scenario.run().exits(0);
    let report = scenario.newest_report();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(
        (&findings[0]["rule"], &findings[0]["occurrences"]),
        (&json!("wan-outage"), &json!(1))
    );
    assert!(
        findings[0]["title"].as_str().unwrap().contains("Fiber"),
        "{findings:#?}"
    );
    told_exactly(&scenario, &console, &["events", "alarms"]);
}
