//! `run --input`: files and standard input instead of a console, and no state.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::row::{Row, device, series};
use crate::scenario::Scenario;

/// The one ad hoc report there is.
#[track_caller]
pub fn report(scenario: &Scenario) -> Value {
    let names = archive::below(&scenario.reports);
    let found: Vec<_> = names
        .iter()
        .filter(|name| name.contains("/adhoc-") && name.ends_with(".json"))
        .collect();
    assert_eq!(found.len(), 1, "{names:#?}");
    archive::json(&scenario.path(found[0]))
}

/// Rows that no console is needed for.
pub fn rows() -> Vec<Row> {
    let console = Console::start();
    series(0, 120, console.now() - TimeDelta::days(40), TimeDelta::hours(7))
}

pub fn page(rows: &[Row]) -> String {
    let texts: Vec<&str> = rows.iter().rev().map(|row| row.text.as_str()).collect();
    format!(
        r#"{{"data":[{}],"page_number":0,"total_element_count":{},"total_page_count":1}}"#,
        texts.join(","),
        rows.len()
    )
}

#[track_caller]
fn tells_all_120(scenario: &Scenario, ran: Ran) {
    ran.exits(0);
    let report = report(scenario);
    assert_eq!(report["counts"]["events"], 120);
    assert!(report["run"].is_null(), "an ad hoc report has no number");
    archive::conserved(&report);
}

#[test]
fn pages_and_lines_and_standard_input_tell_the_same() {
    let rows = rows();
    let lines = rows
        .iter()
        .map(|row| row.text.clone())
        .collect::<Vec<_>>()
        .join("\n");
    let scenario = Scenario::new();
    let file = scenario.file("page.json", page(&rows));
    let ran = scenario.does(&["run", "--input", file.to_str().unwrap()]);
    tells_all_120(&scenario, ran);

    let scenario = Scenario::new();
    let file = scenario.file("rows.jsonl", &lines);
    let ran = scenario.does(&["run", "--input", file.to_str().unwrap()]);
    tells_all_120(&scenario, ran);

    let scenario = Scenario::new();
    let ran = scenario.does_with_input(&["run", "--input", "-"], lines.as_bytes());
    tells_all_120(&scenario, ran);
}

#[test]
fn several_files_are_one_report_and_a_row_in_two_of_them_counts_once() {
    let rows = rows();
    let scenario = Scenario::new();
    let one = scenario.file("one.json", page(&rows[..80]));
    let two = scenario.file("two.json", page(&rows[60..]));
    let devices =
        json!({"meta": {"rc": "ok"}, "data": [device("02:00:5e:00:53:09", "Roof AP", json!({"state": 0}))]});
    let three = scenario.file("devices.json", devices.to_string());
    let ran = scenario.does(&[
        "run",
        "--input",
        one.to_str().unwrap(),
        two.to_str().unwrap(),
        three.to_str().unwrap(),
    ]);
    tells_all_120(&scenario, ran);
    assert!(report(&scenario)["devices"].to_string().contains("Roof AP"));
}

#[test]
fn a_page_of_several_is_3_until_the_others_are_given_too() {
    let rows = rows();
    let of_120 = |part: &[Row]| {
        page(part).replace(
            &format!("\"total_element_count\":{}", part.len()),
            "\"total_element_count\":120",
        )
    };
    let scenario = Scenario::new();
    let one = scenario.file("one.json", of_120(&rows[..100]));
    scenario.does(&["run", "--input", one.to_str().unwrap()]).exits(3);
    let source = &report(&scenario)["sources"][0];
    assert_eq!(source["outcome"], "partial");
    assert_eq!(
        source["reason"],
        "100 of the 120 rows its own header tells of are in this file"
    );
    let scenario = Scenario::new();
    let one = scenario.file("one.json", of_120(&rows[..100]));
    let two = scenario.file("two.json", of_120(&rows[100..]));
    let ran = scenario.does(&["run", "--input", one.to_str().unwrap(), two.to_str().unwrap()]);
    tells_all_120(&scenario, ran);
}

#[test]
fn no_state_is_touched_and_a_damaged_one_does_not_matter() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        10,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(9),
    ));
    scenario.run().exits(0);
    fs::write(scenario.path(".last_run.json"), "{ damaged").unwrap();
    let before = scenario.photograph();
    let file = scenario.file("page.json", page(&rows()));
    let hits = console.hits().len();
    scenario
        .does(&["run", "--input", file.to_str().unwrap()])
        .exits(0);
    assert_eq!(console.hits().len(), hits, "no console is asked");
    let after = scenario.photograph();
    for name in [".last_run.json", ".last_run.json.bak"] {
        assert!(before.get(name) == after.get(name), "{name} changed");
    }
    assert!(!after.keys().any(|name| name.contains(".corrupt-")));
    assert!(after.keys().any(|name| name.contains("/adhoc-")));
}

#[test]
fn an_adhoc_report_is_named_by_its_time_and_id() {
    let scenario = Scenario::new();
    let file = scenario.file("page.json", page(&rows()));
    scenario
        .does(&["run", "--input", file.to_str().unwrap()])
        .exits(0);
    let id = report(&scenario)["report_id"].as_str().unwrap().to_owned();
    let names = archive::below(&scenario.reports);
    let json = names
        .iter()
        .find(|name| name.contains("/adhoc-") && name.ends_with(".json"))
        .unwrap();
    assert!(json.ends_with(&format!("Z-{}.json", &id[..8])), "{json}");
    let (computed, written) = archive::self_hash(&fs::read(scenario.path(json)).unwrap(), "report_id");
    assert_eq!(computed, written);
    for extension in [".html", ".txt"] {
        assert!(names.contains(&json.replace(".json", extension)), "{names:#?}");
    }
}

