//! `[[file_source]]`: a log server's files, followed through whatever rotation does to them.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::archive;
use crate::lines::gzip;
use crate::scenario::{Scenario, source};

/// A world whose only source is a directory of logs.
fn world() -> Scenario {
    let scenario = Scenario::new();
    fs::create_dir(scenario.home().join("log")).unwrap();
    let path = log(&scenario, "*.log");
    let file = format!("[[file_source]]\nname = \"gw\"\npath = \"{}\"\n", path.display());
    let file = scenario.file("config.toml", file);
    scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap())
}

fn log(scenario: &Scenario, name: &str) -> PathBuf {
    scenario.home().join("log").join(name)
}

/// So many firewall lines from a host of this number, an hour old.
fn lines(host: u64, count: u64) -> String {
    let time = (Utc::now() - TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%S%.3fZ");
    let line = format!(
        "{time} gw [LAN_IN-D-{host}]IN=br0 OUT=eth8 SRC=192.0.2.{host} DST=198.51.100.1 PROTO=TCP SPT=1 DPT=443\n"
    );
    line.repeat(usize::try_from(count).unwrap())
}

fn append(scenario: &Scenario, name: &str, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log(scenario, name))
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Events of the newest run.
#[track_caller]
fn runs(scenario: &Scenario, code: i32) -> u64 {
    scenario.run().exits(code);
    archive::audit(&scenario.reports);
    scenario.newest_report()["counts"]["events"].as_u64().unwrap()
}

/// Events of all runs.
fn all(scenario: &Scenario) -> u64 {
    let reports = scenario.reports();
    reports
        .values()
        .map(|report| report["counts"]["events"].as_u64().unwrap())
        .sum()
}

fn reason(scenario: &Scenario) -> String {
    let report = scenario.newest_report();
    source(&report, "gw/lines")["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn what_is_appended_is_told_once_and_half_a_line_is_left_to_the_next_run() {
    let scenario = world();
    append(&scenario, "gw.log", &lines(1, 5));
    assert_eq!(runs(&scenario, 0), 5);
    assert_eq!(runs(&scenario, 0), 0);
    let line = lines(2, 1);
    let (half, rest) = line.split_at(40);
    append(&scenario, "gw.log", &(lines(1, 2) + half));
    assert_eq!(runs(&scenario, 0), 2);
    append(&scenario, "gw.log", rest);
    assert_eq!(runs(&scenario, 0), 1);
    append(&scenario, "other.log", &lines(3, 4));
    assert_eq!(runs(&scenario, 0), 4);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "files/gw/lines")["outcome"], "complete");
    let told = scenario.told();
    assert_eq!(told.len(), 12);
    assert!(
        told.windows(2).all(|two| two[0] != two[1]),
        "every line has an id of its own: {told:?}"
    );
    scenario
        .does(&["status", "--max-age", "1h"])
        .exits(0)
        .says("read up to");
    scenario.does(&["state", "verify"]).exits(0);
    scenario.does(&["check"]).exits(0).says("2 files are called");
}

#[test]
fn nothing_is_lost_or_doubled_however_the_log_is_rotated() {
    let scenario = world();
    let at = |name: &str| log(&scenario, name);
    append(&scenario, "gw.log", &lines(1, 10));
    assert_eq!(runs(&scenario, 0), 10);
    // Renamed, with lines nobody had read, and a new file in its place.
    append(&scenario, "gw.log", &lines(2, 3));
    fs::rename(at("gw.log"), at("gw.log.1")).unwrap();
    append(&scenario, "gw.log", &lines(3, 4));
    assert_eq!(runs(&scenario, 0), 7);
    // The log server was slow to let go of the old one; then gzip packs it, with a last half line.
    append(&scenario, "gw.log.1", &(lines(2, 2) + lines(2, 1).trim_end()));
    fs::write(
        at("gw.log.2.gz"),
        gzip(&fs::read_to_string(at("gw.log.1")).unwrap()),
    )
    .unwrap();
    fs::remove_file(at("gw.log.1")).unwrap();
    assert_eq!(runs(&scenario, 0), 3);
    // Copied and emptied, once more with lines nobody had read.
    append(&scenario, "gw.log", &lines(4, 2));
    fs::copy(at("gw.log"), at("gw.log.1")).unwrap();
    assert_eq!(runs(&scenario, 0), 2);
    append(&scenario, "gw.log", &lines(5, 1));
    fs::copy(at("gw.log"), at("gw.log.1")).unwrap();
    fs::write(at("gw.log"), lines(6, 1)).unwrap();
    assert_eq!(runs(&scenario, 0), 2);
    // The oldest goes, as it should, and another is renamed.
    fs::rename(at("gw.log.1"), at("gw.log.3")).unwrap();
    fs::remove_file(at("gw.log.2.gz")).unwrap();
    assert_eq!(runs(&scenario, 0), 0);
    assert_eq!(all(&scenario), 24);
}

