//! Reads one slice of a log and proves it: newest first by time, never by page number, until the console
//! says that what is in hand is all there is. What cannot be proved is not returned.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::collect::session::answers::NoRows;
use crate::collect::wire::Page;
use crate::collect::wire::event::Row;

/// Rows asked for at once: every console known to us gives that many.
pub const PAGE: u64 = 100;
/// Most rows in one slice, unless one second holds more.
pub const MOST: u64 = 2_000;
/// Rows a slice is cut for, so that an uneven log rarely makes one longer than [`MOST`].
pub const AIM: u64 = 1_800;
/// A page shorter than this is not one a console has clamped: the smallest default page known is 10.
const CLAMPED: usize = 10;
const SECOND: i64 = 1_000;

/// A half-open stretch `[from, to)` of the console's clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Span {
    pub fn length(self) -> i64 {
        (self.to - self.from).max(0)
    }

    pub fn contains(self, moment: i64) -> bool {
        self.from <= moment && moment < self.to
    }
}

/// One request for rows. Whether a console's bounds are inclusive is unknown, so what is sent is wider by a
/// millisecond at both ends; the proof is made on what was sent, and the clipping comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub from: i64,
    pub to: i64,
    pub page: u64,
    pub size: u64,
}

impl Ask {
    pub fn of(span: Span, page: u64, size: u64) -> Self {
        Self {
            from: span.from - 1,
            to: span.to + 1,
            page,
            size,
        }
    }

    /// The request's body. No filters: a console refuses the words of another version.
    pub fn body(&self) -> Value {
        json!({
            "timestampFrom": self.from, "timestampTo": self.to, "pageNumber": self.page, "pageSize": self.size,
        })
    }

    /// Every row lies inside the bounds as they were sent.
    pub fn is_answered_by(&self, page: &Page) -> bool {
        times(page).all(|time| self.from <= time && time <= self.to)
    }
}

/// Whoever answers requests for rows.
pub type Asking<'a> = dyn FnMut(&Ask) -> Result<Page, NoRows> + 'a;

/// Rows that are proved to be all of their span: distinct and ascending, those without a time first. Up to
/// a millisecond more than the span at both ends, as it was asked for.
#[derive(Debug)]
pub struct Proved {
    pub span: Span,
    pub rows: Vec<Row>,
}

/// Why a span was not read.
#[derive(Debug)]
pub enum Unread {
    /// What the console says about it does not add up, in words.
    Unproved(String),
    /// Rows outside the bounds came back: the console does not filter by time.
    BoundsIgnored,
    /// More rows than a slice may hold.
    TooMany,
    NoRows(NoRows),
}

impl From<NoRows> for Unread {
    fn from(no_rows: NoRows) -> Self {
        Self::NoRows(no_rows)
    }
}

/// How far a longer stretch was read.
#[derive(Debug)]
pub enum End {
    Read,
    /// Everything before this moment is proved, the rest is not.
    Stopped(i64, Unread),
}

/// Cuts a span into slices of about [`AIM`] rows and gives them to `each`, oldest first. `first` is the
/// console's answer about the whole span, where the caller has it. `Err` only if `each` fails.
pub fn cut(
    span: Span,
    mut first: Option<Page>,
    ask: &mut Asking<'_>,
    each: &mut dyn FnMut(Proved) -> anyhow::Result<()>,
) -> anyhow::Result<End> {
    let mut at = span.from;
    let mut width = span.length();
    // What is known of the rows ahead: how many are left, and up to where too many are for one slice.
    let mut left = first.as_ref().and_then(|page| page.total);
    let mut crowded_until = span.from;
    let mut is_sparse = false;
    while at < span.to {
        let part = Span {
            from: at,
            to: span.to.min(at + width),
        };
        let page = match first.take().map_or_else(|| ask_within(part, 0, ask), Ok) {
            Ok(page) => page,
            Err(unread) => return Ok(End::Stopped(at, unread)),
        };
        if part == span {
            left = page.total;
        }
        let expected = expected(&page, part);
        if expected > MOST && part.length() > SECOND {
            crowded_until = part.to;
            // Where rows come in bursts, halving finds the burst sooner than proportion does.
            let half = if is_sparse { part.length() / 2 } else { 0 };
            width = scaled(part.length(), AIM, expected).max(half).max(SECOND);
            continue;
        }
        let rows = match read(part, page, ask) {
            Ok(rows) => rows,
            Err(Unread::TooMany) if part.length() > SECOND => {
                width = (part.length() / 2).max(SECOND);
                continue;
            }
            Err(unread) => return Ok(End::Stopped(at, unread)),
        };
        let received = count(rows.len());
        each(Proved { span: part, rows })?;
        at = part.to;
        left = left.map(|left| left.saturating_sub(received));
        is_sparse = received < AIM / 8;
        width = match left {
            Some(left) if left <= AIM => span.to - at,
            _ if is_sparse && at < crowded_until => (crowded_until - at) / 2,
            _ if is_sparse => part.length().saturating_mul(2),
            _ => scaled(part.length(), AIM, received.max(AIM / 2)),
        };
        width = width.max(SECOND);
    }
    Ok(End::Read)
}

