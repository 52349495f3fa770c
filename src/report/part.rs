//! The part of a report that is of some sites: nothing of any other site is in it.
//!
//! What the run says of itself as a whole (findings of no site, warnings about no site) may name other sites and is
//! left out; so are reasons that only whoever configured the scan can do something about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::coverage::{SourceCoverage, hull};
use crate::model::digest::{Digest, Unknown};
use crate::model::failure::FailureKind;
use crate::model::figures::Figures;
use crate::model::finding::Finding;
use crate::model::report::Report;
use crate::report::named::{known, named};

/// In the place of a reason that may name other sites.
const WITHHELD: &str = "the configuration of this scan does not fit the console, as whoever runs it was told";
/// In the place of the warnings about the run as a whole.
const MORE: &str = "This run has more to say about itself as a whole, which whoever runs it was told.";
/// Where these sites were not asked.
const NOTHING: &str = "This run asked nothing of these sites.";
/// What may not be known of a part.
const FIGURES: [&str; 4] = ["routine", "threats", "timeline", "unknown_keys"];
const COUNTS: [&str; 4] = ["events", "routine", "muted", "by_category"];

/// What of a report somebody gets.
pub struct Part<'a> {
    report: &'a Report,
    /// `None`: all of it.
    sites: Option<BTreeSet<&'a str>>,
}

impl<'a> Part<'a> {
    /// What is of the sites that these words name; without words the whole.
    pub fn of(report: &'a Report, words: &[String]) -> Self {
        let known = known(report);
        let named = || words.iter().flat_map(|word| named(&known, word)).collect();
        Self {
            report,
            sites: (!words.is_empty()).then(named),
        }
    }

    /// Nothing of it was asked, so that there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.sites.is_some() && self.sources().next().is_none()
    }

    pub fn findings(&self) -> impl Iterator<Item = &'a Finding> {
        let all = self.report.findings.iter();
        all.filter(|finding| self.holds(&finding.site))
    }

    fn sources(&self) -> impl Iterator<Item = &'a SourceCoverage> {
        let all = self.report.sources.iter();
        all.filter(|line| self.holds(line.site()))
    }

    fn holds(&self, site: &str) -> bool {
        self.sites.as_ref().is_none_or(|sites| sites.contains(site))
    }

    /// As it is sent: without the digest, which only combining needs. What is not known of a part is null.
    pub fn document(&self) -> Value {
        let Some(sites) = &self.sites else {
            return without_digest(serde_json::to_value(self.report).unwrap_or_default());
        };
        let figures = self.figures(sites);
        let is_known = figures.is_some();
        let part = self.part(sites, &figures.unwrap_or_default());
        let mut document = without_digest(serde_json::to_value(part).unwrap_or_default());
        if !is_known {
            blank(Some(&mut document), &FIGURES);
            blank(document.get_mut("counts"), &COUNTS);
        }
        document
    }

    fn part(&self, sites: &BTreeSet<&str>, figures: &Figures) -> Report {
        let report = self.report;
        let mut sources: Vec<SourceCoverage> = self.sources().cloned().collect();
        let mut findings: Vec<Finding> = self.findings().cloned().collect();
        for line in &mut sources {
            if line.code == FailureKind::Config.code()
                && let Some(reason) = line.reason.replace(WITHHELD.to_owned())
            {
                withhold(&mut findings, &reason);
            }
        }
        let window = hull(&sources, report.generated_at);
        let titles: BTreeMap<&str, &str> = report
            .routine
            .iter()
            .map(|routine| (routine.key.as_str(), routine.title.as_str()))
            .collect();
        let title = |key: &str| titles.get(key).copied().unwrap_or_default().to_owned();
        Report {
            schema_version: report.schema_version.clone(),
            generator: report.generator.clone(),
            instance: report.instance.clone(),
            run: report.run,
            report_id: report.report_id.clone(),
            generated_at: report.generated_at,
            window,
            timezone: report.timezone.clone(),
            demo: report.demo,
            part: Some(sites.iter().map(|site| (*site).to_owned()).collect()),
            counts: figures.counts(&findings),
            routine: figures.routine_keys(title),
            threats: figures.threats.clone(),
            devices: report
                .devices
                .iter()
                .filter(|device| self.holds(&device.site))
                .cloned()
                .collect(),
            timeline: figures.timeline(window),
            unknown_keys: figures.unknown_keys(),
            warnings: self.warnings(sites),
            sites: BTreeMap::new(),
            digest: Digest::default(),
            sources,
            findings,
        }
    }

    /// Those about its sites, in their order, and that there are others.
    fn warnings(&self, sites: &BTreeSet<&str>) -> Vec<String> {
        let about = |is_wanted: &dyn Fn(&str) -> bool| -> BTreeSet<&str> {
            let of = self.report.sites.iter().filter(|(site, _)| is_wanted(site));
            of.flat_map(|(_, of_site)| of_site.warnings.iter().map(String::as_str))
                .collect()
        };
        let (own, of_any) = (about(&|site| sites.contains(site)), about(&|_| true));
        let all = || self.report.warnings.iter();
        let nothing = self.is_empty().then(|| NOTHING.to_owned());
        let more = all().any(|text| !of_any.contains(text.as_str()));
        let own = all().filter(|text| own.contains(text.as_str())).cloned();
        nothing
            .into_iter()
            .chain(own)
            .chain(more.then(|| MORE.to_owned()))
            .collect()
    }

    /// `None` where they are not known: nothing of these sites was read, or an earlier version did not keep them.
    fn figures(&self, sites: &BTreeSet<&str>) -> Option<Figures> {
        let is_read =
            |line: &SourceCoverage| line.id.kind.has_events() && line.outcome.known(line.events).is_some();
        if !self.sources().any(is_read) {
            return None;
        }
        let asked: BTreeSet<&str> = self.report.sources.iter().map(SourceCoverage::site).collect();
        if asked.len() == 1 {
            return Some(whole(self.report));
        }
        let mut sum = Figures::default();
        for site in asked.intersection(sites) {
            sum.absorb(self.report.sites.get(*site)?.figures.clone()?);
        }
        Some(sum)
    }
}

