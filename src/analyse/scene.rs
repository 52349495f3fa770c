//! What judging a group can look up: the devices as they are now, planned restarts, earlier findings.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::analyse::Evidence;
use crate::analyse::digest::fingerprint;
use crate::analyse::place::is_gateway_model;
use crate::analyse::rules::{self, Kind};
use crate::model::device::{Device, SiteSnapshot, Wan};
use crate::model::digest::{Group, Way};
use crate::model::finding::Finding;
use crate::model::memory::Remembered;

pub struct Scene<'a> {
    pub evidence: &'a Evidence<'a>,
    devices: BTreeMap<(String, String), &'a Device>,
    planned: BTreeMap<(&'a str, &'a str), Vec<i64>>,
    /// The moment of the newest thing told, where that is long ago: a recording, not the present.
    recorded: Option<DateTime<Utc>>,
}

/// What is told of a moment so long before now is no longer the present.
const LONG_AGO: TimeDelta = TimeDelta::hours(1);

impl<'a> Scene<'a> {
    pub fn new(evidence: &'a Evidence<'a>) -> Self {
        let mut devices = BTreeMap::new();
        for site in &evidence.snapshot.sites {
            for device in site.devices.iter().flatten() {
                devices.insert((site.site.to_string(), device.mac.to_lowercase()), device);
            }
        }
        let mut planned: BTreeMap<_, Vec<i64>> = BTreeMap::new();
        for group in evidence.digest.groups.values() {
            if rules::find(&group.rule).kind == Kind::Planned {
                planned
                    .entry((group.site.as_str(), group.subject.id.as_str()))
                    .or_default()
                    .extend(group.turns.iter().filter(|t| t.1 == Way::Planned).map(|t| t.0));
            }
        }
        Self {
            evidence,
            devices,
            planned,
            recorded: recorded(evidence),
        }
    }

    /// The device a group is about, if the console listed it.
    pub fn device(&self, group: &Group) -> Option<&'a Device> {
        self.devices
            .get(&(group.site.clone(), group.subject.id.clone()))
            .copied()
    }

    pub fn site(&self, name: &str) -> Option<&'a SiteSnapshot> {
        let snapshot = self.evidence.snapshot;
        snapshot.sites.iter().find(|site| site.site.to_string() == name)
    }

    pub fn planned(&self, group: &Group) -> Vec<i64> {
        let turns = self
            .planned
            .iter()
            .find(|((site, subject), _)| *site == group.site && *subject == group.subject.id);
        turns.map_or_else(Vec::new, |(_, turns)| turns.clone())
    }

    /// The rows of one rule about one subject.
    pub fn group(&self, rule: &str, site: &str, subject: &str) -> Option<&'a Group> {
        let wanted = fingerprint(rule, site, subject);
        let groups = &self.evidence.digest.groups;
        groups
            .iter()
            .find(|(key, _)| key.get(1..) == Some(wanted.as_str()))
            .map(|(_, group)| group)
    }

    /// How this finding was last reported.
    pub fn remembered(&self, rule: &str, site: &str, subject: &str) -> Option<&'a Remembered> {
        let memory = self.evidence.memory;
        memory.findings.get(&fingerprint(rule, site, subject))
    }

    /// It has been coming back for days: reported on two days before, and seen within the last two.
    pub fn is_persistent(&self, rule: &str, group: &Group) -> bool {
        self.remembered(rule, &group.site, &group.subject.id)
            .is_some_and(|earlier| earlier.days >= 2 && group.last - earlier.last_seen <= TimeDelta::days(2))
    }

    pub fn is_core(&self, group: &Group) -> bool {
        group.core || self.device(group).is_some_and(is_gateway)
    }

    /// The moment up to which is known what happened: the end of the records, if these are old.
    pub fn now(&self) -> DateTime<Utc> {
        self.recorded.unwrap_or(self.evidence.now)
    }

    /// The same by the clock of a site's console, which the times of its rows are in.
    pub fn now_at(&self, site: &str) -> DateTime<Utc> {
        let console = self.site(site).map(|snapshot| snapshot.observed_at);
        self.recorded.or(console).unwrap_or(self.evidence.now)
    }

    /// Whether this is about a past whose end says nothing of today.
    pub fn is_recording(&self) -> bool {
        self.recorded.is_some()
    }

    /// Without it nothing works: the only way to the internet, or the gateway itself.
    pub fn is_vital(&self, finding: &Finding) -> bool {
        let spared = || {
            let groups = self.evidence.digest.groups.values();
            groups
                .filter(|group| group.site == finding.site)
                .any(|group| group.rule == "wan-failover")
                || self.lines(&finding.site).any(|wan| wan.up == Some(true))
        };
        match finding.rule.as_str() {
            "wan-outage" | "wan-down" => !spared(),
            "device-down" | "device-flapping" => {
                let place = (finding.site.clone(), finding.subject.id.clone());
                self.devices.get(&place).is_some_and(|device| is_gateway(device))
                    || self
                        .group("device-down", &finding.site, &finding.subject.id)
                        .is_some_and(|group| group.core)
            }
            _ => false,
        }
    }

    /// The internet lines of a site that are switched on, as far as the console told.
    pub fn lines(&self, site: &str) -> impl Iterator<Item = &'a Wan> {
        let devices = self.site(site).and_then(|site| site.devices.as_ref());
        devices
            .into_iter()
            .flatten()
            .flat_map(|device| &device.wans)
            .filter(|wan| wan.enabled == Some(true))
    }
}

/// Ad hoc reports may be of last year's records; those of a run are always of now.
fn recorded(evidence: &Evidence<'_>) -> Option<DateTime<Utc>> {
    if evidence.run.is_some() {
        return None;
    }
    let window = evidence.window;
    let observed = evidence.snapshot.sites.iter().map(|site| site.observed_at);
    let newest = observed
        .chain((!window.is_empty()).then(|| window.until()))
        .max()?;
    (evidence.now - newest > LONG_AGO).then_some(newest)
}

/// An Express used as an access point calls itself a `udm`, but has no internet line.
pub fn is_gateway(device: &Device) -> bool {
    match device.kind.as_str() {
        "ugw" | "uxg" => true,
        "udm" => !device.wans.is_empty() || !device.model.to_ascii_uppercase().starts_with("UX"),
        "" => is_gateway_model(&device.model),
        _ => false,
    }
}

/// What kind of thing it is, in a word.
pub fn noun(device: &Device) -> &'static str {
    match device.kind.as_str() {
        _ if is_gateway(device) => "gateway",
        "usw" => "switch",
        "uap" | "udm" => "access point",
        "ubb" => "radio bridge",
        "uci" | "umbb" | "ulte" => "modem",
        "usp" | "ups" | "pdu" => "power device",
        _ => "device",
    }
}
