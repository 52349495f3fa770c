//! The report as data: the shape of `report-NNNNNN-….json`, `"schema_version": "1"`.
//!
//! Other programs read this. A field is never removed or given another meaning under schema 1.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::coverage::SourceCoverage;
use crate::model::digest::Digest;
use crate::model::figures::Figures;
use crate::model::finding::Finding;
use crate::model::window::Window;

pub const SCHEMA_VERSION: &str = "1";

/// The 64 zeros that stand in the place of `report_id` while its hash is computed.
pub const ID_PLACEHOLDER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub schema_version: String,
    /// Name and version of the program that made it.
    pub generator: String,
    /// 32 hex digits: the lineage of the checkpoint. Empty if ad hoc without a checkpoint.
    pub instance: String,
    /// The run's number; `None` if ad hoc.
    pub run: Option<u64>,
    /// SHA-256 of the JSON's bytes with these 64 digits as zeros.
    pub report_id: String,
    pub generated_at: DateTime<Utc>,
    /// The hull of the sources' windows.
    pub window: Window,
    /// IANA zone in which renderings show times.
    pub timezone: String,
    /// Made by `run --demo`: nothing in it is real.
    pub demo: bool,
    /// The sites whose part of a report it is; `None`: it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Vec<String>>,
    pub sources: Vec<SourceCoverage>,
    pub counts: Counts,
    /// Worst and most urgent first, in the order they are to be read.
    pub findings: Vec<Finding>,
    /// Rows that need nobody, per key, most first.
    pub routine: Vec<RoutineKey>,
    pub threats: Threats,
    pub devices: Vec<DeviceLine>,
    /// Events per hour by severity, oldest first; hours without events inside the window are there, as zeros.
    pub timeline: Vec<Hour>,
    pub unknown_keys: Vec<UnknownKey>,
    /// Sentences about this report itself: first run, recovery, gaps, skew, TLS not verified.
    pub warnings: Vec<String>,
    /// What of it is one site's, by the site's name (`home/default`). Sites of which there is nothing to say are left
    /// out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<String, OfSite>,
    pub digest: Digest,
}

/// What of a report is one site's, beside the findings, sources and devices that name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfSite {
    /// What people call it on its console; empty where that is not known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Those of the report's warnings that are about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// `None` where no other site was asked: the report's figures are this site's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
}

/// Σ findings' `count` + `routine` + `muted` = `events`, always.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub events: u64,
    pub findings: u64,
    pub severe: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
    pub routine: u64,
    pub muted: u64,
    /// Events by category name.
    pub by_category: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutineKey {
    pub key: String,
    /// What happened, in words.
    pub title: String,
    pub count: u64,
}

/// Threat rows at a glance. Blocked is never shown as detected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threats {
    pub blocked: u64,
    /// Seen and let through.
    pub detected: u64,
    /// The pairs with most rows, most first, at most ten.
    pub pairs: Vec<ThreatPair>,
}

/// Pairs shown at a glance.
const PAIRS: usize = 10;

impl Threats {
    /// Puts the pairs with most rows first and leaves the others out.
    pub fn rank(&mut self) {
        self.pairs.sort_by(|a, b| {
            (b.blocked + b.detected, &a.source, &a.destination).cmp(&(
                a.blocked + a.detected,
                &b.source,
                &b.destination,
            ))
        });
        self.pairs.truncate(PAIRS);
    }

    /// Adds those of another site, of which no more is known than what is shown at a glance.
    pub fn absorb(&mut self, other: Self) {
        self.blocked += other.blocked;
        self.detected += other.detected;
        for pair in other.pairs {
            let same = |known: &&mut ThreatPair| {
                (&known.source, &known.destination) == (&pair.source, &pair.destination)
            };
            match self.pairs.iter_mut().find(same) {
                Some(known) => {
                    known.blocked += pair.blocked;
                    known.detected += pair.detected;
                }
                None => self.pairs.push(pair),
            }
        }
        self.rank();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreatPair {
    pub source: String,
    pub destination: String,
    pub blocked: u64,
    pub detected: u64,
}

/// One device as the report shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceLine {
    pub site: String,
    pub mac: String,
    pub name: String,
    pub model: String,
    pub version: String,
    /// `online`, `offline`, `pending`, `updating`, `provisioning`, `heartbeat missed`, `adopting`,
    /// `isolated` …, `unknown (17)`: never a guess.
    pub state: String,
    /// Whether this state is what one wants to see; `None` = unknown, which is not OK.
    pub healthy: Option<bool>,
    /// Short remarks: `78 °C`, `update 6.7.31 available`, `restarted 3 h ago`, `CPU 91 %`.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// The hour's beginning.
    pub start: DateTime<Utc>,
    pub severe: u64,
    pub medium: u64,
    pub low: u64,
    pub info: u64,
}

/// A key that is not in the catalogue: shown and counted, never dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownKey {
    pub key: String,
    pub count: u64,
    /// One row's sentence, addresses masked.
    pub example: String,
}
