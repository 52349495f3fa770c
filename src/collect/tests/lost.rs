//! Clocks that went back, logs that were wiped: what a console no longer tells.

use chrono::TimeDelta;

use crate::collect::fake::Fake;
use crate::collect::tests::source::{Source, add, at, steady};
use crate::model::coverage::Outcome;

#[test]
fn a_clock_that_went_back_costs_no_row_and_says_how_to_mend_it() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = steady("2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z", 1_800);
    source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    let watermark = source.position.watermark;
    add(
        &mut fake,
        at("2026-11-21T03:30:00Z"),
        "written-with-the-wrong-clock",
    );
    for now in ["2026-11-21T04:00:00Z", "2026-11-21T05:00:00Z"] {
        let (read, _) = source.run(&mut fake, at(now));
        assert_eq!((read.coverage.outcome, read.coverage.code), (Outcome::Partial, 3));
        assert!(read.coverage.reason.unwrap().contains("state rewind"));
        assert_eq!(source.position.watermark, watermark);
        assert_eq!(
            source.position.lagging_until,
            Some(at(now) - TimeDelta::seconds(90))
        );
    }
    assert!(source.counted.values().all(|times| *times == 1));
    let (read, _) = source.run(&mut fake, at("2026-11-21T06:30:00Z"));
    assert_eq!(
        (read.coverage.outcome, source.position.lagging_until),
        (Outcome::Empty, None)
    );
    assert_eq!(source.counted.len(), 48 + 1);
    assert!(source.counted.values().all(|times| *times == 1));
}

