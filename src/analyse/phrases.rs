//! How one says that a thing was away: a line is down, a device is offline, a UPS runs on battery.

use crate::analyse::aftermath::aftermath;
use crate::analyse::cases::Case;
use crate::analyse::place::is_gateway_model;
use crate::analyse::rules::Rule;
use crate::analyse::scene::noun;
use crate::analyse::words::{self, duration, times};
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

/// What is known of an outage, for its title.
pub struct Told {
    pub end: End,
    pub drops: u64,
    /// Seconds away altogether, and the longest.
    pub total: u64,
    pub longest: u64,
    /// Its length is known, not merely that it happened.
    pub measured: bool,
}

/// How the story of an outage ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Away,
    /// Judged long afterwards: it was away when the records end.
    Unknown,
    Back,
    /// Back, after an earlier report told that it was away.
    Resolved,
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

    /// One line that says what happened.
    pub fn title(&self, rule: &Rule, told: &Told) -> String {
        let Self { who, went, .. } = self;
        let (often, total) = (times(told.drops), duration(told.total));
        let is_long = told.total > 0;
        match (told.end, told.drops) {
            (End::Resolved, _) if is_long => format!("{who} {} after {total}", self.back),
            (End::Resolved, _) => format!("{who} {}", self.back),
            (End::Unknown, 1) if told.longest < 60 => {
                format!("{who} {went}, and was not back when the records end")
            }
            (End::Unknown, 1) => format!(
                "{who} {went}, and was not back {} later when the records end",
                duration(told.longest)
            ),
            (End::Unknown, _) => {
                format!("{who} {went} {often}, and was away when the records end")
            }
            (End::Away, 1) => format!("{who} {} for {}", self.has_been, duration(told.longest)),
            (End::Away, _) => format!("{who} {went} {often}, and is away now"),
            (End::Back, 1) if told.measured && is_long => {
                format!("{who} {} for {total} {}", self.was, self.and_is_back)
            }
            (End::Back, 1) if rule.id == "mass-outage" => format!("{who} {went}"),
            (End::Back, 1) => format!("{who} {went} {}", self.and_is_back),
            (End::Back, _) if is_long => format!("{who} {went} {often}, {total} in total"),
            (End::Back, _) => format!("{who} {went} {often}"),
        }
    }

    /// What happened, told when it is over: for how long, where that is known, and what it meant.
    pub fn in_the_past(&self, rule: &Rule, told: &Told) -> String {
        let it = match rule.id {
            "mass-outage" => "They",
            "wan-failover" => "The internet",
            _ => "It",
        };
        let meant = aftermath(rule);
        let once = told.end == End::Resolved || told.drops == 1;
        if once && told.measured && told.total > 0 {
            format!("{it} {} for {}. {meant}", self.was, duration(told.total))
        } else {
            meant.to_owned()
        }
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
