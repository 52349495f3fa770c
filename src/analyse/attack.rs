//! One row of the threat detection: from where to where, and what the gateway did about it.

use crate::analyse::address::{self, Side};
use crate::analyse::place::{DESTINATION, SOURCE, party};
use crate::analyse::signature::{self, Nature};
use crate::model::event::{Event, Party};
use crate::model::finding::Severity;

/// The direction of a threat row and how bad one such row is: who sent it and what was recognised count more than what
/// the console thinks, and stopped is better than seen.
pub fn placed(event: &Event) -> (&'static str, Severity) {
    let (rule, severity) = by_direction(event);
    let allowed = action(event) == Action::Allowed;
    let inbound = rule.starts_with("threat-inbound");
    let severity = match signature::nature(event) {
        Some(Nature::Compromise) if inbound && !allowed => Severity::Low,
        Some(Nature::Compromise) if rule != "threat" => Severity::Severe,
        Some(Nature::Exploit) if inbound && allowed => Severity::Severe,
        None | Some(Nature::Compromise | Nature::Exploit) => severity,
        Some(Nature::Scan) if !inbound && rule != "threat" => Severity::Medium,
        Some(Nature::Reputation) if inbound && !allowed => Severity::Info,
        Some(Nature::Reputation) if inbound || !allowed => Severity::Low,
        Some(Nature::Reputation) => Severity::Medium,
        Some(Nature::Policy) if allowed => return ("threat-noted", Severity::Low),
        // By whomever to whomever: it is no attack, and must not be told beside one.
        Some(Nature::Policy) => return ("threat-noted", Severity::Info),
        Some(Nature::Scan) => Severity::Info,
    };
    (rule, severity)
}

/// The same where the row does not say what was recognised.
fn by_direction(event: &Event) -> (&'static str, Severity) {
    let action = action(event);
    let stopped = action == Action::Blocked;
    match (side(event, SOURCE), side(event, DESTINATION)) {
        (Some(Side::Inside), Some(Side::Shared))
        | (Some(Side::Shared), Some(Side::Inside | Side::Shared)) => (
            "threat-overlay",
            if stopped { Severity::Low } else { Severity::Medium },
        ),
        (Some(Side::Inside), Some(Side::Inside)) => ("threat-lateral", own(action, event)),
        (Some(Side::Inside | Side::Shared), _) => ("threat-outbound", own(action, event)),
        (Some(Side::Outside), _) if stopped => ("threat-inbound-blocked", Severity::Low),
        (Some(Side::Outside), _) if action == Action::Allowed && party(event, DESTINATION).is_some() => {
            ("threat-inbound-allowed", Severity::Medium)
        }
        // Without an action or a target it is an alarm, not a break-in.
        (Some(Side::Outside) | None, _) => ("threat", if stopped { Severity::Low } else { Severity::Medium }),
    }
}

/// One of your own devices did it: severe where it was let through; also when the console names the device.
fn own(action: Action, event: &Event) -> Severity {
    let named = party(event, &["SRC_CLIENT"]).is_some() || event.key.contains("KNOWN_SOURCE_CLIENT");
    if action != Action::Allowed && !named {
        Severity::Medium
    } else {
        Severity::Severe
    }
}

fn side(event: &Event, roles: &[&str]) -> Option<Side> {
    roles.iter().find_map(|role| {
        let party = party(event, &[role])?;
        [&party.ip, &party.id, &party.name]
            .into_iter()
            .find_map(|text| address::side(text))
            .or((!role.ends_with("_IP")).then_some(Side::Inside))
    })
}

/// What the gateway did about a threat.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Blocked,
    /// Seen and let through.
    Allowed,
    /// The row does not tell.
    Unsaid,
}

/// The gateway says in the key what it did; older rows say it in a field or in the title.
pub fn action(event: &Event) -> Action {
    let words = [&event.key, &event.event, &event.title];
    let says = |word: &str| words.iter().any(|text| text.to_ascii_lowercase().contains(word));
    if let Some(action) = party(event, &["ACTION", "INNER_ALERT_ACTION"]) {
        let action = action.label().to_ascii_lowercase();
        return if ["block", "drop", "reject"]
            .iter()
            .any(|word| action.contains(word))
        {
            Action::Blocked
        } else {
            Action::Allowed
        };
    }
    match event.key.as_str() {
        "CEF:201" => Action::Blocked,
        "CEF:200" => Action::Allowed,
        _ if says("block") => Action::Blocked,
        _ if says("detect") || says("allow") => Action::Allowed,
        _ => Action::Unsaid,
    }
}

