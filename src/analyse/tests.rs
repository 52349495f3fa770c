//! Whole judgements: rows in, findings out.

use proptest::prelude::*;

use crate::analyse::CountedAs;
use crate::analyse::digest::ROUTINE;
use crate::analyse::samples::{self, Case, row, stream};
use crate::model::finding::{Finding, Severity};
use std::collections::BTreeMap;

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

fn found(run: &Case) -> Vec<Finding> {
    run.judge().findings
}

#[test]
fn a_sign_in_from_the_internet_is_not_mixed_with_those_at_home() {
    let from = |ip, second| row("ADMIN_ACCESS", second, &[("ADMIN", "Ann"), ("IP", ip)]);
    let run = || {
        Case::of([
            from("203.0.113.45", 0),
            from("192.168.1.9", 60),
            from("192.168.1.9", 90),
        ])
    };
    let findings = found(&run());
    let told: Vec<_> = findings
        .iter()
        .map(|finding| (finding.title.as_str(), finding.severity, finding.count))
        .collect();
    assert_eq!(
        told,
        [
            (
                "“Ann” signed in to the console from the internet (203.0.113.45)",
                Severity::Medium,
                1
            ),
            ("“Ann” signed in to the console twice", Severity::Info, 2),
        ]
    );
    let again = found(&run().remembering(run().judge().memory));
    assert_eq!(again[0].severity, Severity::Low, "known by now");
}

#[test]
fn whoever_makes_most_of_many_rows_is_named() {
    let block = |who: &str, n| row("TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT", n, &[("SRC_CLIENT", who)]);
    let said = |rows: Vec<_>| found(&Case::of(rows)).remove(0).explanation;
    let most = (0..79)
        .map(|n| block(if n < 75 { "Camera" } else { "TV" }, n))
        .collect();
    assert!(said(most).ends_with("75 of 79 came from “Camera”."));
    assert!(said(vec![block("TV", 1), block("TV", 2)]).ends_with("All came from “TV”."));
    let even = ["TV", "PC", "Pad"].map(|who| block(who, 1)).into();
    assert!(said(even).ends_with("No single device stands out."));
}

#[test]
fn names_that_rows_hold_are_said() {
    let clash = row(
        "CLIENT_IP_CONFLICT",
        0,
        &[
            ("IP", "192.0.2.60"),
            ("CLIENT_1", "Till"),
            ("CLIENT_2", "Printer"),
        ],
    );
    assert!(
        found(&Case::of([clash]))[0]
            .explanation
            .ends_with("Affected: Printer and Till.")
    );
    let update = row("FIRMWARE_UPDATE_AVAILABLE", 0, &[("DEVICE", "Hall AP")]);
    assert_eq!(
        found(&Case::of([update]))[0].title,
        "A software update is available for “Hall AP”"
    );
    let unknown = row("EVT_AP_Sang", 0, &[]);
    assert!(
        found(&Case::of([unknown]))[0]
            .explanation
            .ends_with("Sent as: EVT_AP_Sang.")
    );
}

#[test]
fn what_a_row_does_not_say_is_not_claimed() {
    let findings = found(&Case::of([
        row("EVT_GW_WANTransition", 0, &[("GW", "02:00:00:00:00:01")]),
        row("EVT_IPS_IpsAlert", 1, &[("SRC_IP", "198.51.100.7")]),
    ]));
    let told: Vec<_> = findings.iter().map(|finding| finding.title.as_str()).collect();
    assert_eq!(
        told,
        [
            "The threat detection raised an alarm",
            "Internet connection changed its state"
        ]
    );
    assert!(
        findings[0]
            .explanation
            .contains("which device it was aimed at or whether it was blocked")
    );
}

#[test]
fn what_the_threat_detection_only_notes_is_no_attack_and_is_not_told_beside_one() {
    let to = |ip, signature, n| {
        let parties = [
            ("SRC_IP", "192.168.1.55"),
            ("DST_IP", ip),
            ("SIGNATURE", signature),
        ];
        row("THREAT_DETECTED_V3", n, &parties)
    };
    let noted = |n| to("198.51.100.1", "ET INFO Observed DNS Query to .cloud TLD", n);
    let alone = found(&Case::of((0..500).map(noted))).remove(0);
    assert_eq!((alone.severity, alone.count), (Severity::Low, 500));
    assert_eq!(
        alone.title,
        "The threat detection noted 500 things that are not dangerous by themselves"
    );
    assert!(
        alone
            .explanation
            .contains("It was traffic from 192.168.1.55 to 198.51.100.1."),
        "{}",
        alone.explanation
    );
    let steps = alone.remediation.join(" ");
    assert!(
        !steps.contains("virus") && steps.starts_with("Nothing to do"),
        "{steps}"
    );

    let malware = row(
        "THREAT_BLOCKED_V3",
        600,
        &[
            ("SRC_IP", "192.168.1.55"),
            ("DST_IP", "203.0.113.9"),
            ("SIGNATURE", "ET MALWARE x"),
        ],
    );
    let both = found(&Case::of([noted(0), malware]));
    let told: Vec<_> = both
        .iter()
        .map(|finding| (finding.title.as_str(), finding.severity, finding.count))
        .collect();
    assert_eq!(
        told,
        [
            (
                "One of your devices (192.168.1.55) tried to reach the suspicious internet address 203.0.113.9; this was blocked",
                Severity::Severe,
                1
            ),
            (
                "The threat detection noted something that is not dangerous by itself",
                Severity::Low,
                1
            )
        ]
    );
}
