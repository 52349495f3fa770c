//! Consoles with every habit seen, read in slices.

use proptest::prelude::*;

use crate::collect::ask::{SECOND, Span, Unread};
use crate::collect::fake::Fake;
use crate::collect::paged;
use crate::collect::session::answers::NoRows;
use crate::collect::slice::{End, Proved, cut};
use crate::collect::walk::Patience;
use crate::model::failure::FailureKind;

pub const T0: i64 = 1_780_000_000_000;

/// Reads a span as the log is read, checks every slice, and returns the ids and how it ended.
pub fn read_all(fake: &mut Fake, span: Span) -> (Vec<String>, End) {
    let mut ids = Vec::new();
    let mut at = span.from;
    let mut each = |proved: Proved| {
        assert_eq!(proved.span.from, at, "slices are contiguous");
        assert!(
            proved.rows.len() <= 2_000 || proved.span.length() <= SECOND,
            "{}",
            proved.rows.len()
        );
        at = proved.span.to;
        let inside = proved
            .rows
            .iter()
            .filter(|row| proved.span.contains(row.time.unwrap().timestamp_millis()));
        ids.extend(inside.map(|row| row.id.clone()));
        Ok(())
    };
    let mut end = cut(
        span,
        None,
        &mut Patience::default(),
        &mut |ask| fake.page(ask),
        &mut each,
    )
    .unwrap();
    if let End::Stopped(from, Unread::BoundsIgnored) = end {
        end = paged::read(Span { from, to: span.to }, &mut |ask| fake.page(ask), &mut each).unwrap();
    }
    if matches!(end, End::Read) {
        assert_eq!(at, span.to, "the whole span was given away");
    }
    (ids, end)
}

pub fn wanted(fake: &Fake, span: Span) -> Vec<String> {
    let mut rows: Vec<_> = fake
        .rows
        .iter()
        .filter(|row| span.contains(row.0))
        .cloned()
        .collect();
    rows.sort();
    rows.into_iter().map(|row| row.1).collect()
}

pub fn assert_whole(mut fake: Fake, span: Span) -> usize {
    let expected = wanted(&fake, span);
    let (ids, end) = read_all(&mut fake, span);
    assert!(matches!(end, End::Read), "{end:?}");
    assert_eq!(ids.len(), expected.len());
    assert_eq!(ids, expected);
    fake.asks.len()
}

pub const DAY: Span = Span {
    from: T0,
    to: T0 + 86_400_000,
};

#[test]
fn one_page_is_one_request() {
    assert_eq!(assert_whole(Fake::steady(T0, 1_000, 99), DAY), 1);
    assert_eq!(assert_whole(Fake::default(), DAY), 1);
}

#[test]
fn a_hundred_thousand_rows_cost_hardly_more_requests_than_pages() {
    let requests = assert_whole(Fake::steady(T0, 863, 100_000), DAY);
    assert!(requests <= 1 + 1_100, "{requests}");
}

#[test]
fn bursts_after_silence_cost_hardly_more_requests() {
    let requests = assert_whole(Fake::steady(T0 + 80_000_000, 40, 25_000), DAY);
    assert!(requests <= 8 + 275, "{requests}");
}

#[test]
fn a_clamped_page_is_noticed() {
    assert_whole(
        Fake {
            clamp: 50,
            ..Fake::steady(T0, 20_000, 4_000)
        },
        DAY,
    );
}

#[test]
fn a_console_that_ignores_the_page_number_is_read_by_time() {
    assert_whole(
        Fake {
            ignores_page: true,
            ..Fake::steady(T0, 20_000, 4_000)
        },
        DAY,
    );
}

#[test]
fn a_console_that_ignores_the_bounds_is_read_by_pages() {
    let inner = Span {
        from: T0 + 10_000_000,
        to: T0 + 60_000_000,
    };
    for clamp in [0, 50] {
        assert_whole(
            Fake {
                ignores_bounds: true,
                clamp,
                ..Fake::steady(T0, 7_000, 12_000)
            },
            inner,
        );
    }
    let requests = assert_whole(
        Fake {
            ignores_bounds: true,
            ..Fake::steady(T0, 3_400, 25_000)
        },
        DAY,
    );
    assert!(requests <= 8 + 275, "{requests}");
}

#[test]
fn rows_that_arrive_while_pages_are_read_move_nothing_out_of_sight() {
    for grows_by in [1, 90_000] {
        let inner = Span {
            from: T0,
            to: T0 + 30_000_000,
        };
        assert_whole(
            Fake {
                ignores_bounds: true,
                grows_by,
                ..Fake::steady(T0, 9_000, 9_000)
            },
            inner,
        );
        assert_whole(
            Fake {
                grows_by,
                ..Fake::steady(T0, 9_000, 4_000)
            },
            inner,
        );
    }
}

#[test]
fn a_console_that_ignores_bounds_and_page_numbers_proves_nothing() {
    let mut fake = Fake {
        ignores_bounds: true,
        ignores_page: true,
        ..Fake::steady(T0, 7_000, 12_000)
    };
    let (ids, end) = read_all(
        &mut fake,
        Span {
            from: T0 + 10_000_000,
            to: T0 + 60_000_000,
        },
    );
    let End::Stopped(_, Unread::NoRows(NoRows::Failed(failure))) = end else {
        panic!("{end:?}")
    };
    assert_eq!((ids.len(), failure.kind), (0, FailureKind::Protocol));
}

