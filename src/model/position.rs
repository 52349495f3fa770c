//! How far one source has been read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where the reading of one source stands, in the console's clock. Kept in the checkpoint; moved
/// only by a proved slice, taken as one with the rows it proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Rows before this moment are never counted: the first attempt's time less the lookback.
    pub start: DateTime<Utc>,
    /// Everything before it was read and proved; the next window begins here. `None`: not read yet.
    pub watermark: Option<DateTime<Utc>>,
    /// Up to where the source was proved, which may be later than the watermark on a silent source.
    pub proved_until: Option<DateTime<Utc>>,
    /// The newest row ever counted.
    pub newest: Option<DateTime<Utc>>,
    /// End of the last reading made while the console's clock lay behind the watermark.
    pub lagging_until: Option<DateTime<Utc>>,
    /// Rows the console showed per hour of the overlap (hour = seconds since the epoch / 3600), at
    /// most 48: an hour whose count is unchanged holds nothing late.
    pub hours: BTreeMap<i64, u64>,
    /// The second that could not be proved when the last reading ended there. If it cannot be proved again, the
    /// next reading goes past it with what came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck_at: Option<DateTime<Utc>>,
}

impl Position {
    /// A source nobody has read yet.
    pub fn unread(start: DateTime<Utc>) -> Self {
        Self {
            start,
            watermark: None,
            proved_until: None,
            newest: None,
            lagging_until: None,
            hours: BTreeMap::new(),
            stuck_at: None,
        }
    }
}
