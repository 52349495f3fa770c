//! One request for the rows of a stretch of time, and what its answer may look like.

use serde_json::{Value, json};

use crate::collect::session::answers::NoRows;
use crate::collect::wire::page::Page;

/// Rows asked for at once: every console known to us gives that many.
pub const PAGE: u64 = 100;
/// A page shorter than this is not one a console has clamped: the smallest default page known is 10.
pub const CLAMPED: usize = 10;
pub const SECOND: i64 = 1_000;

/// A half-open stretch `[from, to)` of the console's clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Span {
    pub fn length(self) -> i64 {
        (self.to - self.from).max(0)
    }

    pub fn contains(self, moment: i64) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// One request for rows. Whether a console's bounds are inclusive is unknown, so what is sent is wider by a
/// millisecond at both ends; the proof is made on what was sent, and the clipping comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub from: i64,
    pub to: i64,
    pub page: u64,
    pub size: u64,
}

impl Ask {
    pub fn of(span: Span, page: u64, size: u64) -> Self {
        Self {
            from: span.from - 1,
            to: span.to + 1,
            page,
            size,
        }
    }

    /// The request's body. No filters: a console refuses the words of another version.
    pub fn body(&self) -> Value {
        json!({
            "timestampFrom": self.from, "timestampTo": self.to, "pageNumber": self.page, "pageSize": self.size,
        })
    }

    /// Every row lies inside the bounds as they were sent.
    pub fn is_answered_by(&self, page: &Page) -> bool {
        times(page).all(|time| self.from <= time && time <= self.to)
    }
}

/// Whoever answers requests for rows.
pub type Asking<'a> = dyn FnMut(&Ask) -> Result<Page, NoRows> + 'a;

/// Why a span was not read.
#[derive(Debug)]
pub enum Unread {
    /// What the console says about it does not add up, in words.
    Unproved(String),
    /// Rows outside the bounds came back: the console does not filter by time.
    BoundsIgnored,
    /// More rows than a slice may hold.
    TooMany,
    /// The total is the length of the page, so that it proves nothing.
    TotalOfPage,
    NoRows(NoRows),
}

impl From<NoRows> for Unread {
    fn from(no_rows: NoRows) -> Self {
        Self::NoRows(no_rows)
    }
}

/// Asks, and refuses an answer with rows outside the bounds.
pub fn ask_within(span: Span, page: u64, ask: &mut Asking<'_>) -> Result<Page, Unread> {
    let question = Ask::of(span, page, PAGE);
    let page = ask(&question)?;
    if question.is_answered_by(&page) {
        Ok(page)
    } else {
        Err(Unread::BoundsIgnored)
    }
}

pub fn times(page: &Page) -> impl Iterator<Item = i64> {
    page.rows
        .iter()
        .filter_map(|row| row.time)
        .map(|time| time.timestamp_millis())
}

pub fn is_newest_first(page: &Page) -> bool {
    times(page).is_sorted_by(|newer, older| newer >= older)
}

/// A length as the numbers on the wire.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
