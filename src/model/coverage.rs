//! What a run could and could not see, source by source.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::source::{SourceId, SourceKind};

/// The verdict about one source in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Read and proved for the whole window.
    Complete,
    /// Read and proved, and there was nothing.
    Empty,
    /// Part of the window could not be proved.
    Partial,
    /// This console does not offer it.
    Unsupported,
    /// The account may not read it.
    Denied,
    /// It could not be read.
    Failed,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Empty => "empty",
            Self::Partial => "partial",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// The source answered completely for the whole window.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Complete | Self::Empty)
    }
}

/// One source's line in the coverage box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceCoverage {
    pub id: SourceId,
    /// As people know it: `home/default/system-log`.
    pub name: String,
    pub outcome: Outcome,
    /// What was asked for; `None` for snapshots and for sources that were never reached.
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Event rows counted in this report.
    pub events: u64,
    /// Rows received, whatever became of them (devices, for the device list).
    pub records: u64,
    /// Counted rows that lay before the watermark: they showed up after their own time was reported.
    pub late: u64,
    /// Rows received that an earlier reading had counted.
    pub duplicates: u64,
    /// Rows that could not be read as events; each is counted, none is fatal.
    pub malformed: u64,
    /// The oldest row the console returned.
    pub oldest: Option<DateTime<Utc>>,
    /// Why it is not whole, in words an operator can act on.
    pub reason: Option<String>,
    /// The exit code this source alone would have given (0 if it is whole).
    pub code: u8,
}

impl SourceCoverage {
    /// It answered completely; or this console has none, and the older lists that stand for it did.
    pub fn is_covered(&self, all: &[Self]) -> bool {
        let stands_for_it = |other: &Self| {
            let same_site = (&other.id.controller, &other.id.site) == (&self.id.controller, &self.id.site);
            same_site && other.id.kind == SourceKind::Events && other.outcome.is_whole()
        };
        let log = self.id.kind == SourceKind::SystemLog && self.outcome == Outcome::Unsupported;
        self.outcome.is_whole() || (log && all.iter().any(stands_for_it))
    }
}
