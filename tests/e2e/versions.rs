//! Every version of the Network application that is known to differ (facts: unifi-api.md section 0), one by one and as
//! one console that is upgraded from each to the next: what each offers is read, told once, and one thing is one thing
//! however many lists tell of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::console::Console;
use crate::console::beside::{Audit, Kept};
use crate::console::row::Row;
use crate::scenario::Scenario;

/// One version: what it is, and what it has to tell.
struct Release {
    version: &'static str,
    classic: bool,
    log: bool,
    /// The lists of older consoles: events, alarms, threats.
    older: [Kept; 3],
    flows: bool,
    audit: Audit,
    /// The sources that a report of an eventful hour names, pictures of now aside.
    named: &'static str,
}

const LIVE: Kept = Kept::Until(i64::MAX);
/// The rows end with the upgrade, long ago.
const FROZEN: Kept = Kept::Until(0);
const GONE: Kept = Kept::NotFound;

const LISTS_ALONE: &str = "alarms anomalies events ips system-log";
const LOG_AND_LISTS: &str = "admin-activity alarms anomalies events system-log traffic-flows";
const LOG_ALONE: &str = "admin-activity anomalies audit system-log traffic-flows";

#[rustfmt::skip]
const RELEASES: [Release; 15] = [
    Release { version: "6.5.55",   classic: true,  log: false, older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Ignored, named: LISTS_ALONE },
    Release { version: "7.4.162",  classic: true,  log: false, older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Ignored, named: LISTS_ALONE },
    Release { version: "8.0.28",   classic: true,  log: true,  older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Ignored, named: LOG_AND_LISTS },
    Release { version: "10.5.67",  classic: true,  log: true,  older: [GONE, Kept::Invalid, FROZEN], flows: true,  audit: Audit::InLog,   named: LOG_ALONE },
    Release { version: "7.5.187",  classic: false, log: false, older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Ignored, named: LISTS_ALONE },
    Release { version: "8.6.9",    classic: false, log: true,  older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Refused, named: "admin-activity alarms anomalies audit events system-log traffic-flows" },
    Release { version: "9.0.114",  classic: false, log: true,  older: [LIVE, LIVE, LIVE],            flows: false, audit: Audit::Ignored, named: LOG_AND_LISTS },
    Release { version: "9.3.43",   classic: false, log: true,  older: [LIVE, LIVE, LIVE],            flows: true,  audit: Audit::Ignored, named: LOG_AND_LISTS },
    Release { version: "9.3.45",   classic: false, log: true,  older: [LIVE, LIVE, FROZEN],          flows: true,  audit: Audit::Ignored, named: LOG_AND_LISTS },
    Release { version: "9.5.21",   classic: false, log: true,  older: [FROZEN, LIVE, FROZEN],        flows: true,  audit: Audit::Ignored, named: "admin-activity anomalies system-log traffic-flows" },
    Release { version: "10.0.162", classic: false, log: true,  older: [FROZEN, LIVE, FROZEN],        flows: true,  audit: Audit::Apart,   named: LOG_ALONE },
    Release { version: "10.2.78",  classic: false, log: true,  older: [GONE, LIVE, GONE],            flows: false, audit: Audit::InLog,   named: LOG_ALONE },
    Release { version: "10.2.105", classic: false, log: true,  older: [GONE, LIVE, GONE],            flows: true,  audit: Audit::InLog,   named: LOG_ALONE },
    Release { version: "10.3.58",  classic: false, log: true,  older: [GONE, GONE, FROZEN],          flows: true,  audit: Audit::InLog,   named: LOG_ALONE },
    Release { version: "10.5.67",  classic: false, log: true,  older: [GONE, Kept::Invalid, FROZEN], flows: true,  audit: Audit::Apart,   named: LOG_ALONE },
];

const AP: &str = "02:00:5e:00:53:01";
const INSIDE: &str = "192.168.3.62";
const OUTSIDE: &str = "198.51.100.7";
const SIGNATURE: &str = "ET MALWARE Fake Updater Checkin";

impl Release {
    /// Makes the console one of this version.
    fn install(&self, console: &Console) {
        let mut state = console.state();
        state.classic = self.classic;
        state.has_log = self.log;
        state.beside.older = ["events", "alarms", "ips"].into_iter().zip(self.older).collect();
        state.beside.has_flows = self.flows;
        state.beside.audit = self.audit;
        self.version.clone_into(&mut state.version);
    }

    /// Which of the lists count as sources.
    fn counts(&self) -> [bool; 3] {
        let has = |list: usize| !self.log || (self.older[list] == LIVE && self.older[0] == LIVE);
        [has(0), has(1), !self.log]
    }

    /// Whether the console says what the threat detection recognised.
    fn recognises(&self) -> bool {
        self.flows || self.older[2] == LIVE
    }