/// The figures of a report of one site.
fn whole(report: &Report) -> Figures {
    let routine = report.routine.iter();
    let hours = report.timeline.iter().map(|hour| {
        let counts = [hour.severe, hour.medium, hour.low, hour.info];
        (hour.start.timestamp().div_euclid(3600), counts)
    });
    Figures {
        events: report.counts.events,
        muted: report.counts.muted,
        by_category: report.counts.by_category.clone(),
        routine: routine.map(|key| (key.key.clone(), key.count)).collect(),
        threats: report.threats.clone(),
        hours: hours.collect(),
        unknown: report
            .unknown_keys
            .iter()
            .map(|unknown| {
                let of_key = Unknown {
                    count: unknown.count,
                    example: unknown.example.clone(),
                };
                (unknown.key.clone(), of_key)
            })
            .collect(),
    }
}

fn blank(document: Option<&mut Value>, names: &[&str]) {
    if let Some(fields) = document.and_then(Value::as_object_mut) {
        fields.extend(names.iter().map(|name| ((*name).to_owned(), Value::Null)));
    }
}

/// Takes a reason out of what is told of the sources it is about.
fn withhold(findings: &mut [Finding], reason: &str) {
    let told = format!("Reason: {}", reason.trim_end_matches('.'));
    for finding in findings.iter_mut().filter(|finding| finding.rule == "coverage") {
        finding.explanation = finding.explanation.replace(&told, &format!("Reason: {WITHHELD}"));
    }
}

pub fn without_digest(mut report: Value) -> Value {
    if let Some(fields) = report.as_object_mut() {
        fields.remove("digest");
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::coverage::Outcome;
    use crate::model::report::OfSite;
    use crate::report::sample;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// A report of two consoles: `home` as in the sample, and `shop`, which could not be asked for its sites.
    fn two() -> Report {
        let mut report = sample::busy();
        let figures = whole(&report);
        report.sites.entry("home/default".to_owned()).or_default().figures = Some(figures);
        let mut failed = report.sources[0].clone();
        failed.name = "shop/back/system-log".to_owned();
        failed.outcome = Outcome::Failed;
        (failed.events, failed.code) = (0, FailureKind::Config.code());
        failed.reason = Some("no site `back` is visible; one of: cellar (Secret Ltd).".to_owned());
        let mut finding = report.findings[0].clone();
        finding.rule = "coverage".to_owned();
        finding.site = "shop/back".to_owned();
        finding.count = 0;
        finding.explanation = "Reason: no site `back` is visible; one of: cellar (Secret Ltd).".to_owned();
        report.sources.push(failed);
        report.findings.push(finding);
        report.sites.insert(
            "shop/back".to_owned(),
            OfSite {
                figures: Some(Figures::default()),
                ..OfSite::default()
            },
        );
        report
    }

    #[test]
    fn the_part_of_the_only_site_has_its_figures_and_not_what_the_run_says_of_itself() {
        let report = sample::busy();
        let part = Part::of(&report, &words(&["default"])).document();
        let whole = without_digest(serde_json::to_value(&report).unwrap());
        for same in [
            "sources",
            "counts",
            "findings",
            "routine",
            "threats",
            "devices",
            "unknown_keys",
        ] {
            assert_eq!(part[same], whole[same], "{same}");
        }
        assert_eq!(part["part"], serde_json::json!(["home/default"]));
        assert_eq!(part["warnings"], serde_json::json!([MORE]));
        assert_eq!(Part::of(&report, &[]).document(), whole);
    }

    #[test]
    fn what_was_not_read_is_unknown_and_a_reason_that_may_name_others_is_withheld() {
        let report = two();
        let part = Part::of(&report, &words(&["shop/back"])).document();
        assert!(!part.to_string().contains("Secret"), "{part:#}");
        assert!(
            part["findings"][0]["explanation"]
                .as_str()
                .unwrap()
                .contains(WITHHELD)
        );
        for name in FIGURES {
            assert!(part[name].is_null(), "{name}");
        }
        for name in COUNTS {
            assert!(part["counts"][name].is_null(), "{name}");
        }
        assert_eq!(part["counts"]["findings"], 1);
        let home = Part::of(&report, &words(&["home/default"])).document();
        assert_eq!(
            home["counts"],
            serde_json::to_value(&sample::busy().counts).unwrap()
        );
    }

    #[test]
    fn of_a_report_of_several_sites_that_an_earlier_version_made_the_figures_are_unknown() {
        let mut report = two();
        report.sites.clear();
        let part = Part::of(&report, &words(&["home/default"])).document();
        assert_eq!(part["counts"]["findings"], sample::busy().findings.len());
        assert!(
            part["counts"]["events"].is_null() && part["routine"].is_null() && part["timeline"].is_null()
        );
        assert!(!part.to_string().contains("shop"));
    }

    #[test]
    fn of_a_run_that_asked_none_of_the_sites_there_is_nothing_and_it_says_so() {
        let report = two();
        let part = Part::of(&report, &words(&["office"]));
        assert!(part.is_empty() && !Part::of(&report, &[]).is_empty());
        let part = part.document();
        assert_eq!(part["part"], serde_json::json!([]));
        assert_eq!(part["warnings"][0], NOTHING);
        assert!(part["counts"]["events"].is_null());
    }
}
