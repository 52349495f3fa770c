//! Outages: something was away, for how long, how often, and is it back?

use crate::analyse::cases::{Case, drafted, worse};
use crate::analyse::digest::fingerprint;
use crate::analyse::place::is_gateway_model;
use crate::analyse::rules;
use crate::analyse::scene::{Scene, noun};
use crate::analyse::spells::Absences;
use crate::analyse::words::{self, capitalised, duration, times};
use crate::model::device::Device;
use crate::model::digest::Way;
use crate::model::finding::{Finding, Severity, Trend};

/// From so many drops on, a device is not out but unsteady.
const FLAPPING: u64 = 3;
/// From so many on, it is useless.
const USELESS: u64 = 10;

/// The finding of one outage group; `None` if everything about it was expected.
pub fn finding(case: &Case, scene: &Scene<'_>) -> Option<Finding> {
    let (rule, group) = (case.rule, &case.group);
    let now = scene.now().timestamp_millis();
    let absences = Absences::of(&group.turns, &scene.planned(group));
    let repeated = group.keys.values.keys().any(|key| key.contains("_TIMES"));
    let remembered = scene.remembered(rule.id, &group.site, &group.subject.id);
    let was_away = remembered.is_some_and(|earlier| earlier.ongoing);
    let silent = absences.spells.is_empty() && !group.turns.is_empty();
    let resolved = silent && absences.returned && was_away;
    if silent && !case.is_pooled() && !repeated && !resolved {
        return None;
    }
    let proof = proof(case, scene);
    let away = match proof {
        Some(healthy) => !healthy && absences.still_away().is_some(),
        None => absences.still_away().is_some(),
    };
    let drops = (absences.spells.len() as u64).max(if repeated { FLAPPING } else { 1 });
    let (total, longest) = absences.seconds(now);

    let mut finding = drafted(case, drops, Severity::Medium);
    finding.ongoing = away;
    finding.severity = if resolved {
        Severity::Info
    } else {
        severity(case, scene, &absences, away, drops)
    };
    if resolved {
        finding.trend = Trend::Resolved;
    }
    if let Some(spell) = absences.spells.first() {
        let since = chrono::DateTime::from_timestamp_millis(spell.since).unwrap_or(group.first);
        finding.first_seen = finding.first_seen.min(since);
    }
    if !case.is_pooled() {
        let phrase = Phrase::of(case, scene.device(group));
        let closed = absences.all_measured() && absences.spells.iter().any(|spell| spell.until.is_some());
        finding.title = capitalised(&match (resolved, away, drops) {
            (true, ..) => format!("{} {}", phrase.who, phrase.back),
            (_, true, 1) => format!("{} {} for {}", phrase.who, phrase.has_been, duration(longest)),
            (_, true, _) => format!("{} {} {}, and is away now", phrase.who, phrase.went, times(drops)),
            (_, _, 1) if closed && total > 0 => format!(
                "{} {} for {} and is back",
                phrase.who,
                phrase.was,
                duration(total)
            ),
            (_, _, 1) => format!("{} {} and is back", phrase.who, phrase.went),
            _ if total > 0 => {
                format!(
                    "{} {} {}, {} in total",
                    phrase.who,
                    phrase.went,
                    times(drops),
                    duration(total)
                )
            }
            _ => format!("{} {} {}", phrase.who, phrase.went, times(drops)),
        });
    }
    if drops > 1 && longest > 0 {
        finding
            .explanation
            .extend([" The longest lasted ", &duration(longest), "."]);
    }
    if absences.expected > 0 {
        let text = format!(
            " Not counted: {} during a planned restart or update.",
            times(absences.expected)
        );
        finding.explanation.push_str(&text);
    }
    if rule.id == "device-down" && drops >= FLAPPING && !case.is_pooled() {
        rename(&mut finding, group.site.as_str());
    }
    Some(finding)
}

/// A device that drops out again and again is another cause, with other advice.
fn rename(finding: &mut Finding, site: &str) {
    let rule = rules::find("device-flapping");
    finding.fingerprint = fingerprint(rule.id, site, &finding.subject.id);
    rule.id.clone_into(&mut finding.rule);
    let tail = finding
        .explanation
        .split_once("no network.")
        .map_or(String::new(), |(_, tail)| tail.to_owned());
    finding.explanation = format!("{}{tail}", rule.explanation);
    finding.remediation = rule.advice.iter().map(|step| (*step).to_owned()).collect();
}

/// Whether the console shows it healthy now; `None` if that cannot be seen.
fn proof(case: &Case, scene: &Scene<'_>) -> Option<bool> {
    match case.rule.id {
        "device-down" => scene.device(&case.group)?.state.map(|state| state == 1),
        "wan-outage" | "wan-failover" => {
            let devices = scene.site(&case.group.site)?.devices.as_ref()?;
            let lines: Vec<_> = devices
                .iter()
                .flat_map(|device| &device.wans)
                .filter(|wan| wan.enabled != Some(false))
                .collect();
            let all_up = !lines.is_empty() && lines.iter().all(|wan| wan.up == Some(true));
            // Which line a name means cannot be told, so only "all are up" proves anything.
            (all_up && case.rule.id == "wan-outage").then_some(true)
        }
        "on-battery" => scene.device(&case.group)?.on_battery.map(|battery| !battery),
        _ => None,
    }
}

fn severity(case: &Case, scene: &Scene<'_>, absences: &Absences, away: bool, drops: u64) -> Severity {
    let (rule, group) = (case.rule, &case.group);
    let (total, longest) = absences.seconds(scene.now().timestamp_millis());
    let brief = !away && drops == 1 && absences.all_measured();
    if brief && longest < 60 && !absences.spells.is_empty() {
        return Severity::Info;
    }
    let base = match rule.id {
        _ if drops >= USELESS => Severity::Severe,
        "device-down" if brief && longest < 300 => Severity::Low,
        "wan-outage" if total >= 1800 || drops >= FLAPPING => Severity::Severe,
        "wan-failover" if away && longest < 3600 => return Severity::Medium,
        "mass-outage" if away => Severity::Severe,
        "mobile-backup" | "camera-offline" => return Severity::Medium,
        _ => Severity::Medium,
    };
    let core = rule.escalates && scene.is_core(group);
    let persistent = rule.escalates && scene.is_persistent(rule.id, group);
    worse(base, u8::from(away) + u8::from(core) + u8::from(persistent))
}

/// The words for one kind of outage.
struct Phrase {
    who: String,
    has_been: &'static str,
    was: &'static str,
    went: &'static str,
    back: &'static str,
}

impl Phrase {
    fn of(case: &Case, device: Option<&Device>) -> Self {
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
    if case.group.subject.id.is_empty() {
        format!("a {noun}")
    } else {
        format!("{noun} {name}")
    }
}

/// A failover is the other half of the outage that caused it: its rows go into that finding.
pub fn join_failovers(cases: &mut Vec<Case>) {
    let (failovers, mut others): (Vec<_>, Vec<_>) = std::mem::take(cases)
        .into_iter()
        .partition(|case| case.rule.id == "wan-failover");
    for mut failover in failovers {
        let near = others
            .iter_mut()
            .filter(|case| case.rule.id == "wan-outage" && case.group.site == failover.group.site)
            .filter(|case| case.group.turns.iter().any(|turn| turn.1 != Way::Up))
            .min_by_key(|case| (case.group.first - failover.group.first).abs());
        match near {
            Some(outage) => {
                failover.group.turns.clear();
                failover.names.clear();
                outage.absorb(failover);
            }
            None => others.push(failover),
        }
    }
    *cases = others;
}
