//! Reads one slice and proves it: newest first by time, never by page number, until the console says that what
//! is in hand is all there is. What cannot be proved is not returned.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;

use crate::collect::ask::{
    Ask, Asking, CLAMPED, SECOND, Span, Unread, ask_within, count, is_newest_first, times,
};
use crate::collect::slice::MOST;
use crate::collect::wire::event::Row;
use crate::collect::wire::page::Page;
use crate::model::quick::Seeded;

/// More rows of one second than any console writes; they are held in memory.
const CROWD: usize = 50_000;
/// Rows of a full page.
const FULL: usize = 100;

/// Seconds that are passed over unproved in one reading; a console that needs more of them proves nothing.
const PASSED: usize = 4;

/// Which seconds may be passed over although they cannot be proved, with the rows that came; and which were.
#[derive(Debug, Default)]
pub struct Patience {
    /// Any second before this moment.
    pub before: i64,
    /// The one that stopped the last reading. A row on its edge makes two seconds of it.
    pub stuck: Option<i64>,
    pub passed: Vec<Span>,
}

impl Patience {
    fn passes(&mut self, second: Span) -> bool {
        let again = self.stuck.is_some_and(|stuck| {
            (0..=1).contains(&(second.from.div_euclid(SECOND) - stuck.div_euclid(SECOND)))
        });
        if self.passed.contains(&second) {
            return true;
        }
        let passes = (again || second.to <= self.before) && self.passed.len() < PASSED;
        if passes {
            self.passed.push(second);
        }
        passes
    }
}

/// What was read of a span, ascending.
pub struct Found {
    pub rows: Vec<Row>,
    /// Where it stopped, if not at the span's end, and why. All before is proved.
    pub stopped: Option<(i64, Unread)>,
}

/// All rows of a span: by the walk, else by a second walk, else by halves.
pub fn read(span: Span, first: Page, patience: &mut Patience, ask: &mut Asking<'_>) -> Result<Found, Unread> {
    match in_any_way(span, first, patience, ask) {
        Err(Unread::TotalOfPage) => {
            let mut untold = |question: &Ask| ask(question).map(|page| Page { total: None, ..page });
            let first = ask_within(span, 0, &mut untold)?;
            let found = in_any_way(span, first, patience, &mut untold)?;
            let is_long = count(found.rows.len()) > MOST && span.length() > SECOND;
            if is_long { Err(Unread::TooMany) } else { Ok(found) }
        }
        found => found,
    }
}

fn in_any_way(
    span: Span,
    first: Page,
    patience: &mut Patience,
    ask: &mut Asking<'_>,
) -> Result<Found, Unread> {
    let mut found = walk(span, first, ask);
    if matches!(found, Err(Unread::Unproved(_))) {
        let again = ask_within(span, 0, ask)?;
        found = walk(span, again, ask);
    }
    if !matches!(found, Err(Unread::Unproved(_))) {
        let rows = found?.ascending();
        return Ok(Found { rows, stopped: None });
    }
    let mut rows = Rows::default();
    let stopped = match by_halves(span, &mut rows, patience, ask) {
        Ok(()) => None,
        Err((_, Unread::BoundsIgnored)) => return Err(Unread::BoundsIgnored),
        Err(stopped) => Some(stopped),
    };
    let rows = rows.ascending();
    Ok(Found { rows, stopped })
}

