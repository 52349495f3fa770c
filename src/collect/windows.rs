//! Which stretches of a source are to be read, and how a proved slice moves its position (contract section 3).
//! Pure: it takes the position and the console's clock, and asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::ask::Span;
use crate::collect::wire::event::Row;
use crate::model::position::Position;
use crate::model::window::Window;

const HOUR: i64 = 3_600_000;
/// Behind the watermark, in which late rows are still found.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// The newest part of the overlap, read again whenever the whole is too long for one page.
const READ_AGAIN: TimeDelta = TimeDelta::hours(2);
/// The newest moments, left to the next run.
pub const SETTLE: TimeDelta = TimeDelta::seconds(90);
/// After a clock that lay behind is right again, this much is read past the end of the last such reading.
const STRAYED: TimeDelta = TimeDelta::hours(48);
/// Where a row older than the overlap is looked for.
const BEHIND: TimeDelta = TimeDelta::days(7);
/// A console's clock this far behind the watermark is wrong now, or was wrong then.
const LAG: TimeDelta = TimeDelta::minutes(5);

/// How a source is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What came since the watermark, and what came late before it.
    Onward {
        /// Ends at the watermark, or earlier if the clock does; empty on a first reading.
        overlap: Span,
        /// May be empty.
        fresh: Span,
        /// Before the overlap: what the console stamped while its clock lay behind, after that was last read, or
        /// what came late to it. Empty unless the clock lay behind at the last reading.
        strayed: Span,
    },
    /// The console's clock lies this far behind what was already read: its own last day is read.
    Lagging { span: Span, behind: TimeDelta },
    /// Exactly this, asked for by hand.
    Named(Span),
}

/// How to read a source at `position` when the console's clock shows `now`.
pub fn way(position: &Position, now: DateTime<Utc>, judge_skew: bool, named: Option<Window>) -> Way {
    if let Some(window) = named {
        return Way::Named(span(window.since(), window.until()));
    }
    let until = now - SETTLE;
    let from = position.watermark.unwrap_or(position.start);
    if judge_skew && now < from - LAG {
        let day = until - OVERLAP;
        // Rows come late to the last such reading too.
        let back = position
            .lagging_until
            .map_or(day, |read| (read - OVERLAP).min(day));
        return Way::Lagging {
            span: span(not_too_old(position, back, until), until),
            behind: from - now,
        };
    }
    let overlap = match position.watermark {
        Some(watermark) => span(overlap_start(position, watermark), watermark.min(until)),
        None => span(position.start, position.start),
    };
    let strayed = position.lagging_until.map_or(span(from, from), |read| {
        let back = not_too_old(position, read - OVERLAP, read);
        span(back, moment(overlap.from).min(read + STRAYED))
    });
    Way::Onward {
        overlap,
        fresh: span(from, until),
        strayed,
    }
}

/// Where the window begins that is told: a silent source is asked from its watermark, which waits for its next row,
/// but what was proved before was told before.
pub fn told_from(position: &Position, fresh: Span) -> DateTime<Utc> {
    let proved = position
        .proved_until
        .map_or(fresh.from, |proved| proved.timestamp_millis());
    moment(proved.clamp(fresh.from, fresh.to.max(fresh.from)))
}

/// `start` says what is too old to count, unless the console has gone back behind it.
fn not_too_old(position: &Position, back: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
    if position.start < until {
        back.max(position.start)
    } else {
        back
    }
}

/// Where a first reading begins whose start, told by the host's clock, the console's has not reached: a day
/// before what the console takes for now.
pub fn grounded(position: &Position, now: DateTime<Utc>) -> Option<Position> {
    let ahead = position.watermark.is_none() && now < position.start;
    ahead.then(|| Position {
        start: now - OVERLAP,
        ..position.clone()
    })
}

/// What a clock that lay behind may have stamped out of sight: between what is read when it is right again and
/// the overlap.
pub fn out_of_sight(
    position: &Position,
    overlap: Span,
    strayed: Span,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let read = position.lagging_until?;
    let from = strayed.to.max(read.timestamp_millis());
    (from < overlap.from && overlap.length() > 0).then(|| (moment(from), moment(overlap.from)))
}

/// All hours a part lies in.
pub fn all_hours(part: Span) -> BTreeSet<i64> {
    if part.length() == 0 {
        return BTreeSet::new();
    }
    (hour_of(part.from)..=hour_of(part.to - 1)).collect()
}

/// Ends of the hours of a part that are known to hold rows, oldest first.
pub fn known_hour_ends(position: &Position, part: Span) -> Vec<i64> {
    let known = position
        .hours
        .iter()
        .filter(|(hour, rows)| **rows > 0 && touches(**hour, part));
    known.map(|(hour, _)| ((hour + 1) * HOUR).min(part.to)).collect()
}

