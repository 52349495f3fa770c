//! The judgement: a digest of rows and a picture of the devices become a few findings in plain English.
//!
//! Pure: no clock, no files, no network. Every row ends in exactly one finding, or is routine, or is muted.

pub mod address;
mod cases;
pub mod catalogue;
pub mod digest;
mod itself;
mod lines;
mod outages;
mod phrases;
mod place;
pub mod rules;
#[cfg(test)]
mod samples;
mod scene;
mod snapshot;
mod spells;
mod tables;
mod threats;
mod trend;
mod turns;
mod whole_site;
mod words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::analyse::digest::ROUTINE;
use crate::analyse::rules::Kind;
use crate::analyse::scene::Scene;
use crate::model::coverage::SourceCoverage;
use crate::model::device::Snapshot;
use crate::model::digest::Digest;
use crate::model::finding::{Category, Finding, Severity, Trend};
use crate::model::memory::Memory;
use crate::model::report::{Counts, DeviceLine, Hour, RoutineKey, Threats, UnknownKey};
use crate::model::window::Window;

/// All that is known when a run is judged.
pub struct Evidence<'a> {
    pub digest: &'a Digest,
    pub snapshot: &'a Snapshot,
    pub coverage: &'a [SourceCoverage],
    pub memory: &'a Memory,
    /// The number the run will have; `None` if ad hoc.
    pub run: Option<u64>,
    pub now: DateTime<Utc>,
    pub window: Window,
}

/// What the report says, and what is remembered for the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub findings: Vec<Finding>,
    pub routine: Vec<RoutineKey>,
    pub counts: Counts,
    pub threats: Threats,
    pub devices: Vec<DeviceLine>,
    pub timeline: Vec<Hour>,
    pub unknown_keys: Vec<UnknownKey>,
    /// The next run's memory.
    pub memory: Memory,
    pub fates: Fates,
}

/// How a row was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountedAs {
    /// In the finding with this fingerprint.
    Finding(String),
    Routine,
    /// The operator does not want to hear of it.
    #[expect(
        dead_code,
        reason = "counted by the contract; operators cannot mute a rule yet"
    )]
    Muted,
}

/// What became of every group, for the event archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    by_group: BTreeMap<String, CountedAs>,
}

impl Fates {
    /// How rows filed under this group (see [`digest::Filed`]) were counted.
    pub fn of(&self, group: &str) -> CountedAs {
        let (key, overflow) = group.split_once(':').unwrap_or((group, ""));
        self.by_group
            .get(key)
            .or_else(|| self.by_group.get(overflow))
            .cloned()
            .unwrap_or(CountedAs::Routine)
    }
}

/// Judges a run.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let scene = Scene::new(evidence);
    let mut findings = Vec::new();
    let mut fates = Fates::default();
    let mut routine = evidence.digest.routine.clone();
    let mut told: Vec<(String, BTreeMap<i64, u64>)> = Vec::new();
    for ruling in cases::rulings(&scene) {
        let fate = match &ruling.finding {
            Some(finding) => CountedAs::Finding(finding.fingerprint.clone()),
            None => CountedAs::Routine,
        };
        for key in &ruling.case.keys {
            fates.by_group.insert(key.clone(), fate.clone());
        }
        if let Some(finding) = ruling.finding {
            told.push((finding.fingerprint.clone(), ruling.case.group.hours));
            add(&mut findings, finding);
            continue;
        }
        let keys = &ruling.case.group.keys;
        for (key, count) in &keys.values {
            *routine.entry(key.clone()).or_default() += count;
        }
        if keys.rest > 0 {
            *routine.entry("other".to_owned()).or_default() += keys.rest;
        }
    }
    fates.by_group.insert(ROUTINE.to_owned(), CountedAs::Routine);
    for finding in snapshot::findings(&scene) {
        add(&mut findings, finding);
    }
    findings.extend(itself::findings(evidence));
    let memory = trend::apply(&mut findings, &scene);
    if scene.is_recording() {
        for finding in &mut findings {
            finding.ongoing = false;
        }
    }
    findings.sort_by_cached_key(|finding| urgency(finding, &scene));
    Judgement {
        counts: tables::counts(evidence.digest, &findings, &routine),
        routine: tables::routine_keys(&routine),
        threats: threats::at_a_glance(evidence.digest),
        devices: lines::of(evidence.snapshot),
        timeline: tables::timeline(evidence.digest, evidence.window, &shades(&told, &findings)),
        unknown_keys: tables::unknown_keys(evidence.digest),
        findings,
        memory,
        fates,
    }
}

/// How the hours are to be coloured: each finding's rows in its own final severity.
fn shades(told: &[(String, BTreeMap<i64, u64>)], findings: &[Finding]) -> tables::Shades {
    let mut shades = tables::Shades::new();
    for (fingerprint, hours) in told {
        let finding = findings
            .iter()
            .find(|finding| finding.fingerprint == *fingerprint);
        let shade = match finding.map(|finding| finding.severity) {
            Some(Severity::Severe) => 0,
            Some(Severity::Medium) => 1,
            Some(Severity::Low) => 2,
            Some(Severity::Info) | None => continue,
        };
        for (hour, rows) in hours {
            if let Some(sum) = shades.entry(*hour).or_default().get_mut(shade) {
                *sum += rows;
            }
        }
    }
    shades
}

