//! Which stretches are read, and where a position goes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::ask::Span;
use crate::collect::windows::{
    Way, after_fresh, changed_hours, grounded, moment, out_of_sight, overlap_parts, span, way,
};
use crate::collect::wire::event::Row;
use crate::model::position::Position;

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
            fresh,
            strayed: Span {
                from: fresh.from,
                to: fresh.from
            },
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
    assert_eq!(
        moment(lag.from),
        at("2026-11-17T00:00:00Z"),
        "rows come late to the last such reading too"
    );
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

#[test]
fn when_a_clock_is_right_again_what_it_stamped_is_read_once() {
    let mut position = known("2026-11-21T06:00:00Z");
    position.lagging_until = Some(at("2026-11-18T06:00:00Z"));
    let now = at("2026-11-21T07:00:00Z");
    let Way::Onward { strayed, overlap, .. } = way(&position, now, true, None) else {
        panic!()
    };
    assert_eq!(
        (moment(strayed.from), strayed.to),
        (at("2026-11-17T06:00:00Z"), overlap.from)
    );
    assert_eq!(out_of_sight(&position, overlap, strayed), None);
    let next = after_fresh(&position, span(at("2026-11-21T06:00:00Z"), now), &[]);
    let Way::Onward { strayed, .. } = way(&next, now, true, None) else {
        panic!()
    };
    assert_eq!(strayed.length(), 0);
    position.lagging_until = Some(at("2026-11-10T06:00:00Z"));
    let Way::Onward { strayed, overlap, .. } = way(&position, now, true, None) else {
        panic!()
    };
    assert_eq!(
        out_of_sight(&position, overlap, strayed),
        Some((at("2026-11-12T06:00:00Z"), at("2026-11-20T06:00:00Z")))
    );
}

#[test]
fn a_first_reading_follows_the_console_s_clock_where_the_host_s_is_ahead() {
    let now = at("2026-11-20T06:00:00Z");
    let ahead = Position::unread(at("2027-11-19T06:00:00Z"));
    assert_eq!(grounded(&ahead, now).unwrap().start, at("2026-11-19T06:00:00Z"));
    assert_eq!(grounded(&Position::unread(at("2026-11-20T05:00:00Z")), now), None);
    assert_eq!(grounded(&known("2026-11-21T06:00:00Z"), now), None);
}
