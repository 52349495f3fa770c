//! Puts one run's report together from the judgement and the coverage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::analyse::Judgement;
use crate::model::coverage::SourceCoverage;
use crate::model::digest::Digest;
use crate::model::report::{OfSite, Report, SCHEMA_VERSION};
use crate::model::warning::Warning;
use crate::model::window::Window;

/// What a report is made of, beside the judgement.
pub struct Frame {
    pub instance: String,
    pub run: Option<u64>,
    pub generated_at: DateTime<Utc>,
    pub timezone: String,
    pub demo: bool,
    pub window: Window,
    pub sources: Vec<SourceCoverage>,
    /// What people call the sites, by name.
    pub labels: BTreeMap<String, String>,
    pub warnings: Vec<Warning>,
}

pub fn report(frame: Frame, judgement: Judgement, digest: Digest) -> Report {
    let mut sites: BTreeMap<String, OfSite> = BTreeMap::new();
    for (site, label) in frame.labels {
        sites.entry(site).or_default().label = label;
    }
    for Warning { text, sites: about } in &frame.warnings {
        for site in about {
            let of_site = sites.entry(site.to_string()).or_default();
            of_site.warnings.push(text.clone());
        }
    }
    for (site, figures) in judgement.sites {
        sites.entry(site).or_default().figures = Some(figures);
    }
    Report {
        schema_version: SCHEMA_VERSION.to_owned(),
        generator: format!("unifi-scan {}", env!("CARGO_PKG_VERSION")),
        instance: frame.instance,
        run: frame.run,
        report_id: String::new(),
        generated_at: frame.generated_at,
        window: frame.window,
        timezone: frame.timezone,
        demo: frame.demo,
        part: None,
        sources: frame.sources,
        counts: judgement.counts,
        findings: judgement.findings,
        routine: judgement.routine,
        threats: judgement.threats,
        devices: judgement.devices,
        timeline: judgement.timeline,
        unknown_keys: judgement.unknown_keys,
        warnings: frame.warnings.into_iter().map(|warning| warning.text).collect(),
        sites,
        digest,
    }
}

/// Where a report's files lie below `REPORTS_DIR`, without extension: `2026/11/report-000042-20261120T060000Z`.
pub fn path_of(run: u64, generated_at: DateTime<Utc>) -> String {
    format!(
        "{}/report-{run:06}-{}",
        generated_at.format("%Y/%m"),
        generated_at.format("%Y%m%dT%H%M%SZ")
    )
}