    /// An hour's worth of things, told by every list this version keeps: somebody joins, an access point is away for ten
    /// minutes, a threat is stopped. The ids of what has to be counted.
    fn happen(&self, hour: u64, since: DateTime<Utc>, console: &Console, counts: [bool; 3]) -> Vec<String> {
        let at = |minute| since + TimeDelta::minutes(minute);
        let n = |number| 1_000 * hour + number;
        let mut told: Vec<Row> = Vec::new();
        if self.log {
            let device = json!({"DEVICE": {"id": AP, "name": "Hall AP", "model": "U6-Lite"}});
            let of_device = |number, minute, key: &str, text: &str| {
                let category = if self.version.starts_with("10.2") {
                    "UNIFI_DEVICES"
                } else {
                    "SYSTEM"
                };
                let fields = json!({
                    "key": key, "category": category, "subcategory": null, "message_raw": text, "parameters": device,
                    "title_raw": null, "target": "DEVICE",
                });
                Row::shaped(n(number), at(minute), &fields)
            };
            let log = [
                Row::new(n(1), at(5)),
                of_device(2, 10, "DEVICE_UNREACHABLE", "{DEVICE} is unreachable."),
                of_device(3, 20, "DEVICE_RECONNECTED", "{DEVICE} reconnected."),
                Row::threat(n(4), at(30), INSIDE, OUTSIDE),
            ];
            told.extend(log.clone());
            console.add(log);
        }
        let away =
            json!({"user": null, "ssid": null, "channel": null, "msg": format!("AP[{AP}] was disconnected")});
        let back =
            json!({"user": null, "ssid": null, "channel": null, "msg": format!("AP[{AP}] was connected")});
        let threat = json!({
            "user": null, "ap": null, "ap_name": null, "ssid": null, "subsystem": "www", "channel": null,
            "src_ip": INSIDE, "dest_ip": OUTSIDE, "src_port": 51_544, "dest_port": "443", "inner_alert_action": "blocked",
            "inner_alert_signature": SIGNATURE, "inner_alert_signature_id": 2_003_337, "inner_alert_severity": 1,
            "inner_alert_category": "A Network Trojan was detected", "catname": ["emerging-malware"],
            "timestamp": at(30).timestamp(), "srcipGeo": [], "dstipGeo": false, "dstipCountry": false
        });
        let mut events = vec![
            Row::listed(n(11), at(5), "EVT_WU_Connected", &json!({})),
            Row::listed(
                n(12),
                at(10) + TimeDelta::seconds(2),
                "EVT_AP_Lost_Contact",
                &away,
            ),
            Row::listed(n(13), at(20) - TimeDelta::seconds(1), "EVT_AP_Connected", &back),
        ];
        if self.older[2] == LIVE {
            events.push(Row::listed(n(14), at(30), "EVT_IPS_IpsAlert", &threat));
        }
        let alarms = [Row::listed(
            n(21),
            at(10) + TimeDelta::seconds(2),
            "EVT_AP_Lost_Contact",
            &away,
        )];
        let ips = [Row::listed(
            n(31),
            at(30) + TimeDelta::seconds(1),
            "EVT_IPS_IpsAlert",
            &threat,
        )];
        // Beside a log, the list of threats only says what was recognised, but for what it held before an upgrade.
        for (rows, list, counts) in [
            (&events[..], "events", counts[0]),
            (&alarms[..], "alarms", counts[1]),
            (&ips[..], "ips", counts[2]),
        ] {
            console.list(list, rows.to_vec());
            told.extend(rows.iter().filter(|_| counts).cloned());
        }
        if self.flows {
            let flow = json!({
                "id": format!("fl{}", n(41)), "action": "blocked", "time": at(30).timestamp_millis(),
                "source": {"ip": INSIDE, "port": 51544}, "destination": {"ip": OUTSIDE, "port": 443},
                "policies": [{"type": "INTRUSION_PREVENTION"}],
                "ips": {"signature": SIGNATURE, "signature_id": 2_003_337, "category_name": "emerging-malware"}
            });
            console.list(
                "flows",
                [Row::raw(&format!("fl{}", n(41)), at(30), flow.to_string())],
            );
        }
        if self.audit == Audit::Apart {
            let entered =
                json!({"category": "AUDIT", "key": "ADMIN_ACCESS", "event": "ADMIN_ACCESS", "type": "AUDIT"});
            let entered = Row::shaped(n(51), at(40), &entered);
            told.push(entered.clone());
            console.list("audit", [entered]);
        }
        told.into_iter().map(|row| row.id).collect()
    }

