//! Reads `system-log/all` of one site: what came since the watermark, what came late before it, and what can no
//! longer be read. Every slice it gives away is proved and carries the position that taking it commits.

mod ending;
mod overlap;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::collect::Slice;
use crate::collect::ask::{Ask, Asking, PAGE, SECOND, Span, Unread};
use crate::collect::slice::{self, End, Proved};
use crate::collect::verdict::shown;
use crate::collect::walk::Patience;
use crate::collect::windows::{self, Way};
use crate::collect::wire::event::Row;
use crate::collect::wire::page::Page;
use crate::collect::{Taking, paged};
use crate::model::coverage::SourceCoverage;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId};
use crate::model::window::Window;

/// The log to read, and what must be known to read it.
pub struct Log {
    pub id: SourceId,
    pub site: SiteName,
    pub position: Position,
    /// By the console's clock.
    pub now: DateTime<Utc>,
    pub retention_days: Option<u64>,
    pub judge_skew: bool,
    pub named_window: Option<Window>,
}

/// How far it was read.
pub struct Read {
    pub coverage: SourceCoverage,
    /// Sentences for the report.
    pub warnings: Vec<String>,
}

/// Reads the log, oldest slice first. `Err` only if `take` fails.
pub fn read(log: &Log, ask: &mut Asking<'_>, take: &mut Taking<'_>) -> anyhow::Result<Read> {
    let grounded =
        windows::grounded(&log.position, log.now).filter(|_| log.judge_skew && log.named_window.is_none());
    let known = grounded.as_ref().unwrap_or(&log.position);
    let way = windows::way(known, log.now, log.judge_skew, log.named_window);
    let mut reading = Reading::new(log, known, way, take);
    if grounded.is_some() {
        reading.warnings.push(format!(
            "{}: a first reading would begin at {} by this host's clock, which the console's ({}) has not reached, \
             so the console's own last day was read; set the clock of whichever is wrong",
            log.site,
            shown(log.position.start),
            shown(log.now)
        ));
    }
    let end = match way {
        Way::Onward {
            overlap,
            fresh,
            strayed,
        } => reading.onward(overlap, fresh, strayed, ask)?,
        Way::Lagging { span, .. } | Way::Named(span) => reading.all(span, None, ask)?,
    };
    reading.mark_stuck(&end)?;
    Ok(reading.verdict(end))
}

struct Reading<'a, 't> {
    log: &'a Log,
    /// Where the reading began.
    known: &'a Position,
    way: Way,
    take: &'a mut Taking<'t>,
    /// Moves with every slice taken.
    position: Position,
    /// Rows before this moment belong to the overlap.
    border: i64,
    patience: Patience,
    fresh_rows: u64,
    slices: u64,
    received: u64,
    /// At least one slice of what is new was taken.
    fresh_given: bool,
    malformed: u64,
    oldest: Option<DateTime<Utc>>,
    /// Rows of the overlap that are still on the console.
    overlap_rows: u64,
    /// The overlap could not be read whole.
    doubt: Option<String>,
    warnings: Vec<String>,
}

impl<'a, 't> Reading<'a, 't> {
    fn new(log: &'a Log, known: &'a Position, way: Way, take: &'a mut Taking<'t>) -> Self {
        let border = match way {
            Way::Onward { fresh, .. } => fresh.from,
            Way::Lagging { span, .. } => span.to,
            Way::Named(span) => span.from,
        };
        let before = match way {
            Way::Onward { .. } => border,
            Way::Lagging { span, .. } | Way::Named(span) => span.to,
        };
        let patience = Patience {
            before,
            stuck: known.stuck_at.map(|stuck| stuck.timestamp_millis()),
            passed: Vec::new(),
        };
        Self {
            log,
            known,
            patience,
            way,
            take,
            position: known.clone(),
            border,
            fresh_rows: 0,
            slices: 0,
            received: 0,
            fresh_given: false,
            malformed: 0,
            oldest: None,
            overlap_rows: 0,
            doubt: None,
            warnings: Vec::new(),
        }
    }

    /// Late rows and new ones: in one request where they fit a page, else the newest hours of the overlap
    /// again, the older ones by their counts, and then what is new.
    fn onward(
        &mut self,
        overlap: Span,
        fresh: Span,
        strayed: Span,
        ask: &mut Asking<'_>,
    ) -> anyhow::Result<End> {
        if let Some(stopped) = self.late(strayed, ask)? {
            return Ok(stopped);
        }
        let from = if overlap.length() > 0 {
            overlap.from
        } else {
            fresh.from
        };
        let to = if fresh.length() > 0 { fresh.to } else { overlap.to };
        let whole = Span {
            from,
            to: to.max(from),
        };
        if whole.length() == 0 {
            let any = Span {
                from: whole.from - SECOND,
                to: whole.from,
            };
            // Whether this console has a log at all is not known before it was asked once.
            return match self
                .known
                .watermark
                .map_or_else(|| ask(&Ask::of(any, 0, 1)), |_| Ok(Page::default()))
            {
                Ok(_) => Ok(End::Read),
                Err(no_rows) => Ok(End::Stopped(whole.from, no_rows.into())),
            };
        }
        let question = Ask::of(whole, 0, PAGE);
        let first = match ask(&question) {
            Ok(page) => page,
            Err(no_rows) => return Ok(End::Stopped(whole.from, no_rows.into())),
        };
        let fits = slice::expected(&first, whole) <= PAGE;
        if overlap.length() == 0 || fits || !question.is_answered_by(&first) {
            return match self.all(whole, Some(first), ask)? {
                End::Stopped(at, Unread::Unproved(why)) if at < self.border => {
                    self.doubt_late(&why);
                    self.all(fresh, None, ask)
                }
                end => Ok(end),
            };
        }
        let (counted, again) = windows::overlap_parts(overlap);
        let changed = match self.changed(overlap, counted, ask) {
            Ok(changed) => changed,
            Err(no_rows) => return Ok(End::Stopped(whole.from, no_rows.into())),
        };
        for part in changed.into_iter().chain([again]) {
            if let Some(stopped) = self.late(part, ask)? {
                return Ok(stopped);
            }
        }
        self.all(fresh, None, ask)
    }

