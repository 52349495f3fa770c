//! The judgement: a digest of rows and a picture of the devices become a few findings in plain English.
//!
//! Pure: no clock, no files, no network. Every row ends in exactly one finding, or is routine, or is muted.

pub mod address;

mod aftermath;
mod anomalies;
mod attack;
mod cases;
pub mod catalogue;
mod details;
pub mod digest;
pub mod echoes;
mod failovers;
mod itself;
mod lines;
mod outages;
mod phrases;
mod place;
pub mod rules;
#[cfg(test)]
pub mod samples;
mod scene;
mod sequel;
mod signature;
mod snapshot;
mod spells;
mod tables;
#[cfg(test)]
mod tests;
mod threats;
mod trend;
mod turns;
mod whole_site;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::analyse::digest::ROUTINE;
use crate::analyse::rules::Kind;
use crate::analyse::scene::Scene;
use crate::analyse::tables::{Ruled, figures};
use crate::model::coverage::SourceCoverage;
use crate::model::device::Snapshot;
use crate::model::digest::Digest;
use crate::model::figures::Figures;
use crate::model::finding::{Category, Finding, Severity, Trend};
use crate::model::memory::Memory;
use crate::model::report::{Counts, DeviceLine, Hour, RoutineKey, Threats, UnknownKey};
use crate::model::window::Window;

/// All that is known when a run is judged.
pub struct Evidence<'a> {
    pub digest: &'a Digest,
    /// The sums of each site's rows, by the site's name.
    pub sites: &'a BTreeMap<String, Digest>,
    pub snapshot: &'a Snapshot,
    pub coverage: &'a [SourceCoverage],
    pub memory: &'a Memory,
    /// The number the run will have; `None` if ad hoc.
    pub run: Option<u64>,
    pub now: DateTime<Utc>,
    pub window: Window,
}

/// What the report says, and what is remembered for the next one.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub findings: Vec<Finding>,
    pub routine: Vec<RoutineKey>,
    pub counts: Counts,
    pub threats: Threats,
    pub devices: Vec<DeviceLine>,
    pub timeline: Vec<Hour>,
    pub unknown_keys: Vec<UnknownKey>,
    /// The figures of each site that was asked, if there are several.
    pub sites: BTreeMap<String, Figures>,
    /// The next run's memory.
    pub memory: Memory,
    pub fates: Fates,
}

/// How a row was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountedAs {
    /// In the finding with this fingerprint.
    Finding(String),
    Routine,
    /// The operator does not want to hear of it.
    #[expect(
        dead_code,
        reason = "counted by the contract; operators cannot mute a rule yet"
    )]
    Muted,
}

/// What became of every group, for the event archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    by_group: BTreeMap<String, CountedAs>,
}

impl Fates {
    /// How rows filed under this group (see [`digest::Filed`]) were counted.
    pub fn of(&self, group: &str) -> CountedAs {
        let (key, overflow) = group.split_once(':').unwrap_or((group, ""));
        self.by_group
            .get(key)
            .or_else(|| self.by_group.get(overflow))
            .cloned()
            .unwrap_or(CountedAs::Routine)
    }
}

/// Judges a run.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let scene = Scene::new(evidence);
    let mut findings = Vec::new();
    let mut fates = Fates::default();
    let mut ruled: Vec<Ruled> = Vec::new();
    for ruling in cases::rulings(&scene) {
        let fingerprint = ruling.finding.as_ref().map(|finding| finding.fingerprint.clone());
        let fate = fingerprint.clone().map_or(CountedAs::Routine, CountedAs::Finding);
        for key in &ruling.case.keys {
            fates.by_group.insert(key.clone(), fate.clone());
        }
        ruled.push(Ruled {
            group: ruling.case.group,
            fingerprint,
        });
        if let Some(finding) = ruling.finding {
            add(&mut findings, finding);
        }
    }
    fates.by_group.insert(ROUTINE.to_owned(), CountedAs::Routine);
    for finding in snapshot::findings(&scene) {
        add(&mut findings, finding);
    }
    findings.extend(itself::findings(evidence));
    let memory = trend::apply(&mut findings, &scene);
    if scene.is_recording() {
        for finding in &mut findings {
            finding.ongoing = false;
        }
    }
    findings.sort_by_cached_key(|finding| urgency(finding, &scene));
    let threats = threats::at_a_glance(evidence.digest, |_| true);
    let whole = figures(evidence.digest, threats, ruled.iter(), &findings);
    Judgement {
        counts: whole.counts(&findings),
        routine: whole.routine_keys(tables::title),
        devices: lines::of(evidence.snapshot),
        timeline: whole.timeline(evidence.window),
        unknown_keys: whole.unknown_keys(),
        threats: whole.threats,
        sites: of_sites(evidence, &ruled, &findings),
        findings,
        memory,
        fates,
    }
}

