//! Reads back what runs left in a reports directory, independently of the program, and checks what the
//! contract says must always hold there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

/// Every file below, as a sorted path relative to `dir`.
pub fn below(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk(dir, "", &mut found);
    found.sort();
    found
}

fn walk(dir: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

#[track_caller]
pub fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("reading {}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{} is not JSON: {error}", path.display()))
}

/// A file of JSON lines; none if it is not there.
#[track_caller]
pub fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    text.lines().map(line).collect()
}

/// The published reports by run number.
pub fn reports(dir: &Path) -> BTreeMap<u64, Value> {
    let names = below(dir);
    let published = names
        .iter()
        .filter(|name| name.starts_with("20") && name.ends_with(".json"));
    let numbered = published.filter(|name| name.contains("/report-"));
    numbered
        .map(|name| {
            let report = json(&dir.join(name));
            (
                report["run"]
                    .as_u64()
                    .unwrap_or_else(|| panic!("{name} has no run number")),
                report,
            )
        })
        .collect()
}

/// The ids in every published event archive, sorted, doubles and all.
pub fn told(dir: &Path) -> Vec<String> {
    let names = below(dir);
    let archives = names
        .iter()
        .filter(|name| name.starts_with("20") && name.contains("/events-"));
    let mut ids: Vec<String> = archives
        .flat_map(|name| lines(&dir.join(name)))
        .map(|row| {
            row["id"]
                .as_str()
                .unwrap_or_else(|| panic!("a row without an id: {row}"))
                .to_owned()
        })
        .collect();
    ids.sort();
    ids
}

/// SHA-256 of the bytes with the 64 digits behind this field's name as zeros, and those digits.
pub fn self_hash(bytes: &[u8], field: &str) -> (String, String) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let digits = value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field}"))
        .to_owned();
    let zeroed = text.replacen(&digits, &"0".repeat(64), 1);
    (
        hex(ring::digest::digest(&ring::digest::SHA256, zeroed.as_bytes()).as_ref()),
        digits,
    )
}

/// A checkpoint with these fields as bytes, with the checksum that belongs to them.
pub fn sealed(mut checkpoint: Value) -> Vec<u8> {
    checkpoint["checksum"] = "0".repeat(64).into();
    let bytes = serde_json::to_vec_pretty(&checkpoint).unwrap();
    let (computed, zeros) = self_hash(&bytes, "checksum");
    let text = String::from_utf8(bytes).unwrap();
    text.replacen(&zeros, &computed, 1).into_bytes()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Fails on: a report whose id is not its hash, rows that are counted nowhere or twice, numbers with
/// holes, an archive that does not match its report, a checkpoint without a valid checksum, a file that
/// nobody should have left, modes other than 0640 and 0750, a committed run without its line of history.
#[track_caller]
pub fn audit(dir: &Path) {
    let numbers: Vec<u64> = reports(dir).into_keys().collect();
    let wanted: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, wanted, "run numbers have holes in {:#?}", below(dir));
    audit_after_recovery(dir);
}

/// The same where a recovery may have superseded numbers.
#[track_caller]
pub fn audit_after_recovery(dir: &Path) {
    let names = below(dir);
    let reports = reports(dir);
    for name in names
        .iter()
        .filter(|name| name.contains("/report-") && name.ends_with(".json"))
    {
        let (computed, written) = self_hash(&fs::read(dir.join(name)).unwrap(), "report_id");
        assert_eq!(computed, written, "report_id of {name}");
        for extension in ["html", "txt"] {
            let rendering = name.replace(".json", &format!(".{extension}"));
            assert!(names.contains(&rendering), "{rendering} is missing in {names:#?}");
        }
    }
    for (number, report) in &reports {
        conserved(report);
        let end = format!("/events-{number:06}.jsonl");
        if let Some(name) = names
            .iter()
            .find(|name| name.starts_with("20") && name.ends_with(&end))
        {
            let rows = lines(&dir.join(name));
            assert_eq!(rows.len() as u64, count(report, "events"), "rows in {name}");
            attributed(report, &rows);
        }
    }
    if names.iter().any(|name| name == ".last_run.json") {
        let (computed, written) = self_hash(&fs::read(dir.join(".last_run.json")).unwrap(), "checksum");
        assert_eq!(computed, written, "checksum of the checkpoint");
    }
    let history = lines(&dir.join("history.jsonl"));
    for number in reports.keys() {
        let told = history
            .iter()
            .filter(|line| line["run"].as_u64() == Some(*number))
            .count();
        assert_eq!(told, 1, "lines of history about run {number}");
    }
    strangers(&names);
    modes(dir, &names);
}

