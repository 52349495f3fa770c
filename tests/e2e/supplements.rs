//! What adds to the log: audit rows, what admins did, hours of bad connections.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::console::beside::Audit;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::scenario::{Scenario, source};

/// A row about an admin.
fn audit(n: u64, time: DateTime<Utc>) -> Row {
    Row::shaped(
        n,
        time,
        &json!({
            "category": "AUDIT", "subcategory": null, "event": "ADMIN_ACCESS", "key": "ADMIN_ACCESS",
            "title_raw": "Admin Accessed", "message_raw": "{ADMIN} accessed the console.",
            "parameters": {"ADMIN": {"id": "5f00", "name": "ann"}}
        }),
    )
}

/// A row in the shape of `admin-activity`.
fn activity(n: u64, time: DateTime<Utc>) -> Row {
    let row = audit(n, time);
    let text = json!({
        "id": row.id, "timestamp": row.time, "admin": {"id": "5f00", "name": "ann"}, "ip": "192.0.2.10", "platform": "WEB",
        "key": "ADMIN_CONFIG_CHANGE", "message": "ann made 1 change.", "updates": [{"old": 1, "new": 2}]
    });
    Row::raw(&row.id, time, text.to_string())
}

/// The log's own rows, one with an admin in it if the log shows them.
fn quiet(console: &Console) -> Vec<Row> {
    series(0, 5, console.now() - TimeDelta::hours(5), TimeDelta::minutes(9))
}

/// Exactly these rows were told, each once.
#[track_caller]
fn told(scenario: &Scenario, rows: &[&[Row]]) {
    let mut wanted: Vec<String> = rows.iter().copied().flatten().map(|row| row.id.clone()).collect();
    wanted.sort();
    wanted.dedup();
    assert_eq!(scenario.told(), wanted);
    archive::audit(&scenario.reports);
}

fn has_line(report: &Value, end: &str) -> bool {
    let sources = report["sources"].as_array().unwrap();
    sources
        .iter()
        .any(|line| line["name"].as_str().unwrap().ends_with(end))
}

/// How often the audit type was asked for.
fn asked_for_audit(console: &Console) -> usize {
    let hits = console.hits();
    hits.iter().filter(|hit| hit.body.contains("AUDIT")).count()
}

#[test]
fn what_admins_did_is_read_where_it_is_kept_apart_and_a_row_of_two_classes_is_one() {
    let (scenario, console) = Scenario::with_console();
    console.state().beside.audit = Audit::Apart;
    let since = console.now() - TimeDelta::hours(3);
    let rows = quiet(&console);
    let kept = [audit(100, since), audit(101, since + TimeDelta::minutes(1))];
    // The first of them is in both classes.
    let done = [activity(100, since), activity(102, since + TimeDelta::minutes(2))];
    console.add(rows.clone());
    console.list("audit", kept.clone());
    console.list("activity", done.clone());
    scenario.run().exits(0);
    told(&scenario, &[&rows, &kept, &done]);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "/audit")["events"], 2);
    let line = source(&report, "/admin-activity");
    assert_eq!((&line["events"], &line["duplicates"]), (&json!(1), &json!(1)));
    // A late row of one class, and a new one.
    console.advance(TimeDelta::hours(1));
    let later = [
        audit(103, since).appearing(console.now()),
        audit(104, since + TimeDelta::minutes(200)),
    ];
    console.list("audit", later.clone());
    scenario.run().exits(0);
    told(&scenario, &[&rows, &kept, &done, &later]);
    assert_eq!(source(&scenario.newest_report(), "/audit")["late"], 1);
}

#[test]
fn an_audit_that_the_log_holds_anyway_is_asked_for_once_a_version() {
    for manner in [Audit::InLog, Audit::Ignored] {
        let (scenario, console) = Scenario::with_console();
        console.state().beside.audit = manner;
        let mut rows = quiet(&console);
        rows.push(audit(100, console.now() - TimeDelta::hours(1)));
        console.add(rows.clone());
        scenario.run().exits(0);
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        assert_eq!(asked_for_audit(&console), 1);
        assert!(!has_line(&scenario.newest_report(), "/audit"));
        // A new version may keep it apart.
        {
            let mut state = console.state();
            "10.5.67".clone_into(&mut state.version);
            state.beside.audit = Audit::Apart;
            state.lists.clear();
        }
        let new = [audit(200, console.now())];
        console.list("audit", new.clone());
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        told(&scenario, &[&rows, &new]);
        assert_eq!(source(&scenario.newest_report(), "/audit")["outcome"], "complete");
    }
}

#[test]
fn what_a_version_does_not_offer_or_an_account_may_not_see_costs_nothing_else() {
    for (path, name, fault, outcome) in [
        ("admin-activity", "/admin-activity", What::forbidden(), "denied"),
        (
            "admin-activity",
            "/admin-activity",
            What::not_found(),
            "unsupported",
        ),
        ("stat/anomalies", "/anomalies", What::forbidden(), "denied"),
        ("stat/anomalies", "/anomalies", What::not_found(), "unsupported"),
    ] {
        let (scenario, console) = Scenario::with_console();
        let rows = quiet(&console);
        console.add(rows.clone());
        console.fault(Fault::on(path, fault));
        scenario.run().exits(0);
        let line = source(&scenario.newest_report(), name).clone();
        assert_eq!(
            (&line["outcome"], &line["events"]),
            (&json!(outcome), &Value::Null),
            "{line:#}"
        );
        told(&scenario, &[&rows]);
        scenario.does(&["status", "--max-age", "2h"]).exits(0);
        let asked = console.asked(path);
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        assert_eq!(source(&scenario.newest_report(), name)["outcome"], outcome);
        // What is refused today may be allowed tomorrow; what is not there comes with another version.
        let again = usize::from(outcome == "denied");
        assert_eq!(console.asked(path), asked + again, "{path} {outcome}");
        console.behave();
        "10.5.67".clone_into(&mut console.state().version);
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        assert_eq!(source(&scenario.newest_report(), name)["outcome"], "empty");
        told(&scenario, &[&rows]);
    }
}

