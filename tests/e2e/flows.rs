//! What the threat detection recognised, for threats whose log rows do not say it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::console::{Console, Hit};
use crate::scenario::{Scenario, source};

const INSIDE: &str = "192.168.3.62";
const OUTSIDE: &str = "198.51.100.7";
const PATH: &str = "traffic-flows";

/// A flow between two addresses in which this was recognised.
fn flow(n: u64, time: DateTime<Utc>, from: &str, to: &str, (class, signature): (&str, &str)) -> Row {
    let id = format!("fl{n:08}");
    let row = json!({
        "id": id, "action": "blocked", "risk": "high", "direction": "outgoing", "protocol": "TCP", "service": "HTTPS",
        "count": 1, "time": time.timestamp_millis(),
        "source": {"ip": from, "port": 51544, "mac": "02:00:5e:10:00:62", "network_name": "Default", "zone_name": "Internal"},
        "destination": {"ip": to, "port": 443, "zone_name": "External", "domains": []},
        "policies": [{"id": "p", "name": "IPS", "type": "INTRUSION_PREVENTION", "internal_type": "IPS"}],
        "traffic_data": {"bytes_total": 60, "packets_total": 1},
        "ips": {
            "signature": signature, "signature_id": 2_003_337 + n, "category_name": "emerging-malware",
            "advanced_information": format!("IPS Alert 1: {class}. Signature {signature}")
        }
    });
    Row::raw(&id, time, row.to_string())
}

const TROJAN: (&str, &str) = ("A Network Trojan was detected", "ET MALWARE Fake Updater Checkin");

fn asked(console: &Console) -> Vec<Hit> {
    let hits = console.hits();
    hits.into_iter().filter(|hit| hit.path.ends_with(PATH)).collect()
}

/// The one finding of this rule.
#[track_caller]
fn finding(report: &Value, rule: &str) -> Value {
    let findings = report["findings"].as_array().unwrap();
    let found: Vec<_> = findings
        .iter()
        .filter(|finding| finding["rule"] == rule)
        .collect();
    assert_eq!(found.len(), 1, "{rule}: {findings:#?}");
    found[0].clone()
}

#[test]
fn a_threat_says_what_was_recognised_and_flows_are_no_events() {
    let (scenario, console) = Scenario::with_console();
    let at = console.now() - TimeDelta::hours(2);
    console.add([Row::threat(1, at, INSIDE, OUTSIDE)]);
    console.add(series(10, 5, at, TimeDelta::minutes(5)));
    let other = "203.0.113.80";
    console.list(
        "flows",
        [
            flow(1, at + TimeDelta::milliseconds(900), INSIDE, OUTSIDE, TROJAN),
            // Of the same moment, but between others; and of the same two, but at another time.
            flow(2, at, INSIDE, other, ("Misc activity", "ET INFO Other Address")),
            flow(
                3,
                at + TimeDelta::minutes(1),
                INSIDE,
                OUTSIDE,
                ("Misc activity", "ET INFO Other Time"),
            ),
        ],
    );
    scenario.run().exits(0);
    let report = scenario.newest_report();
    assert_eq!(report["counts"]["events"], 6);
    let threat = finding(&report, "threat-outbound");
    let told = threat["explanation"].as_str().unwrap();
    assert!(
        told.contains(TROJAN.1) && told.contains("emerging-malware") && told.contains(TROJAN.0),
        "{told}"
    );
    assert!(!told.contains("ET INFO"), "{told}");
    assert_eq!(
        threat["severity"], "severe",
        "a trojan that calls home is severe, also when it was stopped"
    );
    let line = source(&report, "/traffic-flows");
    assert_eq!(
        (&line["outcome"], &line["records"], &line["events"]),
        (&json!("complete"), &json!(2), &json!(0))
    );
    scenario.told_exactly(&console);
    let body: Value = serde_json::from_str(&asked(&console)[0].body).unwrap();
    assert_eq!(body["policy_type"], json!(["INTRUSION_PREVENTION"]));
    // What was told before is not asked for again, and without threats nobody asks at all.
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(asked(&console).len(), 1);
    let sources = scenario.newest_report()["sources"].to_string();
    assert!(!sources.contains("traffic-flows"), "{sources}");
}

