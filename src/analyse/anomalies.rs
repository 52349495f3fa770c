//! Bad connections of several devices at once have one cause, and it is none of theirs.

use crate::analyse::cases::{Case, drafted};
use crate::analyse::words;
use crate::model::finding::{Finding, Severity};
use crate::model::tally::Tally;

/// So many devices in one hour are no accident.
const TOGETHER: u64 = 5;
/// So many bad hours of one device are worth a look.
const AGAIN: u64 = 3;

/// `None`: a few bad hours of some devices are routine.
pub fn shared(case: &Case) -> Option<Finding> {
    let group = &case.group;
    let clients = group.facets.get("client").map_or_else(Vec::new, Tally::ranked);
    let at_once = group.hours.values().max().copied().unwrap_or(0);
    if at_once >= TOGETHER && clients.len() as u64 >= TOGETHER {
        return Some(drafted(case, group.count, Severity::Medium));
    }
    let often: Vec<String> = clients
        .iter()
        .filter(|(_, hours)| *hours >= AGAIN)
        .map(|(client, _)| (*client).to_owned())
        .collect();
    if often.is_empty() {
        return None;
    }
    let mut finding = drafted(case, group.count, Severity::Low);
    finding.title = format!("{} had slow connections again and again", words::listed(&often));
    Some(finding)
}

/// What was bad about the connections of a case, in the catalogue's words.
pub fn what(case: &Case) -> String {
    let keys = case.group.keys.ranked();
    let what = keys
        .into_iter()
        .filter_map(|(key, _)| crate::analyse::catalogue::explain(key).entry)
        .map(|entry| entry.what.to_owned());
    words::listed(&what.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::samples::{Case as Sample, row};

    const HOUR: i64 = 3600;

    /// The rule, severity and rows of each finding.
    fn judged(rows: Vec<crate::model::event::Event>) -> Vec<(String, Severity, u64)> {
        let findings = Sample::of(rows).judge().findings;
        findings
            .into_iter()
            .map(|finding| (finding.rule, finding.severity, finding.count))
            .collect()
    }

    fn bad(key: &str, hour: i64, mac: &str) -> crate::model::event::Event {
        row(key, hour * HOUR, &[("CLIENT", mac)])
    }

    #[test]
    fn many_devices_in_one_hour_have_one_cause() {
        let macs = ["a", "b", "c", "d", "e"];
        let rows = macs.map(|mac| bad("USER_DNS_TIMEOUT", 2, mac)).to_vec();
        assert_eq!(judged(rows), [("shared-anomaly".to_owned(), Severity::Medium, 5)]);
        let rows = macs
            .into_iter()
            .zip(0..)
            .map(|(mac, hour)| bad("USER_DNS_TIMEOUT", hour, mac));
        assert!(judged(rows.collect()).is_empty(), "each once, at different times");
    }

    #[test]
    fn one_device_is_told_from_its_third_bad_hour_on() {
        let hours = |key: &str, n| (0..n).map(|hour| bad(key, hour, "a")).collect();
        for (key, rule, severity) in [
            ("USER_HIGH_TCP_LATENCY", "shared-anomaly", Severity::Low),
            ("USER_LOW_PHY_RATE", "client-anomaly", Severity::Low),
            ("USER_HIGH_TCP_PACKET_LOSS", "client-anomaly", Severity::Medium),
        ] {
            assert!(judged(hours(key, 2)).is_empty(), "{key}");
            assert_eq!(judged(hours(key, 3)), [(rule.to_owned(), severity, 3)]);
        }
        assert!(judged(hours("USER_SLEEPY_CLIENT", 9)).is_empty());
        let ap = |n| (0..n).map(|hour| row("AP_HIGH_UTILISATION", hour * HOUR, &[("DEVICE", "ap")]));
        assert_eq!(
            judged(ap(3).collect()),
            [("ap-anomaly".to_owned(), Severity::Medium, 3)]
        );
    }
}
