//! What is remembered of earlier reports' findings, so that a new one can be told from an old one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::finding::{Category, Severity, Subject};

/// By fingerprint. Bounded: the analysis forgets what has been silent longest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory {
    pub findings: BTreeMap<String, Remembered>,
}

/// One finding as it was last reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub rule: String,
    pub severity: Severity,
    pub category: Category,
    pub title: String,
    pub subject: Subject,
    pub site: String,
    /// The very first time it was seen, across all reports.
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// The number of the last report that showed it.
    pub last_run: u64,
    /// Rows in that report, for "worse than last time".
    pub last_count: u64,
    /// Calendar days (UTC) on which it was reported.
    pub days: u32,
    /// It was still going on then.
    pub ongoing: bool,
}
