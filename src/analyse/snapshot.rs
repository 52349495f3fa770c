//! Findings from the picture of the devices: what is wrong right now, whatever the events say.

use chrono::TimeDelta;

use crate::analyse::digest::fingerprint;
use crate::analyse::rules;
use crate::analyse::scene::{Scene, is_gateway, noun};
use crate::analyse::whole_site;
use crate::analyse::words::{self, capitalised, duration};
use crate::model::device::{Device, SiteSnapshot};
use crate::model::finding::{Finding, Severity, Subject, Trend};

/// Offline for longer than this, it was probably taken away.
const FORGOTTEN: TimeDelta = TimeDelta::days(7);
/// Offline for longer than this, a date says more than a number of days.
pub const AGES: TimeDelta = TimeDelta::days(60);
/// Offline for less than this, it may only be restarting.
const JUST_NOW: TimeDelta = TimeDelta::minutes(5);

/// Everything the snapshots show to be wrong.
pub fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for site in &scene.evidence.snapshot.sites {
        for device in site.devices.iter().flatten().filter(|device| !device.disabled) {
            let mut found = of_device(site, device);
            if is_gateway(device) {
                for finding in &mut found {
                    finding.severity = match finding.severity {
                        Severity::Low => Severity::Medium,
                        Severity::Medium => Severity::Severe,
                        as_is => as_is,
                    };
                }
            }
            findings.extend(found);
            findings.extend(whole_site::lines(site, device));
        }
        findings.extend(whole_site::updates(site));
        findings.extend(whole_site::restarts(scene, site));
        findings.extend(whole_site::health(site));
    }
    findings
}

/// An ongoing finding of a rule about one device, with a title of its own where one is given.
pub fn about(
    site: &SiteSnapshot,
    device: &Device,
    rule: &str,
    severity: Severity,
    title: Option<String>,
) -> Finding {
    let subject = Subject {
        kind: "device".to_owned(),
        id: device.mac.to_lowercase(),
        name: device.label(),
    };
    draft(site, subject, rule, severity, title)
}

pub fn draft(
    site: &SiteSnapshot,
    subject: Subject,
    rule: &str,
    severity: Severity,
    title: Option<String>,
) -> Finding {
    let rule = rules::find(rule);
    let place = site.site.to_string();
    let title = title.unwrap_or_else(|| capitalised(&rule.one.replace("{name}", &words::name(&subject))));
    Finding {
        fingerprint: fingerprint(rule.id, &place, &subject.id),
        rule: rule.id.to_owned(),
        severity,
        category: rule.category,
        title,
        explanation: rule.explanation.to_owned(),
        remediation: rule.advice.iter().map(|step| (*step).to_owned()).collect(),
        subject,
        site: place,
        first_seen: site.observed_at,
        last_seen: site.observed_at,
        count: 0,
        occurrences: 1,
        trend: Trend::New,
        days: 1,
        ongoing: true,
        examples: Vec::new(),
    }
}

fn of_device(site: &SiteSnapshot, device: &Device) -> Vec<Finding> {
    let say =
        |rule: &str, severity, text: String| about(site, device, rule, severity, Some(capitalised(&text)));
    let plain = |rule: &str, severity| about(site, device, rule, severity, None);
    let called = called(device);
    let mut found = Vec::new();
    match device.state {
        Some(0) => found.push(offline(site, device)),
        Some(2) => found.push(plain("device-pending", Severity::Low)),
        Some(3) => found.push(say(
            "device-trouble",
            Severity::Medium,
            format!("{called} has software that does not fit its console"),
        )),
        Some(6) => found.push(plain("heartbeat-missed", Severity::Low)),
        Some(9) => found.push(say(
            "device-trouble",
            Severity::Medium,
            format!("{called} cannot talk to the console properly"),
        )),
        Some(10) => found.push(say(
            "device-trouble",
            Severity::Medium,
            format!("{called} could not be adopted"),
        )),
        Some(11) => found.push(plain("device-isolated", Severity::Severe)),
        _ => {}
    }
    let hot = device
        .temperature
        .map_or(String::new(), |degrees| format!(" ({degrees:.0} °C)"));
    if device.overheating == Some(true) {
        found.push(say(
            "overheating",
            Severity::Severe,
            format!("{called} is too hot{hot}"),
        ));
    } else if device.temperature.is_some_and(|degrees| degrees >= 90.0) {
        found.push(say(
            "overheating",
            Severity::Medium,
            format!("{called} is very warm{hot}"),
        ));
    }
    let load = [("processor", device.cpu, 90.0), ("memory", device.memory, 90.0)];
    for (part, percent, limit) in load {
        if let Some(percent) = percent.filter(|percent| *percent >= limit) {
            found.push(say(
                "device-load",
                Severity::Low,
                format!("{called} is busy: {percent:.0} % of its {part} is in use"),
            ));
            break;
        }
    }
    if device.end_of_life == Some(true) || device.unsupported == Some(true) {
        found.push(plain("device-eol", Severity::Low));
    }
    if let (Some(budget), Some(used)) = (device.poe_budget.filter(|watts| *watts > 0.0), device.poe_used) {
        let percent = used / budget * 100.0;
        let severity = if percent >= 90.0 {
            Severity::Medium
        } else {
            Severity::Low
        };
        if percent >= 80.0 {
            let text =
                format!("{called} gives {used:.0} of {budget:.0} W to powered devices ({percent:.0} %)");
            found.push(say("poe-budget", severity, text));
        }
    }
    let crowded = device
        .radios
        .iter()
        .filter_map(|radio| Some((radio, radio.utilisation?)))
        .filter(|(_, percent)| *percent >= 80.0)
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((radio, percent)) = crowded {
        let text = format!(
            "the {} WiFi channel of {called} is crowded: {percent:.0} % in use",
            band(&radio.band)
        );
        found.push(say("channel-utilisation", Severity::Low, text));
    }
    for disk in &device.storage {
        if let (Some(size @ 1..), Some(used)) = (disk.size, disk.used) {
            let percent = used.saturating_mul(100) / size;
            let severity = if percent >= 95 {
                Severity::Severe
            } else {
                Severity::Medium
            };
            if percent >= 90 {
                found.push(say(
                    "storage-low",
                    severity,
                    format!("{called} is running out of disk space: {percent} % used"),
                ));
                break;
            }
        }
    }
    if device.on_battery == Some(true) {
        let left = device
            .battery_level
            .map_or(String::new(), |percent| format!(", {percent:.0} % left"));
        found.push(say(
            "on-battery",
            Severity::Severe,
            format!("{called} is running on battery{left}"),
        ));
    }
    found
}