    /// What the newest report must say of such an hour.
    #[track_caller]
    fn is_told(&self, scenario: &Scenario, counts: [bool; 3]) {
        let report = scenario.newest_report();
        let findings = report["findings"].as_array().unwrap();
        let about = |rule: &str| {
            let of_rule: Vec<&Value> = findings
                .iter()
                .filter(|finding| finding["rule"] == rule)
                .collect();
            assert_eq!(of_rule.len(), 1, "{}: {rule} in {findings:#?}", self.version);
            of_rule[0]
        };
        let down = about("device-down");
        let rows = 2 * (u64::from(self.log) + u64::from(counts[0])) + u64::from(counts[1]);
        assert_eq!(
            (&down["count"], &down["occurrences"]),
            (&json!(rows), &json!(1)),
            "{}: {down:#}",
            self.version
        );
        let threat = about("threat-outbound");
        let rows = u64::from(self.log) + u64::from(counts[0] && self.older[2] == LIVE) + u64::from(counts[2]);
        assert_eq!(
            (&threat["count"], &threat["occurrences"]),
            (&json!(rows), &json!(1)),
            "{}: {threat:#}",
            self.version
        );
        let says = threat["explanation"].as_str().unwrap();
        assert_eq!(
            says.contains(SIGNATURE),
            self.recognises(),
            "{}: {says}",
            self.version
        );
        assert!(
            threat["title"].as_str().unwrap().contains("blocked"),
            "{}: {threat:#}",
            self.version
        );
        let lists = ["events", "alarms", "ips"];
        let mut named: Vec<&str> = self
            .named
            .split(' ')
            .filter(|name| !lists.contains(name))
            .collect();
        named.extend(
            lists
                .into_iter()
                .zip(counts)
                .filter_map(|(list, counts)| counts.then_some(list)),
        );
        named.sort_unstable();
        assert_eq!(sources(&report), named.join(" "), "{}", self.version);
    }
}

/// The sources of events that a report names, in the order of their names.
fn sources(report: &Value) -> String {
    let lines = report["sources"].as_array().unwrap().iter();
    let mut names: Vec<&str> = lines
        .filter_map(|line| line["name"].as_str()?.rsplit('/').next())
        .filter(|name| !matches!(*name, "devices" | "health"))
        .collect();
    names.sort_unstable();
    names.join(" ")
}

#[track_caller]
fn told_exactly(scenario: &Scenario, wanted: &[String], version: &str) {
    let mut wanted = wanted.to_vec();
    wanted.sort();
    assert_eq!(scenario.told(), wanted, "{version}");
    archive::audit(&scenario.reports);
}

/// How a console is reached, in turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Key,
    Password,
}

#[test]
fn every_version_is_read_as_what_it_is() {
    for release in &RELEASES {
        for way in [Way::Key, Way::Password] {
            if way == Way::Key && release.classic {
                continue;
            }
            let (scenario, console) = Scenario::with_console();
            let scenario = if way == Way::Key {
                scenario
            } else {
                scenario.password()
            };
            release.install(&console);
            let mut wanted = Vec::new();
            for hour in 1..=3 {
                let since = console.now();
                console.advance(TimeDelta::hours(1));
                wanted.extend(release.happen(hour, since, &console, release.counts()));
                console.advance(TimeDelta::minutes(2));
                scenario.run().exits(0);
                release.is_told(&scenario, release.counts());
                told_exactly(&scenario, &wanted, release.version);
            }
            // Then comes an hour in which nothing happens.
            console.advance(TimeDelta::hours(1));
            let before = console.hits().len();
            let told = scenario.does(&["run", "--json"]).exits(0).json();
            let asked = console.hits().len() - before;
            let most = if way == Way::Key { 8 } else { 10 };
            assert!(
                asked <= most,
                "{}: {asked} {:#?}",
                release.version,
                console.state().paths()
            );
            assert_eq!(told["counts"]["findings"], 0, "{}: {told:#}", release.version);
            told_exactly(&scenario, &wanted, release.version);
            let state = console.state();
            let logins = if way == Way::Key { 0 } else { 4 };
            assert_eq!(
                (state.logins, state.logouts),
                (logins, logins),
                "{}",
                release.version
            );
        }
    }
}

#[test]
fn a_console_that_is_upgraded_from_each_version_to_the_next_loses_nothing_and_repeats_nothing() {
    let (scenario, console) = Scenario::with_console();
    let mut wanted = Vec::new();
    let (mut had_log, mut was_read) = (false, [false; 3]);
    for (hour, release) in (1..).zip(RELEASES.iter().filter(|release| !release.classic)) {
        release.install(&console);
        // In the run that finds another version, the lists that were read before are read once more.
        let mut counts = release.counts();
        for list in 0..3 {
            let is_left = was_read[list] && release.older[list] == LIVE;
            counts[list] |= is_left && (list < 2 || !had_log);
            was_read[list] |= counts[list];
        }
        had_log = release.log;
        let since = console.now();
        console.advance(TimeDelta::hours(1));
        wanted.extend(release.happen(hour, since, &console, counts));
        console.advance(TimeDelta::minutes(2));
        scenario.run().exits(0);
        release.is_told(&scenario, counts);
        told_exactly(&scenario, &wanted, release.version);
    }
    // And nothing is left over that a later run would find.
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    told_exactly(&scenario, &wanted, "the last");
    scenario.does(&["status", "--max-age", "2h"]).exits(0);
}