/// The seek walk: each answer's oldest millisecond is the next question's upper bound.
fn walk(span: Span, first: Page, ask: &mut Asking<'_>) -> Result<Rows, Unread> {
    let expected = first.total;
    let mut found = Rows::default();
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
        let new = found.keep(page.rows);
        if is_all {
            // A full page that is said to be all: some consoles tell the length of the page.
            if let Some(oldest) = oldest.filter(|_| total.is_some() && length >= FULL) {
                below(span, oldest, &mut found, ask)?;
            }
            break;
        }
        if new == 0 && oldest.is_some_and(|oldest| oldest < to) {
            return Err(Unread::Unproved(
                "the same rows come back under other times".to_owned(),
            ));
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

/// Nothing unknown lies below the oldest row of a full page.
fn below(span: Span, oldest: i64, found: &mut Rows, ask: &mut Asking<'_>) -> Result<(), Unread> {
    let to = oldest.max(span.from);
    let page = ask_within(Span { from: span.from, to }, 0, ask)?;
    if page.rows.len() >= FULL || found.keep(page.rows) > 0 {
        return Err(Unread::TotalOfPage);
    }
    Ok(())
}

/// All rows of a span by cutting it at full seconds until each part fits one page; parts of one second by page
/// number. `Err` says up to where it was proved.
fn by_halves(
    span: Span,
    found: &mut Rows,
    patience: &mut Patience,
    ask: &mut Asking<'_>,
) -> Result<(), (i64, Unread)> {
    let page = ask_within(span, 0, ask).map_err(|unread| (span.from, unread))?;
    let distinct = page.rows.iter().map(|row| &row.id).collect::<BTreeSet<_>>().len();
    let is_all = match page.total {
        Some(total) => total == count(distinct),
        None => distinct < CLAMPED,
    };
    if is_all {
        found.keep(page.rows);
        return Ok(());
    }
    let Some(middle) = middle_second(span) else {
        return match by_number(span, found, ask) {
            Err(Unread::Unproved(_)) if patience.passes(span) => {
                found.keep(page.rows);
                Ok(())
            }
            read => read.map_err(|unread| (span.from, unread)),
        };
    };
    by_halves(
        Span {
            from: span.from,
            to: middle,
        },
        found,
        patience,
        ask,
    )?;
    by_halves(
        Span {
            from: middle,
            to: span.to,
        },
        found,
        patience,
        ask,
    )
}

/// The full second nearest the middle of a span, if there is one inside.
fn middle_second(span: Span) -> Option<i64> {
    let middle = (span.from + span.length() / 2).div_euclid(SECOND) * SECOND;
    [middle, middle + SECOND]
        .into_iter()
        .find(|second| span.from < *second && *second < span.to)
}

/// All rows of a busy second, page after page. A console that sends the same page again is found out.
fn by_number(span: Span, found: &mut Rows, ask: &mut Asking<'_>) -> Result<(), Unread> {
    let mut here = Rows::default();
    for number in 0.. {
        let page = ask_within(span, number, ask)?;
        if page.page_number.is_some_and(|told| told != number) {
            return Err(Unread::Unproved(format!(
                "asked for page {number} of a busy second it sent another"
            )));
        }
        let (length, total) = (page.rows.len(), page.total);
        let new = here.keep(page.rows);
        let is_all = match total {
            Some(total) => count(here.len()) == total,
            None => length < CLAMPED,
        };
        if is_all {
            break;
        }
        if here.len() > CROWD {
            return Err(Unread::Unproved(
                "it goes on sending rows of one and the same second".to_owned(),
            ));
        }
        if new == 0 {
            return Err(Unread::Unproved(
                "the pages of a busy second repeat themselves".to_owned(),
            ));
        }
    }
    found.keep(here.rows);
    Ok(())
}

/// Rows by their ids, in the order they came.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    hash: Seeded,
    /// Where a row stands, by the hash of its id or, where another has that, by the next number that is free.
    places: HashMap<u64, usize, Seeded>,
}

impl Rows {
    fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds rows and says how many of them were new. Of a row that comes again, the newer wording counts.
    fn keep(&mut self, rows: Vec<Row>) -> usize {
        let before = self.len();
        for row in rows {
            let mut number = self.hash.hash_one(&row.id);
            loop {
                let place = self.places.get(&number);
                let Some(known) = place.and_then(|place| self.rows.get_mut(*place)) else {
                    self.places.insert(number, self.rows.len());
                    self.rows.push(row);
                    break;
                };
                if known.id == row.id {
                    *known = row;
                    break;
                }
                number = number.wrapping_add(1);
            }
        }
        self.len() - before
    }

    fn ascending(mut self) -> Vec<Row> {
        // They mostly came newest first.
        self.rows.reverse();
        self.rows.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        self.rows
    }
}
