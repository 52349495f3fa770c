//! What is severe is seen first, and a report is whole in every rendering.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::Console;
use crate::console::row::{Row, device, series};
use crate::scenario::Scenario;

/// The title of the page: what a mail program shows as the subject.
fn title(html: &str) -> String {
    let inside = html.split("<title>").nth(1).unwrap();
    inside.split("</title>").next().unwrap().to_owned()
}

/// A console with something of everything.
fn troubled() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    let at = |minutes| console.now() - TimeDelta::hours(5) + TimeDelta::minutes(minutes);
    let mut rows = series(0, 40, at(0), TimeDelta::minutes(5));
    rows.push(Row::keyed(100, at(20), "INTERNET_UNREACHABLE"));
    rows.push(Row::threat(101, at(30), "192.0.2.10", "198.51.100.1"));
    rows.push(Row::keyed(102, at(40), "SOMETHING_NOBODY_HAS_SEEN"));
    console.add(rows);
    console.state().devices.push(device(
        "02:00:5e:00:54:01",
        "Roof AP",
        json!({"state": 0, "uptime": null}),
    ));
    (scenario, console)
}

/// As a reader sees it: line breaks are the rendering's own, entities spell characters.
fn words(rendering: &str) -> String {
    let mut plain = rendering.split_whitespace().collect::<Vec<_>>().join(" ");
    for (entity, character) in [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
    ] {
        plain = plain.replace(entity, character);
    }
    plain
}

#[test]
fn something_severe_changes_the_title_and_the_summary() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        20,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(5),
    ));
    let quiet = scenario.run().exits(0);
    let quiet_title = title(&scenario.newest("html"));
    assert!(quiet_title.contains("All clear"), "{quiet_title}");
    assert!(!quiet.summary().contains("severe"), "{quiet}");

    let (scenario, _console) = troubled();
    let ran = scenario.run().exits(0);
    let severe = scenario.newest_report()["counts"]["severe"].as_u64().unwrap();
    assert!(severe > 0);
    let told = format!("({severe} severe");
    assert!(ran.summary().contains(&told), "{ran}");
    let title = title(&scenario.newest("html"));
    assert!(!title.contains("All clear") && title != quiet_title, "{title}");
    assert!(!scenario.newest("txt").contains("All clear"));
}

#[test]
fn every_finding_stands_whole_in_the_page_and_in_the_text() {
    let (scenario, _console) = troubled();
    scenario.run().exits(0);
    let report = scenario.newest_report();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() >= 3, "{findings:#?}");
    let (html, text) = (words(&scenario.newest("html")), words(&scenario.newest("txt")));
    let said = |value: &Value| words(value.as_str().unwrap());
    for finding in findings {
        let steps = finding["remediation"].as_array().unwrap();
        let parts = [&finding["title"], &finding["explanation"]];
        for part in parts.into_iter().chain(steps).map(said) {
            assert!(html.contains(&part), "the page lacks: {part}");
            assert!(text.contains(&part), "the text lacks: {part}");
        }
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let (scenario, _console) = troubled();
    scenario.run().exits(0);
    let html = scenario.newest("html").to_lowercase();
    for trick in [
        "<script",
        "<link",
        "<iframe",
        "<img",
        "@import",
        "url(",
        "src=",
        "onclick",
        "<details",
        "display:none",
        "visibility:hidden",
    ] {
        assert!(!html.contains(trick), "the page holds {trick}");
    }
    for wanted in [
        "name=\"viewport\"",
        "name=\"color-scheme\"",
        "prefers-color-scheme:dark",
        "@media print",
        "charset=\"utf-8\"",
    ] {
        assert!(
            html.replace(": ", ":").contains(wanted),
            "the page lacks {wanted}"
        );
    }
}

#[test]
fn a_report_is_shown_byte_for_byte_as_it_was_published() {
    let (scenario, _console) = troubled();
    scenario.run().exits(0);
    for (format, extension) in [("text", "txt"), ("html", "html"), ("json", "json")] {
        let shown = scenario
            .does(&["report", "show", "1", "--format", format])
            .exits(0);
        assert!(
            shown.stdout == scenario.newest(extension),
            "{format} differs: {shown}"
        );
    }
}