    /// Every row of a span, in slices. A console that ignores the bounds is read by pages from where it was
    /// found out.
    fn all(&mut self, span: Span, first: Option<Page>, ask: &mut Asking<'_>) -> anyhow::Result<End> {
        self.forget(span);
        let question = Ask::of(span, 0, PAGE);
        let ignored = first.as_ref().is_some_and(|page| !question.is_answered_by(page));
        let at = if ignored {
            span.from
        } else {
            let mut patience = std::mem::take(&mut self.patience);
            let end = slice::cut(span, first, &mut patience, ask, &mut |proved| self.take(proved));
            self.patience = patience;
            match end? {
                End::Stopped(at, Unread::BoundsIgnored) => at,
                end => return Ok(end),
            }
        };
        let told = format!(
            "{}: the console ignores the bounds of time it is asked for, so its log was read page by page and \
             filtered here",
            self.log.site
        );
        if !self.warnings.contains(&told) {
            self.warnings.push(told);
        }
        paged::read(
            Span {
                from: at,
                to: span.to,
            },
            ask,
            &mut |proved| self.take(proved),
        )
    }

    /// The hours of the overlap that are read again are counted again.
    fn forget(&mut self, span: Span) {
        if let Way::Onward { overlap, .. } = self.way {
            let part = Span {
                from: span.from,
                to: span.to.min(overlap.to),
            };
            if part.length() > 0 {
                self.position = windows::forgetting(&self.position, part);
            }
        }
    }

    /// Gives a proved span away, cut where the overlap ends.
    fn take(&mut self, proved: Proved) -> anyhow::Result<()> {
        let Proved { span, rows } = proved;
        let times = rows.iter().filter_map(|row| row.time);
        self.oldest = times.chain(self.oldest).min();
        let border = self.border.clamp(span.from, span.to);
        let (old, new) = (
            Span {
                from: span.from,
                to: border,
            },
            Span {
                from: border,
                to: span.to,
            },
        );
        let (late, mut fresh): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| lies_in(row, old));
        fresh.retain(|row| row.time.is_none() || lies_in(row, new));
        if old.length() > 0 {
            self.give(old, late, true)?;
        }
        if new.length() > 0 {
            self.give(new, fresh, false)?;
        }
        Ok(())
    }

    fn give(&mut self, part: Span, rows: Vec<Row>, overlap: bool) -> anyhow::Result<()> {
        let received = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let changed_hours = match self.way {
            Way::Onward { overlap: whole, .. } if overlap && part.from >= whole.from => {
                windows::changed_hours(self.known, whole, part, &rows)
            }
            // Nothing is known of the hours before the overlap.
            Way::Onward { .. } if overlap => windows::all_hours(part),
            Way::Lagging { .. } => windows::all_hours(part),
            _ => BTreeSet::new(),
        };
        let next = match self.way {
            Way::Named(_) => self.position.clone(),
            Way::Lagging { .. } => windows::after_lagging(&self.position, part),
            Way::Onward { overlap: whole, .. } if overlap && part.from < whole.from => self.position.clone(),
            Way::Onward { .. } if overlap => windows::after_overlap(&self.position, &rows),
            Way::Onward { .. } => windows::after_fresh(&self.position, part, &rows),
        };
        let events: Vec<_> = rows.into_iter().filter_map(|row| row.event).collect();
        let malformed = received - u64::try_from(events.len()).unwrap_or(received);
        // What the overlap holds was counted when it was new.
        if overlap && matches!(self.way, Way::Onward { .. }) {
            self.overlap_rows += received;
        } else {
            self.fresh_rows += received;
            self.malformed += malformed;
        }
        let window = Window::new(windows::moment(part.from), windows::moment(part.to));
        let slice = Slice {
            source: self.log.id.clone(),
            site: self.log.site.clone(),
            window: window.unwrap_or_else(|| Window::empty_at(windows::moment(part.from))),
            rows: events,
            again: Vec::new(),
            received,
            malformed: if overlap { 0 } else { malformed },
            duplicates: 0,
            overlap,
            changed_hours,
            position_after: next.clone(),
        };
        (self.take)(slice)?;
        self.position = next;
        self.slices += 1;
        self.received += received;
        self.fresh_given |= !overlap;
        Ok(())
    }
}

fn lies_in(row: &Row, span: Span) -> bool {
    row.time
        .is_some_and(|time| span.contains(time.timestamp_millis()))
}
