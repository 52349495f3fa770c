//! The findings of the busy day.

use crate::model::finding::{Category, Example, Finding, Severity, Subject, Trend};
use crate::report::sample::at;

pub fn findings() -> Vec<Finding> {
    let base = Finding {
        fingerprint: "0".repeat(64),
        rule: String::new(),
        severity: Severity::Info,
        category: Category::System,
        title: String::new(),
        explanation: String::new(),
        remediation: Vec::new(),
        subject: Subject::default(),
        site: "home/default".to_owned(),
        first_seen: at(19, 7, 10),
        last_seen: at(19, 7, 10),
        count: 1,
        occurrences: 1,
        trend: Trend::New,
        days: 1,
        ongoing: false,
        examples: Vec::new(),
    };
    let steps = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
    let seen = |day, hour, minute, text: &str| Example {
        time: at(day, hour, minute),
        text: text.to_owned(),
    };
    vec![
        Finding {
            rule: "infected-host".to_owned(),
            severity: Severity::Severe,
            category: Category::Security,
            title: "reception-pc keeps calling a known malware server, and the gateway lets it".to_owned(),
            explanation: "The computer reception-pc (192.168.10.23) opened 50 connections to 203.0.113.66, which is on a list of servers that control infected machines. The gateway noticed but did not block it: intrusion prevention is set to detect only.".to_owned(),
            remediation: steps(&[
                "Disconnect reception-pc from the network: Clients, reception-pc, Block.",
                "Scan it for malware, and change the passwords that were used on it.",
                "Switch intrusion prevention from “notify” to “notify and block”: Settings, CyberSecure, Protection.",
            ]),
            first_seen: at(19, 13, 4), last_seen: at(19, 18, 41), count: 50, occurrences: 50,
            examples: vec![
                seen(19, 18, 41, "ET MALWARE Win32/Example CnC Activity M3, port 443, detected"),
                seen(19, 18, 33, "ET MALWARE Win32/Example CnC Activity M3, port 443, detected"),
            ],
            ..base.clone()
        },
        Finding {
            rule: "device-down".to_owned(),
            severity: Severity::Severe,
            category: Category::Connectivity,
            title: "Warehouse AP is offline".to_owned(),
            subject: Subject { kind: "device".to_owned(), id: "02:00:00:00:00:41".to_owned(), name: "Warehouse AP".to_owned() },
            explanation: "The console has not heard from the access point Warehouse AP for 5 h. Nobody has WiFi near it.".to_owned(),
            remediation: steps(&["Look at its light: dark means no power.", "Try another cable, then another port of Rack switch (it was on port 7)."]),
            first_seen: at(18, 7, 55), last_seen: at(20, 0, 52), count: 3, occurrences: 1,
            trend: Trend::Recurring, days: 2, ongoing: true,
            examples: vec![seen(20, 0, 52, "Warehouse AP was disconnected from Rack switch, port 7.")],
            ..base.clone()
        },
        Finding {
            rule: "wan-outage".to_owned(),
            severity: Severity::Medium,
            category: Category::Connectivity,
            title: "The internet connection (Example Telecom) failed 4 times, 11 min in all".to_owned(),
            explanation: "Each time the line came back by itself. The longest outage took 6 min.".to_owned(),
            remediation: steps(&["Send the times below to the provider.", "If the modem's own lights were off, look at its power supply first."]),
            first_seen: at(19, 14, 2), last_seen: at(19, 22, 17), count: 8, occurrences: 4,
            trend: Trend::Worse, days: 3,
            examples: vec![seen(19, 14, 2, "WAN1 down for 1 min 40 s"), seen(19, 15, 30, "WAN1 down for 2 min 5 s"), seen(19, 21, 58, "WAN1 down for 6 min"), seen(19, 22, 17, "WAN1 down for 1 min 12 s")],
            ..base.clone()
        },
        Finding {
            rule: "overheating".to_owned(),
            severity: Severity::Medium,
            category: Category::System,
            title: "Server room switch is hot: 81 °C".to_owned(),
            explanation: "Above 80 °C a switch may turn off its ports or itself.".to_owned(),
            remediation: steps(&["Check that its fans turn and that nothing stands in front of its vents."]),
            first_seen: at(20, 5, 59), last_seen: at(20, 5, 59), count: 0, occurrences: 1, ongoing: true,
            ..base.clone()
        },
        Finding {
            rule: "source-unread".to_owned(),
            severity: Severity::Medium,
            category: Category::Coverage,
            title: "This report may be incomplete: home/default/health could not be read".to_owned(),
            explanation: "The console answered 502 while it was asked for its health.".to_owned(),
            remediation: steps(&["Nothing to do if the console was restarting; the next run asks again."]),
            first_seen: at(20, 6, 0), last_seen: at(20, 6, 0), count: 0,
            ..base.clone()
        },
        Finding {
            rule: "dfs-radar".to_owned(),
            severity: Severity::Low,
            category: Category::Wireless,
            title: "Hall AP had to leave its channel because of radar".to_owned(),
            explanation: "Weather and air-traffic radar have priority on this channel. Clients were without WiFi for about a minute.".to_owned(),
            remediation: steps(&["If it happens often, choose a channel from 36 to 48 for this access point."]),
            first_seen: at(19, 11, 20), last_seen: at(19, 16, 48), count: 2, occurrences: 2,
            ..base.clone()
        },
        Finding {
            rule: "firmware-available".to_owned(),
            severity: Severity::Low,
            title: "2 devices can be updated".to_owned(),
            explanation: "Warehouse AP to 6.7.31, Rack switch to 7.2.11.".to_owned(),
            remediation: steps(&["Update them in a quiet hour: UniFi Devices, Update All."]),
            first_seen: at(12, 6, 0), last_seen: at(20, 5, 59), count: 0, trend: Trend::Recurring, days: 8,
            ..base.clone()
        },
        Finding {
            rule: "threats-blocked".to_owned(),
            category: Category::Security,
            title: "61 attempts from outside were blocked".to_owned(),
            explanation: "Mostly scans of the public address from 198.51.100.0/24. That is the protection at work.".to_owned(),
            first_seen: at(19, 6, 3), last_seen: at(20, 5, 51), count: 61, occurrences: 61,
            trend: Trend::Recurring, days: 30,
            ..base.clone()
        },
        Finding {
            rule: "unknown-key".to_owned(),
            title: "One kind of event is new to this program".to_owned(),
            explanation: "It is counted and listed at the end of this report.".to_owned(),
            first_seen: at(19, 8, 0), last_seen: at(19, 19, 0), count: 4, occurrences: 4,
            ..base.clone()
        },
        Finding {
            rule: "poe-budget".to_owned(),
            severity: Severity::Medium,
            category: Category::Connectivity,
            title: "Rack switch has enough PoE power again".to_owned(),
            explanation: "It was short of power for its ports and is not any more.".to_owned(),
            first_seen: at(18, 9, 0), last_seen: at(19, 9, 12), count: 1, trend: Trend::Resolved, days: 2,
            ..base
        },
    ]
}
