//! The system log over several runs: what is new, what came late, what is lost, what went wrong.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::collect::fake::Fake;
use crate::collect::session::answers::NoRows;
use crate::collect::system_log::{self, Log};
use crate::collect::tests::source::{Source, add, at, log, steady};
use crate::collect::wire::page::Page;
use crate::model::coverage::Outcome;
use crate::model::failure::FailureKind;
use crate::model::position::Position;
use crate::model::window::Window;

#[test]
fn a_quiet_site_costs_one_request_and_late_rows_come_with_it() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = steady("2026-11-20T05:00:00Z", "2026-11-21T05:00:00Z", 1_800);
    let (read, _) = source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    assert_eq!(
        (read.coverage.outcome, read.coverage.records),
        (Outcome::Complete, 46)
    );
    assert_eq!(source.position.watermark, Some(at("2026-11-21T05:58:30Z")));
    add(&mut fake, at("2026-11-21T05:52:30Z"), "late");
    for (id, millis) in [
        ("on-the-mark", 0),
        ("just-after", 1),
        ("twin", 1),
        ("just-before", -1),
    ] {
        add(
            &mut fake,
            at("2026-11-21T05:58:30Z") + TimeDelta::milliseconds(millis),
            id,
        );
    }
    let (read, slices) = source.run(&mut fake, at("2026-11-21T07:00:00Z"));
    assert_eq!(fake.asks.len(), 1);
    assert_eq!(
        slices.iter().map(|slice| slice.overlap).collect::<Vec<_>>(),
        [true, false]
    );
    assert!(
        slices[0]
            .changed_hours
            .contains(&(at("2026-11-21T05:00:00Z").timestamp() / 3600))
    );
    assert_eq!(slices[0].changed_hours.len(), 1);
    assert_eq!(read.coverage.since, Some(at("2026-11-21T05:58:30Z")));
    assert_eq!(source.counted.len(), 46 + 5);
    assert!(source.counted.values().all(|times| *times == 1));
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}

#[test]
fn a_busy_site_reads_two_hours_again_and_counts_the_others() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = steady("2026-11-20T06:00:03Z", "2026-11-21T09:00:00Z", 7);
    source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    let (read, _) = source.run(&mut fake, at("2026-11-21T07:00:00Z"));
    assert_eq!(read.coverage.outcome, Outcome::Complete);
    // One hour of new rows, two to three of old ones.
    assert!(fake.asks.len() <= 2 + 6 + 18, "{}", fake.asks.len());
    let counted = fake.asks.iter().filter(|ask| ask.size == 1).count();
    assert!(counted <= 3, "{counted}");
    add(&mut fake, at("2026-11-20T10:11:12.345Z"), "late");
    let (_, slices) = source.run(&mut fake, at("2026-11-21T08:00:00Z"));
    assert_eq!(source.counted.get("late"), Some(&1));
    assert!(
        slices[0].changed_hours.len() <= 2,
        "{:?}",
        slices[0].changed_hours
    );
    assert!(source.counted.values().all(|times| *times == 1));
    let (_, slices) = source.run(&mut fake, at("2026-11-21T08:05:00Z"));
    assert!(
        slices
            .iter()
            .all(|slice| slice.window.since() >= at("2026-11-21T05:00:00Z")),
        "the count is known now"
    );
}

#[test]
fn a_first_reading_of_25_000_rows_keeps_to_its_requests() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = Fake::steady(at("2026-11-20T06:00:00Z").timestamp_millis(), 3_400, 25_000);
    let (read, slices) = source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    assert_eq!(
        (read.coverage.outcome, source.counted.len()),
        (Outcome::Complete, 25_000)
    );
    assert!(slices.iter().all(|slice| slice.rows.len() <= 2_000));
    assert!(fake.asks.len() <= 2 + 275, "{}", fake.asks.len());
}

#[test]
fn a_named_window_is_read_exactly_and_moves_nothing() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = steady("2026-11-10T00:00:00Z", "2026-11-21T05:00:00Z", 600);
    let window = Window::new(at("2026-11-15T00:00:00Z"), at("2026-11-15T01:00:00Z"));
    let log = Log {
        named_window: window,
        ..log(&source.position, at("2026-11-21T06:00:00Z"))
    };
    let (read, slices) = source.run_log(&log, &mut fake);
    assert_eq!(
        (read.coverage.records, slices.len(), slices[0].overlap),
        (6, 1, false)
    );
    assert_eq!(Some(slices[0].window), window);
    assert_eq!(source.position, Position::unread(at("2026-11-20T06:00:00Z")));
}

