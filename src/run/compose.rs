//! Puts one run's report together from the judgement and the coverage.

use chrono::{DateTime, Utc};

use crate::analyse::Judgement;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::digest::Digest;
use crate::model::report::{Report, SCHEMA_VERSION};
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
    pub warnings: Vec<String>,
}

pub fn report(frame: Frame, judgement: Judgement, digest: Digest) -> Report {
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
        sources: frame.sources,
        counts: judgement.counts,
        findings: judgement.findings,
        routine: judgement.routine,
        threats: judgement.threats,
        devices: judgement.devices,
        timeline: judgement.timeline,
        unknown_keys: judgement.unknown_keys,
        warnings: frame.warnings,
        digest,
    }
}

/// The hull of the windows that were read; empty at `now` where none was.
pub fn hull(sources: &[SourceCoverage], now: DateTime<Utc>) -> Window {
    sources
        .iter()
        .filter(|line| line.outcome.is_whole() || line.outcome == Outcome::Partial)
        .filter_map(|line| Window::new(line.since?, line.until?))
        .reduce(Window::hull)
        .unwrap_or_else(|| Window::empty_at(now))
}

/// Where a report's files lie below `REPORTS_DIR`, without extension: `2026/11/report-000042-20261120T060000Z`.
pub fn path_of(run: u64, generated_at: DateTime<Utc>) -> String {
    format!(
        "{}/report-{run:06}-{}",
        generated_at.format("%Y/%m"),
        generated_at.format("%Y%m%dT%H%M%SZ")
    )
}
