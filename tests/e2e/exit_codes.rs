//! The exit codes are part of the contract: their table, and the usage ones. The codes that take a
//! console or a damaged state to reach are shown where those are: unreachable, state, signals.

use crate::console::Console;
use crate::scenario::Scenario;

/// The contract's table.
const TABLE: [(i32, &str); 18] = [
    (0, "ok"),
    (1, "failed"),
    (2, "usage"),
    (3, "partial"),
    (4, "recovered"),
    (65, "data"),
    (69, "unavailable"),
    (70, "internal"),
    (73, "cannot create"),
    (74, "I/O"),
    (75, "locked"),
    (76, "protocol"),
    (77, "auth"),
    (78, "config"),
    (124, "timeout"),
    (129, "signal HUP"),
    (130, "signal INT"),
    (143, "signal TERM"),
];

/// `help exit-codes` lists exactly these, in this order, a line each that begins with the code.
#[test]
fn the_help_lists_every_exit_code_of_the_contract_and_no_other() {
    let ran = Scenario::new().does(&["help", "exit-codes"]).exits(0);
    let lines: Vec<(i32, &str)> = ran
        .stdout
        .lines()
        .filter_map(|line| {
            let (first, rest) = line.trim_start().split_once(char::is_whitespace)?;
            Some((first.parse().ok()?, rest.trim()))
        })
        .collect();
    let codes: Vec<i32> = lines.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, TABLE.map(|(code, _)| code), "{ran}");
    for ((code, name), (_, rest)) in TABLE.iter().zip(&lines) {
        assert!(
            rest.to_lowercase().starts_with(&name.to_lowercase()),
            "{code} is called {name}: {rest}"
        );
        assert!(rest.len() > name.len() + 10, "{code} has its sentence: {rest}");
    }
}

#[test]
fn the_readme_lists_the_same_codes() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for (code, _) in TABLE {
        assert!(
            readme.contains(&code.to_string()),
            "the README does not name {code}"
        );
    }
}

#[test]
fn bad_arguments_are_2() {
    for arguments in [
        &["run", "--no-such-flag"][..],
        &["runn"],
        &["run", "--max-runtime", "soon"],
        &["run", "--exit-zero-on", "auth"],
        &["run", "--since", "yesterday-ish"],
        &[],
    ] {
        let console = Console::start();
        let scenario = Scenario::new().controller(&console);
        let ran = scenario.does(arguments).exits(2);
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran}");
        assert!(
            console.hits().is_empty() && !scenario.reports.exists(),
            "nothing was touched"
        );
    }
}

#[test]
fn help_and_version_are_0_and_need_nothing() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["run", "--help"],
        &["help", "exit-codes"],
    ] {
        let scenario = Scenario::new().without("REPORTS_DIR");
        let ran = scenario.does(arguments).exits(0);
        assert!(!ran.stdout.is_empty() && ran.stderr.is_empty(), "{ran}");
    }
}

#[test]
fn missing_configuration_is_78_and_everything_is_named_at_once() {
    let scenario = Scenario::new().without("REPORTS_DIR");
    scenario.run().exits(78).says_all(&["REPORTS_DIR", "UNIFI_HOST"]);
    let scenario = Scenario::new()
        .env("UNIFI_HOST", "192.0.2.1")
        .env("UNIFI_API_KEY", "k3y")
        .env("UNIFI_USERNAME", "me");
    let scenario = scenario
        .env("UNIFI_PASSWORD", "both")
        .env("UNIFI_TIMEZONE", "Europe/Berln");
    scenario
        .run()
        .exits(78)
        .says_all(&["UNIFI_API_KEY", "UNIFI_PASSWORD", "Europe/Berln"]);
    assert!(
        !scenario.reports.exists(),
        "nothing is created before the configuration is right"
    );
}

#[test]
fn a_delivery_that_cannot_work_is_refused_before_anything_is_collected() {
    let console = Console::start();
    for channel in [
        "[[channel]]\nname = \"boss\"\nkind = \"email\"\n",
        "[[channel]]\nname = \"loft\"\nkind = \"pigeon\"\n",
        "[[channel]]\nname = \"file\"\nkind = \"file\"\nwhen = \"sometimes\"\n",
    ] {
        let scenario = Scenario::new().controller(&console);
        let file = scenario.file("unifi-scan.toml", channel);
        scenario
            .does(&["run", "--config", file.to_str().unwrap()])
            .exits(78)
            .says("channel");
        assert!(!scenario.reports.exists(), "nothing was touched");
    }
    assert!(console.hits().is_empty(), "nothing was collected");
}

#[test]
fn exit_zero_on_changes_the_code_and_nothing_else() {
    use crate::console::fault::{Fault, What};
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("stat/device", What::json(500, "{}")));
    let ran = scenario
        .does(&["run", "--json", "--exit-zero-on", "partial"])
        .exits(0);
    assert_eq!(ran.json()["result"], "partial", "{ran}");
    assert_eq!(ran.json()["exit_code"], 3, "{ran}");
}