/// Before the overlap, where a console that drops its oldest rows would have dropped them first.
pub fn behind(overlap: Span) -> Span {
    Span {
        from: overlap.from - BEHIND.num_milliseconds(),
        to: overlap.from - 2,
    }
}

/// The overlap in two: the part that is only counted, and the newest part, which is read again.
pub fn overlap_parts(overlap: Span) -> (Span, Span) {
    let again = floor_hour(overlap.to - READ_AGAIN.num_milliseconds())
        .max(overlap.from)
        .min(overlap.to);
    (
        Span {
            from: overlap.from,
            to: again,
        },
        Span {
            from: again,
            to: overlap.to,
        },
    )
}

/// The full hour nearest the middle of a span, if there is one inside.
pub fn middle_hour(span: Span) -> Option<i64> {
    let middle = floor_hour(span.from + span.length() / 2);
    [middle, middle + HOUR]
        .into_iter()
        .find(|hour| span.from < *hour && *hour < span.to)
}

/// The position after a slice of new rows was taken.
pub fn after_fresh(position: &Position, part: Span, rows: &[Row]) -> Position {
    let mut next = position.clone();
    let newest = rows.iter().filter_map(|row| row.time).max();
    next.newest = next.newest.max(newest);
    let end = moment(part.to);
    // A clock that was wrong once stays inside the overlap: no further than a day past the newest row.
    let reach = end.min(next.newest.unwrap_or(next.start) + OVERLAP);
    let watermark = next.watermark.map_or(reach, |known| known.max(reach));
    next.watermark = Some(watermark);
    next.proved_until = next.proved_until.max(Some(end));
    next.lagging_until = None;
    next.stuck_at = next.stuck_at.filter(|stuck| end <= *stuck);
    for (hour, rows) in by_hour(rows) {
        *next.hours.entry(hour).or_default() += rows;
    }
    let oldest = hour_of(overlap_start(&next, watermark).timestamp_millis());
    next.hours.retain(|hour, _| *hour >= oldest);
    next
}

/// The position after a slice of the overlap was taken. The hours it lies in were forgotten before.
pub fn after_overlap(position: &Position, rows: &[Row]) -> Position {
    let mut next = position.clone();
    for (hour, rows) in by_hour(rows) {
        *next.hours.entry(hour).or_default() += rows;
    }
    next
}

/// The position before a part of the overlap is read again: its hours are counted anew.
pub fn forgetting(position: &Position, part: Span) -> Position {
    let mut next = position.clone();
    next.hours.retain(|hour, _| !touches(*hour, part));
    next
}

/// The position after a slice that was read while the console's clock was behind.
pub fn after_lagging(position: &Position, part: Span) -> Position {
    let mut next = position.clone();
    next.lagging_until = next.lagging_until.max(Some(moment(part.to)));
    next
}

/// Rows the console had shown in a part of the overlap when it was last read.
pub fn known_rows(position: &Position, part: Span) -> u64 {
    let inside = position.hours.iter().filter(|(hour, _)| touches(**hour, part));
    inside.map(|(_, rows)| rows).sum()
}

/// Hours of this part of the overlap that may hold something late: their count differs from the known one,
/// or they reach beyond the part.
pub fn changed_hours(known: &Position, overlap: Span, part: Span, rows: &[Row]) -> BTreeSet<i64> {
    if part.length() == 0 {
        return BTreeSet::new();
    }
    let counted = by_hour(rows);
    let changed = |hour: &i64| {
        let whole = Span {
            from: (hour * HOUR).max(overlap.from),
            to: ((hour + 1) * HOUR).min(overlap.to),
        };
        let is_whole = part.from <= whole.from && whole.to <= part.to;
        !is_whole || counted.get(hour) != known.hours.get(hour)
    };
    (hour_of(part.from)..=hour_of(part.to - 1))
        .filter(changed)
        .collect()
}

pub fn moment(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

pub fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> Span {
    let from = from.timestamp_millis();
    Span {
        from,
        to: to.timestamp_millis().max(from),
    }
}

/// The full hour at or before the watermark less the overlap, but never before `start`.
fn overlap_start(position: &Position, watermark: DateTime<Utc>) -> DateTime<Utc> {
    moment(floor_hour((watermark - OVERLAP).timestamp_millis())).max(position.start)
}

fn by_hour(rows: &[Row]) -> BTreeMap<i64, u64> {
    let mut hours = BTreeMap::new();
    for time in rows.iter().filter_map(|row| row.time) {
        *hours.entry(hour_of(time.timestamp_millis())).or_default() += 1;
    }
    hours
}

fn touches(hour: i64, part: Span) -> bool {
    hour * HOUR < part.to && part.from < (hour + 1) * HOUR
}

fn hour_of(millis: i64) -> i64 {
    millis.div_euclid(HOUR)
}

fn floor_hour(millis: i64) -> i64 {
    hour_of(millis) * HOUR
}
