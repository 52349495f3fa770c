//! One row, placed: its rule, its subject, its own severity, and which way it turned something.

use crate::analyse::address::{self, Side};
use crate::analyse::catalogue::{self, Entry};
use crate::analyse::rules::{self, About, Rule};
use crate::analyse::turns;
use crate::model::digest::{Turn, Way};
use crate::model::event::{Event, Party};
use crate::model::finding::{Category, Severity, Subject};

/// A row as the digest takes it.
pub struct Placed {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub category: Category,
    pub subject: Subject,
    pub core: bool,
    pub facets: Vec<(&'static str, String)>,
    pub turn: Option<Turn>,
}

const DEVICE: &[&str] = &[
    "DEVICE",
    "AP",
    "SW",
    "GW",
    "XG",
    "DM",
    "BB",
    "LTE",
    "USP",
    "DEV",
    "DEVICE_WITH_PORT",
    "NEAREST_AP",
    "SRC_DEVICE",
    "DEVICE_TO",
    "AP_TO",
];
const CLIENT: &[&str] = &["CLIENT", "USER", "GUEST", "SRC_CLIENT", "CLIENTS", "VPN_USER"];
const WAN: &[&str] = &["WAN_NAME", "WAN", "WAN_ID", "IFACE"];
const SOURCE: &[&str] = &["SRC_CLIENT", "SRC_DEVICE", "SRC_IP"];
const DESTINATION: &[&str] = &["DST_CLIENT", "DST_DEVICE", "DST_IP"];
const NETWORK: &[&str] = &["NETWORK", "NETWORK_NAME", "VLAN"];
const ADMIN: &[&str] = &["ADMIN", "ADMIN_NAME"];
const ADMIN_ADDRESS: &[&str] = &["IP", "SRC_IP", "ADMIN_IP"];
const ADDRESS: &[&str] = &["IP", "SRC_IP", "ADMIN_IP", "ADMIN"];
const WIFI: &[&str] = &["ESSID", "SSID", "WLAN"];

/// Where a row belongs.
pub fn place(entry: Option<&'static Entry>, event: &Event) -> Placed {
    let base = rules::find(entry.map_or(rules::UNKNOWN_KEYS, |entry| entry.rule));
    let severity = entry.map_or(Severity::Low, |entry| entry.severity);
    let category = entry.map_or_else(
        || catalogue::category_of_family(&event.key),
        |entry| entry.category,
    );
    let (rule, severity) = refine(base, severity, event);
    let turn = turns::turn(base, event);
    let mut facets = facets(rule, event);
    if base.id == "threat" {
        let outcome = match action(event) {
            Action::Blocked => "blocked",
            Action::Allowed => "detected",
            Action::Unsaid => "unsaid",
        };
        facets.push((outcome, pair(event)));
    }
    let moved = matches!(turn, Some(Turn(_, Way::Down | Way::Blip, _)));
    if let Some(line) = party(event, WAN).filter(|_| base.id == "wan-failover" && moved) {
        let isp = party(event, &["ISP_NAME", "ISP"]).map_or("", Party::label);
        let isp = if isp.is_empty() {
            String::new()
        } else {
            format!(" ({isp})")
        };
        facets.push(("backup", format!("“{}”{isp}", line.label())));
    }
    Placed {
        rule,
        severity,
        category,
        subject: subject(rule.about, event),
        core: rule.about == About::Device && is_core(entry, event),
        facets,
        turn,
    }
}

/// What is counted by value of this row.
fn facets(rule: &Rule, event: &Event) -> Vec<(&'static str, String)> {
    let mut facets = Vec::new();
    for (facet, roles) in rule.facets {
        // Those who share an address all take part; elsewhere the roles are names for one party.
        let took_part: Vec<&Party> = if rule.id == "ip-conflict" {
            roles.iter().filter_map(|role| party(event, &[role])).collect()
        } else {
            party(event, roles).into_iter().collect()
        };
        facets.extend(
            took_part
                .into_iter()
                .map(|party| (*facet, party.label().to_owned()))
                .filter(|(_, value)| !value.is_empty()),
        );
    }
    let wanted = rule.about == About::Admin && rule.facets.iter().any(|(facet, _)| *facet == "address");
    if wanted && !facets.iter().any(|(facet, _)| *facet == "address") {
        facets.extend(signed_in_from(event).map(|address| ("address", address.to_owned())));
    }
    facets
}

/// The address an administrator came from, where the row tells it.
fn signed_in_from(event: &Event) -> Option<&str> {
    party(event, ADMIN_ADDRESS)
        .map(Party::label)
        .or_else(|| party(event, ADMIN).map(|admin| admin.ip.as_str()))
        .filter(|address| !address.is_empty())
}

/// The first of these roles that took part, however the console writes it.
pub fn party<'a>(event: &'a Event, roles: &[&str]) -> Option<&'a Party> {
    event.party(roles).or_else(|| {
        roles.iter().find_map(|role| {
            let (_, party) = event
                .parties
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(role))?;
            Some(party)
        })
    })
}

