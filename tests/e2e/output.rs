//! What is printed: the product on stdout, diagnostics on stderr, nothing where nothing was asked for.

use chrono::TimeDelta;

use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::scenario::Scenario;

fn with_rows() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        30,
        console.now() - TimeDelta::hours(6),
        TimeDelta::minutes(7),
    ));
    (scenario, console)
}

#[test]
fn the_summary_is_the_last_line_and_leads_to_the_report() {
    let (scenario, console) = with_rows();
    console.add([Row::threat(
        100,
        console.now() - TimeDelta::hours(1),
        "192.0.2.10",
        "198.51.100.1",
    )]);
    let ran = scenario.run().exits(0);
    let summary = ran.summary();
    assert!(summary.starts_with("run 1: 31 events, "), "{summary}");
    assert!(summary.contains(" UTC, "), "{summary}");
    let report = summary.rsplit(", ").next().unwrap();
    let path = scenario.path(report);
    assert!(
        path.exists() || std::path::Path::new(report).exists(),
        "{summary} leads nowhere"
    );
    assert!(
        report.contains("/report-000001-") && report.ends_with(".html"),
        "{summary}"
    );
}

#[test]
fn json_is_one_document_and_the_same_as_the_line_of_history() {
    let (scenario, _console) = with_rows();
    let ran = scenario.does(&["run", "--json"]).exits(0);
    let printed = ran.json();
    let history = scenario.history();
    assert_eq!(history.len(), 1);
    assert_eq!(printed, history[0]);
    assert_eq!(printed["schema_version"], "1");
    assert_eq!(printed["run"], 1);
    assert_eq!(
        (&printed["result"], &printed["exit_code"]),
        (&"ok".into(), &0.into())
    );
    assert_eq!(printed["counts"]["events"], 30);
    assert_eq!(printed["channels"][0]["name"], "file");
    assert_eq!(printed["channels"][0]["outcome"], "accepted");
    assert_eq!(printed["report_id"], scenario.newest_report()["report_id"]);
}

#[test]
fn json_is_printed_by_a_run_that_failed_as_well() {
    let (scenario, console) = with_rows();
    console.state().key_is_good = false;
    let ran = scenario.does(&["run", "--json"]).exits(77);
    assert_eq!(
        (&ran.json()["result"], &ran.json()["exit_code"]),
        (&"auth".into(), &77.into()),
        "{ran}"
    );
}

#[test]
fn quiet_says_nothing_when_all_is_well_and_one_block_when_it_is_not() {
    let (scenario, console) = with_rows();
    let ran = scenario.does(&["run", "--quiet"]).exits(0);
    assert_eq!(ran.said(), "", "{ran}");
    let scenario = scenario.env("UNIFI_TIMEZON", "x");
    assert_eq!(
        scenario.does(&["run", "-q"]).exits(0).said(),
        "",
        "a warning is in the report"
    );
    console.state().key_is_good = false;
    let ran = scenario.does(&["run", "--quiet"]).exits(77);
    assert!(ran.stdout.is_empty() && !ran.stderr.trim().is_empty(), "{ran}");
    assert!(!ran.stderr.trim().contains("\n\n"), "one block: {ran}");
}

#[test]
fn without_a_terminal_only_warnings_go_to_stderr_and_no_colour_anywhere() {
    let (scenario, _console) = with_rows();
    let ran = scenario.run().exits(0);
    assert_eq!(ran.stderr.matches("INFO").count(), 0, "{ran}");
    let ran = scenario.does(&["run", "-v"]).exits(0);
    assert!(!ran.stderr.is_empty() && !ran.said().contains('\u{1b}'), "{ran}");
    assert!(
        ran.stderr.contains("committed") && ran.stderr.contains("generation="),
        "{ran}"
    );
}

#[test]
fn a_closed_pipe_ends_the_output_not_the_run() {
    let (scenario, console) = with_rows();
    let line = "{ \"$0\" \"$@\"; echo \"exit $?\" >&2; } | true";
    let ran = scenario.shell(line, &["run", "-v"]);
    assert!(ran.stderr.contains("exit 0"), "{ran}");
    scenario.told_exactly(&console);
    for arguments in ["status", "state show", "report show 1", "history list"] {
        let line = format!("{{ \"$0\" {arguments}; echo \"exit $?\" >&2; }} | true");
        let ran = scenario.shell(&line, &[]);
        assert!(
            !ran.stderr.contains("panicked") && !ran.stderr.contains("exit 101"),
            "{ran}"
        );
    }
}