#[test]
fn a_log_that_was_emptied_unseen_may_have_held_more_and_the_report_says_so_once() {
    let scenario = world();
    append(&scenario, "gw.log", &lines(1, 10));
    assert_eq!(runs(&scenario, 0), 10);
    fs::write(log(&scenario, "gw.log"), lines(2, 3)).unwrap();
    assert_eq!(runs(&scenario, 3), 3);
    assert!(
        reason(&scenario).contains("may have been lost"),
        "{}",
        reason(&scenario)
    );
    assert_eq!(runs(&scenario, 0), 0);
}

#[test]
fn a_run_that_dies_before_its_commit_has_read_nothing() {
    for point in [
        "outbox.sealed",
        "checkpoint.begin",
        "checkpoint.staged",
        "checkpoint.renamed",
    ] {
        let scenario = world();
        append(&scenario, "gw.log", &lines(1, 3));
        assert_eq!(runs(&scenario, 0), 3);
        append(&scenario, "gw.log", &lines(2, 4));
        scenario.run_dying_at(point).dies();
        fs::rename(log(&scenario, "gw.log"), log(&scenario, "gw.log.1")).unwrap();
        append(&scenario, "gw.log", &lines(3, 5));
        scenario.run().exits(0);
        archive::audit(&scenario.reports);
        assert_eq!(all(&scenario), 12, "{point}");
    }
}

#[test]
fn a_source_without_files_fails_alone_and_costs_the_others_nothing() {
    let scenario = world();
    scenario
        .run()
        .exits(78)
        .says("no file is called")
        .says("correct `path` of `gw`");
    append(&scenario, "gw.log", &lines(1, 2));
    let both = format!(
        "[[file_source]]\nname = \"gw\"\npath = \"{}\"\n[[file_source]]\nname = \"ap\"\npath = \"/nonexistent/*.log\"\n",
        log(&scenario, "*.log").display()
    );
    scenario.file("config.toml", both);
    assert_eq!(runs(&scenario, 3), 2);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "ap/lines")["outcome"], "failed");
    assert!(source(&report, "ap/lines")["events"].is_null());
    scenario.does(&["status", "--max-age", "1h"]).exits(1);
}

#[test]
fn files_that_cannot_be_read_are_named_and_read_later() {
    let scenario = world();
    append(&scenario, "gw.log", &lines(1, 2));
    assert_eq!(runs(&scenario, 0), 2);
    append(&scenario, "gw.log", &lines(1, 1));
    let whole = fs::read_to_string(log(&scenario, "gw.log")).unwrap();
    fs::write(log(&scenario, "gw.log.1.xz"), b"\xfd7zXZ\0 and so on").unwrap();
    fs::remove_file(log(&scenario, "gw.log")).unwrap();
    append(&scenario, "gw.log", &lines(2, 1));
    assert_eq!(runs(&scenario, 3), 1);
    assert!(
        reason(&scenario).contains("packed by xz"),
        "{}",
        reason(&scenario)
    );
    fs::remove_file(log(&scenario, "gw.log.1.xz")).unwrap();
    fs::write(log(&scenario, "gw.log.1"), whole).unwrap();
    assert_eq!(runs(&scenario, 0), 1, "it goes on where it was");
}

