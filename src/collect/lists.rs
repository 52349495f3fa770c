//! Lists that prove nothing about themselves: `stat/event`, `list/alarm` and `stat/ips/event` of consoles before Network
//! 10, read newest first, page by page; and `stat/anomalies`, one answer. Some know no
//! bounds but whole hours: what lies outside the window is dropped here, and ids drop what is seen again.
//!
//! The watermark moves once the whole window was read: rows given away before that are known by their ids.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::collect::ask::Span;
use crate::collect::console::Console;
use crate::collect::session::answers::NoRows;
use crate::collect::system_log::{Log, Read};
use crate::collect::verdict::{self, shown};
use crate::collect::windows::{self, Way};
use crate::collect::wire::event::Row;
use crate::collect::wire::page::Page;
use crate::collect::{Slice, Taking};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::position::Position;
use crate::model::source::SourceKind;
use crate::model::window::Window;

/// Rows of one answer: consoles give no more (facts: unifi-api.md sections 2.3 and 2.4).
const LIMIT: usize = 3_000;
const HOUR: i64 = 3_600_000;
/// More answers than any console's whole list takes.
const MOST_ANSWERS: usize = 2_000;

/// Reads one list. `Err` only if `take` fails.
pub fn read(log: &Log, console: &mut Console<'_>, take: &mut Taking<'_>) -> anyhow::Result<Read> {
    let grounded =
        windows::grounded(&log.position, log.now).filter(|_| log.judge_skew && log.named_window.is_none());
    let known = grounded.unwrap_or_else(|| log.position.clone());
    let way = windows::way(&known, log.now, log.judge_skew, log.named_window);
    let (span, border) = match way {
        Way::Onward {
            overlap,
            fresh,
            strayed,
        } => {
            let from = [strayed, overlap].into_iter().filter(|part| part.length() > 0);
            let from = from.map(|part| part.from).chain([fresh.from]).min();
            (
                Span {
                    from: from.unwrap_or(fresh.from),
                    to: fresh.to,
                },
                fresh.from,
            )
        }
        Way::Lagging { span, .. } => (span, span.to),
        Way::Named(span) => (span, span.from),
    };
    let mut reading = Reading {
        log,
        known,
        way,
        span,
        border,
        take,
        given: 0,
        received: 0,
        malformed: 0,
        fresh_rows: 0,
        oldest: None,
        newest: None,
    };
    let end = reading.pages(console)?;
    reading.verdict(end)
}

/// How the list ended.
enum End {
    Read,
    /// It is longer than the console says or gives, in words.
    CutOff(String),
    NoRows(NoRows),
}

struct Reading<'a, 't> {
    log: &'a Log,
    /// Where the reading began.
    known: Position,
    way: Way,
    span: Span,
    /// Rows before this moment belong to the overlap.
    border: i64,
    take: &'a mut Taking<'t>,
    /// Slices.
    given: u64,
    received: u64,
    malformed: u64,
    fresh_rows: u64,
    oldest: Option<DateTime<Utc>>,
    newest: Option<DateTime<Utc>>,
}

impl Reading<'_, '_> {
    fn pages(&mut self, console: &mut Console<'_>) -> anyhow::Result<End> {
        let mut before: BTreeSet<String> = BTreeSet::new();
        let mut start = 0;
        for _ in 0..MOST_ANSWERS {
            let page = match self.ask(start, console) {
                Ok(page) => page,
                Err(no_rows) => return Ok(End::NoRows(no_rows)),
            };
            let ids: BTreeSet<String> = page.rows.iter().map(|row| row.id.clone()).collect();
            let length = page.rows.len();
            if length > 0 && ids.is_subset(&before) {
                return Ok(End::CutOff(
                    "the console gives the same rows again and does not go on to older ones".to_owned(),
                ));
            }
            let oldest = page.rows.iter().filter_map(|row| row.time).min();
            self.page(page.rows)?;
            start += length;
            let missing = page.total.and_then(|total| total.checked_sub(count(start)));
            let is_past = oldest.is_some_and(|oldest| oldest.timestamp_millis() < self.span.from);
            if self.log.id.kind == SourceKind::Anomalies {
                return Ok(End::Read);
            }
            if self.log.id.kind == SourceKind::Alarms {
                // Where it is cut off, it is the newest alarms that are missing.
                return Ok(if length >= LIMIT {
                    End::CutOff(format!("the list of alarms ends after {length}"))
                } else {
                    End::Read
                });
            }
            if is_past || missing == Some(0) || (missing.is_none() && length < LIMIT) {
                return Ok(End::Read);
            }
            if length == 0 {
                let missing = missing.unwrap_or(0);
                return Ok(End::CutOff(format!(
                    "the console counts {missing} rows more than it gives"
                )));
            }
            before = ids;
        }
        Ok(End::CutOff("the list does not come to an end".to_owned()))
    }

    fn ask(&self, start: usize, console: &mut Console<'_>) -> Result<Page, NoRows> {
        let site = &self.log.site.site;
        match self.log.id.kind {
            // An hour that ends in the span may begin before it.
            SourceKind::Anomalies => {
                let from = self.span.from.saturating_sub(HOUR).max(0);
                console.anomalies(site, from, self.span.to.saturating_sub(1).max(0))
            }
            SourceKind::Alarms => console.legacy_page(&format!("/api/s/{site}/list/alarm"), None, ALARMS),
            SourceKind::Ips => {
                let body = json!({
                    "start": self.span.from, "end": self.span.to, "_start": start, "_limit": LIMIT, "_sort": "-time",
                });
                console.legacy_page(&format!("/api/s/{site}/stat/ips/event"), Some(&body), IPS)
            }
            _ => {
                let back = self.log.now - windows::moment(self.span.from);
                let body = json!({
                    "within": (back.num_hours() + 2).max(1), "_start": start, "_limit": LIMIT, "_sort": "-time",
                });
                console.legacy_page(&format!("/api/s/{site}/stat/event"), Some(&body), EVENTS)
            }
        }
    }

