//! Threats: who tried to reach whom, was it stopped, and is it a reason to worry?

use crate::analyse::address::{is_mac, side};
use crate::analyse::cases::{Case, drafted};
use crate::analyse::signature::Nature;
use crate::analyse::words::{self, capitalised, times};
use crate::model::count::thousands;
use crate::model::digest::{Digest, Group};
use crate::model::finding::{Finding, Severity};
use crate::model::report::{ThreatPair, Threats};
use crate::model::tally::Tally;

/// So many rows to one destination are no accident.
const INSISTENT: u64 = 5;
/// So many attempts that were let through are a siege.
const MANY_ALLOWED: u64 = 20;
/// So many ports, or so many rows of one source, are a search for open doors.
const SCANNED_PORTS: u64 = 5;
const SCANS: u64 = 20;

pub fn finding(case: &Case) -> Finding {
    let group = &case.group;
    let mut finding = drafted(case, group.occurrences(), severity(case));
    if let Some(title) = title(case) {
        finding.title = capitalised(&title);
    }
    let outcome = match (
        group.total("blocked"),
        group.total("detected"),
        group.total("unsaid"),
    ) {
        (_, 0, 0) => "The gateway blocked every attempt.".to_owned(),
        (0, _, 0) => "The gateway noticed this but did not block it.".to_owned(),
        (0, 0, _) => "The gateway noticed this; whether it blocked it, the console does not say.".to_owned(),
        (blocked, passed, 0) => format!(
            "The gateway blocked {} of these and let {} through.",
            thousands(blocked),
            thousands(passed)
        ),
        (blocked, passed, unsaid) => format!(
            "The gateway blocked {} of these and let {} through; of {} the console does not say it.",
            thousands(blocked),
            thousands(passed),
            thousands(unsaid)
        ),
    };
    finding.explanation = match case.rule.id {
        "threat-inbound-blocked" => format!("{}{}", case.rule.explanation, rolled(group)),
        "threat" => format!("{}{}", case.rule.explanation, lacking(group)),
        "threat-noted" => format!("{}{}", case.rule.explanation, between(group)),
        "threat-inbound-allowed" => case.rule.explanation.to_owned(),
        _ => format!("{outcome} {}", case.rule.explanation),
    };
    // Whoever is known by name need not be found out.
    let subject = &group.subject;
    let is_known = !subject.id.is_empty() && side(&subject.name).is_none() && !is_mac(&subject.name);
    if let Some(step) = finding
        .remediation
        .first_mut()
        .filter(|_| is_known && !case.is_pooled())
    {
        *step = step.replacen("which device this is, and ", "", 1);
    }
    for (facet, label) in [
        ("signature", "Recognised as"),
        ("class", "Class"),
        ("category", "Category"),
    ] {
        let told = words::top(group, facet);
        if !told.is_empty() {
            finding.explanation.extend([" ", label, ": ", &told, "."]);
        }
    }
    finding
}

fn severity(case: &Case) -> Severity {
    let group = &case.group;
    let passed = group.total("detected") > 0;
    let insistent = most(group) >= INSISTENT;
    let compromised = rows_of(group, &[Nature::Compromise]);
    let harmless = rows_of(group, &[Nature::Reputation, Nature::Scan]);
    match case.rule.id {
        "threat-inbound-blocked" if compromised > 1 => Severity::Medium,
        "threat-inbound-blocked" if harmless == group.occurrences() && is_scan(group) => Severity::Low,
        // Being many makes none of these worse.
        _ if harmless == group.occurrences() || case.rule.id == "threat-noted" => group.worst,
        "threat-overlay" if compromised > 0 => Severity::Severe,
        "threat-outbound" | "threat-lateral" if passed || insistent => Severity::Severe,
        "threat-outbound" | "threat-lateral" => group.worst.max(Severity::Medium),
        "threat-overlay" if passed || insistent => Severity::Medium,
        "threat-inbound-allowed" if group.occurrences() >= MANY_ALLOWED => Severity::Severe,
        "threat-overlay" | "threat-inbound-blocked" => Severity::Low,
        _ => group.worst,
    }
}

/// Rows in which one of these was recognised.
fn rows_of(group: &Group, natures: &[Nature]) -> u64 {
    let counted = group.facets.get("nature");
    let rows = |nature: &Nature| counted?.values.get(nature.name()).copied();
    natures.iter().filter_map(rows).sum()
}

/// Somebody looked for open doors in earnest.
fn is_scan(group: &Group) -> bool {
    let ports = group
        .facets
        .get("port")
        .map_or(0, |ports| ports.values.len() as u64);
    let of_one = group
        .facets
        .get("source")
        .map_or(0, |sources| sources.values.values().copied().max().unwrap_or(0));
    rows_of(group, &[Nature::Scan]) > 0 && (ports >= SCANNED_PORTS || of_one >= SCANS)
}

