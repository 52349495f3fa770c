//! The picture of a site at one moment: its devices and the health of its parts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::source::SiteName;

/// What `stat/device` and `stat/health` said, one entry a site. `None` in a field always means
/// "the console did not say", never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub sites: Vec<SiteSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteSnapshot {
    pub site: SiteName,
    /// When the console answered, by its own clock.
    pub observed_at: DateTime<Utc>,
    /// The console's Network application version, such as `10.3.58`; empty if unknown.
    pub version: String,
    /// `None`: the devices could not be read.
    pub devices: Option<Vec<Device>>,
    /// `None`: the health could not be read.
    pub health: Option<Vec<Health>>,
}

/// One adopted or pending UniFi device, projected through an allow-list: the raw record holds secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Lower case with colons.
    pub mac: String,
    /// As set by the operator; may be empty.
    pub name: String,
    /// `uap`, `usw`, `ugw`, `udm`, `uxg` … as sent; new kinds stay as they are.
    pub kind: String,
    pub model: String,
    pub version: String,
    /// The console's number (aiounifi `DeviceState`): 0 disconnected, 1 connected, 2 pending …
    pub state: Option<i64>,
    pub adopted: Option<bool>,
    /// `disabled` by the operator.
    pub disabled: bool,
    pub last_seen: Option<DateTime<Utc>>,
    /// Seconds since the device started.
    pub uptime: Option<u64>,
    /// Since when the console counts it as gone (`start_disconnected_millis`).
    pub disconnected_since: Option<DateTime<Utc>>,
    /// Percent.
    pub cpu: Option<f64>,
    /// Percent.
    pub memory: Option<f64>,
    /// Degrees Celsius, the hottest sensor.
    pub temperature: Option<f64>,
    pub overheating: Option<bool>,
    pub upgradable: Option<bool>,
    pub upgrade_to: String,
    pub end_of_life: Option<bool>,
    pub unsupported: Option<bool>,
    /// 0–100; the console's -1 is `None`.
    pub satisfaction: Option<f64>,
    pub clients: Option<u64>,
    /// Watts this device can give over `PoE`, and gives now.
    pub poe_budget: Option<f64>,
    pub poe_used: Option<f64>,
    pub radios: Vec<Radio>,
    pub wans: Vec<Wan>,
    pub storage: Vec<Storage>,
    /// Battery of a UPS: percent, and whether it runs on battery now.
    pub battery_level: Option<f64>,
    pub on_battery: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Radio {
    /// `ng`, `na`, `6e`.
    pub band: String,
    pub channel: Option<u64>,
    /// Channel utilisation, percent.
    pub utilisation: Option<f64>,
    pub clients: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wan {
    /// `wan1`, `wan2` …
    pub name: String,
    pub enabled: Option<bool>,
    pub up: Option<bool>,
    pub ip: String,
    pub is_uplink: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Storage {
    pub name: String,
    /// Bytes.
    pub size: Option<u64>,
    pub used: Option<u64>,
}

/// One subsystem of `stat/health`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// `wlan`, `wan`, `www`, `lan`, `vpn` …
    pub subsystem: String,
    /// `ok`, `warning`, `error`, `unknown`, or empty where the console said nothing.
    pub status: String,
    pub disconnected: Option<u64>,
    pub pending: Option<u64>,
    /// Milliseconds.
    pub latency: Option<f64>,
    pub isp: String,
}

impl Device {
    /// What people would call it: its name, else its model with the end of its MAC.
    pub fn label(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        let tail: String = self.mac.chars().skip(9).collect();
        match (self.model.is_empty(), tail.is_empty()) {
            (false, false) => format!("unnamed {} (…{tail})", self.model),
            (false, true) => format!("unnamed {}", self.model),
            (true, false) => format!("unnamed device (…{tail})"),
            (true, true) => "unnamed device".to_owned(),
        }
    }
}
