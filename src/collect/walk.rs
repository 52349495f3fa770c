//! Reads one slice and proves it: newest first by time, never by page number, until the console says that what
//! is in hand is all there is. What cannot be proved is not returned.

use std::collections::{BTreeMap, BTreeSet};

use crate::collect::ask::{
    Ask, Asking, CLAMPED, SECOND, Span, Unread, ask_within, count, is_newest_first, times,
};
use crate::collect::slice::MOST;
use crate::collect::wire::Page;
use crate::collect::wire::event::Row;

/// More rows of one second than any console writes; they are held in memory.
const CROWD: usize = 50_000;

/// All rows of a span: by the walk, else by a second walk, else by halves.
pub fn read(span: Span, first: Page, ask: &mut Asking<'_>) -> Result<Vec<Row>, Unread> {
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
        let new = keep(&mut found, page);
        if is_all {
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

/// All rows of a span by cutting it until each part fits one page; parts of one second by page number.
fn by_halves(span: Span, found: &mut BTreeMap<String, Row>, ask: &mut Asking<'_>) -> Result<(), Unread> {
    let page = ask_within(span, 0, ask)?;
    let distinct = page.rows.iter().map(|row| &row.id).collect::<BTreeSet<_>>().len();
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
    found.append(&mut here);
    Ok(())
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
