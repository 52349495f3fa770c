//! What `run --input` says about consoles recorded in the wild.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{UNIFI_SCAN, said, tool};

/// Where the recordings of one 10.3.58 console lie.
const ONE_CONSOLE: &str = "MKippen-ZeroProof/packages/unifi-client/test/fixtures";

/// Recordings that hold log rows, and how many.
const ROWS: &[(&str, u64)] = &[
    (
        "MKippen-ZeroProof/packages/unifi-client/test/fixtures/threat-alerts-page.json",
        50,
    ),
    (
        "sirkirby-unifi-mcp/packages/unifi-core/tests/network/fixtures/system_log_events_response.json",
        4,
    ),
    ("Kane610-aiounifi/event_switch_16_lost_contact.json", 1),
    ("Kane610-aiounifi/event_wireless_client_connected.json", 1),
    ("unpoller-unifi/examples/events.json", 3),
];

/// Recordings that hold devices.
const DEVICES: &[&str] = &[
    "Kane610-aiounifi/access_point_ac_pro.json",
    "Kane610-aiounifi/gateway_usg3.json",
    "Kane610-aiounifi/pdu_pro.json",
    "Kane610-aiounifi/plug_up1.json",
    "Kane610-aiounifi/strip_up6.json",
    "Kane610-aiounifi/switch_16_port_poe.json",
    "Kane610-aiounifi/switch_8_port.json",
    "Kane610-aiounifi/switch_flex_mini_5_port.json",
    "unpoller-unifi/examples/pdu.json",
    "unpoller-unifi/examples/uap.json",
    "unpoller-unifi/examples/ugw.json",
    "unpoller-unifi/examples/usw.json",
];

/// What the program makes of recorded files.
fn read(files: &[PathBuf], arguments: &[&str]) -> Output {
    let temp = tempfile::tempdir().unwrap();
    Command::new(UNIFI_SCAN)
        .env_clear()
        .env("REPORTS_DIR", temp.path())
        .args(["run", "--dry-run"])
        .args(arguments)
        .arg("--input")
        .args(files)
        .output()
        .unwrap()
}

/// The text report of recorded files, which must be readable: whole (0), or a part of what they tell of (3).
fn told_about(recordings: &str, files: &[&str]) -> String {
    let files: Vec<PathBuf> = files
        .iter()
        .map(|file| Path::new(recordings).join(file))
        .collect();
    let output = read(&files, &[]);
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{files:?}: {}",
        said(&output)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn fifty_recorded_blocks_of_one_pair_are_one_finding() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "the recorded threat page") else {
        return;
    };
    let told = told_about(&recordings, &[&format!("{ONE_CONSOLE}/threat-alerts-page.json")]);
    assert!(
        told.contains("192.168.3.62") && told.contains("100.126.147.59"),
        "{told}"
    );
    assert!(told.contains("50 events") && told.contains("50 times"), "{told}");
    // The page's own header tells of 60 rows: that ten are missing is a finding about the report.
    let rules = |what: &str| told.matches(what).count();
    assert_eq!(rules("· rule threat-"), 1, "{told}");
    assert_eq!(rules("· rule "), 1 + rules("· rule coverage"), "{told}");
    assert!(told.contains("50 of the 60 rows"), "{told}");
}

#[test]
fn recorded_devices_show_the_offline_one() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "the recorded devices") else {
        return;
    };
    let devices = format!("{ONE_CONSOLE}/devices.json");
    let alone = told_about(&recordings, &[&devices]);
    assert!(
        alone.contains("offline") && alone.contains("1 finding"),
        "{alone}"
    );
    let sysinfo = format!("{ONE_CONSOLE}/sysinfo.json");
    let both = told_about(&recordings, &[&sysinfo, &devices]);
    assert!(both.contains("offline") && both.contains("1 finding"), "{both}");
}

#[test]
fn every_recorded_row_is_counted() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "recorded log rows") else {
        return;
    };
    for (file, rows) in ROWS {
        let told = told_about(&recordings, &[file]);
        let events = if *rows == 1 {
            "1 event,"
        } else {
            &format!("{rows} events,")
        };
        assert!(
            told.lines().last().unwrap_or_default().contains(events),
            "{file}: {told}"
        );
    }
}

#[test]
fn recorded_devices_of_every_model_are_read() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "recorded devices of many models") else {
        return;
    };
    for file in DEVICES {
        let told = told_about(&recordings, &[file]);
        assert!(
            told.contains("1 device") || told.contains(" devices: "),
            "{file}: {told}"
        );
    }
}

#[test]
fn every_recorded_file_is_read_or_refused_by_name() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "every recorded file") else {
        return;
    };
    let (mut read_ones, mut refused, mut faults) = (0, 0, Vec::new());
    for file in files_below(Path::new(&recordings)) {
        let output = read(std::slice::from_ref(&file), &["--max-runtime", "30s"]);
        let told = said(&output);
        if told.contains("panicked") || told.contains("RUST_BACKTRACE") {
            faults.push(format!("{}: {told}", file.display()));
            continue;
        }
        match output.status.code() {
            Some(0 | 3) => read_ones += 1,
            Some(76) if told.contains(&*file.file_name().unwrap().to_string_lossy()) => refused += 1,
            _ => faults.push(format!("{}: {}: {told}", file.display(), output.status)),
        }
    }
    println!("{read_ones} recorded files read, {refused} refused");
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(
        read_ones >= ROWS.len() + DEVICES.len(),
        "only {read_ones} of the recordings were read"
    );
}