/// Adds a finding; the same one seen in the events and in the snapshot is one, and goes on now.
fn add(findings: &mut Vec<Finding>, finding: Finding) {
    let same_device = |known: &Finding| {
        known.fingerprint == finding.fingerprint
            || finding.count == 0
                && finding.rule == "device-down"
                && known.rule == "device-flapping"
                && known.site == finding.site
                && known.subject.id == finding.subject.id
    };
    let Some(known) = findings.iter_mut().find(|known| same_device(known)) else {
        findings.push(finding);
        return;
    };
    let from_snapshot = finding.count == 0;
    // Rows that end with its return are older than a list in which it is gone, or know less than one.
    let gone_again = finding.ongoing && !known.ongoing;
    if from_snapshot && known.rule == finding.rule && (gone_again || known.rule == "firmware-available") {
        known.explanation = finding.explanation;
        known.remediation = finding.remediation;
        known.trend = finding.trend;
    }
    known.ongoing |= finding.ongoing;
    known.severity = known.severity.max(finding.severity);
    known.count += finding.count;
    known.first_seen = known.first_seen.min(finding.first_seen);
    known.last_seen = known.last_seen.max(finding.last_seen);
    known.occurrences = known.occurrences.max(finding.occurrences);
    // What is true now reads better than what the rows said, except that "keeps dropping out" says more.
    if from_snapshot && known.rule == finding.rule {
        known.title = finding.title;
        known.subject = finding.subject;
    }
}