/// All rows of a span: by the walk, else by a second walk, else by halves.
fn read(span: Span, first: Page, ask: &mut Asking<'_>) -> Result<Vec<Row>, Unread> {
    let mut found = walk(span, first, ask);
    if matches!(found, Err(Unread::Unproved(_))) {
        let again = ask_within(span, 0, ask)?;
        found = walk(span, again, ask);
    }
    if matches!(found, Err(Unread::Unproved(_))) {
        let mut rows = BTreeMap::new();
        found = by_halves(span, &mut rows, ask).map(|()| rows);
    }
    Ok(ascending(found?))
}

/// The seek walk: each answer's oldest millisecond is the next question's upper bound.
fn walk(span: Span, first: Page, ask: &mut Asking<'_>) -> Result<BTreeMap<String, Row>, Unread> {
    let expected = first.total;
    let mut found = BTreeMap::new();
    let mut page = first;
    let mut to = span.to;
    let mut longest = CLAMPED;
    loop {
        let length = page.rows.len();
        let oldest = times(&page).min();
        let is_all = match page.total {
            Some(total) => total <= count(length),
            None => length < CLAMPED,
        };
        if !is_all && !is_newest_first(&page) {
            return Err(Unread::Unproved(
                "its rows are not in the order of time".to_owned(),
            ));
        }
        let total = page.total;
        longest = longest.max(length);
        keep(&mut found, page);
        if is_all {
            break;
        }
        if found.len() > 2 * usize::try_from(MOST).unwrap_or(usize::MAX) && span.length() > SECOND {
            return Err(Unread::TooMany);
        }
        match oldest {
            None => {
                return Err(Unread::Unproved(
                    "it announces rows and sends none with a time".to_owned(),
                ));
            }
            Some(oldest) if oldest < to => to = oldest,
            // Without a total, nothing older than what was asked for again is the end.
            Some(_) if total.is_none() && length < longest => break,
            Some(_) => {
                let from = span.from.max((to - 1).div_euclid(SECOND) * SECOND);
                by_number(Span { from, to }, &mut found, ask)?;
                if from == span.from {
                    break;
                }
                to = from;
            }
        }
        page = ask_within(Span { from: span.from, to }, 0, ask)?;
    }
    let Some(expected) = expected else {
        return Ok(found);
    };
    let got = count(found.len());
    // Rows may have arrived meanwhile: what counts is what the console holds now.
    if got == expected || ask(&Ask::of(span, 0, 1))?.total == Some(got) {
        return Ok(found);
    }
    Err(Unread::Unproved(format!(
        "it announced {expected} rows and gave {got}"
    )))
}

/// All rows of a span by cutting it until each part fits one page; parts of one second by page number.
fn by_halves(span: Span, found: &mut BTreeMap<String, Row>, ask: &mut Asking<'_>) -> Result<(), Unread> {
    let page = ask_within(span, 0, ask)?;
    let distinct = page
        .rows
        .iter()
        .map(|row| &row.id)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    let is_all = match page.total {
        Some(total) => total == count(distinct),
        None => distinct < CLAMPED,
    };
    if is_all {
        keep(found, page);
        return Ok(());
    }
    if span.length() <= SECOND {
        return by_number(span, found, ask);
    }
    let middle = span.from + span.length() / 2;
    by_halves(
        Span {
            from: span.from,
            to: middle,
        },
        found,
        ask,
    )?;
    by_halves(
        Span {
            from: middle,
            to: span.to,
        },
        found,
        ask,
    )
}