#[test]
fn a_bare_array_is_read_until_it_is_exhausted() {
    for rows in [0, 1, 9, 10, 100, 101, 5_000] {
        for clamp in [0, 50] {
            assert_whole(
                Fake {
                    bare: true,
                    clamp,
                    ..Fake::steady(T0, 15_000, rows)
                },
                DAY,
            );
        }
    }
}

#[test]
fn bounds_may_be_inclusive_or_not() {
    for exclusive in [false, true] {
        for offset in [-2, -1, 0, 1, 2] {
            assert_whole(
                Fake {
                    exclusive,
                    ..Fake::steady(T0 + offset, 100, 3_000)
                },
                Span {
                    from: T0,
                    to: T0 + 250_000,
                },
            );
        }
    }
}

#[test]
fn many_rows_on_one_millisecond_cross_a_page_border() {
    let mut fake = Fake::steady(T0, 60_000, 95);
    fake.rows
        .extend((0..30).map(|n| (T0 + 3_600_000, format!("same{n}"))));
    assert_whole(fake, DAY);
}

#[test]
fn more_than_a_page_on_one_millisecond_is_read_by_page_number() {
    for (at, clamp) in [
        (T0 + 5_500, 0),
        (T0 + 6_000, 0),
        (T0, 0),
        (T0 + 86_399_999, 0),
        (T0 + 6_000, 50),
    ] {
        let mut fake = Fake {
            clamp,
            ..Fake::steady(T0, 60_000, 300)
        };
        fake.rows.extend((0..350).map(|n| (at, format!("same{n:03}"))));
        assert_whole(fake, DAY);
    }
}

#[test]
fn more_than_a_page_on_one_millisecond_of_a_console_without_page_numbers_is_not_guessed() {
    let mut fake = Fake {
        ignores_page: true,
        ..Fake::steady(T0, 60_000, 300)
    };
    fake.rows
        .extend((0..350).map(|n| (T0 + 6_000, format!("same{n:03}"))));
    let (ids, end) = read_all(&mut fake, DAY);
    let End::Stopped(at, Unread::Unproved(_)) = end else {
        panic!("{end:?}")
    };
    assert_eq!(at, T0 + 5_000, "asked for with a millisecond more");
    assert_eq!(ids, wanted(&fake, Span { from: T0, to: at }));
}

#[test]
fn an_old_console_that_sends_the_oldest_first_is_read_in_parts_of_one_page() {
    assert_whole(
        Fake {
            oldest_first: true,
            ..Fake::steady(T0, 60_000, 700)
        },
        DAY,
    );
}

#[test]
fn a_total_that_stays_wrong_is_no_proof() {
    let mut fake = Fake {
        boasts: 3,
        ..Fake::steady(T0, 60_000, 700)
    };
    let (ids, end) = read_all(&mut fake, DAY);
    assert!(matches!(end, End::Stopped(T0, Unread::Unproved(_))), "{end:?}");
    assert!(ids.is_empty() && fake.asks.len() < 100);
}

#[test]
fn a_page_that_repeats_a_row_in_place_of_another_is_read_in_smaller_parts() {
    assert_whole(
        Fake {
            repeats: true,
            ..Fake::steady(T0, 60_000, 80)
        },
        DAY,
    );
}

#[test]
fn a_row_inserted_behind_the_reading_is_found_by_the_count() {
    let late = vec![(3, T0 + 30_000, "late".to_owned())];
    let mut fake = Fake {
        late,
        ..Fake::steady(T0, 60_000, 700)
    };
    let (ids, end) = read_all(&mut fake, DAY);
    assert!(matches!(end, End::Read));
    assert_eq!((ids.len(), ids[1].as_str()), (701, "late"));
}

#[test]
fn what_was_proved_before_a_failure_is_kept() {
    let mut fake = Fake {
        fails_from: Some((30, FailureKind::Unavailable)),
        ..Fake::steady(T0, 9_000, 9_000)
    };
    let (ids, end) = read_all(&mut fake, DAY);
    let End::Stopped(at, Unread::NoRows(_)) = end else {
        panic!("{end:?}")
    };
    assert_eq!(ids, wanted(&fake, Span { from: T0, to: at }));
    assert!(ids.len() > 1_000);
}

proptest! {
    #[test]
    fn every_row_of_any_log_is_read_once(
        times in proptest::collection::vec(0_i64..4_000, 0..600), clamp in prop_oneof![Just(0), Just(50)],
        exclusive: bool, bare: bool, ignores_bounds: bool, from in 0_i64..3_000, length in 1_i64..3_000,
    ) {
        let rows = times.iter().enumerate().map(|(n, time)| (T0 + time * 37, format!("r{n}"))).collect();
        let bare = bare && !ignores_bounds;
        assert_whole(
            Fake { rows, clamp, ignores_bounds, exclusive, bare, ..Fake::default() },
            Span { from: T0 + from * 37, to: T0 + (from + length) * 37 },
        );
    }
}