pub fn called(device: &Device) -> String {
    if device.name.is_empty() {
        device.label()
    } else {
        words::called(noun(device), &device.name)
    }
}

fn band(band: &str) -> &str {
    match band {
        "ng" => "2.4 GHz",
        "na" | "ac" => "5 GHz",
        "6e" => "6 GHz",
        other => other,
    }
}

fn offline(site: &SiteSnapshot, device: &Device) -> Finding {
    // The console restarts its own count when it restarts; the device's last word is the older truth.
    let since = [device.last_seen, device.disconnected_since]
        .into_iter()
        .flatten()
        .filter(|since| *since <= site.observed_at && since.timestamp() > 0)
        .min();
    let gone = since.map(|since| site.observed_at - since);
    let forgotten = gone.is_some_and(|gone| gone > FORGOTTEN) && !is_gateway(device);
    let length = gone
        .and_then(|gone| u64::try_from(gone.num_seconds()).ok())
        .map_or(String::new(), |seconds| format!(" for {}", duration(seconds)));
    let title = if let (Some(since), true) = (since, gone.is_some_and(|gone| gone > AGES)) {
        format!(
            "{} is offline and was last heard from on {}",
            called(device),
            since.format("%-d %B %Y")
        )
    } else if length.is_empty() {
        format!("{} is offline", called(device))
    } else {
        format!("{} has been offline{length}", called(device))
    };
    let severity = match gone {
        _ if forgotten => Severity::Low,
        Some(gone) if gone < JUST_NOW => Severity::Medium,
        _ => Severity::Severe,
    };
    let mut finding = about(site, device, "device-down", severity, Some(capitalised(&title)));
    finding.first_seen = since.unwrap_or(site.observed_at);
    if forgotten {
        finding.remediation.insert(
            0,
            "If this device is no longer in use, remove it in the console; then it is not reported any more."
                .to_owned(),
        );
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case, device};
    use crate::model::device::Wan;

    fn found(device: Device) -> Vec<(String, Severity)> {
        let findings = Case::default().seeing(vec![device]).judge().findings;
        findings
            .into_iter()
            .map(|finding| (finding.rule, finding.severity))
            .collect()
    }

    #[test]
    fn a_healthy_device_is_no_finding_and_a_full_switch_is_one() {
        let switch = || device("usw", "Bar", "02:00:00:00:00:01");
        assert!(found(switch()).is_empty());
        for (used, expected) in [
            (47.0, None),
            (50.0, Some(Severity::Low)),
            (56.0, Some(Severity::Medium)),
        ] {
            let loaded = Device {
                poe_budget: Some(60.0),
                poe_used: Some(used),
                ..switch()
            };
            assert_eq!(
                found(loaded).first().map(|finding| finding.1),
                expected,
                "{used} W"
            );
        }
    }

    #[test]
    fn offline_is_severe_and_after_a_week_only_a_reminder() {
        let offline = |hours| Device {
            state: Some(0),
            last_seen: Some(Case::default().now - TimeDelta::hours(hours)),
            ..device("uap", "Bar", "02:00:00:00:00:01")
        };
        assert_eq!(found(offline(2)), [("device-down".to_owned(), Severity::Severe)]);
        assert_eq!(
            found(offline(24 * 20)),
            [("device-down".to_owned(), Severity::Low)]
        );
        let disabled = Device {
            disabled: true,
            ..offline(2)
        };
        assert!(found(disabled).is_empty());
    }

    #[test]
    fn a_dead_backup_line_is_told_though_nobody_notices_it() {
        let line = |name: &str, up| Wan {
            name: name.to_owned(),
            enabled: Some(true),
            up: Some(up),
            ..Wan::default()
        };
        let gateway = |first| Device {
            wans: vec![line("wan1", first), line("wan2", false)],
            ..device("udm", "Office", "02:00:00:00:00:01")
        };
        assert_eq!(found(gateway(true)), [("wan-down".to_owned(), Severity::Medium)]);
        assert_eq!(found(gateway(false))[0].1, Severity::Severe);
    }
}
