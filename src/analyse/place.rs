//! One row, placed: its rule, its subject, its own severity, and which way it turned something.

use crate::analyse::address::{self, Side};
use crate::analyse::attack::{self, Action};
use crate::analyse::catalogue::{self, Entry};
use crate::analyse::rules::{self, About, Rule};
use crate::analyse::{signature, turns};
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
pub const SOURCE: &[&str] = &["SRC_CLIENT", "SRC_DEVICE", "SRC_IP"];
pub const DESTINATION: &[&str] = &["DST_CLIENT", "DST_DEVICE", "DST_IP"];
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
        let outcome = match attack::action(event) {
            Action::Blocked => "blocked",
            Action::Allowed => "detected",
            Action::Unsaid => "unsaid",
        };
        facets.push((outcome, attack::pair(event)));
        facets.extend(signature::nature(event).map(|nature| ("nature", nature.name().to_owned())));
    }
    let moved = matches!(turn, Some(Turn(_, Way::Down | Way::Blip, _)));
    if base.id == "wan-failover" && moved {
        facets.extend(backup(event).map(|line| ("backup", line)));
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

/// The line that took over. The SIEM export names it apart from the one that failed; elsewhere a row names only it.
fn backup(event: &Event) -> Option<String> {
    if let Some(line) = party(event, &["BACKUP_WAN_NAME"]) {
        return Some(format!("“{}”", line.label()));
    }
    let line = party(event, WAN).filter(|_| !event.key.starts_with("CEF:"))?;
    let isp = party(event, &["ISP_NAME", "ISP"]).map_or("", Party::label);
    let isp = if isp.is_empty() {
        String::new()
    } else {
        format!(" ({isp})")
    };
    Some(format!("“{}”{isp}", line.label()))
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
        let otherwise = |name: &&String| name.bytes().any(|byte| byte.is_ascii_lowercase());
        event.parties.keys().find(otherwise)?;
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
            let (id, severity) = attack::placed(event);
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

    #[test]
    fn the_backup_line_is_the_one_that_took_over() {
        let backup = |key: &str, parties: &[(&str, &str)]| {
            let event = row(key, 0, parties);
            let placed = place(catalogue::entry_of(&event.key, &event.event), &event);
            let (_, line) = placed.facets.into_iter().find(|(facet, _)| *facet == "backup")?;
            Some(line)
        };
        let (fibre, lte) = (("WAN_NAME", "Fibre"), ("BACKUP_WAN_NAME", "LTE"));
        assert_eq!(backup("CEF:105", &[fibre, lte]).as_deref(), Some("“LTE”"));
        assert_eq!(backup("CEF:105", &[fibre]), None, "the line that failed");
        let log = "NETWORK_FAILED_OVER_TO_BACKUP_WAN";
        assert_eq!(backup(log, &[("WAN_NAME", "LTE")]).as_deref(), Some("“LTE”"));
    }

    #[test]
    fn the_same_device_lost_in_two_ways_of_telling_is_one_group() {
        let old = row("EVT_AP_Lost_Contact", 0, &[("AP", "02:00:00:00:00:AA")]);
        let new = row("DEVICE_UNREACHABLE", 1, &[("DEVICE", "02:00:00:00:00:aa")]);
        let [old, new] = [old, new].map(|event| place(catalogue::entry_of(&event.key, &event.event), &event));
        assert_eq!((old.rule.id, &old.subject.id), (new.rule.id, &new.subject.id));
    }
}
