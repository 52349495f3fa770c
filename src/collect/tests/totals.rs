//! Consoles whose totals are not to be believed.

use crate::collect::ask::{SECOND, Span, Unread};
use crate::collect::fake::Fake;
use crate::collect::slice::End;
use crate::collect::tests::slices::{DAY, T0, assert_whole, read_all, wanted};

#[test]
fn a_full_page_said_to_be_all_is_asked_for_more() {
    assert_eq!(assert_whole(Fake::steady(T0, 1_000, 100), DAY), 2);
    for rows in [101, 350, 5_000] {
        assert_whole(
            Fake {
                total_of_page: true,
                ..Fake::steady(T0, 15_000, rows)
            },
            DAY,
        );
    }
    let mut crowd = Fake {
        total_of_page: true,
        ..Fake::steady(T0, 60_000, 50)
    };
    crowd
        .rows
        .extend((0..350).map(|n| (T0 + 6_000, format!("same{n:03}"))));
    assert_whole(crowd, DAY);
}

#[test]
fn a_second_that_cannot_be_proved_stops_only_what_comes_after_it() {
    let phantom = T0 + 40_000_500;
    let mut fake = Fake {
        phantoms: vec![phantom],
        ..Fake::steady(T0, 60_000, 1_000)
    };
    let (ids, end) = read_all(&mut fake, DAY);
    let End::Stopped(at, Unread::Unproved(_)) = end else {
        panic!("{end:?}")
    };
    assert!((phantom - SECOND..=phantom).contains(&at), "{at}");
    assert_eq!(ids, wanted(&fake, Span { from: T0, to: at }));
}
