//! The figures beside the findings, of the run and of each of its sites.

use std::collections::BTreeMap;

use crate::analyse::catalogue;
use crate::model::digest::{Digest, Group};
use crate::model::figures::Figures;
use crate::model::finding::{Finding, Severity};
use crate::model::report::Threats;

/// The rows of a case, and the fingerprint of the finding they are in; `None`: they are routine.
pub struct Ruled {
    pub group: Group,
    pub fingerprint: Option<String>,
}

/// Rows per hour in findings of each severity above info, worst first.
type Shades = BTreeMap<i64, [u64; 3]>;

/// What became of a digest's rows.
pub fn figures<'a>(
    digest: &Digest,
    threats: Threats,
    ruled: impl Iterator<Item = &'a Ruled>,
    findings: &[Finding],
) -> Figures {
    let mut routine = digest.routine.clone();
    let mut shades = Shades::new();
    for Ruled { group, fingerprint } in ruled {
        let Some(fingerprint) = fingerprint else {
            for (key, count) in &group.keys.values {
                *routine.entry(key.clone()).or_default() += count;
            }
            if group.keys.rest > 0 {
                *routine.entry("other".to_owned()).or_default() += group.keys.rest;
            }
            continue;
        };
        let finding = findings
            .iter()
            .find(|finding| finding.fingerprint == *fingerprint);
        let shade = match finding.map(|finding| finding.severity) {
            Some(Severity::Severe) => 0,
            Some(Severity::Medium) => 1,
            Some(Severity::Low) => 2,
            Some(Severity::Info) | None => continue,
        };
        for (hour, rows) in &group.hours {
            if let Some(sum) = shades.entry(*hour).or_default().get_mut(shade) {
                *sum += rows;
            }
        }
    }
    Figures {
        events: digest.events,
        muted: 0,
        by_category: digest
            .categories
            .iter()
            .map(|(category, count)| (category.name().to_owned(), *count))
            .collect(),
        routine,
        threats,
        hours: hours(digest, &shades),
        unknown: digest.unknown.clone(),
    }
}

/// What a key that needs nobody means.
pub fn title(key: &str) -> String {
    let explained = catalogue::explain(key).entry;
    explained.map_or("Other messages", |entry| entry.what).to_owned()
}

/// Events per hour, by the severity of the finding they are in: an hour is severe only where a severe finding has
/// rows. All others are info.
fn hours(digest: &Digest, shades: &Shades) -> BTreeMap<i64, [u64; 4]> {
    let coloured = |(hour, rows): (&i64, &[u64; 4])| {
        let mut left = rows.iter().sum::<u64>();
        let [severe, medium, low] = shades.get(hour).copied().unwrap_or_default().map(|wanted| {
            let taken = wanted.min(left);
            left -= taken;
            taken
        });
        (*hour, [severe, medium, low, left])
    };
    digest.hours.iter().map(coloured).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::digest::{fold, merge};
    use crate::analyse::samples::{Case, answered, row, stream};
    use crate::model::source::SiteName;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_row_is_in_the_figures_of_its_own_site_and_those_of_all_sites_are_the_runs(
            home in stream(500), shop in stream(500), barn in stream(20),
        ) {
            let mut case = Case::default();
            for (name, rows) in [("default", &home), ("shop", &shop), ("barn", &barn)] {
                let site = SiteName { controller: "home".to_owned(), site: name.to_owned() };
                let mut digest = Digest::default();
                for event in rows {
                    fold(&mut digest, &site, event);
                }
                case.coverage.push(answered(&site));
                case.sites.insert(site.to_string(), digest.sums());
                merge(&mut case.digest, digest);
            }
            let judged = case.judge();
            let mut sum = Figures::default();
            for (name, rows) in [("home/default", &home), ("home/shop", &shop), ("home/barn", &barn)] {
                let figures = &judged.sites[name];
                let findings: Vec<Finding> =
                    judged.findings.iter().filter(|finding| finding.site == name).cloned().collect();
                let counts = figures.counts(&findings);
                let found: u64 = findings.iter().map(|finding| finding.count).sum();
                prop_assert_eq!(counts.events, rows.len() as u64);
                prop_assert_eq!(found + counts.routine + counts.muted, counts.events);
                prop_assert_eq!(counts.by_category.values().sum::<u64>(), counts.events);
                prop_assert_eq!(figures.hours.values().flatten().sum::<u64>(), counts.events);
                sum.absorb(figures.clone());
            }
            let whole = sum.counts(&judged.findings);
            prop_assert_eq!(&whole, &judged.counts);
            prop_assert_eq!(sum.routine_keys(title), judged.routine);
            prop_assert_eq!(sum.unknown_keys(), judged.unknown_keys);
            let window = crate::model::window::Window::new(crate::analyse::samples::start(), case.now).unwrap();
            prop_assert_eq!(sum.timeline(window), judged.timeline);
            prop_assert_eq!(
                (sum.threats.blocked, sum.threats.detected),
                (judged.threats.blocked, judged.threats.detected)
            );
        }
    }

    #[test]
    fn quiet_hours_of_the_window_are_there_as_zeros() {
        let judged = Case::of([row("ADMIN_ACCESS", 7200, &[("ADMIN", "alex")])]).judge();
        assert_eq!(judged.timeline.len(), 72);
        assert_eq!(judged.timeline.iter().filter(|hour| hour.info == 1).count(), 1);
    }
}
