//! What the files show of devices, put together.

use chrono::{DateTime, Utc};

use crate::collect::files::site;
use crate::model::device::{Device, Health, SiteSnapshot};

/// What the files show of devices.
#[derive(Default)]
pub struct Picture {
    pub devices: Option<Vec<Device>>,
    pub health: Option<Vec<Health>>,
    pub version: String,
    pub timezone: Option<String>,
}

impl Picture {
    /// A saved list is as old as the newest sign of life in it.
    pub fn into_snapshot(mut self, now: DateTime<Utc>) -> Option<SiteSnapshot> {
        if self.devices.is_none() && self.health.is_none() {
            return None;
        }
        if let Some(devices) = &mut self.devices {
            devices.sort_by(|a, b| a.mac.cmp(&b.mac));
            devices.dedup_by(|a, b| a.mac == b.mac);
        }
        let seen = self
            .devices
            .iter()
            .flatten()
            .filter_map(|device| device.last_seen)
            .max();
        Some(SiteSnapshot {
            site: site(),
            observed_at: seen.unwrap_or(now),
            version: self.version,
            devices: self.devices,
            health: self.health,
        })
    }
}
