//! The device list of the report: every device as what it is; unknown is said, and is not OK.

use crate::analyse::scene::is_gateway;
use crate::analyse::snapshot::AGES;
use crate::analyse::words::duration;
use crate::model::device::{Device, SiteSnapshot, Snapshot};
use crate::model::report::DeviceLine;

/// A restart this recent is worth a note, in seconds.
const RECENT: u64 = 86_400;

/// One line a device: trouble first, then by name.
pub fn of(snapshot: &Snapshot) -> Vec<DeviceLine> {
    let mut lines: Vec<DeviceLine> = snapshot
        .sites
        .iter()
        .flat_map(|site| site.devices.iter().flatten().map(|device| line(site, device)))
        .collect();
    lines.sort_by(|a, b| {
        let key = |line: &DeviceLine| {
            let rank = match line.healthy {
                Some(false) => 0,
                None => 1,
                Some(true) => 2,
            };
            (
                line.site.clone(),
                rank,
                line.name.to_lowercase(),
                line.mac.clone(),
            )
        };
        key(a).cmp(&key(b))
    });
    lines
}

fn line(site: &SiteSnapshot, device: &Device) -> DeviceLine {
    let (state, healthy) = state(device);
    let overheating = device.overheating == Some(true);
    DeviceLine {
        site: site.site.to_string(),
        mac: device.mac.clone(),
        name: device.label(),
        model: device.model.clone(),
        version: device.version.clone(),
        state,
        healthy: if overheating { Some(false) } else { healthy },
        notes: notes(site, device),
    }
}

/// The state in a word, and whether one wants to see it.
fn state(device: &Device) -> (String, Option<bool>) {
    if device.disabled {
        return ("disabled".to_owned(), Some(true));
    }
    let (name, healthy) = match device.state {
        None => ("unknown", None),
        Some(0) => ("offline", Some(false)),
        Some(1) => ("online", Some(true)),
        Some(2) => ("pending", Some(false)),
        Some(3) => ("software mismatch", Some(false)),
        Some(4) => ("updating", Some(true)),
        Some(5) => ("provisioning", Some(true)),
        Some(6) => ("heartbeat missed", Some(false)),
        Some(7) => ("adopting", Some(true)),
        Some(8) => ("being removed", Some(true)),
        Some(9) => ("inform error", Some(false)),
        Some(10) => ("adoption failed", Some(false)),
        Some(11) => ("isolated", Some(false)),
        Some(other) => return (format!("unknown ({other})"), None),
    };
    (name.to_owned(), healthy)
}

fn notes(site: &SiteSnapshot, device: &Device) -> Vec<String> {
    let mut notes = Vec::new();
    let since = device.last_seen.or(device.disconnected_since);
    if let (Some(0), Some(since)) = (device.state, since)
        && let Ok(seconds @ 1..) = u64::try_from((site.observed_at - since).num_seconds())
    {
        notes.push(if site.observed_at - since > AGES {
            format!("last seen on {}", since.format("%-d %B %Y"))
        } else {
            format!("last seen {} ago", duration(seconds))
        });
    }
    if device.overheating == Some(true) {
        notes.push("too hot".to_owned());
    }
    if let Some(degrees) = device.temperature {
        notes.push(format!("{degrees:.0} °C"));
    }
    for (part, percent) in [("CPU", device.cpu), ("memory", device.memory)] {
        if let Some(percent) = percent.filter(|percent| *percent >= 70.0) {
            notes.push(format!("{part} {percent:.0} %"));
        }
    }
    if let (Some(budget), Some(used)) = (device.poe_budget.filter(|watts| *watts > 0.0), device.poe_used) {
        notes.push(format!("PoE {used:.0} of {budget:.0} W"));
    }
    if let Some(uptime) = device.uptime.filter(|uptime| *uptime < RECENT) {
        notes.push(format!("restarted {} ago", duration(uptime)));
    }
    if device.upgradable == Some(true) {
        let version = if device.upgrade_to.is_empty() { "" } else { " " };
        notes.push(format!("update{version}{} available", device.upgrade_to));
    }
    if device.end_of_life == Some(true) || device.unsupported == Some(true) {
        notes.push("no longer supported".to_owned());
    }
    if is_gateway(device) {
        for wan in &device.wans {
            if wan.enabled == Some(true) && wan.up == Some(false) {
                notes.push(format!("{} down", wan.name.to_uppercase()));
            }
        }
    }
    if device.on_battery == Some(true) {
        notes.push("on battery".to_owned());
    }
    if let Some(percent) = device.satisfaction.filter(|percent| *percent < 70.0) {
        notes.push(format!("WiFi experience {percent:.0} %"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_state_is_shown_and_is_not_ok() {
        let device = |state| Device {
            state,
            ..Device::default()
        };
        assert_eq!(state(&device(Some(17))), ("unknown (17)".to_owned(), None));
        assert_eq!(state(&device(None)), ("unknown".to_owned(), None));
        assert_eq!(state(&device(Some(1))), ("online".to_owned(), Some(true)));
    }
}
