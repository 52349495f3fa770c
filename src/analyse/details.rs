//! What the rows of a case tell beside their number.

use crate::analyse::cases::Case;
use crate::analyse::{anomalies, rules, words};
use crate::model::count::thousands;

/// The ports, channels and people that took part.
pub fn of(case: &Case) -> String {
    let shown = [
        ("isp", "Provider"),
        ("port", "Port"),
        ("channel", "Channel"),
        ("client", "Affected"),
        ("user", "Who"),
        ("network", "Names heard"),
        ("section", "Changed"),
        ("address", "Address"),
        ("hardware address", "Hardware address"),
        ("near", "Heard by"),
        ("rule", "Rule"),
    ];
    let mut details = String::new();
    for (facet, label) in shown {
        let top = words::top(&case.group, facet);
        let told = case.rule.one.contains(&format!("{{top:{facet}}}"));
        if !top.is_empty() && !told {
            details.extend([" ", label, ": ", &top, "."]);
        }
    }
    if case.rule.id == rules::UNKNOWN_KEYS {
        let keys: Vec<String> = case
            .group
            .keys
            .ranked()
            .into_iter()
            .map(|(key, _)| key.to_owned())
            .collect();
        details.extend([" Sent as: ", &words::listed(&keys), "."]);
    }
    if case.rule.id.ends_with("-anomaly") {
        details.extend([" Noticed: ", &anomalies::what(case), "."]);
    }
    if case.rule.id == "firewall-blocks" {
        details.extend([" ", &stands_out(case)]);
    }
    let named_in_title = case.rule.one.contains("{names}");
    if case.is_pooled() && case.names.len() > 1 && !named_in_title {
        details.extend([" Concerned: ", &words::listed(&case.names), "."]);
    }
    details
}

/// Whether most rows of many subjects are one subject's.
fn stands_out(case: &Case) -> String {
    let total = case.group.occurrences();
    let most = case
        .shares
        .iter()
        .max_by(|a, b| (a.1, &b.0).cmp(&(b.1, &a.0)))
        .filter(|(_, rows)| rows.saturating_mul(2) >= total);
    match most {
        Some((name, 1)) if total == 1 => format!("It came from {name}."),
        Some((name, rows)) if *rows == total => format!("All came from {name}."),
        Some((name, rows)) => {
            format!("{} of {} came from {name}.", thousands(*rows), thousands(total))
        }
        None => "No single device stands out.".to_owned(),
    }
}
