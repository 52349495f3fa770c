//! Nothing secret comes out, nothing but reads goes in, and odd surroundings are coped with or told.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::PathBuf;

use chrono::TimeDelta;

use crate::archive;
use crate::console::fault::{Fault, What};
use crate::console::row::{DEVICE_SECRET, series};
use crate::console::{API_KEY, Console, Hit};
use crate::other::Other;
use crate::scenario::Scenario;

/// The only requests that may ever reach a console.
fn allowed(hit: &Hit) -> bool {
    let path = hit.path.strip_prefix("/proxy/network").unwrap_or(&hit.path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let parts = parts.as_slice();
    match hit.method.as_str() {
        "GET" => matches!(
            parts,
            ["" | "status"]
                | ["api", "self"]
                | ["api", "self", "sites"]
                | ["integration", "v1", "info"]
                | [
                    "api",
                    "s",
                    _,
                    "stat",
                    "sysinfo" | "device" | "health" | "anomalies"
                ]
        ),
        "POST" => matches!(
            parts,
            ["api", "auth", "login" | "logout"]
                | ["api", "login" | "logout"]
                | [
                    "v2",
                    "api",
                    "site",
                    _,
                    "system-log",
                    "all" | "count" | "admin-activity"
                ]
                | ["v2", "api", "site", _, "traffic-flows"]
        ),
        _ => false,
    }
}

#[test]
fn nothing_but_allowed_reads_reaches_the_console() {
    let console = Console::start();
    console.add(series(
        0,
        700,
        console.now() - TimeDelta::hours(8),
        TimeDelta::seconds(30),
    ));
    let scenario = Scenario::new().controller(&console);
    scenario.run().exits(0);
    scenario.does(&["check"]).exits(0);
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(0);
    scenario.does(&["check"]).exits(0);
    let odd: Vec<_> = console.hits().into_iter().filter(|hit| !allowed(hit)).collect();
    assert!(odd.is_empty(), "{odd:#?}");
    // A filter that the console ignores would give plausible but wrong data.
    for hit in console
        .hits()
        .iter()
        .filter(|hit| hit.path.ends_with("system-log/all"))
    {
        let body: serde_json::Value = serde_json::from_str(&hit.body).unwrap();
        let known = ["timestampFrom", "timestampTo", "pageNumber", "pageSize", "type"];
        assert!(
            body.as_object()
                .unwrap()
                .keys()
                .all(|key| known.contains(&key.as_str())),
            "{}",
            hit.body
        );
    }
}

#[test]
fn no_secret_is_printed_or_written_at_any_log_level() {
    for level in ["off", "warn", "info", "debug", "trace"] {
        for password in [false, true] {
            let console = Console::start();
            console.add(series(
                0,
                150,
                console.now() - TimeDelta::hours(8),
                TimeDelta::minutes(2),
            ));
            let mut scenario = Scenario::new().controller(&console).env("RUST_LOG", level);
            if password {
                scenario = scenario.password();
            }
            let first = scenario.does(&["run", "-v"]).exits(0);
            let tells_requests = first.stderr.contains("request method=");
            assert_eq!(
                tells_requests,
                ["debug", "trace"].contains(&level),
                "{level}: {first}"
            );
            let runs = [
                first,
                scenario.does(&["run", "--json"]).exits(0),
                scenario.does(&["check"]),
                scenario.does(&["config", "show"]),
                scenario.does(&["status"]),
                scenario.does(&["state", "show"]),
            ];
            let mut secrets = console.secrets();
            secrets.push(DEVICE_SECRET.to_owned());
            for ran in &runs {
                for secret in &secrets {
                    assert!(!ran.said().contains(secret.as_str()), "{secret} in {ran}");
                }
            }
            scenario.audit(&console);
        }
    }
}

#[test]
fn refused_credentials_are_not_repeated_in_the_message() {
    for (name, value) in [
        ("UNIFI_API_KEY", "wr0ng-key-4711"),
        ("UNIFI_PASSWORD", "wr0ng-pass-4711"),
    ] {
        let console = Console::start();
        let mut scenario = Scenario::new().controller(&console).env("RUST_LOG", "trace");
        if name == "UNIFI_PASSWORD" {
            scenario = scenario.password();
        }
        let scenario = scenario.env(name, value);
        scenario.run().exits(77).never_says(value);
        archive::without(&scenario.reports, &[value.to_owned()]);
    }
}

#[test]
fn a_redirect_is_never_followed_and_no_key_leaves() {
    for path in ["self/sites", "stat/sysinfo", "system-log/all", "/api/auth/login"] {
        let (console, stranger) = (Console::start(), Console::start());
        let target = format!(
            "http://127.0.0.1:{}/proxy/network/api/self/sites",
            stranger.port()
        );
        console.fault(Fault::on(path, What::redirect(&target)));
        let mut scenario = Scenario::new().controller(&console);
        if path.ends_with("login") {
            scenario = scenario.password();
        }
        let ran = scenario.run();
        assert!(!ran.status.success(), "{ran}");
        assert!(stranger.hits().is_empty(), "{:#?}", stranger.hits());
    }
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_sent() {
    let scenario = Scenario::new()
        .env("UNIFI_HOST", "http://192.0.2.1")
        .env("UNIFI_API_KEY", API_KEY);
    scenario.run().exits(78).says("http");
}

#[test]
fn a_misspelt_key_is_an_error_and_a_misspelt_variable_a_warning_each_with_the_nearest() {
    let (scenario, console) = Scenario::with_console();
    let file = scenario.file("config.toml", "initial_lookback_hors = 12\n");
    let arguments = ["run", "--config", file.to_str().unwrap()];
    scenario
        .does(&arguments)
        .exits(78)
        .says_all(&["initial_lookback_hors", "initial_lookback_hours"]);
    assert!(console.hits().is_empty());
    let scenario = scenario.env("UNIFI_TIMEZON", "Europe/Berlin");
    scenario
        .run()
        .exits(0)
        .says_all(&["UNIFI_TIMEZON", "UNIFI_TIMEZONE"]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let (scenario, _console) = Scenario::with_console();
    let scenario = scenario
        .env("UNIFI_SITE", "")
        .env("UNIFI_TIMEZONE", "")
        .env("UNIFI_USERNAME", "")
        .env("UNIFI_PASSWORD_FILE", "");
    scenario.run().exits(0);
}

#[test]
fn a_secret_can_come_from_a_file_and_a_missing_one_is_named() {
    let (scenario, _console) = Scenario::with_console();
    let file = scenario.file("key", format!("{API_KEY}\n"));
    let scenario = scenario
        .without("UNIFI_API_KEY")
        .env("UNIFI_API_KEY_FILE", file.to_str().unwrap());
    scenario.run().exits(0);
    let scenario = scenario.env("UNIFI_API_KEY_FILE", "/nonexistent/key");
    scenario
        .run()
        .exits(78)
        .says_all(&["UNIFI_API_KEY_FILE", "/nonexistent/key"]);
}

#[test]
fn closed_standard_streams_and_the_root_directory_do_not_matter() {
    let (mut scenario, console) = Scenario::with_console();
    scenario.cwd = PathBuf::from("/");
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(8),
        TimeDelta::minutes(2),
    ));
    let ran = scenario.shell("\"$0\" \"$@\" <&- >&- 2>&-; echo \"exit $?\"", &["run"]);
    assert_eq!(ran.stdout, "exit 0\n", "{ran}");
    scenario.told_exactly(&console);
    // Had a file been opened as standard output, the summary line would be inside of it.
    archive::without(&scenario.reports, &["run 1: 30 events".to_owned()]);
}

#[test]
fn the_umask_changes_nothing_about_the_modes() {
    for mask in ["000", "077"] {
        let (scenario, console) = Scenario::with_console();
        console.add(series(
            0,
            30,
            console.now() - TimeDelta::hours(8),
            TimeDelta::minutes(2),
        ));
        scenario
            .shell(&format!("umask {mask}; exec \"$0\" \"$@\""), &["run"])
            .exits(0);
        scenario.told_exactly(&console);
        let mode = fs::metadata(&scenario.reports).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o750);
    }
}

