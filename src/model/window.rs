//! A half-open stretch of UTC time. An inverted one cannot be made.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The interval `[since, until)`, in UTC; `since <= until` always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Window {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Window {
    /// The window between two moments; `None` if it would be inverted.
    pub fn new(since: DateTime<Utc>, until: DateTime<Utc>) -> Option<Self> {
        (since <= until).then_some(Self { since, until })
    }

    /// The window that holds no moment at all, placed at `at`.
    pub fn empty_at(at: DateTime<Utc>) -> Self {
        Self { since: at, until: at }
    }

    pub fn since(&self) -> DateTime<Utc> {
        self.since
    }

    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }

    pub fn contains(&self, moment: DateTime<Utc>) -> bool {
        self.since <= moment && moment < self.until
    }

    pub fn is_empty(&self) -> bool {
        self.since == self.until
    }

    /// What of it lies before this moment.
    pub fn before(self, moment: DateTime<Utc>) -> Self {
        Self {
            since: self.since.min(moment),
            until: self.until.min(moment),
        }
    }

    /// The smallest window that covers both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            since: self.since.min(other.since),
            until: self.until.max(other.until),
        }
    }
}

/// How a window is written: two RFC 3339 moments.
#[derive(Serialize, Deserialize)]
struct Ends {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl From<Window> for Ends {
    fn from(window: Window) -> Self {
        Self {
            since: window.since,
            until: window.until,
        }
    }
}

impl TryFrom<Ends> for Window {
    type Error = &'static str;

    fn try_from(ends: Ends) -> Result<Self, Self::Error> {
        Self::new(ends.since, ends.until).ok_or("a window's until lies before its since")
    }
}
