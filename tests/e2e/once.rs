//! Every event is told once, and all of them are.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::Console;
use crate::console::row::{Row, series};
use crate::scenario::{Scenario, source};

/// Where the next window of the system log begins.
fn watermark(scenario: &Scenario) -> DateTime<Utc> {
    let checkpoint = scenario.checkpoint();
    let sources = checkpoint["sources"].as_array().unwrap();
    let log = sources
        .iter()
        .find(|source| source["name"].as_str().unwrap().ends_with("system-log"))
        .unwrap();
    log["position"]["watermark"].as_str().unwrap().parse().unwrap()
}

fn events(report: &Value) -> u64 {
    report["counts"]["events"].as_u64().unwrap()
}

#[test]
fn a_second_run_on_the_same_data_tells_nothing_of_the_first() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        40,
        console.now() - TimeDelta::hours(6),
        TimeDelta::minutes(7),
    ));
    scenario.run().exits(0);
    assert_eq!(events(&scenario.newest_report()), 40);
    console.advance(TimeDelta::minutes(10));
    scenario.run().exits(0);
    let second = scenario.newest_report();
    assert_eq!((second["run"].as_u64(), events(&second)), (Some(2), 0));
    scenario.told_exactly(&console);
}

#[test]
fn runs_without_a_pause_between_them_tell_nothing_twice() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(2),
        TimeDelta::minutes(3),
    ));
    for _ in 0..3 {
        scenario.run().exits(0);
    }
    scenario.told_exactly(&console);
}

