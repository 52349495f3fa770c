//! Outages: something was away, for how long, how often, and is it back?

use crate::analyse::aftermath::{changed_somehow, next_time};
use crate::analyse::cases::{Case, drafted, worse};
use crate::analyse::digest::fingerprint;
use crate::analyse::failovers;
use crate::analyse::phrases::{End, Phrase, Told};
use crate::analyse::rules;
use crate::analyse::scene::Scene;
use crate::analyse::spells::Absences;
use crate::analyse::words::{capitalised, duration, times};
use crate::model::finding::{Finding, Severity, Trend};

/// From so many drops on, a device is not out but unsteady.
const FLAPPING: u64 = 3;
/// From so many on, it is useless.
const USELESS: u64 = 10;

/// The finding of one outage group; `None` if everything about it was expected.
pub fn finding(case: &Case, scene: &Scene<'_>) -> Option<Finding> {
    let (rule, group) = (case.rule, &case.group);
    let now = scene.now_at(&group.site).timestamp_millis();
    if let Some(severity) = case.surplus {
        let mut finding = drafted(case, group.occurrences(), severity);
        finding.ongoing = case.ongoing;
        return Some(finding);
    }
    let mut absences = Absences::of(&group.turns, &scene.planned(group));
    let proof = proof(case, scene);
    if proof == Some(true) {
        absences.end_unseen();
    }
    let repeated = group.keys.values.keys().any(|key| key.contains("_TIMES"));
    let remembered = scene.remembered(rule.id, &group.site, &group.subject.id);
    let was_away = remembered.is_some_and(|earlier| earlier.ongoing);
    let away = absences.still_away().is_some();
    let silent = absences.spells.is_empty() && !group.turns.is_empty();
    // An outage an earlier report told of is over: by its return, or by one that tells how long it was.
    let since = scene.evidence.window.since().timestamp_millis();
    let resolved = was_away
        && !away
        && match absences.spells.as_slice() {
            [] => absences.returned,
            [only] => only.since < since,
            _ => false,
        };
    if silent && !case.is_pooled() && !repeated && !resolved {
        return None;
    }
    let drops = (absences.spells.len() as u64).max(if repeated { FLAPPING } else { 1 });
    let (total, longest) = absences.seconds(now);

    let mut finding = drafted(case, drops, Severity::Medium);
    finding.ongoing = away && !scene.is_recording();
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
    if group.turns.is_empty() && !repeated && !resolved && rule.id != "mass-outage" {
        return Some(changed_somehow(finding, case, scene));
    }
    let told = Told {
        end: match (resolved, away, scene.is_recording()) {
            (true, ..) => End::Resolved,
            (_, true, true) => End::Unknown,
            (_, true, false) => End::Away,
            (_, false, _) => End::Back,
        },
        drops,
        total,
        longest,
        measured: absences.all_measured() && absences.spells.iter().any(|spell| spell.until.is_some()),
    };
    if !case.is_pooled() {
        let phrase = Phrase::of(case, scene.device(group));
        finding.title = capitalised(&phrase.title(rule, &told));
        if !away {
            let past = phrase.in_the_past(rule, &told);
            finding.explanation = finding.explanation.replacen(rule.explanation, &past, 1);
        }
    }
    failovers::tell_backup(&mut finding, case, scene);
    let healed = !away && drops == 1 && !case.is_pooled() && rule.id != "mass-outage";
    if resolved || healed {
        finding.remediation = vec![next_time(rule)];
    } else if !away && !matches!(rule.id, "wan-failover" | "mass-outage") {
        let calm = "It is working again. If it happens more often, go through these steps.";
        finding.remediation.insert(0, calm.to_owned());
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
        // Those still missing are told one by one.
        "mass-outage" => scene.site(&case.group.site)?.devices.as_ref().map(|_| true),
        "on-battery" => scene.device(&case.group)?.on_battery.map(|battery| !battery),
        _ => None,
    }
}

fn severity(case: &Case, scene: &Scene<'_>, absences: &Absences, away: bool, drops: u64) -> Severity {
    let (rule, group) = (case.rule, &case.group);
    let (total, longest) = absences.seconds(scene.now_at(&group.site).timestamp_millis());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case as Run, device, row};

    fn only(run: &Run) -> Finding {
        let mut findings = run.judge().findings;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }

    #[test]
    fn a_moment_is_only_worth_knowing_and_the_gateway_is_worth_more() {
        let away = |key: &str, back: &str, role: &str, seconds| {
            let who = [(role, "02:00:00:00:00:aa")];
            only(&Run::of([row(key, 0, &who), row(back, seconds, &who)])).severity
        };
        assert_eq!(
            away("EVT_AP_Lost_Contact", "EVT_AP_Connected", "AP", 40),
            Severity::Info
        );
        assert_eq!(
            away("EVT_AP_Lost_Contact", "EVT_AP_Connected", "AP", 200),
            Severity::Low
        );
        assert_eq!(
            away("EVT_AP_Lost_Contact", "EVT_AP_Connected", "AP", 900),
            Severity::Medium
        );
        assert_eq!(
            away("EVT_GW_Lost_Contact", "EVT_GW_Connected", "GW", 900),
            Severity::Severe
        );
    }

    #[test]
    fn a_device_lost_in_the_events_and_in_the_list_is_one_finding() {
        let mac = "02:00:00:00:00:aa";
        let lost = || Run::of([row("DEVICE_UNREACHABLE", 0, &[("DEVICE", mac)])]);
        let mut gone = device("usw", "Bar", mac);
        gone.state = Some(0);
        let finding = only(&lost().seeing(vec![gone]));
        assert!(finding.ongoing);
        assert_eq!((finding.count, finding.severity), (1, Severity::Severe));
        let back = only(&lost().seeing(vec![device("usw", "Bar", mac)]));
        assert!(!back.ongoing);
        assert!(back.title.ends_with("went offline and is back"), "{}", back.title);
    }

    #[test]
    fn thirty_devices_updated_at_night_are_one_line() {
        let mut run = Run::default();
        for n in 0..30 {
            let who = [("AP", format!("02:00:00:00:00:{n:02x}"))];
            let who = [(who[0].0, who[0].1.as_str())];
            run.fold(
                &["EVT_AP_Lost_Contact", "EVT_AP_Connected", "EVT_AP_Upgraded"]
                    .map(|key| row(key, n * 60, &who)),
            );
        }
        let finding = only(&run);
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            ("firmware-updated", Severity::Info)
        );
    }

    #[test]
    fn thirty_devices_gone_are_a_few_lines_and_a_rest() {
        let run = Run::of((0..30).map(|n| {
            row(
                "EVT_AP_Lost_Contact",
                n,
                &[("AP", &format!("02:00:00:00:01:{n:02x}"))],
            )
        }));
        let findings = run.judge().findings;
        assert_eq!(findings.len(), 11);
        let rest = findings.last().unwrap();
        assert_eq!(
            (rest.count, rest.severity, rest.ongoing),
            (20, Severity::Severe, true)
        );
        assert_eq!(rest.title, "20 more of this kind: a device went offline");
    }

    #[test]
    fn one_that_drops_again_and_again_has_its_own_advice() {
        let who = [("AP", "02:00:00:00:00:aa")];
        let rows = (0..8).map(|n| {
            let key = if n % 2 == 0 {
                "EVT_AP_Lost_Contact"
            } else {
                "EVT_AP_Connected"
            };
            row(key, n * 1000, &who)
        });
        let finding = only(&Run::of(rows));
        assert_eq!(
            (finding.rule.as_str(), finding.occurrences),
            ("device-flapping", 4)
        );
    }
}
