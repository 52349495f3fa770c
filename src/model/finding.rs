//! A finding: one cause worth a person's attention.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How bad it is, by our own judgement; the order is the order of badness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    #[default]
    Info,
    Low,
    Medium,
    Severe,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Severe, Self::Medium, Self::Low, Self::Info];

    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Severe => "severe",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What part of the network it concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Security,
    Connectivity,
    Wireless,
    Performance,
    System,
    /// What this report itself could not see.
    Coverage,
    #[default]
    Uncategorized,
}

impl Category {
    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Connectivity => "connectivity",
            Self::Wireless => "wireless",
            Self::Performance => "performance",
            Self::System => "system",
            Self::Coverage => "coverage",
            Self::Uncategorized => "uncategorized",
        }
    }
}

/// How a finding stands against the reports before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    #[default]
    New,
    Recurring,
    Worse,
    Quiet,
    Resolved,
}

/// What a finding is about. `kind` is one word (`device`, `client`, `pair`, `wan`, `admin`, `site`,
/// `source`, `key` …); `id` is what its fingerprint is made of; `name` is what people read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub kind: String,
    pub id: String,
    pub name: String,
}

/// One row shown as an example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    pub time: DateTime<Utc>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule and subject, hashed: what makes two findings the same one. Never counts, times or words.
    pub fingerprint: String,
    pub rule: String,
    pub severity: Severity,
    pub category: Category,
    /// One line in plain English that says what happened to what.
    pub title: String,
    pub explanation: String,
    /// What to do, one step an entry.
    pub remediation: Vec<String>,
    pub subject: Subject,
    /// `home/default`; empty if it concerns no single site.
    pub site: String,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// Event rows in it; 0 for snapshot and coverage findings.
    pub count: u64,
    /// What people are told: one outage seen as three rows is one occurrence.
    pub occurrences: u64,
    pub trend: Trend,
    /// On how many days it has been reported, this one included.
    pub days: u32,
    /// Still true when the report was made.
    pub ongoing: bool,
    pub examples: Vec<Example>,
}
