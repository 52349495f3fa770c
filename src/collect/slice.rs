//! Cuts a log into slices of a size that can be held, each proved before it is given away, oldest first.

use crate::collect::ask::{Asking, CLAMPED, SECOND, Span, Unread, ask_within, count, times};
use crate::collect::walk::{self, Found, Patience};
use crate::collect::wire::event::Row;
use crate::collect::wire::page::Page;

/// Most rows in one slice, unless one second holds more.
pub const MOST: u64 = 2_000;
/// Rows a slice is cut for, so that an uneven log rarely makes one longer than [`MOST`].
pub const AIM: u64 = 1_800;
/// Rows that are proved to be all of their span: distinct and ascending, those without a time first. Up to
/// a millisecond more than the span at both ends, as it was asked for.
#[derive(Debug)]
pub struct Proved {
    pub span: Span,
    pub rows: Vec<Row>,
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
    patience: &mut Patience,
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
        let Found { rows, stopped } = match walk::read(part, page, patience, ask) {
            Ok(found) => found,
            Err(Unread::TooMany) if part.length() > SECOND => {
                width = (part.length() / 2).max(SECOND);
                continue;
            }
            Err(unread) => return Ok(End::Stopped(at, unread)),
        };
        if let Some((until, unread)) = stopped {
            if until > at {
                let span = Span { from: at, to: until };
                each(Proved { span, rows })?;
            }
            return Ok(End::Stopped(until, unread));
        }
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

/// How many rows a span holds: what the console says, or what the density of its newest rows suggests.
pub fn expected(page: &Page, span: Span) -> u64 {
    let length = count(page.rows.len());
    let told = page.total.unwrap_or_else(|| match times(page).min() {
        Some(oldest) if page.rows.len() >= CLAMPED => scale(length, span.length(), (span.to - oldest).max(1)),
        _ => length,
    });
    told.max(length)
}

/// `length * part / whole`, without overflow.
fn scaled(length: i64, part: u64, whole: u64) -> i64 {
    i64::try_from(i128::from(length) * i128::from(part) / i128::from(whole.max(1))).unwrap_or(i64::MAX)
}

fn scale(rows: u64, length: i64, seen: i64) -> u64 {
    u64::try_from(i128::from(rows) * i128::from(length) / i128::from(seen.max(1))).unwrap_or(u64::MAX)
}