#[test]
fn another_user_in_a_directory_of_root_is_told_what_to_change() {
    let (scenario, console) = Scenario::with_console();
    let Some(other) = Other::in_world_of(&scenario) else {
        return;
    };
    fs::create_dir(&scenario.reports).unwrap();
    let path = scenario.reports.to_str().unwrap().to_owned();
    other.run(&scenario).exits(73).says_all(&["chown", "1000", &path]);
    assert!(
        console.hits().is_empty(),
        "nothing is collected that could not be kept"
    );
    chown(&scenario.reports, Some(1000), Some(1000)).unwrap();
    other.run(&scenario).exits(0);
}

#[test]
fn root_in_the_directory_of_another_user_leaves_files_of_that_user_and_follows_no_symlink() {
    let (scenario, console) = Scenario::with_console();
    let Some(other) = Other::in_world_of(&scenario) else {
        return;
    };
    fs::create_dir(&scenario.reports).unwrap();
    chown(&scenario.reports, Some(1000), Some(1000)).unwrap();
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(8),
        TimeDelta::minutes(2),
    ));
    scenario.run().exits(0);
    for name in archive::below(&scenario.reports) {
        assert_eq!(
            fs::symlink_metadata(scenario.path(&name)).unwrap().uid(),
            1000,
            "{name}"
        );
    }
    other.run(&scenario).exits(0);
    let victim = scenario.file("victim", "precious");
    fs::remove_file(scenario.path("history.jsonl")).unwrap();
    std::os::unix::fs::symlink(&victim, scenario.path("history.jsonl")).unwrap();
    let ran = scenario.run();
    assert!(!ran.status.success(), "{ran}");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[test]
fn the_same_input_gives_the_same_bytes_times_apart() {
    let (scenario, console) = Scenario::with_console();
    let rows = series(0, 60, console.now() - TimeDelta::hours(8), TimeDelta::minutes(2));
    let text: Vec<String> = rows.into_iter().map(|row| row.text).collect();
    let file = scenario.file("rows.jsonl", text.join("\n"));
    let report = |directory: &str| {
        let directory = scenario.home().join(directory);
        let arguments = [
            "run",
            "--input",
            file.to_str().unwrap(),
            "--reports-dir",
            directory.to_str().unwrap(),
        ];
        scenario.does(&arguments).exits(0);
        let names = archive::below(&directory);
        let name = names
            .iter()
            .find(|name| name.contains("adhoc-") && name.ends_with(".json"))
            .unwrap();
        let mut report = archive::json(&directory.join(name));
        report["generated_at"] = serde_json::Value::Null;
        report["report_id"] = serde_json::Value::Null;
        serde_json::to_string_pretty(&report).unwrap()
    };
    assert_eq!(report("one"), report("two"));
}
