//! Saved answers given to `--input`, told apart by their content.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::collect::files::{FilesError, FromFiles, read};
use crate::model::coverage::Outcome;
use crate::model::event::Event;
use crate::model::zone::Zone;

const PAGE: &str = r#"{"data":[{"id":"a","key":"K","timestamp":1778077234330},{"id":"b","key":"K","timestamp":1778077234000},
    {"id":"a","key":"K","timestamp":1778077234330},17],"page_number":0,"total_element_count":4,"total_page_count":1}"#;
const LEGACY: &str = r#"{"meta":{"rc":"ok","count":1},"data":[{"_id":"c","key":"EVT_AP_Lost_Contact","time":1592386800000,"msg":"gone"}]}"#;
const DEVICES: &str = r#"{"meta":{"rc":"ok"},"data":[{"mac":"02:00:00:00:00:01","type":"uap","state":1,"last_seen":1778078153}]}"#;
const HEALTH: &str = r#"[{"subsystem":"wan","status":"ok"}]"#;
const SYSINFO: &str =
    r#"{"meta":{"rc":"ok"},"data":[{"version":"10.3.58","timezone":"Europe/Berlin","build":"x"}]}"#;

fn now() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

/// Writes the texts to files and reads them.
fn read_texts(texts: &[&str]) -> (Result<FromFiles, FilesError>, Vec<Vec<Event>>) {
    let dir = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let path = dir.path().join(format!("saved-{index}.json"));
        File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        paths.push(path);
    }
    let mut slices = Vec::new();
    let read = read(&paths, &mut std::io::empty(), &Zone::utc(), now(), &mut |slice| {
        assert!(slice.rows.iter().all(|row| slice.window.contains(row.time)));
        slices.push(slice.rows);
        Ok(())
    });
    (read, slices)
}

