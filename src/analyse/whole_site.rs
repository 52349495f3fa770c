//! Findings from the snapshot that concern a site as a whole: updates, restarts together, its lines, health.

use chrono::{DateTime, TimeDelta, Utc};

use crate::analyse::scene::{Scene, is_gateway};
use crate::analyse::snapshot::{about, called, draft};
use crate::analyse::words::{self, capitalised};
use crate::model::device::{Device, SiteSnapshot};
use crate::model::finding::{Finding, Severity, Subject};

/// Restarts this close together have one cause.
const TOGETHER: TimeDelta = TimeDelta::minutes(10);

/// One line for all devices that have an update waiting.
pub fn updates(site: &SiteSnapshot) -> Option<Finding> {
    let waiting: Vec<&Device> = site
        .devices
        .iter()
        .flatten()
        .filter(|device| device.upgradable == Some(true) && !device.disabled)
        .collect();
    let names: Vec<String> = waiting.iter().map(|device| device.label()).collect();
    if names.is_empty() {
        return None;
    }
    let title = match names.as_slice() {
        [only] if only.starts_with("unnamed ") => format!("A software update is available for an {only}"),
        [only] => format!("A software update is available for “{only}”"),
        several => format!("Software updates are available for {} devices", several.len()),
    };
    let subject = Subject {
        kind: "site".to_owned(),
        id: String::new(),
        name: site.site.to_string(),
    };
    let mut finding = draft(site, subject, "firmware-available", Severity::Low, Some(title));
    if names.len() > 1 {
        finding
            .explanation
            .extend([" Waiting: ", &words::listed(&names), "."]);
    }
    finding.occurrences = names.len() as u64;
    Some(finding)
}

/// Devices that started again within the window though nobody asked them to and no row tells of it.
pub fn restarts(scene: &Scene<'_>, site: &SiteSnapshot) -> Vec<Finding> {
    let place = site.site.to_string();
    let told = |device: &Device, rule: &str| scene.group(rule, &place, &device.mac.to_lowercase()).is_some();
    let mut started: Vec<(DateTime<Utc>, &Device)> = site
        .devices
        .iter()
        .flatten()
        .filter(|device| device.state == Some(1))
        .filter_map(|device| {
            Some((
                site.observed_at - TimeDelta::try_seconds(device.uptime?.try_into().ok()?)?,
                device,
            ))
        })
        .filter(|(at, _)| scene.evidence.window.contains(*at))
        .filter(|(_, device)| {
            let told = [
                "firmware-updated",
                "device-restarted",
                "device-adopted",
                "unexpected-reboot",
                "device-down",
            ]
            .iter()
            .any(|rule| told(device, rule));
            !told
        })
        .collect();
    started.sort_by(|a, b| (a.0, &a.1.mac).cmp(&(b.0, &b.1.mac)));
    let together = match (started.first(), started.last()) {
        (Some(first), Some(last)) => started.len() >= 3 && last.0 - first.0 <= TOGETHER,
        _ => false,
    };
    if together {
        let names: Vec<String> = started.iter().map(|(_, device)| device.label()).collect();
        let subject = Subject {
            kind: "site".to_owned(),
            id: String::new(),
            name: place,
        };
        let title = format!("{} devices restarted at the same time", names.len());
        let mut finding = draft(site, subject, "unexpected-reboot", Severity::Medium, Some(title));
        finding.explanation = format!(
            "When several devices restart together, the power has usually failed for a moment. Restarted: {}.",
            words::listed(&names)
        );
        finding.ongoing = false;
        finding.occurrences = names.len() as u64;
        finding.first_seen = started.first().map_or(site.observed_at, |first| first.0);
        finding.last_seen = started.last().map_or(site.observed_at, |last| last.0);
        return vec![finding];
    }
    started
        .into_iter()
        .map(|(at, device)| {
            let title = capitalised(&format!(
                "{} restarted, and the console does not say why",
                called(device)
            ));
            let severity = if is_gateway(device) {
                Severity::Medium
            } else {
                Severity::Low
            };
            let mut finding = about(site, device, "unexpected-reboot", severity, Some(title));
            finding.ongoing = false;
            finding.first_seen = at;
            finding.last_seen = at;
            finding
        })
        .collect()
}

/// Parts of the network which the console itself calls unhealthy, where no device explains it.
pub fn health(site: &SiteSnapshot) -> Vec<Finding> {
    site.health
        .iter()
        .flatten()
        .filter_map(|health| {
            let severity = match health.status.as_str() {
                "error" => Severity::Medium,
                "warning" => Severity::Low,
                _ => return None,
            };
            let part = match health.subsystem.as_str() {
                "wlan" => "the WiFi",
                "wan" => "the internet line",
                "www" => "the internet connection",
                "lan" => "the wired network",
                "vpn" => "the VPN",
                other => other,
            };
            // A device offline is told by name; "the WiFi has a problem" beside it helps nobody.
            let explained = matches!(health.subsystem.as_str(), "wlan" | "lan")
                && site
                    .devices
                    .iter()
                    .flatten()
                    .any(|device| device.state != Some(1) && !device.disabled);
            let subject = Subject {
                kind: "subsystem".to_owned(),
                id: health.subsystem.clone(),
                name: part.to_owned(),
            };
            let title = format!("The console reports a problem with {part}");
            (!explained).then(|| draft(site, subject, "health", severity, Some(title)))
        })
        .collect()
}

/// Internet lines that are switched on and down. The severity depends on whether another one works.
pub fn lines(site: &SiteSnapshot, device: &Device) -> Vec<Finding> {
    let up = device.wans.iter().any(|wan| wan.up == Some(true));
    device
        .wans
        .iter()
        .filter(|wan| wan.enabled == Some(true) && wan.up == Some(false))
        .map(|wan| {
            let subject = Subject {
                kind: "wan".to_owned(),
                id: format!("{}/{}", device.mac.to_lowercase(), wan.name),
                name: wan.name.to_uppercase(),
            };
            let severity = if up { Severity::Medium } else { Severity::Severe };
            draft(site, subject, "wan-down", severity, None)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case, device};

    fn named(n: u8) -> Device {
        Device {
            uptime: Some(4000),
            ..device("uap", &format!("Hall {n}"), &format!("02:00:00:00:00:0{n}"))
        }
    }

    fn titles(devices: Vec<Device>) -> Vec<String> {
        let findings = Case::default().seeing(devices).judge().findings;
        findings.into_iter().map(|finding| finding.title).collect()
    }

    #[test]
    fn devices_that_restart_together_are_one_power_cut() {
        assert_eq!(
            titles((1..=4).map(named).collect()),
            ["4 devices restarted at the same time"]
        );
        assert_eq!(
            titles(vec![named(1)]),
            ["Access point “Hall 1” restarted, and the console does not say why"]
        );
    }

    #[test]
    fn all_waiting_updates_are_one_line() {
        let waiting = (1..=9).map(|n| Device {
            upgradable: Some(true),
            uptime: None,
            ..named(n)
        });
        assert_eq!(
            titles(waiting.collect()),
            ["Software updates are available for 9 devices"]
        );
    }
}
