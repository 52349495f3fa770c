//! Reads a console that ignores the bounds of time: by page number, from the page that reaches back far
//! enough towards the newest, filtered here. Page numbers are positions counted from the newest row, so every
//! row that arrives meanwhile moves all others; the totals tell by how much.

use std::collections::BTreeMap;

use crate::collect::ask::{Ask, Asking, PAGE, Span, Unread, is_newest_first, times};
use crate::collect::session::answers::NoRows;
use crate::collect::slice::{AIM, End, Proved};
use crate::collect::wire::event::Row;
use crate::collect::wire::page::Page;
use crate::model::failure::{Failure, FailureKind};

/// No page beyond this one is asked for: a total that leads there is made up.
const LAST_PAGE: u64 = 1_000_000;

/// Reads all rows of a span and gives them to `each`, oldest first. `Err` only if `each` fails.
pub fn read(
    span: Span,
    ask: &mut Asking<'_>,
    each: &mut dyn FnMut(Proved) -> anyhow::Result<()>,
) -> anyhow::Result<End> {
    let mut log = match Log::open(span, ask) {
        Ok(log) => log,
        Err(unread) => return Ok(End::Stopped(span.from, unread)),
    };
    let mut at = span.from;
    loop {
        let newest = log.newest();
        if log.unread == 0 || newest.is_some_and(|newest| newest >= span.to) {
            break;
        }
        if let Some(newest) = newest
            && log.rows.len() >= usize::try_from(AIM).unwrap_or(usize::MAX)
            && newest > at
        {
            let part = Span { from: at, to: newest };
            each(Proved {
                span: part,
                rows: log.take_before(newest),
            })?;
            at = newest;
        }
        if let Err(unread) = log.step(ask) {
            return Ok(End::Stopped(at, unread));
        }
    }
    each(Proved {
        span: Span {
            from: at,
            to: span.to,
        },
        rows: log.take_before(span.to),
    })?;
    Ok(End::Read)
}

/// The log as far as it is in hand.
struct Log {
    span: Span,
    /// Rows a page.
    size: u64,
    /// Rows in the whole log when it was last asked.
    total: u64,
    /// Rows newer than all in hand: the next to read is the oldest of them.
    unread: u64,
    rows: BTreeMap<(Option<i64>, String), Row>,
}

impl Log {
    /// Finds the newest page that reaches behind the span (or the oldest of all) and takes it.
    fn open(span: Span, ask: &mut Asking<'_>) -> Result<Self, Unread> {
        let newest = numbered(span, 0, ask)?;
        let size = u64::try_from(newest.rows.len()).unwrap_or(PAGE).max(1);
        let reaches = |page: &Page, number: u64| {
            let end = number * size + u64::try_from(page.rows.len()).unwrap_or(0);
            page.rows.is_empty()
                || times(page).any(|time| time < span.from)
                || page.total.is_some_and(|total| end >= total)
        };
        let mut page = newest;
        let (mut number, mut before, mut stride) = (0, 0, 1);
        let first_ids: Vec<String> = page.rows.iter().map(|row| row.id.clone()).collect();
        while !reaches(&page, number) {
            before = number + 1;
            number += stride;
            stride *= 2;
            page = numbered(span, number, ask)?;
            if !page.rows.is_empty() && page.rows.iter().all(|row| first_ids.contains(&row.id)) {
                return Err(unprovable("ignores both the bounds of time and the page number"));
            }
        }
        while before < number {
            let middle = before + (number - before) / 2;
            let tried = numbered(span, middle, ask)?;
            if reaches(&tried, middle) {
                (number, page) = (middle, tried);
            } else {
                before = middle + 1;
            }
        }
        // Rows that arrived during the search may have moved the end of the span one page on.
        while !reaches(&page, number) {
            number += 1;
            page = numbered(span, number, ask)?;
        }
        let total = page
            .total
            .ok_or_else(|| unprovable("ignores the bounds of time and tells no total"))?;
        let mut log = Self {
            span,
            size,
            total,
            unread: number * size,
            rows: BTreeMap::new(),
        };
        log.keep(page);
        Ok(log)
    }

    /// Takes the page that holds the oldest unread row.
    fn step(&mut self, ask: &mut Asking<'_>) -> Result<(), Unread> {
        // More than one repetition means that a page's worth of rows arrived during one request.
        for _ in 0..8 {
            let number = (self.unread - 1) / self.size;
            let page = numbered(self.span, number, ask)?;
            let total = page.total.unwrap_or(self.total);
            self.unread = self.unread.saturating_add(total.saturating_sub(self.total));
            self.total = total;
            let end = number * self.size + u64::try_from(page.rows.len()).unwrap_or(0);
            if end >= self.unread {
                self.unread = number * self.size;
                self.keep(page);
                return Ok(());
            }
        }
        Err(Unread::Unproved(
            "its pages move faster than they can be read".to_owned(),
        ))
    }

    fn keep(&mut self, page: Page) {
        for row in page.rows {
            let time = row.time.map(|time| time.timestamp_millis());
            if time.is_none_or(|time| self.span.contains(time) || time >= self.span.to) {
                self.rows.insert((time, row.id.clone()), row);
            }
        }
    }

    fn newest(&self) -> Option<i64> {
        self.rows.last_key_value().and_then(|((time, _), _)| *time)
    }

    fn take_before(&mut self, moment: i64) -> Vec<Row> {
        let kept = self.rows.split_off(&(Some(moment), String::new()));
        std::mem::replace(&mut self.rows, kept).into_values().collect()
    }
}

fn numbered(span: Span, number: u64, ask: &mut Asking<'_>) -> Result<Page, Unread> {
    if number > LAST_PAGE {
        return Err(unprovable(
            "ignores the bounds of time and announces more rows than any log has",
        ));
    }
    let page = ask(&Ask::of(span, number, PAGE))?;
    if page.page_number.is_some_and(|told| told != number) {
        return Err(unprovable("ignores both the bounds of time and the page number"));
    }
    if !is_newest_first(&page) {
        return Err(unprovable(
            "ignores the bounds of time and does not send the newest rows first",
        ));
    }
    Ok(page)
}

fn unprovable(what: &str) -> Unread {
    Unread::NoRows(NoRows::Failed(Failure::new(
        FailureKind::Protocol,
        format!("the console {what}, so that nothing proves its log was read whole"),
    )))
}