#[test]
fn what_is_no_recording_is_refused_by_name() {
    for (name, content) in [
        ("empty.json", ""),
        ("page.html", "<html></html>"),
        ("binary", "\u{0}\u{1}\u{2}"),
        (
            "wlans.json",
            r#"{"meta":{"rc":"ok"},"data":[{"_id":"1","name":"Office"}]}"#,
        ),
        ("gateway.log", "<4>Mar  5 13:08:27 gw kernel: x"),
    ] {
        let scenario = Scenario::new();
        let file = scenario.file(name, content);
        let ran = scenario.does(&["run", "--input", file.to_str().unwrap()]);
        ran.exits(76).says(name);
    }
    let scenario = Scenario::new();
    scenario
        .does(&["run", "--input", "/nonexistent/file.json"])
        .exits(2)
        .says("/nonexistent/file.json");
}

#[test]
fn a_bad_line_is_counted_and_the_others_are_told() {
    let rows = rows();
    let mut lines: Vec<String> = rows.iter().map(|row| row.text.clone()).collect();
    lines.insert(5, "{ not json".to_owned());
    lines.insert(50, "17".to_owned());
    lines.push(String::new());
    let scenario = Scenario::new();
    let file = scenario.file("rows.jsonl", lines.join("\n"));
    let ran = scenario
        .does(&["run", "--input", file.to_str().unwrap()])
        .exits_one_of(&[0, 3]);
    let report = report(&scenario);
    assert_eq!(report["counts"]["events"], 120, "{ran}");
    assert_eq!(report["sources"][0]["malformed"], 2, "{:#}", report["sources"]);
}

#[test]
fn a_named_window_is_adhoc_and_moves_nothing() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        60,
        console.now() - TimeDelta::hours(10),
        TimeDelta::minutes(9),
    ));
    scenario.run().exits(0);
    let checkpoint = fs::read(scenario.path(".last_run.json")).unwrap();
    let since = (console.now() - TimeDelta::hours(5)).to_rfc3339();
    let until = (console.now() - TimeDelta::hours(3)).to_rfc3339();
    scenario
        .does(&["run", "--since", &since, "--until", &until])
        .exits(0);
    let report = report(&scenario);
    let wanted = (0..60).filter(|n| (300..420).contains(&(n * 9))).count();
    assert_eq!(report["counts"]["events"], wanted, "{}", report["window"]);
    assert!(fs::read(scenario.path(".last_run.json")).unwrap() == checkpoint);
    // What has not happened yet is not told as quiet.
    let later = (console.now() + TimeDelta::days(9)).to_rfc3339();
    let ran = scenario
        .does(&["run", "--since", &since, "--until", &later, "--dry-run"])
        .exits(0)
        .says("this report ends there");
    let shown = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("Window (UTC)"))
        .unwrap();
    let until: DateTime<Utc> = shown.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(until <= console.now(), "{shown}");
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    assert_eq!(
        scenario.newest_report()["counts"]["events"],
        0,
        "an ad hoc report tells nothing of its own to the runs"
    );
}

#[test]
fn what_a_log_and_older_lists_tell_of_one_thing_is_told_once_with_all_that_is_known_of_it() {
    let scenario = Scenario::new();
    let at = DateTime::from_timestamp(1_795_244_000, 0).unwrap();
    let (from, to) = ("192.168.3.62", "198.51.100.7");
    let minute = |n: u64| at + TimeDelta::minutes(n.cast_signed());
    let log: Vec<Row> = (0..20).map(|n| Row::threat(n, minute(n), from, to)).collect();
    let alert = json!({
        "user": null, "ap": null, "ap_name": null, "ssid": null, "channel": null, "subsystem": "www", "src_ip": from,
        "dest_ip": to, "inner_alert_action": "blocked", "inner_alert_signature": "ET MALWARE Beacon",
        "inner_alert_severity": 1, "inner_alert_category": "A Network Trojan was detected"
    });
    let soon = TimeDelta::seconds(1);
    let list: Vec<Row> = (0..20)
        .map(|n| Row::listed(100 + n, minute(n) + soon, "EVT_IPS_IpsAlert", &alert))
        .collect();
    for order in [["log.json", "list.json"], ["list.json", "log.json"]] {
        let files = order.map(|name| {
            let rows = if name == "log.json" { &log } else { &list };
            scenario.file(name, page(rows)).to_str().unwrap().to_owned()
        });
        scenario.does(&["run", "--input", &files[0], &files[1]]).exits(0);
        let told = report(&scenario);
        let threat = &told["findings"][0];
        assert_eq!(
            (&threat["count"], &threat["occurrences"]),
            (&json!(40), &json!(20)),
            "{threat:#}"
        );
        let says = threat["explanation"].as_str().unwrap();
        assert!(says.contains("ET MALWARE Beacon"), "{says}");
        assert_eq!(told["threats"]["blocked"], 20, "{:#}", told["threats"]);
        let text = scenario.shell(
            "cat \"$1\"/*/*/adhoc-*.txt",
            &[scenario.reports.to_str().unwrap()],
        );
        text.says("20 times in 19 min").never_says("do not say whether");
        fs::remove_dir_all(&scenario.reports).unwrap();
    }
}
