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
    /// Of a `[[file_source]]`: how far each of its files was read. Empty: none of them yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileMark>,
}

/// How far one file was read. It is known again by its inode, and by its first bytes where it was moved or packed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileMark {
    /// Where it was, for people.
    pub path: String,
    pub device: u64,
    pub inode: u64,
    /// The first bytes of the text in it, unpacked: how many, and 32 hex digits of their SHA-256.
    pub head_len: u64,
    pub head: String,
    /// Bytes of the text that were read: whole lines.
    pub offset: u64,
    /// Nothing more was to be expected in it: it is not missed when it goes.
    pub settled: bool,
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
            files: Vec::new(),
        }
    }
}
