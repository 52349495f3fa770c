//! The record of one attempt: what `run --json` prints, one line of `history.jsonl`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::coverage::Outcome;
use crate::model::report::Counts;
use crate::model::window::Window;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// `"1"`.
    pub schema_version: String,
    /// 32 hex digits, new for every attempt.
    pub attempt_id: String,
    /// The command: `run` or `retry`.
    pub command: String,
    /// The committed run's number; `None` if the attempt ended before its commit, or is ad hoc.
    pub run: Option<u64>,
    /// Whose run it is, if another instance committed it and it was delivered here (`command` is then `import`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    pub started_at: DateTime<Utc>,
    /// `None` while it runs, and for ever if it died.
    pub finished_at: Option<DateTime<Utc>>,
    pub duration_ms: Option<u64>,
    /// The exit code's name (`ok`, `partial`, …), or `died`.
    pub result: String,
    /// `None` if it died.
    pub exit_code: Option<u8>,
    /// The stage it ended in.
    pub stage: String,
    /// The program's version.
    pub version: String,
    pub window: Option<Window>,
    pub report_id: Option<String>,
    /// When the report was made, by the clock it tells.
    #[serde(default)]
    pub generated_at: Option<DateTime<Utc>>,
    /// The report's first sentence.
    #[serde(default)]
    pub headline: Option<String>,
    /// Path of the report below `REPORTS_DIR`, without its extension.
    pub report: Option<String>,
    pub counts: Option<Counts>,
    pub sources: Vec<SourceResult>,
    pub channels: Vec<ChannelResult>,
    pub state: StateResult,
    pub warnings: Vec<String>,
    /// The error's sentence, if it failed.
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceResult {
    pub name: String,
    pub outcome: Outcome,
    /// `None` where it is not known.
    pub events: Option<u64>,
    pub code: u8,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelResult {
    pub name: String,
    /// `accepted`, `owed`, `not due`, `dead`; of an ad hoc report, which is never owed, also `refused` and `unknown`.
    pub outcome: String,
    /// The runs it was about, lowest first, a long list cut; none if ad hoc.
    pub runs: Vec<u64>,
    /// How many more there are, if the list was cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<usize>,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateResult {
    pub generation: u64,
    /// The generation a damaged checkpoint was restored from.
    pub recovered_from: Option<u64>,
}
