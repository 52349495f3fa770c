//! How one says that a thing was away: a line is down, a device is offline, a UPS runs on battery.

use crate::analyse::cases::Case;
use crate::analyse::outages::aftermath;
use crate::analyse::place::is_gateway_model;
use crate::analyse::rules::Rule;
use crate::analyse::scene::noun;
use crate::analyse::words;
use crate::model::device::Device;

/// The words for one kind of outage.
pub struct Phrase {
    pub who: String,
    pub has_been: &'static str,
    pub was: &'static str,
    pub went: &'static str,
    pub back: &'static str,
    pub and_is_back: &'static str,
}

impl Phrase {
    pub fn of(case: &Case, device: Option<&Device>) -> Self {
        let name = words::name(&case.group.subject);
        let (who, has_been, was, went, back) = match case.rule.id {
            "wan-outage" => (
                format!("internet connection {name}").trim().to_owned(),
                "has been down",
                "was down",
                "went down",
                "works again",
            ),
            "wan-failover" => (
                "internet".to_owned(),
                "has been running over the backup line",
                "ran over the backup line",
                "moved to the backup line",
                "runs over the main line again",
            ),
            "vpn-tunnel" => (
                format!("the VPN tunnel {name}"),
                "has been down",
                "was down",
                "went down",
                "is up again",
            ),
            "mobile-backup" => (
                format!("the mobile backup {name}"),
                "has had no connection",
                "had no connection",
                "lost its connection",
                "is connected again",
            ),
            "on-battery" => (
                name,
                "has been running on battery",
                "ran on battery",
                "switched to battery",
                "has mains power again",
            ),
            "mass-outage" => (
                "several devices".to_owned(),
                "have been offline",
                "were offline together",
                "went offline together",
                "are back online",
            ),
            _ => (
                described(case, device, &name),
                "has been offline",
                "was offline",
                "went offline",
                "is back online",
            ),
        };
        Self {
            who,
            has_been,
            was,
            went,
            back,
            and_is_back: if case.rule.id == "mass-outage" {
                "and are back"
            } else {
                "and is back"
            },
        }
    }

    /// What happened, told when it is over: for how long, where that is known, and what it meant.
    pub fn in_the_past(&self, rule: &Rule, seconds: u64) -> String {
        let it = match rule.id {
            "mass-outage" => "They",
            "wan-failover" => "The internet",
            _ => "It",
        };
        let meant = aftermath(rule);
        if seconds == 0 {
            return meant.to_owned();
        }
        format!("{it} {} for {}. {meant}", self.was, words::duration(seconds))
    }
}

/// `Access point “Lobby”`: what it is, from the console's list or from the key that told of it.
fn described(case: &Case, device: Option<&Device>, name: &str) -> String {
    if case.rule.id == "camera-offline" {
        return format!("camera system device {name}");
    }
    let by_key = || {
        let keys = &case.group.keys.values;
        let starts = |head: &str| keys.keys().any(|key| key.starts_with(head));
        match () {
            () if starts("EVT_AP_") => "access point",
            () if starts("EVT_SW_") => "switch",
            () if case.group.core || is_gateway_model(name) => "gateway",
            () if starts("EVT_BB_") => "radio bridge",
            () => "device",
        }
    };
    let noun = device.map_or_else(by_key, noun);
    let subject = &case.group.subject;
    if subject.id.is_empty() {
        words::called(noun, "")
    } else if name.starts_with('“') {
        words::called(noun, &subject.name)
    } else {
        format!("{noun} {name}")
    }
}