#[test]
fn the_other_commands_tell_what_a_run_left() {
    let (scenario, console) = with_rows();
    let never = scenario.does(&["status"]);
    assert!(never.code().is_some_and(|code| code <= 1), "{never}");
    scenario.run().exits(0);
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    let before = scenario.photograph();
    scenario.does(&["status"]).exits(0);
    scenario.does(&["status", "--max-age", "26h"]).exits(0);
    scenario.does(&["state", "show"]).exits(0).says("system-log");
    scenario.does(&["history", "list"]).exits(0).says("ok");
    for format in ["text", "html", "json", "markdown"] {
        let ran = scenario
            .does(&["report", "show", "1", "--format", format])
            .exits(0);
        assert!(!ran.stdout.is_empty(), "{ran}");
    }
    let shown = scenario
        .does(&["report", "show", "2", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(shown, scenario.newest_report());
    scenario
        .does(&["rules", "explain", "THREAT_BLOCKED_V3"])
        .exits(0)
        .says("block");
    scenario.does(&["config", "show"]).exits(0).says("127.0.0.1");
    assert!(
        scenario.photograph() == before,
        "a command that only reads wrote something"
    );
}

#[test]
fn status_says_when_the_last_success_is_too_old() {
    let (scenario, _console) = with_rows();
    scenario.does(&["status", "--max-age", "26h"]).exits(1);
    scenario.run().exits(0);
    scenario.does(&["status", "--max-age", "26h"]).exits(0);
    let status = scenario.does(&["status", "--json"]).exits(0).json();
    assert!(status.is_object(), "{status:#}");
}

#[test]
fn a_source_that_was_never_read_is_stale_however_well_the_reports_go_out() {
    let (scenario, console) = with_rows();
    console.fault(Fault::on("/system-log/all", What::bad_gateway()));
    let scenario = scenario.hasty();
    scenario.run().exits(3).says("exit 3 (partial)");
    scenario.does(&["status", "--max-age", "26h"]).exits(1);
    console.behave();
    scenario.run().exits(0);
    scenario.does(&["status", "--max-age", "26h"]).exits(0);
}

#[test]
fn check_is_a_table_with_the_code_of_its_worst_row() {
    let (scenario, console) = with_rows();
    scenario.does(&["check"]).exits(0).says("10.3.58");
    assert!(
        !scenario.path(".last_run.json").exists(),
        "a check leaves no state"
    );
    console.state().key_is_good = false;
    scenario.does(&["check"]).exits(77);
    let tls = Console::start_tls();
    let scenario = Scenario::new().controller(&tls).without("UNIFI_TLS_FINGERPRINT");
    scenario.does(&["check"]).exits(77).says(tls.pin().unwrap());
}

#[test]
fn a_dry_run_changes_no_file_but_the_lock_and_moves_nothing() {
    let (scenario, console) = with_rows();
    scenario.does(&["run", "--dry-run"]).exits(0).says("30 events");
    let left = crate::archive::below(&scenario.reports);
    assert!(left.iter().all(|name| name == ".last_run.lock"), "{left:#?}");
    scenario.run().exits(0);
    console.add(series(100, 7, console.now(), TimeDelta::minutes(1)));
    console.advance(TimeDelta::hours(1));
    let before = scenario.photograph();
    for _ in 0..2 {
        scenario.does(&["run", "--dry-run"]).exits(0).says("7 events");
    }
    assert!(scenario.photograph() == before, "{}", scenario.listing());
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_dry_run_of_a_console_that_is_down_says_so() {
    let (scenario, console) = with_rows();
    let scenario = scenario.hasty();
    console.fault(Fault::on("", What::starting(200)));
    scenario.does(&["run", "--dry-run"]).exits(69);
    assert!(!scenario.path(".last_run.json").exists());
}
