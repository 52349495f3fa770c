//! Outages: something was away, for how long, how often, and is it back?

use crate::analyse::cases::{Case, drafted, worse};
use crate::analyse::digest::fingerprint;
use crate::analyse::phrases::Phrase;
use crate::analyse::rules::internet::SECOND_LINE;
use crate::analyse::rules::{self, Rule};
use crate::analyse::scene::Scene;
use crate::analyse::spells::Absences;
use crate::analyse::words::{self, capitalised, duration, times, uncapitalised};
use crate::model::digest::Way;
use crate::model::finding::{Finding, Severity, Subject, Trend};

/// From so many drops on, a device is not out but unsteady.
const FLAPPING: u64 = 3;
/// From so many on, it is useless.
const USELESS: u64 = 10;

/// The finding of one outage group; `None` if everything about it was expected.
pub fn finding(case: &Case, scene: &Scene<'_>) -> Option<Finding> {
    let (rule, group) = (case.rule, &case.group);
    let now = scene.now().timestamp_millis();
    if let Some(severity) = case.surplus {
        let mut finding = drafted(case, group.count, severity);
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
    if !case.is_pooled() {
        let phrase = Phrase::of(case, scene.device(group));
        let closed = absences.all_measured() && absences.spells.iter().any(|spell| spell.until.is_some());
        finding.title = capitalised(&match (resolved, away, drops) {
            (true, ..) if total > 0 => format!("{} {} after {}", phrase.who, phrase.back, duration(total)),
            (true, ..) => format!("{} {}", phrase.who, phrase.back),
            (_, true, 1) if scene.is_recording() => {
                let later = if longest < 60 {
                    String::new()
                } else {
                    format!(" {} later", duration(longest))
                };
                format!(
                    "{} {}, and was not back{later} when the records end",
                    phrase.who, phrase.went
                )
            }
            (_, true, _) if scene.is_recording() => {
                format!(
                    "{} {} {}, and was away when the records end",
                    phrase.who,
                    phrase.went,
                    times(drops)
                )
            }
            (_, true, 1) => format!("{} {} for {}", phrase.who, phrase.has_been, duration(longest)),
            (_, true, _) => format!("{} {} {}, and is away now", phrase.who, phrase.went, times(drops)),
            (_, _, 1) if closed && total > 0 => {
                let length = duration(total);
                format!(
                    "{} {} for {length} {}",
                    phrase.who, phrase.was, phrase.and_is_back
                )
            }
            (_, _, 1) if rule.id == "mass-outage" => format!("{} {}", phrase.who, phrase.went),
            (_, _, 1) => format!("{} {} {}", phrase.who, phrase.went, phrase.and_is_back),
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
        if !away {
            let once = resolved || drops == 1;
            let length = if closed { total } else { 0 };
            let past = if once {
                phrase.in_the_past(rule, length)
            } else {
                aftermath(rule).to_owned()
            };
            finding.explanation = finding.explanation.replacen(rule.explanation, &past, 1);
        }
    }
    let backup = words::top(group, "backup");
    if rule.id == "wan-outage" {
        if !backup.is_empty() {
            finding
                .explanation
                .extend([" ", &backup, " carried you meanwhile."]);
        }
        if !backup.is_empty() || scene.lines(&group.site).count() > 1 {
            finding.remediation.retain(|step| step != SECOND_LINE);
        }
    } else if !backup.is_empty() {
        finding.explanation.extend([" Backup line: ", &backup, "."]);
    }
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

/// A row that says only that something changed is no proof that it was away, nor that it is back.
fn changed_somehow(mut finding: Finding, case: &Case, scene: &Scene<'_>) -> Finding {
    let phrase = Phrase::of(case, scene.device(&case.group));
    let often = if case.group.count == 1 {
        String::new()
    } else {
        format!(" {}", times(case.group.count))
    };
    finding.occurrences = case.group.count;
    finding.severity = Severity::Low;
    finding.title = capitalised(&format!("{} changed its state{often}", phrase.who));
    let unsaid = "The console does not say whether it went away or came back, nor for how long.";
    finding.explanation = finding.explanation.replacen(case.rule.explanation, unsaid, 1);
    finding.remediation = vec!["If nobody noticed anything at that time: nothing to do.".to_owned()];
    finding
}

/// What it meant that something was away, told when it is back.
pub fn aftermath(rule: &Rule) -> &'static str {
    match rule.id {
        "device-down" => "While it was away, everything connected through it had no network.",
        "wan-outage" => "In that time the gateway could not reach the internet over this line.",
        "mobile-backup" => "Had the main line failed in that time, there would have been no internet.",
        "camera-offline" => "Nothing was recorded in that time.",
        "on-battery" => {
            "Without mains power, everything behind the battery backup (UPS) goes off when the battery is empty."
        }
        _ => rule.explanation,
    }
}

/// The one step for what is over.
pub fn next_time(rule: &Rule) -> String {
    let step = match rule.id {
        "device-down" => "check its power supply, and its network cable at both ends.".to_owned(),
        "wan-outage" => "give your internet provider the times from this report.".to_owned(),
        _ => rule
            .advice
            .first()
            .map_or_else(String::new, |step| uncapitalised(step)),
    };
    format!("Nothing to do now. If it happens again: {step}")
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

/// A failover is the other half of the outage that caused it: its rows go into that finding.
pub fn join_failovers(cases: &mut Vec<Case>) {
    let (failovers, mut others): (Vec<_>, Vec<_>) = std::mem::take(cases)
        .into_iter()
        .partition(|case| case.rule.id == "wan-failover");
    for mut failover in failovers {
        let backup = failover.group.facets.get("backup").cloned().unwrap_or_default();
        let took_over = |line: &Subject| {
            !line.id.is_empty()
                && backup
                    .values
                    .keys()
                    .any(|name| name.starts_with(&words::name(line)))
        };
        let near = others
            .iter_mut()
            .filter(|case| case.rule.id == "wan-outage" && case.group.site == failover.group.site)
            .filter(|case| case.group.turns.iter().any(|turn| turn.1 != Way::Up))
            .filter(|case| !took_over(&case.group.subject))
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
    fn a_failover_belongs_to_the_outage_that_caused_it() {
        let finding = only(&Run::of([
            row(
                "NETWORK_WAN_FAILED_2",
                0,
                &[("WAN_NAME", "Fiber"), ("DURATION", "4m 6s")],
            ),
            row(
                "NETWORK_FAILED_OVER_TO_BACKUP_WAN_TEMPORARY_2",
                2,
                &[("WAN_NAME", "LTE")],
            ),
            row(
                "NETWORK_WAN_RESTORED_2",
                246,
                &[("WAN_NAME", "Fiber"), ("DURATION", "4m 6s")],
            ),
        ]));
        assert_eq!((finding.count, finding.occurrences), (3, 1));
        assert_eq!(
            finding.title,
            "Internet connection “Fiber” was down for 4 min and is back"
        );
        assert_eq!(
            finding.explanation,
            "It was down for 4 min. In that time the gateway could not reach the internet over this line. \
             “LTE” carried you meanwhile."
        );
        assert_eq!(finding.remediation.len(), 1);
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
