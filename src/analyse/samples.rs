//! Rows for the tests of this module.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{Strategy, prop_oneof};

use crate::analyse::digest::{Filed, fold};
use crate::analyse::{Evidence, Judgement, judge};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::device::{Device, SiteSnapshot, Snapshot};
use crate::model::digest::Digest;
use crate::model::event::{Event, Party};
use crate::model::memory::Memory;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::window::Window;

pub fn site() -> SiteName {
    SiteName {
        controller: "home".to_owned(),
        site: "default".to_owned(),
    }
}

pub fn start() -> DateTime<Utc> {
    "2026-11-19T06:00:00Z".parse().unwrap()
}

/// A row `second` seconds after the start; each party is a role with what is both its id and its name.
pub fn row(key: &str, second: i64, parties: &[(&str, &str)]) -> Event {
    let party = |text: &str| Party {
        id: text.to_lowercase(),
        name: text.to_owned(),
        ..Party::default()
    };
    Event {
        id: format!("{key}-{second}"),
        time: start() + TimeDelta::seconds(second),
        key: key.to_owned(),
        event: String::new(),
        category: String::new(),
        subcategory: String::new(),
        severity: "VERY_HIGH".to_owned(),
        title: String::new(),
        message: format!(
            "{key} happened to {}",
            parties.first().map_or("", |party| party.1)
        ),
        parties: parties
            .iter()
            .map(|(role, text)| ((*role).to_owned(), party(text)))
            .collect(),
    }
}

const KEYS: &[&str] = &[
    "EVT_AP_Lost_Contact",
    "EVT_AP_Connected",
    "DEVICE_UNREACHABLE",
    "DEVICE_RECONNECTED",
    "THREAT_BLOCKED_V3",
    "THREAT_DETECTED_V3",
    "CLIENT_ROAMED_2",
    "CLIENT_CONNECTED_WIRELESS_2",
    "NETWORK_WAN_FAILED_2",
    "NETWORK_WAN_RESTORED_2",
    "TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT",
    "EVT_SW_Upgraded",
    "SOMETHING_NEW",
    "EVT_GW_RestartedUnknown",
    "ADMIN_ACCESS",
    "EVT_AD_LoginFailed",
    "AP_CHANGED_CHANNELS",
    "CONFIG_PAUSED",
    "NETWORK_FAILED_OVER_TO_BACKUP_WAN",
    "ROGUE_AP_DETECTED",
    "CLIENT_WIFI_SCORE_HAS_DROPPED",
];

/// Any stream of rows: few subjects or very many.
pub fn stream(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let one = (
        0..KEYS.len(),
        0..200_000_i64,
        prop_oneof![0..4_u32, 0..900_u32],
        0..4_u32,
    );
    proptest::collection::vec(one, 0..most).prop_map(|rows| {
        let place = |n: u32, kind: u32| match kind {
            0 => format!("192.168.{}.{}", n / 250, n % 250),
            1 => format!("203.0.113.{}", n % 250),
            2 => format!("100.64.{}.{}", n / 250, n % 250),
            _ => format!("10.0.{}.{}", n / 250, n % 250),
        };
        rows.into_iter()
            .map(|(key, second, who, kind)| {
                if kind == 3 && who % 5 == 0 {
                    return row(KEYS[key], second, &[]);
                }
                let mac = format!("02:00:00:00:{:02x}:{:02x}", who / 256, who % 256);
                row(
                    KEYS[key],
                    second,
                    &[
                        ("DEVICE", &mac),
                        ("CLIENT", &mac),
                        ("SRC_IP", &place(who, kind)),
                        ("DST_IP", &place(who + 1, 3 - kind)),
                        ("WAN_NAME", if kind == 0 { "Fiber" } else { "LTE" }),
                        ("ADMIN", "alex"),
                    ],
                )
            })
            .collect()
    })
}

/// A run to be judged, with everything that is known.
pub struct Case {
    pub digest: Digest,
    /// The sums of each site, where they matter.
    pub sites: BTreeMap<String, Digest>,
    pub snapshot: Snapshot,
    pub coverage: Vec<SourceCoverage>,
    pub memory: Memory,
    /// 0: ad hoc.
    pub run: u64,
    pub now: DateTime<Utc>,
    /// Where the window ends, if not now.
    pub until: Option<DateTime<Utc>>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            digest: Digest::default(),
            sites: BTreeMap::new(),
            snapshot: Snapshot::default(),
            coverage: Vec::new(),
            memory: Memory::default(),
            run: 1,
            now: start() + TimeDelta::days(3),
            until: None,
        }
    }
}

impl Case {
    pub fn of(rows: impl IntoIterator<Item = Event>) -> Self {
        let mut case = Self::default();
        case.fold(&rows.into_iter().collect::<Vec<_>>());
        case
    }

    pub fn fold(&mut self, rows: &[Event]) -> Vec<Filed> {
        rows.iter()
            .map(|event| fold(&mut self.digest, &site(), event))
            .collect()
    }

    /// The case of one site with these devices.
    pub fn seeing(mut self, devices: Vec<Device>) -> Self {
        self.snapshot.sites = vec![SiteSnapshot {
            site: site(),
            observed_at: self.now,
            version: "10.3.58".to_owned(),
            devices: Some(devices),
            health: Some(Vec::new()),
        }];
        self
    }

    pub fn remembering(mut self, memory: Memory) -> Self {
        self.memory = memory;
        self.run += 1;
        self
    }

    pub fn judge(&self) -> Judgement {
        judge(&Evidence {
            digest: &self.digest,
            sites: &self.sites,
            snapshot: &self.snapshot,
            coverage: &self.coverage,
            memory: &self.memory,
            run: (self.run > 0).then_some(self.run),
            now: self.now,
            window: Window::new(start(), self.until.unwrap_or(self.now)).unwrap(),
        })
    }
}

/// A connected device.
pub fn device(kind: &str, name: &str, mac: &str) -> Device {
    Device {
        mac: mac.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        state: Some(1),
        adopted: Some(true),
        ..Device::default()
    }
}

/// The log of a site, read in full.
pub fn answered(site: &SiteName) -> SourceCoverage {
    SourceCoverage {
        id: SourceId {
            controller: "c".to_owned(),
            site: site.site.clone(),
            kind: SourceKind::SystemLog,
        },
        name: format!("{site}/system-log"),
        outcome: Outcome::Complete,
        since: None,
        until: None,
        events: 0,
        records: 0,
        late: 0,
        duplicates: 0,
        malformed: 0,
        oldest: None,
        reason: None,
        code: 0,
    }
}
