//! What a reading of the log comes to: its verdict in words an operator can act on, and what may be lost.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::collect::Slice;
use crate::collect::ask::Unread;
use crate::collect::session::answers::NoRows;
use crate::collect::slice::End;
use crate::collect::system_log::{Read, Reading};
use crate::collect::verdict::{self, length, shown};
use crate::collect::windows::{self, Way};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::window::Window;

impl Reading<'_, '_> {
    /// Remembers the second that stopped the reading of what is new.
    pub fn mark_stuck(&mut self, end: &End) -> anyhow::Result<()> {
        let End::Stopped(at, Unread::Unproved(_)) = *end else {
            return Ok(());
        };
        if !matches!(self.way, Way::Onward { .. }) || at < self.border {
            return Ok(());
        }
        self.position.stuck_at = Some(windows::moment(at));
        (self.take)(Slice {
            source: self.log.id.clone(),
            site: self.log.site.clone(),
            window: Window::empty_at(windows::moment(at)),
            rows: Vec::new(),
            again: Vec::new(),
            received: 0,
            malformed: 0,
            duplicates: 0,
            overlap: false,
            changed_hours: BTreeSet::new(),
            position_after: self.position.clone(),
        })
    }

    pub fn verdict(mut self, end: End) -> Read {
        let (asked, reached) = match self.way {
            Way::Onward { fresh, .. } => (fresh, fresh.to),
            Way::Lagging { span, .. } | Way::Named(span) => (span, span.to),
        };
        let mut line = verdict::line(&self.log.id, &self.log.site);
        line.since = Some(match self.way {
            Way::Onward { fresh, .. } => windows::told_from(self.known, fresh),
            _ => windows::moment(asked.from),
        });
        line.until = Some(windows::moment(asked.to));
        line.records = self.received;
        line.malformed = self.malformed;
        line.oldest = self.oldest;
        line.outcome = if self.fresh_rows > 0 {
            Outcome::Complete
        } else {
            Outcome::Empty
        };
        if self.slices > 0 {
            let overlap_read = self.doubt.is_none() && (matches!(end, End::Read) || self.fresh_given);
            let lost = self.lost(reached, overlap_read);
            self.warnings.extend(lost);
        }
        self.warnings.extend(self.out_of_sight());
        let coverage = match end {
            End::Read => self.whole(line),
            End::Stopped(at, unread) => self.stopped(line, at, unread),
        };
        let coverage = self.passed(coverage);
        Read {
            coverage,
            warnings: self.warnings,
        }
    }

    /// Nothing stopped the reading; it may be incomplete all the same.
    fn whole(&mut self, line: SourceCoverage) -> SourceCoverage {
        if let Way::Lagging { behind, .. } = self.way {
            let why = format!(
                "the console's clock ({}) is {} behind what was already read, so its own last day was read and the \
                 watermark left where it is; set the console's clock, or, if it was wrong before and is right now, \
                 run `unifi-scan state rewind --to TIME`",
                shown(self.log.now),
                length(behind)
            );
            return verdict::partial(line, &why, None);
        }
        match self.doubt.take() {
            Some(why) => verdict::partial(line, &why, None),
            None => line,
        }
    }

    /// Seconds that could not be proved and were passed over make any verdict partial.
    fn passed(&self, line: SourceCoverage) -> SourceCoverage {
        let seconds: Vec<_> = self
            .patience
            .passed
            .iter()
            .map(|second| shown(windows::moment(second.from)))
            .collect();
        if seconds.is_empty() {
            return line;
        }
        let why = format!(
            "in the second of {} the console counts rows that it does not send; those it sent were counted, \
             and if there are others they may be missing",
            seconds.join(" and of ")
        );
        match &line.reason {
            Some(reason) => SourceCoverage {
                reason: Some(format!("{reason}; {why}")),
                ..line
            },
            None => verdict::partial(line, &why, None),
        }
    }

    /// Told once: the first new slice forgets that the clock lay behind.
    fn out_of_sight(&self) -> Option<String> {
        let Way::Onward { overlap, strayed, .. } = self.way else {
            return None;
        };
        let (from, to) = windows::out_of_sight(self.known, overlap, strayed).filter(|_| self.fresh_given)?;
        Some(format!(
            "{}: events stamped between {} and {} while the console's clock lay behind may have been lost",
            self.log.site,
            shown(from),
            shown(to)
        ))
    }

    fn stopped(&self, line: SourceCoverage, at: i64, unread: Unread) -> SourceCoverage {
        let no_rows = match unread {
            Unread::NoRows(no_rows) => no_rows,
            Unread::Unproved(why) => {
                let why = format!(
                    "what the console says about the time after {} does not add up, even asked again in smaller parts: \
                     {why}; it is read again by the next run",
                    shown(windows::moment(at))
                );
                return verdict::partial(line, &why, None);
            }
            Unread::BoundsIgnored | Unread::TooMany | Unread::TotalOfPage => {
                let why = format!(
                    "the log after {} cannot be read in parts",
                    shown(windows::moment(at))
                );
                return verdict::partial(line, &why, None);
            }
        };
        if self.slices == 0 {
            return verdict::refused(line, &no_rows);
        }
        let (kind, why) = match no_rows {
            NoRows::Failed(Failure { kind, message }) => (Some(kind), message),
            NoRows::Absent(why) | NoRows::Denied(why) => (None, why),
        };
        let passing = matches!(kind, Some(FailureKind::Timeout | FailureKind::Interrupted));
        let next = if passing {
            "the next run goes on from there"
        } else {
            "the next run tries again from there"
        };
        let why = format!("read up to {} only: {why}; {next}", shown(windows::moment(at)));
        verdict::partial(line, &why, kind)
    }

    /// What lies between the last proof and what is still on the console, told once: after this reading the
    /// position knows no rows of the overlap any more.
    fn lost(&self, reached: i64, overlap_read: bool) -> Option<String> {
        let Way::Onward { overlap, .. } = self.way else {
            return None;
        };
        let known = self.known;
        let proved = known.proved_until.max(known.watermark).unwrap_or(known.start);
        let days = i64::try_from(self.log.retention_days.unwrap_or(0)).unwrap_or(0);
        let kept = TimeDelta::try_days(days)
            .filter(|kept| !kept.is_zero())
            .map(|kept| self.log.now - kept);
        let too_old = kept.filter(|oldest| proved < *oldest);
        let vanished = overlap_read && windows::known_rows(known, overlap) > 0 && self.overlap_rows == 0;
        let gone = vanished.then(|| self.oldest.unwrap_or_else(|| windows::moment(reached)));
        let until = too_old.max(gone).filter(|until| proved < *until)?;
        let why = if too_old.is_some() {
            format!("the console keeps {days} days")
        } else {
            "nothing of what it showed before is on the console any more".to_owned()
        };
        Some(format!(
            "{}: events between {} and {} may have been lost, because {why}",
            self.log.site,
            shown(proved),
            shown(until)
        ))
    }
}