#[test]
fn without_flows_a_threat_is_told_all_the_same() {
    for (fault, outcome, exit) in [
        (What::not_found(), "unsupported", 0),
        (What::forbidden(), "denied", 0),
        (
            What::json(500, r#"{"errorCode":500,"message":"Internal"}"#),
            "failed",
            3,
        ),
        (What::json(200, "{}"), "failed", 3),
    ] {
        let (scenario, console) = Scenario::with_console();
        let scenario = scenario.hasty();
        console.add([Row::threat(
            1,
            console.now() - TimeDelta::hours(2),
            INSIDE,
            OUTSIDE,
        )]);
        console.fault(Fault::on(PATH, fault));
        scenario.run().exits(exit);
        let report = scenario.newest_report();
        assert_eq!(source(&report, "/traffic-flows")["outcome"], outcome);
        assert_eq!(source(&report, "/system-log")["outcome"], "complete");
        finding(&report, "threat-outbound");
        scenario.told_exactly(&console);
        let before = asked(&console).len();
        console.advance(TimeDelta::hours(1));
        console.add([Row::threat(
            2,
            console.now() - TimeDelta::minutes(9),
            INSIDE,
            OUTSIDE,
        )]);
        scenario.run().exits(exit);
        assert_eq!(
            source(&scenario.newest_report(), "/traffic-flows")["outcome"],
            outcome
        );
        assert_eq!(asked(&console).len() == before, outcome == "unsupported");
        scenario.told_exactly(&console);
    }
}

#[test]
fn many_flows_are_read_hour_by_hour_and_a_capped_count_is_told() {
    let (scenario, console) = Scenario::with_console();
    {
        // The minute decides how many fall into one hour.
        let mut state = console.state();
        state.now = state.now.div_euclid(3_600_000) * 3_600_000 + 1_800_000;
    }
    let now = console.now();
    let threats: Vec<Row> = (0..300)
        .map(|n| {
            Row::threat(
                n,
                now - TimeDelta::minutes(400 - i64::try_from(n).unwrap()),
                INSIDE,
                OUTSIDE,
            )
        })
        .collect();
    let flows = threats.iter().zip(0..).map(|(row, n)| {
        flow(
            n,
            DateTime::from_timestamp_millis(row.time).unwrap(),
            INSIDE,
            OUTSIDE,
            TROJAN,
        )
    });
    console.list("flows", flows.collect::<Vec<_>>());
    console.add(threats.clone());
    scenario.run().exits(0);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "/traffic-flows")["outcome"], "complete");
    let requests = console.hits().len();
    assert!(
        requests <= 8 + 6,
        "{requests} requests for 300 rows and as many flows"
    );
    scenario.told_exactly(&console);

    // A console that tells fewer at once is asked hour by hour, as another that reads it for the first time.
    console.state().beside.flows_cap = 100;
    let before = asked(&console).len();
    let other = Scenario::new().controller(&console);
    other.run().exits(0);
    assert_eq!(
        source(&other.newest_report(), "/traffic-flows")["outcome"],
        "complete"
    );
    let questions = asked(&console).split_off(before);
    assert!((2..=8).contains(&questions.len()), "{}", questions.len());
    for hit in questions.iter().skip(1) {
        let body: Value = serde_json::from_str(&hit.body).unwrap();
        let length = body["timestampTo"].as_i64().unwrap() - body["timestampFrom"].as_i64().unwrap();
        assert!(length <= 3_604_000, "{length} ms");
    }

    // Now the console tells no more than some of what it has.
    console.advance(TimeDelta::hours(1));
    let at = console.now() - TimeDelta::minutes(20);
    console.add((0..30).map(|n| {
        Row::threat(
            1000 + n,
            at + TimeDelta::seconds(10 * i64::try_from(n).unwrap()),
            INSIDE,
            OUTSIDE,
        )
    }));
    let flows = (0..30).map(|n| {
        flow(
            1000 + n,
            at + TimeDelta::seconds(10 * i64::try_from(n).unwrap()),
            INSIDE,
            OUTSIDE,
            TROJAN,
        )
    });
    console.list("flows", flows.collect::<Vec<_>>());
    console.state().beside.flows_cap = 20;
    scenario.run().exits(3);
    let report = scenario.newest_report();
    let line = source(&report, "/traffic-flows");
    assert_eq!(line["outcome"], "partial");
    assert!(line["reason"].as_str().unwrap().contains("only some"), "{line:#}");
    assert_eq!(source(&report, "/system-log")["outcome"], "complete");
    scenario.told_exactly(&console);
}

#[test]
fn few_flows_of_a_busy_site_are_asked_for_twice() {
    let (scenario, console) = Scenario::with_console();
    let begins = console.now() - TimeDelta::hours(20);
    let at = |n: u64| begins + TimeDelta::seconds(10 * i64::try_from(n).unwrap());
    console.add((0..6_000).map(|n| Row::threat(n, at(n), INSIDE, OUTSIDE)));
    console.list(
        "flows",
        [100, 3_000, 5_999].map(|n| flow(n, at(n), INSIDE, OUTSIDE, TROJAN)),
    );
    scenario.run().exits(0);
    assert_eq!(
        asked(&console).len(),
        2,
        "for the first slice, and for all that came after it"
    );
    let report = scenario.newest_report();
    let line = source(&report, "/traffic-flows");
    assert_eq!(
        (&line["outcome"], &line["records"]),
        (&json!("complete"), &json!(3))
    );
    let told = finding(&report, "threat-outbound").to_string();
    assert!(told.contains(TROJAN.1), "{told}");
    scenario.told_exactly(&console);
}

#[test]
fn a_quiet_site_with_a_threat_is_asked_eight_questions_once_it_is_known() {
    let (scenario, console) = Scenario::with_console();
    let access = json!({"category": "AUDIT", "event": "ADMIN_ACCESS", "key": "ADMIN_ACCESS"});
    console.add([
        Row::shaped(1, console.now() - TimeDelta::hours(3), &access),
        Row::threat(2, console.now() - TimeDelta::hours(2), INSIDE, OUTSIDE),
    ]);
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(1));
    console.add([Row::threat(
        3,
        console.now() - TimeDelta::minutes(10),
        INSIDE,
        OUTSIDE,
    )]);
    let before = console.hits().len();
    scenario.run().exits(0);
    assert_eq!(console.hits().len() - before, 8, "{:#?}", console.state().paths());
}

#[test]
fn killed_and_repeated_a_threat_is_told_once_with_its_signature() {
    for point in ["checkpoint.staged", "checkpoint.renamed"] {
        let (scenario, console) = Scenario::with_console();
        let at = console.now() - TimeDelta::hours(2);
        console.add([Row::threat(1, at, INSIDE, OUTSIDE)]);
        console.list("flows", [flow(1, at, INSIDE, OUTSIDE, TROJAN)]);
        scenario.run_dying_at(point);
        scenario.run().exits(0);
        scenario.told_exactly(&console);
        let reports = scenario.reports();
        let threat = finding(&reports[&1], "threat-outbound");
        assert!(
            threat["explanation"].as_str().unwrap().contains(TROJAN.1),
            "{threat:#}"
        );
    }
}