#[test]
fn rows_around_the_watermark_are_each_told_once() {
    let (scenario, console) = Scenario::with_console();
    // The newest settled row pulls the watermark up to the end of the window.
    console.add(series(
        0,
        20,
        console.now() - TimeDelta::hours(3),
        TimeDelta::minutes(8),
    ));
    scenario.run().exits(0);
    let border = watermark(&scenario);
    let after = console.now() + TimeDelta::seconds(1);
    console.add([
        Row::new(100, border - TimeDelta::minutes(6)).appearing(after),
        Row::new(101, border - TimeDelta::hours(22)).appearing(after),
        Row::new(102, border - TimeDelta::milliseconds(1)).appearing(after),
        Row::new(103, border).appearing(after),
        Row::new(104, border + TimeDelta::milliseconds(1)).appearing(after),
    ]);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let log = source(&scenario.newest_report(), "system-log").clone();
    assert_eq!(
        (log["events"].as_u64(), log["late"].as_u64()),
        (Some(5), Some(3)),
        "{log:#}"
    );
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_row_inside_the_settling_time_waits_for_the_next_run() {
    let (scenario, console) = Scenario::with_console();
    console.add([
        Row::new(1, console.now() - TimeDelta::hours(1)),
        Row::new(2, console.now() - TimeDelta::seconds(20)),
    ]);
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 1);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn rows_of_one_millisecond_across_a_page_border_are_told_once() {
    let (scenario, console) = Scenario::with_console();
    let moment = console.now() - TimeDelta::hours(2);
    console.add(series(
        0,
        97,
        moment + TimeDelta::seconds(1),
        TimeDelta::seconds(1),
    ));
    console.add((100..108).map(|n| Row::new(n, moment)));
    console.add(series(
        200,
        60,
        moment - TimeDelta::minutes(70),
        TimeDelta::minutes(1),
    ));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn more_rows_of_one_millisecond_than_a_page_holds_are_all_told() {
    let (scenario, console) = Scenario::with_console();
    let moment = console.now() - TimeDelta::hours(2);
    console.add((0..330).map(|n| Row::new(n, moment)));
    console.add(series(
        1000,
        150,
        moment - TimeDelta::hours(1),
        TimeDelta::seconds(40),
    ));
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn seven_days_between_two_runs_are_covered_whole() {
    let (scenario, console) = Scenario::with_console();
    let first = console.now();
    console.add(series(0, 10, first - TimeDelta::hours(5), TimeDelta::minutes(20)));
    scenario.run().exits(0);
    console.advance(TimeDelta::days(7));
    console.add(series(100, 7 * 24 * 4 - 1, first, TimeDelta::minutes(15)));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let report = scenario.newest_report();
    let since: DateTime<Utc> = report["window"]["since"].as_str().unwrap().parse().unwrap();
    assert!(
        since <= first,
        "the window begins where the first ended: {}",
        report["window"]
    );
}

#[test]
fn a_gap_older_than_what_the_console_keeps_is_told_as_lost() {
    let (scenario, console) = Scenario::with_console();
    console.state().retention_days = Some(3);
    console.add(series(
        0,
        10,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(20),
    ));
    scenario.run().exits(0);
    console.advance(TimeDelta::days(10));
    console.add(series(
        100,
        48,
        console.now() - TimeDelta::days(2),
        TimeDelta::minutes(50),
    ));
    scenario.run().exits_one_of(&[0, 3]);
    let report = scenario.newest_report();
    assert_eq!(events(&report), 48);
    let warnings = report["warnings"].to_string().to_lowercase();
    assert!(warnings.contains("may have been lost"), "{warnings}");
    scenario.audit(&console);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits_one_of(&[0, 3]);
    let again = scenario.newest_report()["warnings"].to_string().to_lowercase();
    assert!(
        !again.contains("may have been lost"),
        "it is told once only: {again}"
    );
}

#[test]
fn a_console_clock_ten_minutes_off_loses_and_doubles_nothing() {
    for minutes in [10, -10] {
        let (scenario, console) = Scenario::with_console();
        console.advance(TimeDelta::minutes(minutes));
        let start = console.now();
        console.add(series(
            0,
            200,
            start - TimeDelta::hours(10),
            TimeDelta::minutes(3),
        ));
        for _ in 0..3 {
            scenario.run().exits(0);
            console.advance(TimeDelta::minutes(30));
            let now = console.now();
            console.add(series(
                now.timestamp().unsigned_abs(),
                5,
                now,
                TimeDelta::minutes(1),
            ));
        }
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        scenario.told_exactly(&console);
    }
}

#[test]
fn a_console_clock_behind_its_watermark_is_told_and_nothing_is_lost() {
    let (scenario, console) = Scenario::with_console();
    let now = console.now();
    console.add(series(0, 50, now - TimeDelta::hours(5), TimeDelta::minutes(5)));
    scenario.run().exits(0);
    let before = watermark(&scenario);
    console.advance(-TimeDelta::hours(2));
    console.add([Row::new(500, console.now() - TimeDelta::minutes(5)).appearing(console.now())]);
    scenario.run().exits(3);
    let log = source(&scenario.newest_report(), "system-log").clone();
    assert_eq!(
        (log["outcome"].as_str(), log["events"].as_u64()),
        (Some("partial"), Some(1)),
        "{log:#}"
    );
    assert!(
        log["reason"].as_str().unwrap().contains("state rewind"),
        "{log:#}"
    );
    assert_eq!(watermark(&scenario), before, "the watermark stays");
    console.advance(TimeDelta::hours(4));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn twenty_five_thousand_events_at_a_hundred_a_page_are_all_told() {
    let (scenario, console) = Scenario::with_console();
    let since = console.now() - TimeDelta::hours(20);
    console.add(series(0, 25_000, since, TimeDelta::milliseconds(2_800)));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let requests = console.hits().len();
    assert!(requests <= 8 + 275, "{requests} requests for 25,000 rows");
}

#[test]
fn an_updated_row_is_not_told_again() {
    let (scenario, console) = Scenario::with_console();
    let time = console.now() - TimeDelta::minutes(50);
    console.add([Row::shaped(1, time, &json!({"status": "NEW"}))]);
    scenario.run().exits(0);
    console.state().rows.clear();
    console.add([Row::shaped(
        1,
        time,
        &json!({"status": "READ", "message_raw": "It lasted {DURATION}."}),
    )]);
    console.advance(TimeDelta::minutes(20));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn the_hour_that_happens_twice_is_labelled_twice() {
    // On 25 October 2026 the clocks of Berlin went back from 03:00 CEST to 02:00 CET at 01:00 UTC.
    let console = Console::start();
    let scenario = Scenario::new()
        .controller(&console)
        .env("UNIFI_TIMEZONE", "Europe/Berlin");
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let rows = [
        Row::threat(1, at("2026-10-25T00:30:00Z"), "192.0.2.10", "198.51.100.1"),
        Row::threat(2, at("2026-10-25T01:30:00Z"), "192.0.2.10", "198.51.100.1"),
    ];
    let file = scenario.file("rows.jsonl", rows.map(|row| row.text).join("\n"));
    scenario
        .does(&["run", "--input", file.to_str().unwrap()])
        .exits(0);
    let names = crate::archive::below(&scenario.reports);
    let text = names
        .iter()
        .find(|name| name.contains("adhoc-") && name.ends_with(".txt"))
        .unwrap();
    let text = std::fs::read_to_string(scenario.path(text)).unwrap();
    assert!(text.contains("02:30"), "{text}");
    let labelled =
        (text.contains("CEST") && text.contains("CET ")) || (text.contains("+02") && text.contains("+01"));
    assert!(labelled || text.matches("02:30").count() >= 2, "{text}");
}

#[test]
fn rows_of_several_sites_are_told_under_their_own_site() {
    let console = Console::start();
    console.state().sites.push(crate::console::Site::new(
        "5dcadb04f8cd8804ddee7c00",
        "branch01",
        "Branch",
    ));
    console.add(series(
        0,
        10,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(20),
    ));
    console.add_to(
        "branch01",
        series(
            100,
            15,
            console.now() - TimeDelta::hours(5),
            TimeDelta::minutes(10),
        ),
    );
    let scenario = Scenario::new().controller(&console).env("UNIFI_SITE", "all");
    scenario.run().exits(0);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "default/system-log")["events"], 10);
    assert_eq!(source(&report, "branch01/system-log")["events"], 15);
    assert_eq!(scenario.told().len(), 25);
    scenario.audit(&console);
}
