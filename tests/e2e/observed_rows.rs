//! What consoles were seen to send (facts: unifi-api.md appendix E, groups 6, 8 and 11), as far as no other test shows
//! it: see `observed`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::Console;
use crate::console::beside::Kept;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, device, series};
use crate::observed::lively;
use crate::scenario::{Scenario, source};

#[test]
fn group_6_a_page_of_ten_megabytes_and_rows_of_any_time_are_read() {
    let (scenario, console) = lively();
    let at = |minutes| console.now() - TimeDelta::hours(1) + TimeDelta::minutes(minutes);
    let text = "x".repeat(100_000);
    console.add((0..100).map(|n| {
        Row::shaped(
            100 + n,
            at(n.cast_signed() / 5),
            &json!({"message_raw": text, "unheard_of": {"deep": [1, {"er": null}]}}),
        )
    }));
    // The dawn of time, as a console without a clock stamps its first rows.
    let early = Row::shaped(
        900,
        at(3),
        &json!({"timestamp": 4_000, "message_raw": "{WHO} did {WHAT} on {DEVICE}"}),
    );
    console.add([early]);
    scenario.run().exits_one_of(&[0, 3]);
    let told: BTreeSet<String> = scenario.told().into_iter().collect();
    assert_eq!(told.len(), 112);
    let report = scenario.newest_report();
    assert_eq!(report["counts"]["events"], 112);
    let log = source(&report, "/system-log");
    assert_eq!(log["malformed"], 1, "{log:#}");
    scenario.audit(&console);
}

#[test]
fn group_6_answers_that_are_packed_are_read_whether_they_say_so_or_not() {
    for told in [true, false] {
        let (scenario, console) = Scenario::with_console();
        console.add(series(
            0,
            450,
            console.now() - TimeDelta::hours(10),
            TimeDelta::seconds(72),
        ));
        console.fault(Fault::on("", What::Gzip { told }));
        scenario.run().exits(0);
        scenario.told_exactly(&console);
        assert_eq!(
            source(&scenario.newest_report(), "/devices")["outcome"],
            "complete"
        );
    }
}

#[test]
fn group_8_lists_of_exactly_as_many_rows_as_an_answer_holds() {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console).password();
    {
        let mut state = console.state();
        state.classic = true;
        state.has_log = false;
        "7.4.162".clone_into(&mut state.version);
        state.beside.older = [("ips", Kept::Invalid)].into();
    }
    let since = console.now() - TimeDelta::hours(20);
    let row = |n: u64, key: &str| {
        Row::listed(
            n,
            since + TimeDelta::seconds(10 * n.cast_signed()),
            key,
            &json!({}),
        )
    };
    console.list("events", (0..3_000).map(|n| row(n, "EVT_WU_Connected")));
    console.list(
        "alarms",
        (5_000..7_999)
            .map(|n| row(n - 5_000, "EVT_AP_Lost_Contact"))
            .take(2_999),
    );
    let told = scenario.does(&["run", "--json"]).exits(0).json();
    for (name, outcome, records) in [
        ("/events", "complete", json!(3_000)),
        ("/alarms", "complete", json!(2_999)),
        ("/ips", "unsupported", Value::Null),
    ] {
        let line = source(&told, name);
        assert_eq!(line["outcome"], outcome, "{line:#}");
        if outcome == "complete" {
            assert_eq!(line["events"], records, "{line:#}");
        }
    }
    assert_eq!(scenario.told().len(), 5_999);
    assert_eq!(
        console.asked("/stat/event"),
        1,
        "the console has counted them: nothing is missing"
    );
    // One alarm more, and the newest may be cut off.
    console.list("alarms", [row(7_100, "EVT_AP_Lost_Contact")]);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(3).says("3000");
}

#[test]
fn group_8_an_answer_that_holds_fewer_rows_than_it_counts_is_read_on() {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console);
    console.state().has_log = false;
    "7.5.187".clone_into(&mut console.state().version);
    let since = console.now() - TimeDelta::hours(20);
    console.list(
        "events",
        (0..95).map(|n: u64| {
            Row::listed(
                n,
                since + TimeDelta::minutes(10 * n.cast_signed()),
                "EVT_WU_Connected",
                &json!({}),
            )
        }),
    );
    console.state().manner.page_cap = Some(40);
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 95);
    assert_eq!(console.asked("/stat/event"), 3);
}

#[test]
fn group_11_devices_of_every_kind_are_read_as_what_they_are() {
    let (scenario, console) = lively();
    let mac = |n: u8| format!("02:00:5e:00:54:{n:02x}");
    let ports = |power: Value| json!([{"port_idx": 1, "poe_enable": true, "up": true, "poe_power": power}]);
    console.state().devices = vec![
        device(
            &mac(1),
            "Cellar AP",
            json!({"state": 0, "uptime": null, "system-stats": null, "upgradable": null, "last_seen": 1_700_000_000}),
        ),
        device(
            &mac(2),
            "Text switch",
            json!({"type": "usw", "state": "1", "uptime": "864000", "general_temperature": "41 C", "has_temperature": "true", "system-stats": {"cpu": "97.1", "mem": "12"}}),
        ),
        device(
            &mac(3),
            "Thing of tomorrow",
            json!({"type": "uxx9", "model": "NEW-9", "state": 1}),
        ),
        device(
            &mac(4),
            "Rack UPS",
            json!({"type": "usw", "model": "UPS-2U", "vbms_table": {"is_battery_mode": false, "battpool": {"batteryLevel": 100, "ischarging": false, "timeToRemain": -1}}}),
        ),
        device(
            &mac(5),
            "Rack PDU",
            json!({"type": "usw", "model": "USPPDUP", "outlet_table": [{"index": 1, "name": "Outlet 1", "relay_state": true, "outlet_power": "12.5"}]}),
        ),
        device(
            &mac(6),
            "Mesh Express",
            json!({"type": "udm", "model": "UX", "device_mode_override": "mesh"}),
        ),
        device(
            &mac(7),
            "Full switch",
            json!({"type": "usw", "total_max_power": 60, "port_table": ports(json!("58.9"))}),
        ),
        device(
            &mac(8),
            "Mute switch",
            json!({"type": "usw", "total_max_power": 60, "port_table": ports(Value::Null)}),
        ),
    ];
    scenario.run().exits(0);
    let report = scenario.newest_report();
    let devices = report["devices"].as_array().unwrap();
    let of = |n: u8| devices.iter().find(|device| device["mac"] == mac(n)).unwrap();
    assert_eq!(devices.len(), 8);
    assert_eq!(of(1)["state"], "offline");
    assert_eq!(
        (&of(2)["state"], &of(3)["state"]),
        (&json!("online"), &json!("online"))
    );
    let text = scenario.newest("txt");
    let line = |name: &str| {
        text.lines()
            .filter(|line| line.contains(name))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(line("Text switch").contains("41"), "{}", line("Text switch"));
    assert!(
        line("Full switch").contains("59 of 60 W"),
        "{}",
        line("Full switch")
    );
    assert!(
        !line("Mute switch").contains(" W"),
        "an unknown number is not zero: {}",
        line("Mute switch")
    );
    assert!(
        !line("Hall AP").contains("°C") && !line("Mesh Express").contains("0 °C"),
        "{text}"
    );
    let findings = report["findings"].to_string();
    assert!(
        !findings.contains("Rack UPS") && !findings.contains("Thing of tomorrow"),
        "{findings}"
    );
    assert!(findings.contains("Cellar AP"), "{findings}");
}