/// The figures of each site, where there are several: every row is of one of them.
fn of_sites(evidence: &Evidence<'_>, ruled: &[Ruled], findings: &[Finding]) -> BTreeMap<String, Figures> {
    let sites: BTreeSet<&str> = evidence.coverage.iter().map(SourceCoverage::site).collect();
    if sites.len() < 2 {
        return BTreeMap::new();
    }
    let of_site = |site: &str| {
        let sums = evidence.sites.get(site).cloned().unwrap_or_default();
        let threats = threats::at_a_glance(evidence.digest, |of| of == site);
        let ruled = ruled.iter().filter(|ruled| ruled.group.site == site);
        figures(&sums, threats, ruled, findings)
    };
    let named = |site: &str| (site.to_owned(), of_site(site));
    sites.into_iter().map(named).collect()
}

/// Adds a finding; the same one seen in the events and in the snapshot is one, and goes on now.
fn add(findings: &mut Vec<Finding>, finding: Finding) {
    let same_device = |known: &Finding| {
        known.fingerprint == finding.fingerprint
            || finding.count == 0
                && finding.rule == "device-down"
                && known.rule == "device-flapping"
                && known.site == finding.site
                && known.subject.id == finding.subject.id
    };
    let Some(known) = findings.iter_mut().find(|known| same_device(known)) else {
        findings.push(finding);
        return;
    };
    let from_snapshot = finding.count == 0;
    // Rows that end with its return are older than a list in which it is gone, or know less than one.
    let gone_again = finding.ongoing && !known.ongoing;
    if from_snapshot && known.rule == finding.rule && (gone_again || known.rule == "firmware-available") {
        known.explanation = finding.explanation;
        known.remediation = finding.remediation;
        known.trend = finding.trend;
    }
    known.ongoing |= finding.ongoing;
    known.severity = known.severity.max(finding.severity);
    known.count += finding.count;
    known.first_seen = known.first_seen.min(finding.first_seen);
    known.last_seen = known.last_seen.max(finding.last_seen);
    known.occurrences = known.occurrences.max(finding.occurrences);
    // What is true now reads better than what the rows said, except that "keeps dropping out" says more.
    if from_snapshot && known.rule == finding.rule {
        known.title = finding.title;
        known.subject = finding.subject;
    }
}

/// The order of reading: nothing works, somebody may be inside, still broken, severe, medium, worse, low, info,
/// over; the report's own limits last.
fn urgency(
    finding: &Finding,
    scene: &Scene<'_>,
) -> (
    u8,
    u8,
    std::cmp::Reverse<Severity>,
    Category,
    std::cmp::Reverse<u64>,
    String,
) {
    let own = rules::find(&finding.rule).kind == Kind::Report;
    let class = match (finding.severity, finding.trend) {
        _ if own => 11,
        (_, Trend::Resolved) => 10,
        (Severity::Severe, _) if finding.ongoing && scene.is_vital(finding) => 0,
        (Severity::Severe, _) if finding.category == Category::Security => 1,
        (Severity::Severe, _) if finding.ongoing => 2,
        (Severity::Severe, Trend::New) => 3,
        (Severity::Severe, _) => 4,
        (Severity::Medium, _) if finding.ongoing => 5,
        (Severity::Medium | Severity::Low, Trend::Worse) => 6,
        (Severity::Medium, _) => 7,
        (Severity::Low, _) => 8,
        (Severity::Info, _) => 9,
    };
    let old = u8::from(finding.trend != Trend::New);
    // "10 more of this kind" comes after those of its kind.
    let surplus = u8::from(finding.title.contains(" more of this kind: "));
    (
        class,
        if finding.ongoing {
            surplus
        } else {
            2 * old + surplus
        },
        std::cmp::Reverse(finding.severity),
        finding.category,
        std::cmp::Reverse(finding.count),
        format!("{}{}", finding.title, finding.fingerprint),
    )
}
