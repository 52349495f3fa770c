//! Names come from strangers. Whatever they hold, no rendering obeys it and no run dies of it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::row::{Row, device};
use crate::console::{Console, Site};
use crate::scenario::Scenario;

/// A name with everything in it that something could obey.
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[31m\u{7}\u{202e}evil\u{2066}\r\nBcc: all@example.com\u{0}\u{9b}2J\"'><img src=x onerror=alert(2)>{{7*7}}";

fn hostile_console() -> Console {
    let console = Console::start();
    let at = |minutes| console.now() - TimeDelta::hours(3) + TimeDelta::minutes(minutes);
    let parameters = json!({
        "CLIENT": {"id": HOSTILE, "name": HOSTILE, "ip": HOSTILE, "hostname": HOSTILE},
        "SRC_IP": {"id": HOSTILE, "name": HOSTILE}, "DST_IP": {"name": HOSTILE}, HOSTILE: {"name": HOSTILE},
        "DEVICE": {"id": "02:00:5e:00:53:01", "name": HOSTILE, "model": HOSTILE}
    });
    let fields = |key: &str| {
        json!({
            "key": key, "event": HOSTILE, "category": HOSTILE, "subcategory": HOSTILE, "severity": HOSTILE, "title_raw": HOSTILE,
            "message_raw": format!("{HOSTILE} {{CLIENT}} {{SRC_IP}}"), "parameters": parameters
        })
    };
    console.add([
        Row::shaped(1, at(1), &fields("THREAT_BLOCKED_V3")),
        Row::shaped(2, at(2), &fields("DEVICE_UNREACHABLE")),
        Row::shaped(3, at(3), &fields(HOSTILE)),
        Row::shaped(4, at(4), &fields("ADMIN_ACCESS")),
    ]);
    let mut state = console.state();
    state.devices = vec![device(
        "02:00:5e:00:55:01",
        HOSTILE,
        json!({"state": 0, "model": HOSTILE, "version": HOSTILE, "type": HOSTILE}),
    )];
    HOSTILE.clone_into(&mut state.version);
    HOSTILE.clone_into(&mut state.timezone);
    drop(state);
    console
}

/// What a terminal, a page or a mail header would obey.
#[track_caller]
fn harmless(what: &str, text: &str) {
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    assert!(
        control.is_none(),
        "{what} holds the control character {control:?}"
    );
    let bidi = text
        .chars()
        .find(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert!(bidi.is_none(), "{what} holds the bidi control {bidi:?}");
    assert!(
        !text.lines().any(|line| line.starts_with("Bcc:")),
        "{what} has a line of a stranger"
    );
}

#[test]
fn hostile_names_are_harmless_in_every_rendering() {
    let console = hostile_console();
    let scenario = Scenario::new().controller(&console);
    let ran = scenario.does(&["run", "-v"]).exits_one_of(&[0, 3]);
    harmless("stdout", &ran.stdout);
    harmless("stderr", &ran.stderr);
    for extension in ["txt", "html", "json"] {
        harmless(extension, &scenario.newest(extension));
    }
    let html = scenario.newest("html");
    assert!(
        !html.contains("<script>alert") && !html.contains("<img src=x"),
        "{html}"
    );
    harmless(
        "index.html",
        &std::fs::read_to_string(scenario.path("index.html")).unwrap(),
    );
    for arguments in [
        &["status"][..],
        &["state", "show"],
        &["history", "list"],
        &["history", "show", "1"],
        &["report", "show", "1"],
        &["check"],
    ] {
        harmless(&arguments.join(" "), &scenario.does(arguments).said());
    }
    scenario.told_exactly(&console);
}

#[test]
fn a_hostile_site_name_is_no_path_and_no_markup() {
    let console = Console::start();
    let name = "../../../etc/x?y#z\r\nX-Evil: 1";
    console.state().sites = vec![Site::new("../..", name, HOSTILE)];
    let scenario = Scenario::new().controller(&console);
    let ran = scenario.run();
    harmless("stderr", &ran.stderr);
    for hit in console.hits() {
        assert!(
            !hit.headers.contains_key("x-evil") && !hit.path.contains("/etc/"),
            "{hit:#?}"
        );
    }
    assert!(!scenario.home().join("etc").exists());
}

#[test]
fn a_name_of_ten_megabytes_is_cut() {
    let (scenario, console) = Scenario::with_console();
    let long = "A".repeat(10_000_000);
    let fields =
        json!({"title_raw": long, "parameters": {"CLIENT": {"id": "02:00:5e:10:00:01", "name": long}}});
    console.add([
        Row::new(1, console.now() - TimeDelta::hours(3)),
        Row::shaped(2, console.now() - TimeDelta::hours(2), &fields),
    ]);
    scenario.run().exits(0);
    for extension in ["txt", "html", "json"] {
        let size = scenario.newest(extension).len();
        assert!(size < 200_000, "{extension} has {size} bytes");
    }
    scenario.told_exactly(&console);
}

#[test]
fn a_body_without_an_end_is_refused_not_kept() {
    use crate::console::fault::{Fault, What};
    let (scenario, console) = Scenario::with_console();
    let body = format!(
        "{{\"meta\":{{\"rc\":\"ok\"}},\"data\":[{}0]}}",
        "0,".repeat(80_000_000)
    );
    console.fault(Fault::on("self/sites", What::json(200, &body)));
    scenario.run().exits(76);
}

#[test]
fn deep_nesting_does_not_end_the_program() {
    let (scenario, console) = Scenario::with_console();
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let at = console.now() - TimeDelta::hours(3);
    console.add([
        Row::new(1, at),
        Row::raw("deep", at, format!("{{\"id\":\"deep\",\"x\":{deep}}}")),
    ]);
    scenario.run().exits_one_of(&[0, 3]);
    assert_eq!(scenario.told().len(), 1, "the row beside it is told");
    scenario.audit(&console);
}

#[test]
fn numbers_beyond_reason_are_malformed_or_clamped_never_a_panic() {
    let (scenario, console) = Scenario::with_console();
    let at = |minutes| console.now() - TimeDelta::hours(3) + TimeDelta::minutes(minutes);
    let timestamps: [Value; 8] = [
        json!(-1),
        json!(0),
        json!(1e300),
        json!(u64::MAX),
        json!("soon"),
        json!(true),
        json!([1]),
        json!("9".repeat(400)),
    ];
    console.add([Row::new(100, at(1))]);
    console.add(timestamps.iter().zip(1..).map(|(timestamp, n)| {
        Row::shaped(u64::try_from(n).unwrap(), at(n), &json!({"timestamp": timestamp}))
    }));
    let fields = json!({"general_temperature": 1e300, "uptime": u64::MAX, "last_seen": -1, "state": i64::MIN, "total_max_power": "NaN"});
    console
        .state()
        .devices
        .push(device("02:00:5e:00:55:02", "Odd", fields));
    let ran = scenario.run().exits_one_of(&[0, 3]);
    assert!(!ran.said().contains("panicked"), "{ran}");
    scenario.audit(&console);
}