/// Rules that are told apart by what the row holds.
fn refine(base: &'static Rule, severity: Severity, event: &Event) -> (&'static Rule, Severity) {
    match base.id {
        "threat" => {
            let (id, severity) = threat(event);
            (rules::find(id), severity)
        }
        "admin-access" if signed_in_from(event).and_then(address::side) == Some(Side::Outside) => {
            (rules::find("admin-access-internet"), Severity::Medium)
        }
        "config-change" => {
            let key = format!("{} {}", event.key, event.event).to_ascii_uppercase();
            let weakened = ["PAUSED", "REMOVED", "CEF:547", "CEF:549"]
                .iter()
                .any(|word| key.contains(word));
            if weakened {
                (rules::find("protection-paused"), Severity::Medium)
            } else {
                (base, Severity::Info)
            }
        }
        _ => (base, severity),
    }
}

/// The direction of a threat row and how bad one such row is: who sent it counts more than what the console
/// thinks, and stopped is better than seen.
fn threat(event: &Event) -> (&'static str, Severity) {
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
enum Action {
    Blocked,
    /// Seen and let through.
    Allowed,
    /// The row does not tell.
    Unsaid,
}

/// The gateway says in the key what it did; older rows say it in a field or in the title.
fn action(event: &Event) -> Action {
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

fn pair(event: &Event) -> String {
    let end = |roles| party(event, roles).map_or("unknown", Party::label);
    format!("{} → {}", end(SOURCE), end(DESTINATION))
}

fn subject(about: About, event: &Event) -> Subject {
    let (kind, roles, nobody) = match about {
        About::Device => ("device", DEVICE, "a UniFi device"),
        About::Client => ("client", CLIENT, "a device"),
        About::Wan => ("wan", WAN, ""),
        About::Network => ("network", NETWORK, ""),
        About::Admin => ("admin", ADMIN, "somebody"),
        About::Source => ("host", SOURCE, "a device"),
        About::Destination => ("host", DESTINATION, "a device"),
        About::Address => ("address", ADDRESS, "an unknown address"),
        About::Wifi => ("wifi", WIFI, ""),
        About::Site => ("site", [].as_slice(), ""),
    };
    let party = party(event, roles);
    let id = party.map_or("", |party| match about {
        // A line and a network are known by name: some rows hold nothing else.
        About::Wan | About::Network | About::Admin | About::Wifi => party.label(),
        _ => [&party.id, &party.ip, &party.name, &party.hostname]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", |text| text.as_str()),
    });
    let name = party.map_or("", Party::label);
    Subject {
        kind: kind.to_owned(),
        id: id.to_lowercase(),
        name: if name.is_empty() { nobody } else { name }.to_owned(),
    }
}

fn is_core(entry: Option<&Entry>, event: &Event) -> bool {
    let model = party(event, DEVICE).map_or("", |party| party.model.as_str());
    entry.is_some_and(|entry| matches!(entry.family, "GW" | "XG" | "DM")) || is_gateway_model(model)
}

/// Gateways by the beginning of their model's name.
pub fn is_gateway_model(model: &str) -> bool {
    let model = model.to_ascii_uppercase();
    // The Beacon (UDMB) is an access point in spite of its name.
    model != "UDMB"
        && ["UDM", "UXG", "USG", "UCG", "UDR", "UGW", "UDW", "EFG", "UX"]
            .iter()
            .any(|head| model.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::row;

    fn placed(key: &str, parties: &[(&str, &str)]) -> (&'static str, Severity) {
        let event = row(key, 0, parties);
        let placed = place(catalogue::entry_of(&event), &event);
        (placed.rule.id, placed.severity)
    }

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
            assert_eq!(placed(key, &parties), expected, "{key} {parties:?}");
        }
    }

    #[test]
    fn the_same_device_lost_in_two_ways_of_telling_is_one_group() {
        let old = row("EVT_AP_Lost_Contact", 0, &[("AP", "02:00:00:00:00:AA")]);
        let new = row("DEVICE_UNREACHABLE", 1, &[("DEVICE", "02:00:00:00:00:aa")]);
        let [old, new] = [old, new].map(|event| place(catalogue::entry_of(&event), &event));
        assert_eq!((old.rule.id, &old.subject.id), (new.rule.id, &new.subject.id));
    }
}
