//! What `run --input` says about consoles recorded in the wild.

use std::process::Command;

use crate::{UNIFI_SCAN, tool};

/// The text report of one recorded file.
fn told_about(recordings: &str, file: &str) -> String {
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(UNIFI_SCAN)
        .env_clear()
        .env("REPORTS_DIR", temp.path())
        .args(["run", "--dry-run", "--input"])
        .arg(format!("{recordings}/{file}"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

#[test]
fn fifty_recorded_blocks_of_one_pair_are_one_finding() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "recorded consoles") else {
        return;
    };
    let told = told_about(
        &recordings,
        "MKippen-ZeroProof/packages/unifi-client/test/fixtures/threat-alerts-page.json",
    );
    println!("{told}");
    assert!(
        told.contains("192.168.3.62") && told.contains("100.126.147.59"),
        "{told}"
    );
    assert!(told.contains("50 events") && told.contains("1 finding"), "{told}");
}

#[test]
fn recorded_devices_show_the_offline_one() {
    let Some(recordings) = tool("UNIFI_SCAN_RECORDINGS", "recorded consoles") else {
        return;
    };
    let told = told_about(
        &recordings,
        "MKippen-ZeroProof/packages/unifi-client/test/fixtures/devices.json",
    );
    println!("{told}");
    assert!(told.contains("offline"), "{told}");
}
