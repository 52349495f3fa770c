//! `capture`: what a console answers, without whose it is; and the keys in a file that nobody has described yet.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::row::Row;
use crate::scenario::Scenario;

#[test]
fn a_capture_holds_every_answer_and_nobody_s_names_addresses_or_secrets() {
    let (scenario, console) = Scenario::with_console();
    let fields = json!({
        "message": "Quincedrop (02:16:3e:99:88:77, 198.18.7.9) joined",
        "parameters": { "CLIENT": { "id": "02:16:3e:99:88:77", "name": "Quincedrop", "ip": "198.18.7.9" } },
    });
    let before = console.now() - TimeDelta::hours(2);
    console.add((1..=5).map(|n| Row::shaped(n, before, &fields)));
    let to = scenario.home().join("capture");
    let to_text = to.to_str().unwrap().to_owned();
    let capture = scenario.does(&["capture", "--output", &to_text]).exits(0);
    capture.says_all(&["system-log/all", "404", "look it through"]);
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o700);
    let folder = to.join("console-1");
    let index: Value = serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap();
    assert!(index["endpoints"].as_array().unwrap().len() >= 10, "{index:#}");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for private in ["Quincedrop", "02:16:3e", "198.18.7.9", "02:00:5e", "Hall AP"] {
            assert!(!text.contains(private), "{private} in {}", path.display());
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!scenario.path(".last_run.json").exists(), "nothing is kept");

    // It reads as the console's own answer does.
    let page = folder.join("system-log-all.json");
    let record = scenario
        .does(&["run", "--json", "--input", page.to_str().unwrap()])
        .json();
    assert_eq!(record["counts"]["events"], 5);
    scenario
        .does(&["capture", "--output", &to_text])
        .exits(73)
        .says("name a directory that is not there yet");
}

#[test]
fn a_console_that_refuses_the_key_is_not_captured() {
    let (scenario, console) = Scenario::with_console();
    let scenario = scenario.env("UNIFI_API_KEY", "wr0ng-key-4711");
    scenario.does(&["capture"]).exits(77);
    assert!(!console.hits().iter().any(|hit| hit.path.contains("system-log")));
}

#[test]
fn unknown_keys_of_a_file_are_listed_with_how_often_they_came() {
    let scenario = Scenario::new();
    let row = |id: u32, key: &str| {
        json!({ "id": format!("{id:024x}"), "key": key, "timestamp": 1_790_000_000_000_u64 + u64::from(id) })
            .to_string()
    };
    let rows = [
        row(1, "CLIENT_CONNECTED_WIRELESS"),
        row(2, "QUINCE_RIPENED"),
        row(3, "MEDLAR_BLETTED"),
        row(4, "QUINCE_RIPENED"),
    ];
    let file = scenario.file("rows.jsonl", rows.join("\n").as_bytes());
    let file = file.to_str().unwrap();
    let told = scenario.does(&["rules", "list", "--unknown-from", file]).exits(0);
    let lines: Vec<Vec<String>> = told
        .stdout
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect();
    assert_eq!(
        lines,
        [["QUINCE_RIPENED", "2", "rows"], ["MEDLAR_BLETTED", "1", "row"]]
    );
    let json = scenario
        .does(&["rules", "list", "--json", "--unknown-from", file])
        .exits(0);
    json.says("{\"key\":\"QUINCE_RIPENED\",\"rows\":2}");
    let known = scenario.file(
        "known.jsonl",
        [
            row(1, "CLIENT_CONNECTED_WIRELESS"),
            row(2, "CLIENT_CONNECTED_WIRELESS"),
        ]
        .join("\n")
        .as_bytes(),
    );
    scenario
        .does(&["rules", "list", "--unknown-from", known.to_str().unwrap()])
        .exits(0)
        .says("every key in it is in the catalogue");
    scenario
        .does(&["rules", "list", "--unknown-from", "nowhere"])
        .exits(2);
}