/// The order of reading: nothing works, somebody may be inside, still broken, severe, medium, worse, low, info,
/// over; the report's own limits last.
fn urgency(
    finding: &Finding,
    scene: &Scene<'_>,
) -> (
    u8,
    u8,
    std::cmp::Reverse<Severity>,
    Category,
    std::cmp::Reverse<u64>,
    String,
) {
    let own = rules::find(&finding.rule).kind == Kind::Report;
    let class = match (finding.severity, finding.trend) {
        _ if own => 11,
        (_, Trend::Resolved) => 10,
        (Severity::Severe, _) if finding.ongoing && scene.is_vital(finding) => 0,
        (Severity::Severe, _) if finding.category == Category::Security => 1,
        (Severity::Severe, _) if finding.ongoing => 2,
        (Severity::Severe, Trend::New) => 3,
        (Severity::Severe, _) => 4,
        (Severity::Medium, _) if finding.ongoing => 5,
        (Severity::Medium | Severity::Low, Trend::Worse) => 6,
        (Severity::Medium, _) => 7,
        (Severity::Low, _) => 8,
        (Severity::Info, _) => 9,
    };
    let old = u8::from(finding.trend != Trend::New);
    // "10 more of this kind" comes after those of its kind.
    let surplus = u8::from(finding.title.contains(" more of this kind: "));
    (
        class,
        if finding.ongoing {
            surplus
        } else {
            2 * old + surplus
        },
        std::cmp::Reverse(finding.severity),
        finding.category,
        std::cmp::Reverse(finding.count),
        format!("{}{}", finding.title, finding.fingerprint),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::samples::{Case, row, stream};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_row_is_counted_exactly_once(rows in stream(700)) {
            let mut case = Case::default();
            let filed = case.fold(&rows);
            let judged = case.judge();
            let found: u64 = judged.findings.iter().map(|finding| finding.count).sum();
            let counts = &judged.counts;
            prop_assert_eq!(found + counts.routine + counts.muted, counts.events);
            prop_assert_eq!(counts.events, rows.len() as u64);
            prop_assert_eq!(judged.timeline.iter().map(|h| h.severe + h.medium + h.low + h.info).sum::<u64>(), counts.events);

            let mut by_fate: BTreeMap<String, u64> = BTreeMap::new();
            for group in &filed {
                let fate = match judged.fates.of(&group.group) {
                    CountedAs::Finding(fingerprint) => fingerprint,
                    CountedAs::Routine => ROUTINE.to_owned(),
                    CountedAs::Muted => "muted".to_owned(),
                };
                *by_fate.entry(fate).or_default() += 1;
            }
            prop_assert_eq!(by_fate.remove(ROUTINE).unwrap_or(0), counts.routine);
            for finding in judged.findings.iter().filter(|finding| finding.count > 0) {
                prop_assert_eq!(by_fate.remove(&finding.fingerprint), Some(finding.count), "{}", finding.title);
            }
            prop_assert!(by_fate.is_empty(), "{:?}", by_fate);
        }

        #[test]
        fn the_same_rows_in_any_order_give_the_same_report(rows in stream(300)) {
            let mut forward = Case::default();
            forward.fold(&rows);
            let mut backward = Case::default();
            backward.fold(&rows.into_iter().rev().collect::<Vec<_>>());
            let [one, other] = [forward, backward].map(|case| case.judge());
            prop_assert_eq!(serde_json::to_vec(&one.findings).unwrap(), serde_json::to_vec(&other.findings).unwrap());
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn fifty_identical_rows_are_one_finding() {
        let pair = [("SRC_IP", "192.168.3.62"), ("DST_IP", "100.126.147.59")];
        let judged = Case::of((0..50).map(|n| row("THREAT_BLOCKED_V3", n * 600, &pair))).judge();
        let [finding] = judged.findings.as_slice() else {
            panic!("{:#?}", judged.findings);
        };
        assert_eq!((finding.count, finding.severity), (50, Severity::Medium));
        assert_eq!(
            finding.title,
            "One of your devices (192.168.3.62) tried 50 times to reach 100.126.147.59, probably a VPN address; every attempt was blocked"
        );
        assert_eq!((judged.threats.blocked, judged.threats.detected), (50, 0));
    }

    #[test]
    fn an_outage_reported_three_ways_is_one_occurrence() {
        let judged = Case::of([
            row("EVT_AP_Lost_Contact", 100, &[("AP", "02:00:00:00:00:AA")]),
            row("DEVICE_UNREACHABLE", 101, &[("DEVICE", "02:00:00:00:00:aa")]),
            row("EVT_AP_Connected", 700, &[("AP", "02:00:00:00:00:AA")]),
        ])
        .judge();
        assert_eq!(judged.findings.len(), 1);
        assert_eq!((judged.findings[0].count, judged.findings[0].occurrences), (3, 1));
        assert!(
            judged.findings[0]
                .title
                .ends_with("was offline for 10 min and is back"),
            "{}",
            judged.findings[0].title
        );
    }

    #[test]
    fn no_hour_is_severe_without_a_severe_finding_in_it() {
        let wan = [("WAN_NAME", "Fiber"), ("DURATION", "4m")];
        let judged = Case::of([
            row("NETWORK_WAN_FAILED_2", 0, &wan),
            row("NETWORK_WAN_RESTORED_2", 240, &wan),
            row(
                "HONEYPOT_HIT_DETECTED_KNOWN_CLIENT",
                7300,
                &[("SRC_CLIENT", "pc")],
            ),
            row("CLIENT_ROAMED_2", 7400, &[("CLIENT", "pc")]),
        ])
        .judge();
        let hours: Vec<_> = judged
            .timeline
            .iter()
            .map(|h| [h.severe, h.medium, h.low, h.info])
            .collect();
        assert_eq!(hours[..3], [[0, 2, 0, 0], [0; 4], [1, 0, 0, 1]]);
    }

    #[test]
    fn a_recording_is_measured_by_its_own_clock() {
        let lost = row("EVT_AP_Lost_Contact", 100, &[("AP", "02:00:00:00:00:AA")]);
        let mut case = Case::of([lost]);
        (case.run, case.until) = (0, Some(samples::start() + chrono::TimeDelta::hours(3)));
        case.now += chrono::TimeDelta::days(2000);
        let judged = case.judge();
        let [finding] = judged.findings.as_slice() else {
            panic!("{:#?}", judged.findings);
        };
        assert!(
            finding
                .title
                .ends_with("went offline, and was not back 2 h 58 min later when the records end"),
            "{}",
            finding.title
        );
        assert!(!finding.ongoing, "nobody knows");
    }

    #[test]
    fn a_restart_for_an_update_is_no_outage() {
        let ap = [("AP", "02:00:00:00:00:aa")];
        let judged = Case::of([
            row("EVT_AP_Lost_Contact", 100, &ap),
            row("EVT_AP_Connected", 300, &ap),
            row("EVT_AP_Upgraded", 310, &ap),
        ])
        .judge();
        let rules: Vec<_> = judged
            .findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        assert_eq!(rules, ["firmware-updated"]);
        assert_eq!(judged.counts.routine, 2);
    }

    #[test]
    fn a_key_nobody_knows_is_counted_and_shown_masked() {
        let judged = Case::of([row("EVT_AP_Sang", 0, &[("AP", "192.0.2.7")])]).judge();
        assert_eq!(judged.findings[0].rule, "unknown-keys");
        assert_eq!(
            judged.unknown_keys[0].example,
            "EVT_AP_Sang happened to [address]"
        );
    }

    #[test]
    fn what_is_still_broken_is_read_first() {
        let judged = Case::of([
            row(
                "THREAT_DETECTED_V3",
                0,
                &[("SRC_IP", "10.0.0.9"), ("DST_IP", "203.0.113.9")],
            ),
            row("EVT_SW_Lost_Contact", 60, &[("SW", "02:00:00:00:00:bb")]),
            row("EVT_AD_Login", 70, &[("ADMIN", "alex")]),
            row("EVT_NEW", 80, &[]),
        ])
        .judge();
        let rules: Vec<_> = judged
            .findings
            .iter()
            .map(|finding| finding.rule.as_str())
            .collect();
        assert_eq!(
            rules,
            ["threat-outbound", "device-down", "admin-access", "unknown-keys"]
        );
        assert!(judged.findings[1].ongoing);
    }
}
