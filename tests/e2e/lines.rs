//! `run --input` over lines for log servers: CEF and syslog, plain and gzipped.

use std::collections::BTreeMap;
use std::io::Write as _;

use chrono::{TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::archive;
use crate::console::row::Row;
use crate::input::{page, report};
use crate::scenario::Scenario;

/// CEF as consoles spoil it: a stray space, a missing field, no time of their own, `=` and spaces inside of values.
const CEF: &str = "\
Jul  5 04:17:21 gw CEF:0|Ubiquiti|UniFi Network|9.3.33|544|Admin Accessed UniFi Network|1|UNIFIcategory=System UNIFIadmin=ann src=192.168.1.10 msg=ann accessed UniFi Network.
Jul  5 04:18:02 gw.example.net 2025-07-05T04: 18:02.976Z gw CEF:0|Ubiquiti|UniFi Network|9.3.33|201|Threat Detected and Blocked|9|proto=TCP src=198.51.100.23 spt=51413 dst=192.168.1.20 dpt=22 UNIFIrisk=high msg=An attempt.
Jul  5 04:19:11 gw CEF:0|Ubiquiti|UniFi Network|9.3.33|202|Honeypot Triggered|6|src=192.168.1.55 dst=192.168.1.2 dpt=22 proto=TCP UNIFIclientAlias=Lab PC (1) UNIFIclientMac=02:00:00:00:00:55 msg=Lab PC (1) accessed the honeypot.
Jul  5 04:21:44 gw CEF: 0|Ubiquiti|UniFi OS|4.3.5|admins|1|msg=ann signed in to UniFi OS. Source IP: 192.0.2.10
Sep 10 10:00:01 gw CEF:0|Ubiquiti|UniFi Network|10.2.93|546|Config Modified|5|src=192.0.2.10 UNIFIsettingsSection=Security UNIFIadmin=ann cnt=2 UNIFIutcTime=2026-09-10T08:00:01.334Z msg=ann made 2 changes.
Sep 10 10:00:05 gw CEF:0|Ubiquiti|UniFi Network|10.2.93|400|WiFi Client Connected|1|UNIFIclientAlias=Phone=1 UNIFIclientMac=02:00:00:00:00:66 UNIFIutcTime=2026-09-10T08:00:05.000Z msg=Phone=1 connected.
Sep 10 10:02:00 gw CEF:0|Ubiquiti|UniFi Network|10.6.101|105|Temporary Internet Failover|6|UNIFIwanName=WAN1 UNIFIfailoverWanName=WAN2 UNIFIreportedDuration=75s UNIFIutcTime=2026-09-10T08:02:00.000Z msg=Internet failed over.
";
/// Four events among what devices tell besides.
const SYSLOG: &str = "\
<4>Mar  5 13:08:27 gw [WAN_LOCAL-D-2147483647] DESCR=\"Block All\" IN=eth8 OUT= MAC=02:00 SRC=198.51.100.7 DST=203.0.113.10 LEN=44 DF PROTO=TCP SPT=80 DPT=22 SEQ=0
<13>Mar  5 13:08:27 gw [LAN_CUSTOM1-A-10000] DESCR=\"Allow Out\" IN=br4 OUT=eth8 SRC=192.0.2.55 DST=198.51.100.8 PROTO=UDP SPT=5 DPT=443
<30>Mar  5 13:08:30 gw gw dnsmasq-dhcp[3861005]: DHCPACK(br4) 192.0.2.55 02:00:00:00:00:55 LabPC
<14>Mar  5 13:08:31 ap3 0200000000aa,U6-Lite-6.7.17+15512: hostapd[10034]: wifi2ap6: STA 02:00:00:00:00:66 IEEE 802.11: associated (aid 1)
<13>1 2026-03-05T13:08:31+01:00 ap3 hostapd 10034 - - wifi2ap6: AP-STA-DISCONNECTED 02:00:00:00:00:66
<1>Mar  5 13:08:33 gw suricata[1234]: [1:2027865:3] ET INFO DNS [**] [Classification: Bad] [Priority: 2] {UDP} 192.168.1.55:50222 -> 198.51.100.1:53
<30>Mar  5 13:08:34 nas sshd[7]: Accepted publickey for root
";

pub fn gzip(text: &str) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

fn read(scenario: &Scenario, files: &[(&str, &[u8])], code: i32) -> Value {
    let mut arguments = vec!["run".to_owned(), "--input".to_owned()];
    for (name, bytes) in files {
        arguments.push(scenario.file(name, bytes).to_str().unwrap().to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    scenario.does(&arguments).exits(code);
    let report = report(scenario);
    archive::conserved(&report);
    report
}

/// Rows of each rule.
fn rules(report: &Value) -> BTreeMap<&str, u64> {
    let mut rules = BTreeMap::new();
    for finding in report["findings"].as_array().unwrap() {
        *rules.entry(finding["rule"].as_str().unwrap()).or_default() += finding["count"].as_u64().unwrap();
    }
    rules
}

#[test]
fn cef_lines_are_judged_as_rows_of_the_console_are() {
    let scenario = Scenario::new().env("UNIFI_TIMEZONE", "Europe/Berlin");
    let report = read(&scenario, &[("siem.log", CEF.as_bytes())], 0);
    assert_eq!(report["counts"]["events"], 7);
    let found = rules(&report);
    for (rule, count) in [
        ("admin-access", 2),
        ("config-change", 1),
        ("honeypot-hit", 1),
        ("threat-inbound-blocked", 1),
        ("wan-failover", 1),
    ] {
        assert!(found.get(rule) == Some(&count), "{rule}: {found:?}");
    }
    assert!(report.to_string().contains("Lab PC (1)"));
    assert!(report.to_string().contains("Backup line: “WAN2”"));
    let warnings = report["warnings"].to_string();
    assert!(
        warnings
            .contains("3 lines tell their time without year or zone: it was read as that of Europe/Berlin"),
        "{warnings}"
    );
    assert_eq!(report["unknown_keys"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_threat_told_by_cef_is_the_finding_that_the_row_of_the_log_is() {
    let time = Utc::now() - TimeDelta::days(3);
    let (from, to) = ("192.168.7.5", "198.51.100.9");
    let row = Row::threat(1, time, from, to);
    let line = format!(
        "<14>Mar  5 13:08:27 gw CEF:0|Ubiquiti|UniFi Network|10.2.93|201|Threat Detected and Blocked|7|src={from} spt=4711 dst={to} \
         UNIFIdeviceMac=02:00:5e:00:53:00 UNIFIdeviceName=Gateway UNIFIutcTime={} msg=A network intrusion attempt from {from} to {to} has been detected and blocked.\n",
        time.format("%Y-%m-%dT%H:%M:%S%.3fZ")
    );
    let by_row = read(&Scenario::new(), &[("page.json", page(&[row]).as_bytes())], 0);
    let by_line = read(&Scenario::new(), &[("siem.log", line.as_bytes())], 0);
    let threat = |report: &Value| {
        let mut finding = report["findings"][0].clone();
        // Which spelling it was sent in is all that may differ.
        finding["examples"][0].as_object_mut().unwrap().remove("key");
        finding
    };
    assert_eq!(threat(&by_row)["rule"], "threat-outbound");
    assert_eq!(threat(&by_row), threat(&by_line));
    assert_eq!(by_row["threats"], by_line["threats"]);
}

#[test]
fn syslog_lines_are_judged_and_what_tells_nothing_is_passed_over_and_counted() {
    let report = read(&Scenario::new(), &[("gw.log", SYSLOG.as_bytes())], 0);
    assert_eq!(
        (&report["counts"]["events"], &report["counts"]["routine"]),
        (&4.into(), &2.into())
    );
    let found = rules(&report);
    assert!(found.get("threat-noted") == Some(&1), "{found:?}");
    assert!(!report.to_string().contains("virus"), "an ET INFO is no malware");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("3 lines tell of nothing that is judged and are not counted as events (1 of them are not of UniFi)"), "{warnings}");
}

#[test]
fn gzipped_and_piped_lines_tell_the_same() {
    let plain = read(&Scenario::new(), &[("gw.log", SYSLOG.as_bytes())], 0);
    let packed = read(&Scenario::new(), &[("gw.log", &gzip(SYSLOG))], 0);
    assert_eq!(plain["findings"], packed["findings"]);
    let scenario = Scenario::new();
    scenario
        .does_with_input(&["run", "--input", "-"], &gzip(SYSLOG))
        .exits(0);
    assert_eq!(report(&scenario)["counts"], plain["counts"]);
    let scenario = Scenario::new();
    let rows = gzip(&page(&[Row::new(1, Utc::now())]));
    scenario.does_with_input(&["run", "--input", "-"], &rows).exits(0);
    assert_eq!(report(&scenario)["counts"]["events"], 1);
}

#[test]
fn a_line_twice_is_two_events_and_a_file_twice_is_one() {
    let line = SYSLOG.lines().next().unwrap();
    let scenario = Scenario::new();
    let file = scenario.file("gw.log", format!("{line}\n{line}\n"));
    let file = file.to_str().unwrap();
    scenario.does(&["run", "--input", file, file]).exits(0);
    let report = report(&scenario);
    assert_eq!(report["counts"]["events"], 2);
    let source = &report["sources"][1];
    assert_eq!((&source["events"], &source["duplicates"]), (&0.into(), &2.into()));
}

#[test]
fn bad_lines_cost_only_themselves() {
    let mut text = CEF.as_bytes().to_vec();
    text.extend_from_slice(b"Jul  5 04:21:44 gw CEF:0|Ubiquiti|UniFi Net\nnot a line\n\xff\xfe\n");
    text.extend(vec![b'x'; 200_000]);
    text.extend_from_slice(
        b"\n\n<4>Mar  5 13:08:28 gw [LAN-D-1]IN=br30 OUT=eth8 SRC=192.0.2.2 DST=192.0.2.3",
    );
    let report = read(&Scenario::new(), &[("siem.log", &text)], 0);
    let source = &report["sources"][0];
    assert_eq!(
        (&source["events"], &source["malformed"], &source["records"]),
        (&8.into(), &4.into(), &12.into())
    );
    let cut = gzip(&CEF.repeat(3000));
    let report = read(&Scenario::new(), &[("siem.log.gz", &cut[..cut.len() / 2])], 3);
    let source = &report["sources"][0];
    assert!(source["events"].as_u64() > Some(100), "{source}");
    assert!(
        source["reason"].as_str().unwrap().contains("it breaks off after"),
        "{source}"
    );
}

#[test]
fn a_file_of_nothing_but_foreign_lines_is_refused_by_name() {
    let scenario = Scenario::new();
    let file = scenario.file(
        "auth.log",
        "<30>Mar  5 13:08:34 nas sshd[7]: x\n<30>Mar  5 13:08:35 nas cron[7]: y\n",
    );
    scenario
        .does(&["run", "--input", file.to_str().unwrap()])
        .exits(76)
        .says("auth.log holds 2 lines of a log server, and none of them is of a UniFi device");
}