#[test]
fn pages_rows_devices_and_health_are_told_apart() {
    let (read, slices) = read_texts(&[PAGE, LEGACY, DEVICES, HEALTH, SYSINFO]);
    let read = read.unwrap();
    assert_eq!(slices.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert!(slices[0].is_sorted_by_key(|row| row.time));
    let first = &read.coverage[0];
    assert_eq!(
        (first.name.as_str(), first.events, first.records),
        ("input/saved-0.json", 2, 4)
    );
    assert_eq!((first.duplicates, first.malformed), (1, 1));
    assert_eq!((read.snapshots.len(), read.version.as_str()), (1, "10.3.58"));
    let snapshot = &read.snapshots[0];
    assert_eq!(snapshot.observed_at.timestamp(), 1_778_078_153);
    assert_eq!(
        (
            snapshot.devices.as_ref().map(Vec::len),
            snapshot.health.as_ref().map(Vec::len)
        ),
        (Some(1), Some(1))
    );
    assert!(
        read.warnings[0].contains("1 records could not be read"),
        "{:?}",
        read.warnings
    );
}

#[test]
fn a_row_in_two_files_counts_once() {
    let (read, slices) = read_texts(&[PAGE, PAGE]);
    assert_eq!(slices.len(), 1);
    assert_eq!(read.unwrap().coverage[1].duplicates, 3);
}

#[test]
fn lines_are_streamed_in_slices_and_a_torn_one_costs_itself() {
    let mut text = String::from("{\"id\":\"torn\",\"key\":\n");
    for n in 0..4_500 {
        writeln!(
            text,
            "{{\"id\":\"r{n}\",\"key\":\"K\",\"timestamp\":{}}}\n",
            1_778_077_234_330_i64 - n
        )
        .unwrap();
    }
    text.push_str("{\"id\":\"cut");
    let (read, slices) = read_texts(&[&text]);
    assert_eq!(
        slices.iter().map(Vec::len).collect::<Vec<_>>(),
        [2_000, 2_000, 500]
    );
    let line = &read.unwrap().coverage[0];
    assert_eq!((line.events, line.malformed), (4_500, 2));
}

#[test]
fn a_single_row_pretty_rows_and_lines_of_pages_are_read() {
    let row = r#"{"id":"z","key":"K","timestamp":1778077234330}"#;
    let page = PAGE.replace('\n', " ");
    for (text, rows) in [
        (row.to_owned(), 1),
        (format!("\u{feff}[{row}]"), 1),
        ("{\n \"id\": \"z\",\n \"key\": \"K\",\n \"timestamp\": 1778077234330\n}\n{\n \"id\": \"y\",\n \"key\": \"K\",\n \"time\": 1778077234330\n}\n".to_owned(), 2),
        (format!("{page}\n{row}\n"), 3),
    ] {
        let (read, slices) = read_texts(&[&text]);
        assert_eq!(slices.iter().map(Vec::len).sum::<usize>(), rows, "{text}: {:?}", read.map(|read| read.coverage));
    }
}

#[test]
fn an_empty_page_is_an_empty_page() {
    let (read, slices) =
        read_texts(&[r#"{"data":[],"page_number":0,"total_element_count":0,"total_page_count":0}"#]);
    assert_eq!(
        (read.unwrap().coverage[0].outcome, slices.len()),
        (Outcome::Empty, 0)
    );
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    for (text, word) in [
        ("", "holds nothing"),
        ("hello\nworld\n", "saved-0.json"),
        ("<html></html>", "saved-0.json"),
        (r#"{"a":1}"#, "holds nothing this version reads"),
        (
            r#"{"meta":{"rc":"ok"},"data":[{"_id":"1","name":"Office","security":"wpapsk"}]}"#,
            "it reads system-log pages and rows",
        ),
        (
            "<4>Mar  5 13:08:27 nas sshd[7]: x\n<4>Mar  5 13:08:28 nas cron: y\n",
            "2 lines of a log server, and none of them is of a UniFi device",
        ),
        (r#"[{"a":1},{"b":2}]"#, "holds nothing"),
        (r#"{"data":[{"id":"a""#, "cut off"),
        (
            r#"{"meta":{"rc":"error","msg":"api.err.NotFound"},"data":[]}"#,
            "api.err.NotFound",
        ),
        (
            r#"[{"time":1,"action":"blocked","source":{},"destination":{}}]"#,
            "traffic flows",
        ),
    ] {
        let Err(FilesError::Unusable(message)) = read_texts(&[text]).0 else {
            panic!("{text}")
        };
        assert!(
            message.contains(word) && message.contains("saved-0.json"),
            "{text}: {message}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_another_matter_than_one_that_holds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for path in [PathBuf::from("/nonexistent/x.json"), directory.path().to_owned()] {
        let gone = read(
            std::slice::from_ref(&path),
            &mut std::io::empty(),
            &Zone::utc(),
            now(),
            &mut |_| Ok(()),
        );
        let Err(FilesError::Unreadable(message)) = gone else {
            panic!("{gone:?}")
        };
        assert!(
            message.contains(&format!("{} cannot be read", path.display())),
            "{message}"
        );
    }
}

/// A page of the rows of this range, with what its header says there is in all.
fn page(rows: std::ops::Range<u64>, total: u64) -> String {
    let rows: Vec<String> = rows
        .map(|n| {
            format!(
                r#"{{"id":"r{n}","key":"K","timestamp":{}}}"#,
                1_778_077_234_330 - n
            )
        })
        .collect();
    format!(
        r#"{{"data":[{}],"page_number":0,"total_element_count":{total},"total_page_count":2}}"#,
        rows.join(",")
    )
}

fn outcomes(texts: &[&str]) -> Vec<(Outcome, Option<String>)> {
    let coverage = read_texts(texts).0.unwrap().coverage;
    let told = coverage.into_iter().map(|line| (line.outcome, line.reason));
    told.collect()
}

#[test]
fn a_page_of_several_is_not_the_whole_log() {
    let why = |text: &str| (Outcome::Partial, Some(text.to_owned()));
    assert_eq!(
        outcomes(&[&page(0..50, 60), SYSINFO]),
        [
            why("50 of the 60 rows its own header tells of are in this file"),
            (Outcome::Complete, None)
        ]
    );
    // The same page twice is no second page, and a row on both of two pages is one row.
    assert_eq!(
        outcomes(&[&page(0..50, 60), &page(0..50, 60), &page(45..55, 60)]),
        vec![why("55 of the 60 rows its own header tells of are in these files"); 3]
    );
    // Another listing completes nothing.
    assert_eq!(
        outcomes(&[&page(0..50, 60), &page(50..60, 10)])[0],
        why("50 of the 60 rows its own header tells of are in this file")
    );
    let legacy = LEGACY.replace(r#""count":1"#, r#""count":812"#);
    assert_eq!(
        outcomes(&[&legacy]),
        [why("1 of the 812 rows its own header tells of are in this file")]
    );
}

#[test]
fn pages_of_one_listing_complete_each_other() {
    let (first, second) = (page(0..50, 60), page(50..60, 60));
    assert_eq!(outcomes(&[&first, &second]), vec![(Outcome::Complete, None); 2]);
    assert_eq!(
        outcomes(&[&format!("{first}\n{second}\n")]),
        [(Outcome::Complete, None)]
    );
    // The last page was saved empty, the first alone was everything.
    assert_eq!(
        outcomes(&[&page(0..60, 60), &page(0..0, 60)]),
        [(Outcome::Complete, None), (Outcome::Empty, None)]
    );
    // Rows without ids that say the same are as many as are written.
    let twins = r#"{"data":[{"key":"K","timestamp":1778077234330},{"key":"K","timestamp":1778077234330}],"total_element_count":2}"#;
    assert_eq!(outcomes(&[twins]), [(Outcome::Complete, None)]);
}

#[test]
fn files_without_log_rows_say_what_they_hold() {
    let coverage = read_texts(&[SYSINFO, DEVICES, HEALTH]).0.unwrap().coverage;
    for line in coverage {
        assert_eq!(
            (line.outcome, line.records, line.events),
            (Outcome::Complete, 1, 0),
            "{}",
            line.name
        );
    }
    assert_eq!(outcomes(&["[]"]), [(Outcome::Empty, None)]);
}

#[test]
fn standard_input_is_a_file_called_stdin() {
    let mut rows = 0;
    let from = read(
        &[PathBuf::from("-")],
        &mut PAGE.as_bytes(),
        &Zone::utc(),
        now(),
        &mut |slice| {
            rows += slice.rows.len();
            Ok(())
        },
    );
    assert_eq!(
        (from.unwrap().coverage[0].name.as_str(), rows),
        ("input/stdin", 2)
    );
}

/// Recordings of real consoles lie outside the project; `UNIFI_SCAN_RECORDINGS` says where.
#[cfg(feature = "real")]
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests with recordings are told where those are"
)]
fn recordings_of_real_consoles_are_read() {
    let Some(root) = std::env::var_os("UNIFI_SCAN_RECORDINGS").map(PathBuf::from) else {
        println!("not run: recordings (UNIFI_SCAN_RECORDINGS is not set)");
        return;
    };
    let zero_proof = root.join("MKippen-ZeroProof/packages/unifi-client/test/fixtures");
    for (path, rows, devices) in [
        (zero_proof.join("threat-alerts-page.json"), 50, 0),
        (zero_proof.join("triggers-page.json"), 0, 0),
        (zero_proof.join("devices.json"), 0, 3),
        (root.join("unpoller-unifi/examples/events.json"), 3, 0),
        (root.join("unpoller-unifi/examples/usw.json"), 0, 1),
        (root.join("Kane610-aiounifi/gateway_usg3.json"), 0, 1),
        (root.join("synthetic/v2/admin-activity.json"), 1, 0),
    ] {
        let mut found = 0;
        let from = read(
            std::slice::from_ref(&path),
            &mut std::io::empty(),
            &Zone::utc(),
            now(),
            &mut |slice| {
                found += slice.rows.len();
                Ok(())
            },
        );
        let from = from.unwrap();
        let listed: usize = from
            .snapshots
            .iter()
            .flat_map(|snapshot| &snapshot.devices)
            .map(Vec::len)
            .sum();
        assert_eq!(
            (found, listed, from.coverage[0].malformed),
            (rows, devices, 0),
            "{}",
            path.display()
        );
    }
}
