//! Time zones are for reading: they move no window, lose no row and come from the settings, not from the host.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::archive;
use crate::console::row::{Row, series};
use crate::scenario::Scenario;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn the_night_the_clocks_go_back_has_all_its_rows() {
    let (scenario, console) = Scenario::with_console();
    console.state().retention_days = None;
    let midnight = at("2026-10-25T00:00:00Z");
    console.add(series(0, 24, midnight, TimeDelta::minutes(10)));
    let scenario = scenario
        .env("UNIFI_TIMEZONE", "Europe/Berlin")
        .env("TZ", "America/New_York");
    let arguments = [
        "run",
        "--since",
        "2026-10-25T00:00:00Z",
        "--until",
        "2026-10-25T04:00:00Z",
    ];
    scenario.does(&arguments).exits(0);
    assert_eq!(scenario.told().len(), 0, "an ad hoc report has no number");
    let names = archive::below(&scenario.reports);
    let name = names
        .iter()
        .find(|name| name.contains("/adhoc-") && name.ends_with(".json"));
    let report = archive::json(&scenario.path(name.unwrap()));
    assert_eq!(report["counts"]["events"], 24);
    assert_eq!(report["window"]["since"], "2026-10-25T00:00:00Z");
    assert_eq!(report["window"]["until"], "2026-10-25T04:00:00Z");
}

#[test]
fn the_zone_of_the_host_changes_nothing() {
    let rows = [
        Row::threat(1, at("2026-07-01T12:00:00Z"), "192.0.2.10", "198.51.100.1"),
        Row::threat(2, at("2026-07-01T20:30:00Z"), "192.0.2.10", "198.51.100.1"),
    ];
    let mut texts = Vec::new();
    for zone in ["UTC", "Asia/Tokyo", ":/nowhere"] {
        let scenario = Scenario::new()
            .env("TZ", zone)
            .env("UNIFI_TIMEZONE", "Asia/Kathmandu");
        let text: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        let file = scenario.file("rows.jsonl", text.join("\n"));
        scenario
            .does(&["run", "--input", file.to_str().unwrap()])
            .exits(0);
        let names = archive::below(&scenario.reports);
        let name = names
            .iter()
            .find(|name| name.contains("/adhoc-") && name.ends_with(".txt"));
        let text = std::fs::read_to_string(scenario.path(name.unwrap())).unwrap();
        assert!(
            text.contains("17:45"),
            "12:00 UTC as a clock in Kathmandu shows it: {text}"
        );
        assert!(text.contains("02:15"), "20:30 UTC, there on the next day: {text}");
        let lines = text.lines();
        let own = ["Made", "Report id", "Instance"];
        let kept = lines.filter(|line| !own.iter().any(|word| line.starts_with(word)));
        texts.push(kept.collect::<Vec<_>>().join("\n"));
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:#?}");
}

#[test]
fn how_long_something_has_been_away_is_told_by_the_clock_that_saw_it_go() {
    for minutes in [-20, 20] {
        let (scenario, console) = Scenario::with_console();
        console.advance(TimeDelta::minutes(minutes));
        let mac = "02:00:5e:00:54:01";
        let parameters = json!({"DEVICE": {"id": mac, "name": "Roof AP"}});
        let fields =
            json!({"key": "DEVICE_UNREACHABLE", "category": "UNIFI_DEVICES", "parameters": parameters});
        console.add([Row::shaped(1, console.now() - TimeDelta::minutes(30), &fields)]);
        scenario.run().exits(0);
        let title = scenario.newest_report()["findings"][0]["title"].to_string();
        assert!(
            title.contains("has been offline for 30 min"),
            "{minutes}: {title}"
        );
    }
}