/// Who did what to whom, for the threats that begin at one of your own devices.
fn title(case: &Case) -> Option<String> {
    let group = &case.group;
    let what = match case.rule.id {
        "threat-outbound" => "suspicious internet address",
        "threat-lateral" | "threat-overlay" => "address",
        _ => return None,
    };
    if case.is_pooled() {
        let devices = thousands(case.names.len() as u64);
        return Some(format!("{devices} more devices tried to reach a {what}"));
    }
    let name = match words::name(&group.subject) {
        address if side(&address).is_some() => format!("one of your devices ({address})"),
        name => name,
    };
    let tail = match (group.total("blocked"), group.total("detected")) {
        _ if group.total("unsaid") > 0 => "; the console does not say whether it was blocked",
        (_, 0) if group.occurrences() == 1 => "; this was blocked",
        (_, 0) => "; every attempt was blocked",
        (0, _) => "; this was not blocked",
        _ => "; only some attempts were blocked",
    };
    let destinations = group
        .facets
        .get("destination")
        .map_or_else(Vec::new, Tally::ranked);
    let target = match (destinations.as_slice(), case.rule.id) {
        ([(only, _)], "threat-outbound") => format!("the {what} {only}"),
        ([(only, _)], "threat-overlay") => format!("{only}, probably a VPN address"),
        ([(only, _)], _) => format!("{only} inside your network"),
        ([], _) => {
            let often = if group.occurrences() == 1 {
                String::new()
            } else {
                format!(" {}", times(group.occurrences()))
            };
            return Some(format!("{name} set off the threat detection{often}{tail}"));
        }
        (_, "threat-outbound") => format!("{} {what}es", words::distinct(group, "destination")),
        _ => format!(
            "{} addresses inside private networks",
            words::distinct(group, "destination")
        ),
    };
    let tried = if group.occurrences() == 1 {
        "tried".to_owned()
    } else {
        format!("tried {}", times(group.occurrences()))
    };
    Some(format!("{name} {tried} to reach {target}{tail}"))
}

/// What the alarms leave out, so that they cannot be judged.
fn lacking(group: &Group) -> String {
    let all = group.occurrences();
    let lacks = |facet: &str| group.total(facet) < all;
    let unsaid: Vec<String> = [
        (lacks("source"), "where it came from"),
        (lacks("destination"), "which device it was aimed at"),
        (group.total("unsaid") > 0, "whether it was blocked"),
    ]
    .into_iter()
    .filter(|(missing, _)| *missing)
    .map(|(_, what)| what.to_owned())
    .collect();
    let mut text = if unsaid.is_empty() {
        String::new()
    } else {
        format!(
            " The console does not say {}, so it cannot be judged here.",
            unsaid.join(" or ")
        )
    };
    let sources = words::top(group, "source");
    if !sources.is_empty() {
        text.extend([" It came from ", &sources, "."]);
    }
    text
}

/// Where the stopped attacks came from and what they were after.
fn rolled(group: &Group) -> String {
    let mut text = format!(" They came from {}", words::distinct(group, "source"));
    text.push_str(if text.ends_with(" 1") {
        " address"
    } else {
        " addresses"
    });
    let targets = words::top(group, "destination");
    if !targets.is_empty() {
        text.extend([", aimed at ", &targets]);
    }
    text.push('.');
    text
}

/// Whose traffic was noted, and where it went.
fn between(group: &Group) -> String {
    let told = |word: &str, facet| match words::top(group, facet) {
        ends if ends.is_empty() => String::new(),
        ends => format!(" {word} {ends}"),
    };
    match told("from", "source") + &told("to", "destination") {
        ends if ends.is_empty() => ends,
        ends => format!(" It was traffic{ends}."),
    }
}

/// Rows of the commonest pair.
fn most(group: &Group) -> u64 {
    let pairs = pairs(std::iter::once(group));
    pairs
        .iter()
        .map(|pair| pair.blocked + pair.detected)
        .max()
        .unwrap_or(0)
}

/// Threat rows at a glance, of the sites that are wanted.
pub fn at_a_glance(digest: &Digest, is_wanted: impl Fn(&str) -> bool) -> Threats {
    let groups = || {
        let all = digest.groups.values().chain(digest.overflow.values());
        all.filter(|group| is_wanted(&group.site))
    };
    let mut threats = Threats {
        blocked: groups().map(|group| group.total("blocked")).sum(),
        detected: groups().map(|group| group.total("detected")).sum(),
        pairs: pairs(groups()),
    };
    threats.rank();
    threats
}

fn pairs<'a>(groups: impl Iterator<Item = &'a Group>) -> Vec<ThreatPair> {
    let mut pairs = std::collections::BTreeMap::<(String, String), (u64, u64)>::new();
    for group in groups {
        for (facet, is_blocked) in [("blocked", true), ("detected", false)] {
            for (pair, count) in group
                .facets
                .get(facet)
                .into_iter()
                .flat_map(|tally| &tally.values)
            {
                let (source, destination) = pair.split_once(" → ").unwrap_or((pair, ""));
                let (blocked, detected) = pairs
                    .entry((source.to_owned(), destination.to_owned()))
                    .or_default();
                *(if is_blocked { blocked } else { detected }) += count;
            }
        }
    }
    pairs
        .into_iter()
        .map(|((source, destination), (blocked, detected))| ThreatPair {
            source,
            destination,
            blocked,
            detected,
        })
        .collect()
}