pub fn pair(event: &Event) -> String {
    let end = |roles| party(event, roles).map_or("unknown", Party::label);
    format!("{} → {}", end(SOURCE), end(DESTINATION))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::row;

    #[test]
    fn a_threat_is_judged_by_its_direction_and_whether_it_was_stopped() {
        let inside = ("SRC_IP", "192.168.3.62");
        let outside = ("SRC_IP", "203.0.113.9");
        for (key, parties, expected) in [
            (
                "THREAT_BLOCKED_V3",
                [inside, ("DST_IP", "198.51.100.1")],
                ("threat-outbound", Severity::Medium),
            ),
            (
                "THREAT_DETECTED_V3",
                [inside, ("DST_IP", "198.51.100.1")],
                ("threat-outbound", Severity::Severe),
            ),
            (
                "THREAT_BLOCKED_V3",
                [inside, ("DST_IP", "10.0.0.8")],
                ("threat-lateral", Severity::Medium),
            ),
            (
                "THREAT_BLOCKED_V3",
                [inside, ("DST_IP", "100.126.147.59")],
                ("threat-overlay", Severity::Low),
            ),
            (
                "THREAT_BLOCKED_V3",
                [outside, ("DST_IP", "192.168.1.5")],
                ("threat-inbound-blocked", Severity::Low),
            ),
            (
                "THREAT_DETECTED_V3",
                [outside, ("DST_IP", "192.168.1.5")],
                ("threat-inbound-allowed", Severity::Medium),
            ),
            (
                "THREAT_BLOCKED_KNOWN_SOURCE_CLIENT",
                [("SRC_CLIENT", "02:00:00:00:00:07"), ("DST_IP", "198.51.100.1")],
                ("threat-outbound", Severity::Severe),
            ),
            (
                "THREAT_BLOCKED_KNOWN_DESTINATION_CLIENT",
                [outside, ("DST_CLIENT", "02:00:00:00:00:07")],
                ("threat-inbound-blocked", Severity::Low),
            ),
        ] {
            assert_eq!(placed(&row(key, 0, &parties)), expected, "{key} {parties:?}");
        }
    }

    #[test]
    fn what_was_recognised_makes_it_worse_or_better() {
        use Severity::{Info, Low, Medium, Severe};
        let (inside, outside) = ("192.168.3.62", "198.51.100.1");
        let (blocked, seen) = ("THREAT_BLOCKED_V3", "THREAT_DETECTED_V3");
        for (key, from, to, signature, expected) in [
            (blocked, inside, outside, "ET MALWARE x", Severe),
            (blocked, inside, "10.0.0.8", "ET WORM x", Severe),
            (blocked, outside, inside, "ET MALWARE x", Low),
            (seen, outside, inside, "ET MALWARE x", Severe),
            (seen, outside, inside, "ET EXPLOIT x", Severe),
            (blocked, outside, inside, "ET EXPLOIT x", Low),
            (blocked, outside, inside, "ET CINS x", Info),
            (seen, outside, inside, "ET CINS x", Low),
            (seen, inside, outside, "ET DROP x", Medium),
            (blocked, outside, inside, "ET SCAN x", Info),
            (
                blocked,
                inside,
                outside,
                "ET SCAN Potential SSH Scan OUTBOUND",
                Medium,
            ),
            (seen, inside, outside, "ET POLICY x", Low),
            (blocked, inside, outside, "ET INFO x", Info),
            (blocked, inside, outside, "ET UNHEARD x", Medium),
        ] {
            let event = row(
                key,
                0,
                &[("SRC_IP", from), ("DST_IP", to), ("SIGNATURE", signature)],
            );
            assert_eq!(placed(&event).1, expected, "{key} {from} {signature}");
        }
    }
}
