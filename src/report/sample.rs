//! Reports for this module's tests: a busy day, a quiet one, a crowded one and a hostile one.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};

use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::digest::Digest;
use crate::model::finding::{Example, Finding, Severity};
use crate::model::report::{
    Counts, DeviceLine, Hour, ID_PLACEHOLDER, Report, RoutineKey, SCHEMA_VERSION, ThreatPair, Threats,
    UnknownKey,
};
use crate::model::source::{SourceId, SourceKind};
use crate::model::window::Window;
use crate::report::sample::findings::findings;

mod findings;

/// A day on which nothing happened that needs anybody.
pub fn quiet() -> Report {
    let mut report = empty();
    report.sources = vec![
        source(SourceKind::SystemLog, Outcome::Complete, 212, 212),
        source(SourceKind::Devices, Outcome::Complete, 0, 2),
        source(SourceKind::Health, Outcome::Complete, 0, 5),
    ];
    report.routine = vec![routine(
        "CLIENT_CONNECTED_WIRELESS",
        "A client joined the WiFi",
        212,
    )];
    report.devices = vec![
        device("Gateway", "UDM-Pro", "4.3.9", "online", Some(true), &[]),
        device("Office AP", "U6-Pro", "6.7.17", "online", Some(true), &[]),
    ];
    report.timeline = hours(
        &[
            4, 3, 2, 1, 0, 0, 2, 9, 14, 22, 18, 12, 11, 15, 17, 16, 14, 12, 9, 10, 8, 6, 4, 3,
        ],
        &[],
        &[],
    );
    count(&mut report);
    report
}

/// A day that has some of everything, as a small office would see it.
pub fn busy() -> Report {
    let mut report = quiet();
    report.run = Some(42);
    report.warnings = vec![
        "The certificate of home is not verified (UNIFI_VERIFY_SSL=false): anyone on the way could answer in its place. Pin it instead: unifi-scan check prints the pin.".to_owned(),
    ];
    let log = &mut report.sources[0];
    (log.records, log.late, log.duplicates, log.malformed) = (1_329, 3, 123, 2);
    report.sources[2].outcome = Outcome::Failed;
    report.sources[2].records = 0;
    report.sources[2].reason = Some(
        "the console answered 502 while it was asked for its health; it will be asked again by the next run"
            .to_owned(),
    );
    report.findings = findings();
    report.routine = vec![
        routine("CLIENT_CONNECTED_WIRELESS", "A client joined the WiFi", 402),
        routine("CLIENT_DISCONNECTED_WIRELESS", "A client left the WiFi", 391),
        routine("CLIENT_ROAMED", "A client moved to another access point", 166),
        routine("CLIENT_CONNECTED_WIRED", "A client was plugged in", 41),
        routine("ADMIN_CONFIG_READ", "An administrator opened the console", 12),
    ];
    report.threats = Threats {
        blocked: 61,
        detected: 50,
        pairs: vec![
            pair("reception-pc (192.168.10.23)", "203.0.113.66", 0, 50),
            pair("198.51.100.7", "Gateway (192.0.2.1)", 38, 0),
            pair("198.51.100.90", "Gateway (192.0.2.1)", 17, 0),
            pair("203.0.113.12", "nas (192.168.10.5)", 6, 0),
        ],
    };
    report.devices.extend([
        device(
            "Warehouse AP",
            "U6-LR",
            "6.7.17",
            "offline",
            Some(false),
            &["last seen 5 h ago", "update 6.7.31 available"],
        ),
        device(
            "Server room switch",
            "USW-Pro-48-PoE",
            "7.1.26",
            "online",
            Some(false),
            &["81 °C", "PoE 372 of 400 W"],
        ),
        device(
            "",
            "USW-Flex-Mini",
            "2.1.6",
            "unknown (17)",
            None,
            &["this number is not known to this program"],
        ),
        device("Hall AP", "U7-Pro", "8.0.6", "updating", None, &[]),
        device(
            "Rack switch",
            "USW-24-PoE",
            "7.1.26",
            "online",
            Some(true),
            &["update 7.2.11 available"],
        ),
    ]);
    report.timeline = hours(
        &[
            12, 8, 6, 5, 4, 4, 10, 48, 92, 104, 88, 71, 66, 84, 97, 90, 73, 61, 42, 35, 30, 22, 18, 14,
        ],
        &[(8, 22), (13, 28), (2, 1)],
        &[(0, 3), (9, 6), (10, 4), (16, 12)],
    );
    report.unknown_keys = vec![UnknownKey {
        key: "TELEPORT_INVITE_EXPIRED_V2".to_owned(),
        count: 4,
        example: "The Teleport invitation of (a person) ran out.".to_owned(),
    }];
    report.counts.muted = 7;
    count(&mut report);
    report
}

/// So many findings of one area that most can only be listed.
pub fn crowded(number: usize) -> Report {
    let mut report = quiet();
    let model = findings().swap_remove(2);
    report.findings = (0..number)
        .map(|place| Finding {
            title: format!("Port {place} of the core switch goes up and down"),
            fingerprint: format!("{place:064x}"),
            ..model.clone()
        })
        .collect();
    count(&mut report);
    report
}

/// A report in which every string wants to do harm.
pub fn hostile() -> Report {
    let evil = format!(
        "<script>alert(1)</script>\"' onload=x \u{1b}[2J\u{202e}gnp.exe\r\nBcc: a@b.example\u{0} [x](http://e.example) {{{{7*7}}}} {}",
        "A日".repeat(60_000)
    );
    let mut report = busy();
    poison(&mut report, &evil);
    report
}