/// Σ findings' count + routine + muted = events.
#[track_caller]
pub fn conserved(report: &Value) {
    let findings = report["findings"].as_array().unwrap();
    let in_findings: u64 = findings
        .iter()
        .filter_map(|finding| finding["count"].as_u64())
        .sum();
    let sum = in_findings + count(report, "routine") + count(report, "muted");
    assert_eq!(
        sum,
        count(report, "events"),
        "conservation in run {}",
        report["run"]
    );
    let of_sources: u64 = report["sources"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["events"].as_u64())
        .sum();
    assert_eq!(
        of_sources,
        count(report, "events"),
        "the sources' events in run {}",
        report["run"]
    );
    assert_eq!(
        count(report, "findings"),
        findings.len() as u64,
        "findings in run {}",
        report["run"]
    );
}

/// Every row of the archive names the finding it is counted in, or as what else it is counted.
#[track_caller]
fn attributed(report: &Value, rows: &[Value]) {
    for finding in report["findings"].as_array().unwrap() {
        let mine = rows
            .iter()
            .filter(|row| row["finding"] == finding["fingerprint"])
            .count() as u64;
        assert_eq!(
            Some(mine),
            finding["count"].as_u64(),
            "rows of {}",
            finding["title"]
        );
    }
    for fate in ["routine", "muted"] {
        let mine = rows.iter().filter(|row| row["counted_as"] == fate).count() as u64;
        assert_eq!(mine, count(report, fate), "rows counted as {fate}");
    }
}

fn count(report: &Value, name: &str) -> u64 {
    report["counts"][name]
        .as_u64()
        .unwrap_or_else(|| panic!("no counts.{name}"))
}

/// The contract's list of files is complete: no temp file stays behind.
#[track_caller]
fn strangers(names: &[String]) {
    let known = [
        ".last_run.json",
        ".last_run.json.bak",
        ".last_run.lock",
        ".run.json",
    ];
    let projections = ["failures.jsonl", "history.jsonl", "index.html"];
    for name in names {
        let base = name.rsplit('/').next().unwrap_or_default();
        let generation = name.strip_prefix(".seen-");
        let fits = known.contains(&name.as_str())
            || projections.contains(&name.as_str())
            || generation.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
            || name.starts_with(".state-backups/last_run-")
            || name.starts_with(".last_run.json.corrupt-")
            || name.starts_with(".outbox/")
            || (name.starts_with("20") && base == "index.html")
            || (name.starts_with("20")
                && ["report-", "events-", "adhoc-"]
                    .iter()
                    .any(|start| base.starts_with(start)));
        assert!(fits, "{name} should not be there: {names:#?}");
    }
}

#[track_caller]
fn modes(dir: &Path, names: &[String]) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    for name in names {
        assert_eq!(mode(&dir.join(name)), 0o640, "mode of {name}");
        let mut parent = Path::new(name).parent();
        while let Some(directory) = parent.filter(|path| !path.as_os_str().is_empty()) {
            assert_eq!(
                mode(&dir.join(directory)),
                0o750,
                "mode of {}",
                directory.display()
            );
            parent = directory.parent();
        }
    }
}

/// No file below holds any of these.
#[track_caller]
pub fn without(dir: &Path, secrets: &[String]) {
    for name in below(dir) {
        let bytes = fs::read(dir.join(&name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "{name} holds a secret: {secret}");
        }
    }
}
