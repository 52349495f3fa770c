//! Consoles that never come to an end: a run gives up on them after a bounded number of requests.

use crate::collect::ask::{Ask, Span, Unread};
use crate::collect::paged;
use crate::collect::session::answers::NoRows;
use crate::collect::slice::{End, cut};
use crate::collect::walk::Patience;
use crate::collect::wire::page::Page;

const DAY: Span = Span {
    from: 1_780_000_000_000,
    to: 1_780_086_400_000,
};

/// Reads a day of a console that makes up a page of rows (id, time) and a total for each request.
fn gives_up_on(mut rows: impl FnMut(usize, &Ask) -> Vec<(usize, i64)>) -> End {
    let mut asked = 0;
    let mut ask = |ask: &Ask| -> Result<Page, NoRows> {
        asked += 1;
        assert!(asked < 5_000, "it goes on and on");
        let rows: Vec<String> = rows(asked, ask)
            .iter()
            .map(|(id, time)| format!(r#"{{"id":"r{id}","timestamp":{time}}}"#))
            .collect();
        let (number, rows) = (ask.page, rows.join(","));
        let total = i64::MAX - 7 + i64::try_from(asked).unwrap().min(7);
        let body = format!(r#"{{"data":[{rows}],"page_number":{number},"total_element_count":{total}}}"#);
        Ok(Page::decode(body.as_bytes()).unwrap())
    };
    let mut each = |_| Ok(());
    let mut end = cut(DAY, None, &mut Patience::default(), &mut ask, &mut each).unwrap();
    if let End::Stopped(from, Unread::BoundsIgnored) = end {
        end = paged::read(Span { from, to: DAY.to }, &mut ask, &mut each).unwrap();
    }
    assert!(matches!(end, End::Stopped(..)), "{end:?}");
    end
}

#[test]
fn ever_new_rows_of_one_moment() {
    gives_up_on(|asked, ask| (0..100).map(|n| (asked * 100 + n, ask.from + 1)).collect());
}

#[test]
fn one_row_that_grows_older_with_every_answer() {
    gives_up_on(|_, ask| vec![(1, ask.to - 2)]);
}

#[test]
fn pages_without_end_that_never_reach_the_window() {
    let end = gives_up_on(|asked, _| (0..100).map(|n| (asked * 100 + n, DAY.to + 5_000)).collect());
    assert!(
        format!("{end:?}").contains("more rows than any log has"),
        "{end:?}"
    );
}