    /// Gives away what of a page lies in the window.
    fn page(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        let times = rows.iter().filter_map(|row| row.time);
        self.oldest = times.chain(self.oldest).min();
        self.received += count(rows.len());
        self.malformed += count(rows.iter().filter(|row| row.event.is_none()).count());
        let time = |row: &Row| row.time.map(|time| time.timestamp_millis());
        let mut inside: Vec<Row> = rows
            .into_iter()
            .filter(|row| row.event.is_some() && time(row).is_some_and(|time| self.span.contains(time)))
            .collect();
        inside.sort_by_key(|row| row.time);
        self.newest = self.newest.max(inside.last().and_then(|row| row.time));
        let (late, fresh): (Vec<Row>, Vec<Row>) = inside
            .into_iter()
            .partition(|row| time(row).is_some_and(|time| time < self.border));
        self.fresh_rows += count(fresh.len());
        let position = self.known.clone();
        for (rows, overlap) in [(late, true), (fresh, false)] {
            if !rows.is_empty() {
                self.give(rows, overlap, position.clone())?;
            }
        }
        Ok(())
    }

    fn give(&mut self, rows: Vec<Row>, overlap: bool, position_after: Position) -> anyhow::Result<()> {
        let part = Span {
            from: if overlap { self.span.from } else { self.border },
            to: if overlap { self.border } else { self.span.to },
        };
        let window = Window::new(windows::moment(part.from), windows::moment(part.to));
        let slice = Slice {
            source: self.log.id.clone(),
            site: self.log.site.clone(),
            window: window.unwrap_or_else(|| Window::empty_at(windows::moment(part.from))),
            again: Vec::new(),
            received: count(rows.len()),
            malformed: 0,
            duplicates: 0,
            overlap,
            // Where ids were lost, every hour may hold something nobody counted.
            changed_hours: windows::all_hours(part),
            rows: rows.into_iter().filter_map(|row| row.event).collect(),
            position_after,
        };
        self.given += 1;
        (self.take)(slice)
    }

    fn verdict(mut self, end: End) -> anyhow::Result<Read> {
        let mut line = verdict::line(&self.log.id, &self.log.site);
        line.since = Some(windows::moment(self.border.max(self.span.from)));
        if let Way::Onward { fresh, .. } = self.way {
            line.since = Some(windows::told_from(&self.known, fresh));
        }
        if matches!(self.way, Way::Lagging { .. }) {
            line.since = Some(windows::moment(self.span.from));
        }
        line.until = Some(windows::moment(self.span.to));
        line.records = self.received;
        line.malformed = self.malformed;
        line.oldest = self.oldest;
        line.outcome = if self.fresh_rows > 0 {
            Outcome::Complete
        } else {
            Outcome::Empty
        };
        let mut warnings = Vec::new();
        let coverage = match end {
            End::Read => {
                warnings.extend(self.lost());
                let position = self.moved();
                self.give(Vec::new(), false, position)?;
                self.whole(line)
            }
            End::CutOff(why) => {
                let why =
                    format!("{why}; what came was counted, and the rest is asked for again by the next run");
                verdict::partial(line, &why, None)
            }
            End::NoRows(no_rows) if self.given == 0 => verdict::refused(line, &no_rows),
            End::NoRows(NoRows::Failed(Failure { kind, message })) => {
                let why = format!("not read to its end: {message}; the next run reads it again");
                verdict::partial(line, &why, Some(kind))
            }
            End::NoRows(NoRows::Absent(why) | NoRows::Denied(why)) => {
                verdict::partial(line, &why, Some(FailureKind::Protocol))
            }
        };
        Ok(Read { coverage, warnings })
    }

    /// The position once everything was read.
    fn moved(&self) -> Position {
        let fresh = match self.way {
            Way::Onward { fresh, .. } => fresh,
            Way::Lagging { span, .. } => return windows::after_lagging(&self.known, span),
            Way::Named(_) => return self.known.clone(),
        };
        let mut next = self.known.clone();
        next.newest = next.newest.max(self.newest);
        windows::after_fresh(&next, fresh, &[])
    }

    fn whole(&self, line: SourceCoverage) -> SourceCoverage {
        let Way::Lagging { .. } = self.way else {
            return line;
        };
        let why = format!(
            "the console's clock ({}) lies behind what was already read, so its own last day was read and the watermark \
             left where it is; set the console's clock, or see `unifi-scan state rewind --to TIME`",
            shown(self.log.now)
        );
        verdict::partial(line, &why, None)
    }

    /// What is older than the console keeps its lists.
    fn lost(&self) -> Option<String> {
        let Way::Onward { .. } = self.way else {
            return None;
        };
        let days = i64::try_from(self.log.retention_days.unwrap_or(0)).ok()?;
        let kept = TimeDelta::try_days(days).filter(|kept| !kept.is_zero())?;
        let proved = self
            .known
            .proved_until
            .max(self.known.watermark)
            .unwrap_or(self.known.start);
        let oldest = self.log.now - kept;
        (proved < oldest).then(|| {
            format!(
                "{}: {} between {} and {} may have been lost, because the console keeps {days} days",
                self.log.site,
                self.log.id.kind,
                shown(proved),
                shown(oldest)
            )
        })
    }
}

const EVENTS: &str = "the list of events";
const ALARMS: &str = "the list of alarms";
const IPS: &str = "the list of threats";

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