#[test]
fn the_first_run_looks_back_a_day_and_a_rewind_reads_again() {
    let scenario = world();
    let old = lines(1, 3).replace(&Utc::now().format("%Y-").to_string(), "2019-");
    append(&scenario, "gw.log", &(old.clone() + &lines(2, 4)));
    assert_eq!(runs(&scenario, 0), 4);
    // A device whose clock is wrong tells something new all the same.
    append(&scenario, "gw.log", &old);
    assert_eq!(runs(&scenario, 0), 3);
    scenario.does(&["state", "rewind", "--to", "3h"]).exits(0);
    assert_eq!(runs(&scenario, 0), 4);
    scenario.does(&["run", "--since", "2h"]).exits(0);
    let adhoc = crate::input::report(&scenario);
    assert_eq!(adhoc["counts"]["events"], 4);
}

#[test]
fn only_foreign_lines_are_said_to_be_foreign() {
    let scenario = world();
    append(
        &scenario,
        "auth.log",
        "<30>Mar  5 13:08:34 nas sshd[7]: Accepted\n",
    );
    runs(&scenario, 3);
    assert!(
        reason(&scenario).contains("none of them is of a UniFi device"),
        "{}",
        reason(&scenario)
    );
}

#[test]
fn one_that_is_imported_is_not_read_again() {
    let (here, there) = (world(), world());
    append(&here, "gw.log", &lines(1, 5));
    assert_eq!(runs(&here, 0), 5);
    let export = here.home().join("export");
    here.does(&["state", "export", export.to_str().unwrap()]).exits(0);
    there
        .does(&["state", "import", "--merge", export.to_str().unwrap()])
        .exits(0);
    // The same files by another host: other inodes.
    fs::copy(log(&here, "gw.log"), log(&there, "gw.log")).unwrap();
    append(&there, "gw.log", &lines(2, 2));
    there.run();
    let report: Value = there.newest_report();
    assert_eq!(report["counts"]["events"], 2);
}

/// What a console's SIEM export says of an access point, so many minutes ago.
fn access_point(id: u64, what: &str, minutes: i64) -> String {
    let time = (Utc::now() - TimeDelta::minutes(minutes)).format("%Y-%m-%dT%H:%M:%S%.3fZ");
    format!(
        "{time} gw CEF:0|Ubiquiti|UniFi Network|10.2.93|{id}|{what}|5|UNIFIdeviceName=Shop AP \
         UNIFIdeviceMac=02:00:5e:00:54:07 UNIFIutcTime={time} msg=Shop AP: {what}.\n"
    )
}

#[test]
fn an_outage_goes_on_until_a_line_says_that_it_is_over() {
    let scenario = world();
    append(&scenario, "gw.log", &access_point(512, "Device Offline", 20));
    assert_eq!(runs(&scenario, 0), 1);
    let first = scenario.newest_report()["findings"][0].clone();
    for _ in 0..2 {
        assert_eq!(runs(&scenario, 0), 0);
        let report = scenario.newest_report();
        let told = &report["findings"][0];
        assert_eq!(told["title"], "“Shop AP”: still no sign that it is back");
        for same in ["fingerprint", "severity", "remediation"] {
            assert_eq!(told[same], first[same], "{same}");
        }
        assert_eq!(
            (&told["count"], &told["trend"]),
            (&Value::from(0), &Value::from("quiet"))
        );
        let text = scenario.newest("txt");
        assert!(
            text.contains("still going on") && !text.contains("All clear"),
            "{text}"
        );
    }
    append(&scenario, "gw.log", &access_point(513, "Device Online", 1));
    assert_eq!(runs(&scenario, 0), 1);
    let report = scenario.newest_report();
    assert_eq!(report["findings"][0]["trend"], "resolved");
    assert_eq!(runs(&scenario, 0), 0);
    assert_eq!(scenario.newest_report()["findings"].as_array().unwrap().len(), 0);
}