/// All rows of a busy second, page after page. A console that sends the same page again is found out.
fn by_number(span: Span, found: &mut BTreeMap<String, Row>, ask: &mut Asking<'_>) -> Result<(), Unread> {
    let mut here = BTreeMap::new();
    for number in 0.. {
        let page = ask_within(span, number, ask)?;
        if page.page_number.is_some_and(|told| told != number) {
            return Err(Unread::Unproved(format!(
                "asked for page {number} of a busy second it sent another"
            )));
        }
        let (length, total) = (page.rows.len(), page.total);
        let new = keep(&mut here, page);
        let is_all = match total {
            Some(total) => count(here.len()) == total,
            None => length < CLAMPED,
        };
        if is_all {
            break;
        }
        if new == 0 {
            return Err(Unread::Unproved(
                "the pages of a busy second repeat themselves".to_owned(),
            ));
        }
    }
    found.append(&mut here);
    Ok(())
}

/// Asks, and refuses an answer with rows outside the bounds.
fn ask_within(span: Span, page: u64, ask: &mut Asking<'_>) -> Result<Page, Unread> {
    let question = Ask::of(span, page, PAGE);
    let page = ask(&question)?;
    if question.is_answered_by(&page) {
        Ok(page)
    } else {
        Err(Unread::BoundsIgnored)
    }
}

/// How many rows a span holds: what the console says, or what the density of its newest rows suggests.
pub fn expected(page: &Page, span: Span) -> u64 {
    let length = count(page.rows.len());
    let told = page.total.unwrap_or_else(|| match times(page).min() {
        Some(oldest) if page.rows.len() >= CLAMPED => scale(length, span.length(), (span.to - oldest).max(1)),
        _ => length,
    });
    told.max(length)
}

/// Adds a page's rows and says how many of them were new.
fn keep(found: &mut BTreeMap<String, Row>, page: Page) -> usize {
    let before = found.len();
    found.extend(page.rows.into_iter().map(|row| (row.id.clone(), row)));
    found.len() - before
}

fn ascending(found: BTreeMap<String, Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = found.into_values().collect();
    rows.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    rows
}

pub fn times(page: &Page) -> impl Iterator<Item = i64> {
    page.rows
        .iter()
        .filter_map(|row| row.time)
        .map(|time| time.timestamp_millis())
}

pub fn is_newest_first(page: &Page) -> bool {
    times(page).is_sorted_by(|newer, older| newer >= older)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// `length * part / whole`, without overflow.
fn scaled(length: i64, part: u64, whole: u64) -> i64 {
    i64::try_from(i128::from(length) * i128::from(part) / i128::from(whole.max(1))).unwrap_or(i64::MAX)
}

fn scale(rows: u64, length: i64, seen: i64) -> u64 {
    u64::try_from(i128::from(rows) * i128::from(length) / i128::from(seen.max(1))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::collect::fake::Fake;
    use crate::collect::paged;
    use crate::model::failure::FailureKind;

    const T0: i64 = 1_780_000_000_000;

    /// Reads a span as the log is read, checks every slice, and returns the ids and how it ended.
    fn read_all(fake: &mut Fake, span: Span) -> (Vec<String>, End) {
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
        let mut end = cut(span, None, &mut |ask| fake.page(ask), &mut each).unwrap();
        if let End::Stopped(from, Unread::BoundsIgnored) = end {
            end = paged::read(Span { from, to: span.to }, &mut |ask| fake.page(ask), &mut each).unwrap();
        }
        if matches!(end, End::Read) {
            assert_eq!(at, span.to, "the whole span was given away");
        }
        (ids, end)
    }

    fn wanted(fake: &Fake, span: Span) -> Vec<String> {
        let mut rows: Vec<_> = fake
            .rows
            .iter()
            .filter(|row| span.contains(row.0))
            .cloned()
            .collect();
        rows.sort();
        rows.into_iter().map(|row| row.1).collect()
    }

    fn assert_whole(mut fake: Fake, span: Span) -> usize {
        let expected = wanted(&fake, span);
        let (ids, end) = read_all(&mut fake, span);
        assert!(matches!(end, End::Read), "{end:?}");
        assert_eq!(ids.len(), expected.len());
        assert_eq!(ids, expected);
        fake.asks.len()
    }

    const DAY: Span = Span {
        from: T0,
        to: T0 + 86_400_000,
    };

    #[test]
    fn one_page_is_one_request() {
        assert_eq!(assert_whole(Fake::steady(T0, 1_000, 100), DAY), 1);
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
        assert!(matches!(end, End::Stopped(T0, Unread::Unproved(_))), "{end:?}");
        assert!(ids.is_empty());
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
                Fake { rows, clamp, exclusive, bare, ignores_bounds, ..Fake::default() },
                Span { from: T0 + from * 37, to: T0 + (from + length) * 37 },
            );
        }
    }
}