#[test]
fn an_audit_type_that_is_not_known_is_unsupported() {
    let (scenario, console) = Scenario::with_console();
    console.state().beside.audit = Audit::Refused;
    console.add(quiet(&console));
    for _ in 0..2 {
        scenario.run().exits(0);
        assert_eq!(
            source(&scenario.newest_report(), "/audit")["outcome"],
            "unsupported"
        );
        console.advance(TimeDelta::hours(1));
    }
    assert_eq!(asked_for_audit(&console), 1);
    scenario.told_exactly(&console);
}

#[test]
fn one_that_fails_is_read_by_a_later_run_and_costs_no_other() {
    for (path, name) in [
        ("admin-activity", "/admin-activity"),
        ("stat/anomalies", "/anomalies"),
    ] {
        let (scenario, console) = Scenario::with_console();
        let scenario = scenario.hasty();
        let since = console.now() - TimeDelta::hours(3);
        let (rows, done) = (quiet(&console), [activity(100, since)]);
        console.add(rows.clone());
        console.list("activity", done.clone());
        console.state().beside.anomalies = vec![(
            "USER_LOW_PHY_RATE",
            "02:00:5e:10:00:07".to_owned(),
            vec![hour(since).timestamp_millis()],
        )];
        console.fault(Fault::on(
            path,
            What::json(500, r#"{"errorCode":500,"message":"Internal"}"#),
        ));
        for _ in 0..2 {
            scenario.run().exits(3);
            let report = scenario.newest_report();
            let failed: Vec<_> = report["sources"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|line| line["outcome"] == "failed")
                .collect();
            assert_eq!(failed.len(), 1, "{failed:#?}");
            assert!(failed[0]["name"].as_str().unwrap().ends_with(name));
            console.advance(TimeDelta::hours(13));
        }
        console.behave();
        scenario.run().exits(0);
        let all = scenario.told();
        assert_eq!(all.len(), rows.len() + 2, "{all:?}");
        archive::audit(&scenario.reports);
    }
}

fn hour(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::hours(1)).unwrap()
}

#[test]
fn only_hours_that_are_over_are_told_and_each_once() {
    let (scenario, console) = Scenario::with_console();
    let open = hour(console.now());
    // Well inside the hour, whatever the time of the test.
    console.state().now = (open + TimeDelta::minutes(30)).timestamp_millis();
    let ms = |hours: i64| (open + TimeDelta::hours(hours)).timestamp_millis();
    let mac = "02:00:5e:10:00:07";
    let id = |hours| format!("USER_HIGH_TCP_PACKET_LOSS/{mac}/{}", ms(hours));
    let told = |hours: &[i64]| {
        let mut ids: Vec<String> = hours.iter().map(|hours| id(*hours)).collect();
        ids.sort();
        assert_eq!(scenario.told(), ids);
        archive::audit(&scenario.reports);
    };
    console.state().beside.anomalies = vec![(
        "USER_HIGH_TCP_PACKET_LOSS",
        mac.to_owned(),
        vec![ms(-5), ms(-1), ms(0)],
    )];
    scenario.run().exits(0);
    told(&[-5, -1]);
    let line = source(&scenario.newest_report(), "/anomalies").clone();
    assert_eq!(
        (&line["outcome"], &line["events"]),
        (&json!("complete"), &json!(2))
    );
    scenario.run().exits(0);
    told(&[-5, -1]);
    // The hour is over, and one shows up late.
    console.advance(TimeDelta::hours(1));
    console.state().beside.anomalies[0].2.push(ms(-3));
    scenario.run().exits(0);
    told(&[-5, -1, 0, -3]);
    assert_eq!(source(&scenario.newest_report(), "/anomalies")["late"], 1);
    // A week without any, then one more.
    console.advance(TimeDelta::days(7));
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(2));
    console.state().beside.anomalies[0].2.push(ms(169));
    scenario.run().exits(0);
    told(&[-5, -1, 0, -3, 169]);
    let window = scenario.newest_report()["window"]["since"].clone();
    let since: DateTime<Utc> = window.as_str().unwrap().parse().unwrap();
    assert!(
        console.now() - since < TimeDelta::hours(4),
        "{since}: what was told before is not told as new"
    );
}

#[test]
fn killed_at_any_step_nothing_of_any_class_is_lost_or_told_twice() {
    for point in [
        "outbox.sealed",
        "checkpoint.staged",
        "checkpoint.synced",
        "checkpoint.renamed",
        "publish.json",
    ] {
        let (scenario, console) = Scenario::with_console();
        console.state().beside.audit = Audit::Apart;
        let since = console.now() - TimeDelta::hours(3);
        let rows = quiet(&console);
        let (kept, done) = ([audit(100, since)], [activity(101, since)]);
        console.add(rows.clone());
        console.list("audit", kept.clone());
        console.list("activity", done.clone());
        console.state().beside.anomalies = vec![(
            "USER_LOW_PHY_RATE",
            "02:00:5e:10:00:07".to_owned(),
            vec![hour(since).timestamp_millis()],
        )];
        scenario.run_dying_at(point);
        scenario.run().exits(0);
        scenario.run().exits(0);
        assert_eq!(
            scenario.told().len(),
            rows.len() + 3,
            "{point}: {:?}",
            scenario.told()
        );
        archive::audit(&scenario.reports);
    }
}