/// Puts the text into every string of the report that can come from outside.
pub fn poison(report: &mut Report, evil: &str) {
    let evil = || evil.to_owned();
    (report.generator, report.instance, report.timezone) = (evil(), evil(), evil());
    report.warnings.push(evil());
    for source in &mut report.sources {
        (source.name, source.reason) = (evil(), Some(evil()));
    }
    for finding in &mut report.findings {
        (finding.title, finding.explanation, finding.rule, finding.site) = (evil(), evil(), evil(), evil());
        finding.remediation.push(evil());
        finding.examples.push(Example {
            time: finding.last_seen,
            text: evil(),
        });
    }
    for kind in &mut report.routine {
        (kind.key, kind.title) = (evil(), evil());
    }
    for pair in &mut report.threats.pairs {
        (pair.source, pair.destination) = (evil(), evil());
    }
    for line in &mut report.devices {
        (line.name, line.model, line.state, line.site) = (evil(), evil(), evil(), evil());
        line.notes.push(evil());
    }
    for unknown in &mut report.unknown_keys {
        (unknown.key, unknown.example) = (evil(), evil());
    }
    report.counts.by_category.insert(evil(), 1);
}

fn empty() -> Report {
    let until = at(20, 5, 58);
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        generator: "unifi-scan 0.1.0".to_owned(),
        instance: "5f1c0d9a7b3e42688c21f04e9d6ab713".to_owned(),
        run: Some(43),
        report_id: ID_PLACEHOLDER.to_owned(),
        generated_at: at(20, 6, 0),
        window: Window::new(until - TimeDelta::hours(24), until).unwrap(),
        timezone: "Europe/Berlin".to_owned(),
        demo: false,
        sources: Vec::new(),
        counts: Counts::default(),
        findings: Vec::new(),
        routine: Vec::new(),
        threats: Threats::default(),
        devices: Vec::new(),
        timeline: Vec::new(),
        unknown_keys: Vec::new(),
        warnings: Vec::new(),
        part: None,
        sites: BTreeMap::new(),
        digest: Digest::default(),
    }
}

fn at(day: u32, hour: u32, minute: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, day, hour, minute, 0).unwrap()
}

/// The counts that follow from the rest.
fn count(report: &mut Report) {
    let of = |severity| {
        report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count() as u64
    };
    let mut by_category: BTreeMap<String, u64> = BTreeMap::new();
    for finding in &report.findings {
        *by_category.entry(finding.category.name().to_owned()).or_default() += finding.count;
    }
    let routine: u64 = report.routine.iter().map(|kind| kind.count).sum();
    *by_category.entry("wireless".to_owned()).or_default() += routine;
    let rows: u64 = report.findings.iter().map(|finding| finding.count).sum();
    report.counts = Counts {
        events: rows + routine + report.counts.muted,
        findings: report.findings.len() as u64,
        severe: of(Severity::Severe),
        medium: of(Severity::Medium),
        low: of(Severity::Low),
        info: of(Severity::Info),
        routine,
        muted: report.counts.muted,
        by_category,
    };
    report.sources[0].events = report.counts.events;
}

fn source(kind: SourceKind, outcome: Outcome, events: u64, records: u64) -> SourceCoverage {
    let asked = kind.has_events();
    SourceCoverage {
        id: SourceId {
            controller: "3c9e6a14-0000-4000-8000-000000000001".to_owned(),
            site: "65a1".to_owned(),
            kind,
        },
        name: format!("home/default/{kind}"),
        outcome,
        since: asked.then(|| at(19, 5, 58)),
        until: asked.then(|| at(20, 5, 58)),
        events,
        records,
        late: 0,
        duplicates: 0,
        malformed: 0,
        oldest: asked.then(|| at(18, 6, 1)),
        reason: None,
        code: if outcome.is_whole() { 0 } else { 69 },
    }
}

fn routine(key: &str, title: &str, count: u64) -> RoutineKey {
    RoutineKey {
        key: key.to_owned(),
        title: title.to_owned(),
        count,
    }
}

fn pair(source: &str, destination: &str, blocked: u64, detected: u64) -> ThreatPair {
    ThreatPair {
        source: source.to_owned(),
        destination: destination.to_owned(),
        blocked,
        detected,
    }
}

fn device(
    name: &str,
    model: &str,
    version: &str,
    state: &str,
    healthy: Option<bool>,
    notes: &[&str],
) -> DeviceLine {
    DeviceLine {
        site: "home/default".to_owned(),
        mac: "02:00:5e:00:53:01".to_owned(),
        name: name.to_owned(),
        model: model.to_owned(),
        version: version.to_owned(),
        state: state.to_owned(),
        healthy,
        notes: notes.iter().map(|note| (*note).to_owned()).collect(),
    }
}

/// Hours of the window with so many info events each, and the given severe and medium ones.
fn hours(info: &[u64], severe: &[(usize, u64)], medium: &[(usize, u64)]) -> Vec<Hour> {
    let of = |list: &[(usize, u64)], place| {
        list.iter()
            .filter(|(hour, _)| *hour == place)
            .map(|(_, number)| number)
            .sum()
    };
    info.iter()
        .enumerate()
        .map(|(place, info)| Hour {
            start: at(19, 5, 0) + TimeDelta::hours(i64::try_from(place).unwrap()),
            severe: of(severe, place),
            medium: of(medium, place),
            low: info / 12,
            info: *info,
        })
        .collect()
}
