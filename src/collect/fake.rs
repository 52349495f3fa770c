//! A console in memory for tests: it holds rows and answers requests for them as consoles were seen to do,
//! with their bad habits to be switched on.

use std::fmt::Write as _;

use crate::collect::ask::Ask;
use crate::collect::session::answers::NoRows;
use crate::collect::wire::page::Page;
use crate::model::failure::{Failure, FailureKind};

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one habit, on or off")]
pub struct Fake {
    /// Milliseconds and id.
    pub rows: Vec<(i64, String)>,
    pub asks: Vec<Ask>,
    /// Most rows a page; 0 = as asked.
    pub clamp: usize,
    pub ignores_page: bool,
    pub ignores_bounds: bool,
    pub exclusive: bool,
    pub bare: bool,
    pub oldest_first: bool,
    /// Sends the newest row of a page twice.
    pub repeats: bool,
    /// Tells the length of the page for the total.
    pub total_of_page: bool,
    /// Moments at which it counts a row that it never sends.
    pub phantoms: Vec<i64>,
    /// Says it holds this many rows more than it does.
    pub boasts: u64,
    /// A row that arrives with each request, this many milliseconds after the newest; 0 = none.
    pub grows_by: i64,
    /// Rows that arrive before the request of this number.
    pub late: Vec<(usize, i64, String)>,
    /// Fails from this request on.
    pub fails_from: Option<(usize, FailureKind)>,
}

impl Fake {
    /// `rows` rows, one every `every` milliseconds from `from` on.
    pub fn steady(from: i64, every: i64, rows: i64) -> Self {
        let rows = (0..rows).map(|n| (from + n * every, format!("r{n}"))).collect();
        Self {
            rows,
            ..Self::default()
        }
    }

    pub fn page(&mut self, ask: &Ask) -> Result<Page, NoRows> {
        Page::decode(&self.body(ask)?).map_err(|why| NoRows::Failed(Failure::new(FailureKind::Protocol, why)))
    }

    pub fn body(&mut self, ask: &Ask) -> Result<Vec<u8>, NoRows> {
        self.asks.push(*ask);
        let number = self.asks.len();
        if let Some((_, kind)) = self.fails_from.filter(|(from, _)| number >= *from) {
            return Err(NoRows::Failed(Failure::new(kind, "HTTP 502")));
        }
        if self.grows_by > 0 {
            let newest = self.rows.iter().map(|row| row.0).max().unwrap_or(0);
            self.rows.push((newest + self.grows_by, format!("g{number}")));
        }
        let (arrived, waiting) = self.late.drain(..).partition(|(at, ..)| *at <= number);
        self.late = waiting;
        let arrived: Vec<(usize, i64, String)> = arrived;
        self.rows
            .extend(arrived.into_iter().map(|(_, time, id)| (time, id)));
        Ok(self.answer(ask).into_bytes())
    }

    fn answer(&self, ask: &Ask) -> String {
        let slack = i64::from(self.exclusive);
        let inside = |time: i64| self.ignores_bounds || (ask.from + slack..=ask.to - slack).contains(&time);
        let mut rows: Vec<&(i64, String)> = self.rows.iter().filter(|row| inside(row.0)).collect();
        rows.sort_by(|a, b| b.cmp(a));
        if self.oldest_first {
            rows.reverse();
        }
        let asked = usize::try_from(ask.size).unwrap();
        let size = if self.clamp == 0 {
            asked
        } else {
            asked.min(self.clamp)
        };
        let number = if self.ignores_page {
            0
        } else {
            usize::try_from(ask.page).unwrap()
        };
        let mut body = String::from(if self.bare { "[" } else { "{\"data\":[" });
        let mut shown: Vec<_> = rows.iter().skip(number * size).take(size).copied().collect();
        if self.repeats && shown.len() > 1 {
            shown.pop();
            shown.insert(0, shown[0]);
        }
        for (index, (time, id)) in shown.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(body, r#"{comma}{{"id":"{id}","key":"K","timestamp":{time}}}"#).unwrap();
        }
        if self.bare {
            body.push(']');
            return body;
        }
        let phantoms = self.phantoms.iter().filter(|time| inside(**time)).count();
        let mut total = u64::try_from(rows.len() + phantoms).unwrap() + self.boasts;
        if self.total_of_page {
            total = u64::try_from(shown.len()).unwrap();
        }
        let pages = rows.len().div_ceil(size);
        write!(
            body,
            r#"],"page_number":{number},"total_element_count":{total},"total_page_count":{pages}}}"#
        )
        .unwrap();
        body
    }
}
