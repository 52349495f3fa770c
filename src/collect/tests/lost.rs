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