#[test]
fn what_the_console_no_longer_keeps_is_told_once() {
    let mut source = Source::new("2026-01-01T00:00:00Z");
    let mut fake = steady("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 3_600);
    source.run(&mut fake, at("2026-01-02T00:00:00Z"));
    fake.rows.clear();
    add(&mut fake, at("2026-11-20T00:00:00Z"), "new");
    let (read, _) = source.run(&mut fake, at("2026-11-21T00:00:00Z"));
    assert_eq!(read.warnings.len(), 1);
    let told = &read.warnings[0];
    assert!(
        told.contains("between 2026-01-01 23:58:30 UTC and 2026-11-20 00:00:00 UTC may have been lost"),
        "{told}"
    );
    let (read, _) = source.run(&mut fake, at("2026-11-21T01:00:00Z"));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

#[test]
fn a_log_that_was_wiped_is_told_once() {
    for every in [600, 20] {
        let mut source = Source::new("2026-11-20T00:00:00Z");
        let mut fake = steady("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", every);
        source.run(&mut fake, at("2026-11-21T00:00:00Z"));
        fake.rows.clear();
        for n in 0..300 {
            add(
                &mut fake,
                at("2026-11-21T03:00:00Z") + TimeDelta::seconds(n),
                &format!("new{n}"),
            );
        }
        let (read, _) = source.run(&mut fake, at("2026-11-21T04:00:00Z"));
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
        assert!(
            read.warnings[0].contains("and 2026-11-21 03:00:00 UTC may have been lost"),
            "{:?}",
            read.warnings
        );
        let (read, _) = source.run(&mut fake, at("2026-11-21T05:00:00Z"));
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    }
}

#[test]
fn a_silent_site_loses_nothing() {
    let mut source = Source::new("2026-05-01T00:00:00Z");
    let mut fake = Fake::default();
    for now in [
        "2026-05-02T00:00:00Z",
        "2026-07-02T00:00:00Z",
        "2026-09-02T00:00:00Z",
        "2026-11-02T00:00:00Z",
    ] {
        let (read, _) = source.run(&mut fake, at(now));
        assert_eq!(read.coverage.outcome, Outcome::Empty);
        assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        assert_eq!(
            source.position.proved_until,
            Some(at(now) - TimeDelta::seconds(90))
        );
    }
    assert_eq!(source.position.watermark, Some(at("2026-05-02T00:00:00Z")));
}

#[test]
fn late_rows_are_found_on_a_console_that_drops_as_many_old_ones() {
    for every in [60, 240] {
        let mut source = Source::new("2026-11-20T06:00:00Z");
        let mut fake = steady("2026-11-20T06:30:00Z", "2026-11-21T05:58:00Z", every);
        let now = at("2026-11-21T06:00:00Z");
        source.run(&mut fake, now);
        let all = source.counted.len();
        for (run, hours) in [10, 3, 15, 22].into_iter().enumerate() {
            fake.rows.sort();
            fake.rows.drain(..5);
            for n in 0..5 {
                let late = now - TimeDelta::hours(hours) - TimeDelta::seconds(n * 31);
                add(&mut fake, late, &format!("late{run}-{n}"));
            }
            let run = i64::try_from(run).unwrap();
            let (read, _) = source.run(&mut fake, now + TimeDelta::minutes(10 * (run + 1)));
            assert!(read.coverage.outcome.is_whole(), "{:?}", read.coverage);
            assert!(read.warnings.is_empty(), "{:?}", read.warnings);
        }
        assert_eq!(source.counted.len(), all + 20, "every {every} s");
        assert!(source.counted.values().all(|times| *times == 1));
    }
}

#[test]
fn a_row_that_is_counted_and_never_sent_holds_up_one_second_for_one_run() {
    for (every, phantom) in [(600, "2026-11-21T06:20:00Z"), (20, "2026-11-21T06:20:00.500Z")] {
        let mut source = Source::new("2026-11-20T06:00:00Z");
        let mut fake = steady("2026-11-20T06:00:07Z", "2026-11-23T06:00:00Z", every);
        source.run(&mut fake, at("2026-11-21T06:00:00Z"));
        fake.phantoms.push(at(phantom).timestamp_millis());
        let (read, _) = source.run(&mut fake, at("2026-11-21T07:00:00Z"));
        assert_eq!(read.coverage.outcome, Outcome::Partial);
        let stuck = source.position.watermark.unwrap();
        assert!(
            stuck <= at(phantom) && at(phantom) - stuck <= TimeDelta::seconds(1),
            "{stuck}"
        );
        let (read, _) = source.run(&mut fake, at("2026-11-21T08:00:00Z"));
        assert_eq!(source.position.watermark, Some(at("2026-11-21T07:58:30Z")));
        assert_eq!(read.coverage.outcome, Outcome::Partial);
        let why = read.coverage.reason.unwrap();
        assert!(
            why.contains("second of 2026-11-21 06:") && why.contains("does not send"),
            "{why}"
        );
        // Inside the overlap it is told, and holds up nothing.
        add(&mut fake, at("2026-11-21T07:00:01Z"), "late");
        source.run(&mut fake, at("2026-11-21T09:00:00Z"));
        assert_eq!(source.position.watermark, Some(at("2026-11-21T08:58:30Z")));
        assert_eq!(source.counted.get("late"), Some(&1));
        source.run(&mut fake, at("2026-11-23T06:00:00Z"));
        assert!(source.counted.values().all(|times| *times == 1));
        assert_eq!(
            source.counted.len(),
            fake.rows
                .iter()
                .filter(|row| row.0 < at("2026-11-23T05:58:30Z").timestamp_millis())
                .count()
        );
        let (read, _) = source.run(&mut fake, at("2026-11-23T07:00:00Z"));
        assert!(read.coverage.outcome.is_whole(), "{:?}", read.coverage);
    }
}

#[test]
fn what_a_wrong_clock_stamped_after_it_was_last_read_is_found_when_it_is_right_again() {
    let mut source = Source::new("2026-11-19T06:00:00Z");
    let mut fake = Fake::default();
    add(&mut fake, at("2026-11-20T05:00:00Z"), "right");
    source.run(&mut fake, at("2026-11-20T06:00:00Z"));
    add(&mut fake, at("2026-11-17T06:30:00Z"), "behind");
    source.run(&mut fake, at("2026-11-17T07:00:00Z"));
    add(
        &mut fake,
        at("2026-11-17T07:10:00Z"),
        "stamped after the last look",
    );
    add(&mut fake, at("2026-11-16T08:00:00Z"), "late to the last look");
    let (read, slices) = source.run(&mut fake, at("2026-11-20T08:00:00Z"));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
    assert_eq!(source.counted.len(), 4);
    assert!(source.counted.values().all(|times| *times == 1));
    let tail = slices.first().unwrap();
    assert!(
        tail.overlap && tail.changed_hours.len() > 24,
        "where ids are missing nothing is taken for known"
    );
    let (_, slices) = source.run(&mut fake, at("2026-11-20T09:00:00Z"));
    assert!(
        slices
            .iter()
            .all(|slice| slice.window.since() >= at("2026-11-19T00:00:00Z"))
    );
}

#[test]
fn a_row_that_comes_late_between_two_looks_at_a_clock_that_is_behind_is_found() {
    let mut source = Source::new("2026-11-18T06:00:00Z");
    let mut fake = steady("2026-11-18T06:00:00Z", "2026-11-21T06:00:00Z", 3_600);
    source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    let (_, slices) = source.run(&mut fake, at("2026-11-20T18:00:00Z"));
    assert!(!slices.first().unwrap().changed_hours.is_empty());
    add(&mut fake, at("2026-11-19T22:40:00Z"), "late");
    source.run(&mut fake, at("2026-11-21T01:10:00Z"));
    assert!(source.counted.contains_key("late"));
}

#[test]
fn a_first_reading_by_a_host_whose_clock_is_a_year_ahead_reads_the_console_s_last_day() {
    let mut source = Source::new("2027-11-19T06:00:00Z");
    let mut fake = steady("2026-11-18T06:00:00Z", "2026-11-20T06:00:00Z", 3_600);
    let (read, _) = source.run(&mut fake, at("2026-11-20T06:00:00Z"));
    assert_eq!(read.coverage.outcome, Outcome::Complete);
    assert!(read.warnings[0].contains("2027-11-19"), "{:?}", read.warnings);
    assert_eq!(source.counted.len(), 24);
    let (read, _) = source.run(&mut fake, at("2026-11-20T07:00:00Z"));
    assert_eq!((read.coverage.outcome, read.warnings.len()), (Outcome::Empty, 0));
}