#[test]
fn a_missing_log_is_unsupported_and_a_forbidden_one_denied() {
    let position = Position::unread(at("2026-11-20T00:00:00Z"));
    for (answer, outcome) in [
        (NoRows::Absent("HTTP 404".into()), Outcome::Unsupported),
        (NoRows::Denied("HTTP 403".into()), Outcome::Denied),
    ] {
        let mut ask = |_: &_| -> Result<Page, NoRows> { Err(answer.clone()) };
        let read = system_log::read(&log(&position, at("2026-11-21T00:00:00Z")), &mut ask, &mut |_| {
            panic!("no slice")
        });
        assert_eq!(read.unwrap().coverage.outcome, outcome);
    }
}

#[test]
fn what_was_proved_before_an_end_is_kept_and_the_next_run_goes_on_there() {
    for (kind, code) in [
        (FailureKind::Unavailable, 3),
        (FailureKind::Timeout, 124),
        (FailureKind::Interrupted, 3),
    ] {
        let mut source = Source::new("2026-11-20T00:00:00Z");
        let mut fake = steady("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", 10);
        fake.fails_from = Some((50, kind));
        let (read, _) = source.run(&mut fake, at("2026-11-21T00:10:00Z"));
        assert_eq!(
            (read.coverage.outcome, read.coverage.code),
            (Outcome::Partial, code)
        );
        let reached = source.position.watermark.unwrap();
        assert!(reached > at("2026-11-20T08:00:00Z"), "{reached}");
        fake.fails_from = None;
        let (read, _) = source.run(&mut fake, at("2026-11-21T00:20:00Z"));
        assert_eq!(
            (read.coverage.since, read.coverage.outcome),
            (Some(reached), Outcome::Complete)
        );
        assert_eq!(source.counted.len(), fake.rows.len());
        assert!(source.counted.values().all(|times| *times == 1));
    }
}

#[test]
fn a_source_of_which_nothing_was_read_has_failed_with_its_own_code() {
    let mut source = Source::new("2026-11-20T00:00:00Z");
    let mut fake = Fake {
        fails_from: Some((1, FailureKind::Unavailable)),
        ..Fake::default()
    };
    let (read, slices) = source.run(&mut fake, at("2026-11-21T00:00:00Z"));
    assert_eq!(
        (read.coverage.outcome, read.coverage.code, slices.len()),
        (Outcome::Failed, 69, 0)
    );
}

#[test]
fn a_console_that_ignores_the_bounds_is_read_whole_and_told() {
    let mut source = Source::new("2026-11-20T06:00:00Z");
    let mut fake = Fake {
        ignores_bounds: true,
        ..steady("2026-11-18T06:00:00Z", "2026-11-21T09:00:00Z", 30)
    };
    let (read, _) = source.run(&mut fake, at("2026-11-21T06:00:00Z"));
    assert_eq!(
        (read.coverage.outcome, read.warnings.len()),
        (Outcome::Complete, 1)
    );
    assert!(read.warnings[0].contains("ignores the bounds"));
    assert_eq!(source.counted.len(), 2_877);
    add(&mut fake, at("2026-11-20T20:00:01Z"), "late");
    let (read, _) = source.run(&mut fake, at("2026-11-21T07:00:00Z"));
    assert_eq!(
        (read.coverage.outcome, source.counted.len()),
        (Outcome::Complete, 2_877 + 120 + 1)
    );
    assert!(source.counted.values().all(|times| *times == 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Rows arrive up to a day after their own time, at any density; the console is read at any intervals.
    #[test]
    fn every_row_is_counted_in_exactly_one_run(
        arrivals in proptest::collection::vec((0_i64..4_320, prop_oneof![9 => 0_i64..2, 1 => 0_i64..1_400]), 0..500),
        steps in proptest::collection::vec(30_i64..1_500, 1..8),
        clamp in prop_oneof![Just(0), Just(50)], exclusive: bool, ignores_bounds: bool,
    ) {
        let start = at("2026-11-18T00:00:00Z");
        let mut source = Source::new("2026-11-18T00:00:00Z");
        let mut fake = Fake { clamp, ignores_bounds, exclusive, ..Fake::default() };
        let mut minute = 0;
        let mut arrived = 0;
        for step in steps.into_iter().chain([6_000]) {
            let before = minute;
            minute += step;
            for (index, (time, delay)) in arrivals.iter().enumerate() {
                if (before..minute).contains(&(time + delay)) {
                    add(&mut fake, start + TimeDelta::minutes(*time), &format!("r{index}"));
                    arrived += 1;
                }
            }
            let (read, _) = source.run(&mut fake, start + TimeDelta::minutes(minute) + TimeDelta::seconds(90));
            prop_assert!(read.coverage.outcome.is_whole(), "{:?}", read.coverage);
        }
        prop_assert_eq!(source.counted.len(), arrived);
        prop_assert!(source.counted.values().all(|times| *times == 1));
    }
}
