//! The ids of the newest rows that were read of a log, to tell whether another answer holds anything else.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use chrono::{DateTime, Utc};

use crate::collect::Slice;
use crate::collect::wire::event::Row;
use crate::model::quick::Seeded;
use crate::model::window::Window;

/// Ids kept at most, beside those of the newest slice.
const MOST: usize = 2_000;

/// All rows of the log within one window, by their ids.
#[derive(Debug, Default)]
pub struct Recent {
    window: Option<Window>,
    /// Hashes of ids.
    ids: HashSet<u64, Seeded>,
    hash: Seeded,
    newest: Option<DateTime<Utc>>,
    oldest: Option<DateTime<Utc>>,
}

impl Recent {
    /// Takes note of a slice. Slices come oldest first; where one does not follow the other, the older are forgotten.
    pub fn see(&mut self, slice: &Slice) {
        self.newest = self.newest.max(slice.position_after.newest);
        let oldest = slice.rows.first().map(|row| row.time);
        self.oldest = oldest.into_iter().chain(self.oldest).min();
        let known = self.window.filter(|known| known.until() == slice.window.since());
        if let Some(known) = known.filter(|_| self.ids.len() <= MOST) {
            self.window = Some(known.hull(slice.window));
        } else {
            self.ids.clear();
            self.window = Some(slice.window);
        }
        self.ids
            .extend(slice.rows.iter().map(|row| self.hash.hash_one(&row.id)));
    }

    /// Some of these rows lie within the window, and all that do are among the log's.
    pub fn holds(&self, rows: &[Row]) -> bool {
        let inside = |row: &&Row| {
            self.window
                .zip(row.time)
                .is_some_and(|(window, time)| window.contains(time))
        };
        let mut inside = rows.iter().filter(inside).peekable();
        inside.peek().is_some() && inside.all(|row| self.ids.contains(&self.hash.hash_one(&row.id)))
    }

    /// The oldest row that was read.
    pub fn oldest(&self) -> Option<DateTime<Utc>> {
        self.oldest
    }

    /// The newest row that was ever counted of the log.
    pub fn newest(&self) -> Option<DateTime<Utc>> {
        self.newest
    }
}
