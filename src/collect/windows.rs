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
const SETTLE: TimeDelta = TimeDelta::seconds(90);
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
        let back = position.lagging_until.map_or(day, |read| read.min(day));
        // `start` says what is too old to count, unless the console has gone back behind it.
        let back = if position.start < until {
            back.max(position.start)
        } else {
            back
        };
        return Way::Lagging {
            span: span(back, until),
            behind: from - now,
        };
    }
    let overlap = match position.watermark {
        Some(watermark) => span(overlap_start(position, watermark), watermark.min(until)),
        None => span(position.start, position.start),
    };
    Way::Onward {
        overlap,
        fresh: span(from, until),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn known(watermark: &str) -> Position {
        Position {
            watermark: Some(at(watermark)),
            ..Position::unread(at("2026-11-01T05:17:00Z"))
        }
    }

    fn rows(times: &[&str]) -> Vec<Row> {
        let row = |time: &&str| Row {
            id: (*time).to_owned(),
            made_id: false,
            time: Some(at(time)),
            event: None,
        };
        times.iter().map(row).collect()
    }

    #[test]
    fn a_first_reading_begins_at_the_start_and_leaves_the_newest_90_seconds() {
        let position = Position::unread(at("2026-11-20T06:00:00Z"));
        let way = way(&position, at("2026-11-21T06:00:00Z"), true, None);
        let fresh = span(at("2026-11-20T06:00:00Z"), at("2026-11-21T05:58:30Z"));
        assert_eq!(
            way,
            Way::Onward {
                overlap: Span {
                    from: fresh.from,
                    to: fresh.from
                },
                fresh
            }
        );
    }

    #[test]
    fn the_overlap_begins_at_a_full_hour_and_never_before_the_start() {
        let overlap = |watermark| match way(&known(watermark), at("2026-11-30T06:00:00Z"), true, None) {
            Way::Onward { overlap, .. } => moment(overlap.from),
            other => panic!("{other:?}"),
        };
        assert_eq!(overlap("2026-11-21T06:31:02Z"), at("2026-11-20T06:00:00Z"));
        assert_eq!(overlap("2026-11-01T09:00:00Z"), at("2026-11-01T05:17:00Z"));
    }

    #[test]
    fn a_clock_more_than_5_minutes_behind_the_watermark_reads_its_own_last_day() {
        let position = known("2026-11-21T06:00:00Z");
        let read = |position: &Position, now| way(position, at(now), true, None);
        assert!(
            matches!(read(&position, "2026-11-21T05:56:00Z"), Way::Onward { fresh, .. } if fresh.length() == 0)
        );
        let Way::Lagging { span: lag, behind } = read(&position, "2026-11-21T05:00:00Z") else {
            panic!()
        };
        assert_eq!(
            (moment(lag.from), behind),
            (at("2026-11-20T04:58:30Z"), TimeDelta::hours(1))
        );
        let long = Position {
            lagging_until: Some(at("2026-11-18T00:00:00Z")),
            ..position.clone()
        };
        let Way::Lagging { span: lag, .. } = read(&long, "2026-11-21T05:00:00Z") else {
            panic!()
        };
        assert_eq!(moment(lag.from), at("2026-11-18T00:00:00Z"));
        let Way::Lagging { span: lag, .. } = read(&position, "1999-01-02T00:00:00Z") else {
            panic!()
        };
        assert_eq!(moment(lag.from), at("1998-12-31T23:58:30Z"));
        assert!(matches!(
            way(&position, at("2026-11-20T05:00:00Z"), false, None),
            Way::Onward { .. }
        ));
    }

    #[test]
    fn a_watermark_goes_no_further_than_a_day_past_the_newest_row() {
        let position = Position::unread(at("2026-11-20T06:00:00Z"));
        let part = span(at("2026-11-20T06:00:00Z"), at("2030-01-01T00:00:00Z"));
        let silent = after_fresh(&position, part, &[]);
        assert_eq!(silent.watermark, Some(at("2026-11-21T06:00:00Z")));
        assert_eq!(silent.proved_until, Some(at("2030-01-01T00:00:00Z")));
        let heard = after_fresh(&position, part, &rows(&["2026-11-22T01:00:00Z"]));
        assert_eq!(heard.watermark, Some(at("2026-11-23T01:00:00Z")));
    }

    #[test]
    fn the_hours_kept_are_those_of_the_overlap() {
        let mut position = known("2026-11-21T06:00:00Z");
        position
            .hours
            .insert(at("2026-11-20T05:00:00Z").timestamp() / 3600, 9);
        let part = span(at("2026-11-21T06:00:00Z"), at("2026-11-21T07:00:00Z"));
        let next = after_fresh(
            &position,
            part,
            &rows(&["2026-11-21T06:30:00Z", "2026-11-21T06:31:00Z"]),
        );
        assert_eq!(
            next.hours,
            BTreeMap::from([(at("2026-11-21T06:00:00Z").timestamp() / 3600, 2)])
        );
    }

    #[test]
    fn an_hour_that_was_counted_whole_and_unchanged_holds_nothing_late() {
        let overlap = span(at("2026-11-20T06:00:00Z"), at("2026-11-21T06:30:00Z"));
        let mut position = known("2026-11-21T06:30:00Z");
        let hour = |time: &str| at(time).timestamp() / 3600;
        position.hours = BTreeMap::from([
            (hour("2026-11-21T06:00:00Z"), 1),
            (hour("2026-11-21T05:00:00Z"), 1),
        ]);
        let part = span(at("2026-11-21T05:00:00Z"), at("2026-11-21T06:30:00Z"));
        let seen = rows(&[
            "2026-11-21T05:10:00Z",
            "2026-11-21T05:20:00Z",
            "2026-11-21T06:29:00Z",
        ]);
        assert_eq!(
            changed_hours(&position, overlap, part, &seen),
            BTreeSet::from([hour("2026-11-21T05:00:00Z")])
        );
        let cut = span(at("2026-11-21T05:00:00Z"), at("2026-11-21T06:29:30Z"));
        assert!(changed_hours(&position, overlap, cut, &seen).contains(&hour("2026-11-21T06:00:00Z")));
    }

    #[test]
    fn the_parts_of_an_overlap_meet_at_a_full_hour() {
        let overlap = span(at("2026-11-20T06:00:00Z"), at("2026-11-21T06:30:00Z"));
        let (counted, again) = overlap_parts(overlap);
        assert_eq!(moment(counted.to), at("2026-11-21T04:00:00Z"));
        assert_eq!(
            (again.from, again.to, counted.from),
            (counted.to, overlap.to, overlap.from)
        );
        let young = span(at("2026-11-21T06:10:00Z"), at("2026-11-21T06:30:00Z"));
        assert_eq!(overlap_parts(young).0.length(), 0);
    }
}
