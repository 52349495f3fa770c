//! Whether what the pages' own headers tell of is there. Several files of one listing complete each other; which
//! files those are is told by their family of answers and the total they all name.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest;

/// An id, cut to 128 bits of its hash.
pub type Key = [u8; 16];

pub fn key(id: &[u8]) -> Key {
    let hash = digest::digest(&digest::SHA256, id);
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

/// What one page says there is, and what it holds of that.
pub struct Told {
    pub family: &'static str,
    pub total: u64,
    pub held: BTreeSet<Key>,
}

/// All listings that pages of the files belong to.
#[derive(Default)]
pub struct Listings(BTreeMap<(&'static str, u64), Listing>);

#[derive(Default)]
struct Listing {
    /// One page alone held everything; the others need not be kept.
    whole: bool,
    held: BTreeSet<Key>,
    /// Positions of the files with a page of it.
    files: BTreeSet<usize>,
}

impl Listings {
    pub fn add(&mut self, file: usize, told: Told) {
        let listing = self.0.entry((told.family, told.total)).or_default();
        listing.files.insert(file);
        listing.whole |= count(&told.held) >= told.total;
        if listing.whole {
            listing.held.clear();
        } else {
            listing.held.extend(told.held);
        }
    }

    /// Why this file cannot be called complete, if it cannot.
    pub fn missing(&self, file: usize) -> Option<String> {
        let mut cut = self.0.iter().filter_map(|((_, total), listing)| {
            let held = count(&listing.held);
            let is_cut = !listing.whole && held < *total && listing.files.contains(&file);
            is_cut.then_some((held, total, listing.files.len()))
        });
        let (held, total, files) = cut.next()?;
        let place = if files == 1 { "this file" } else { "these files" };
        let mut why = format!("{held} of the {total} rows its own header tells of are in {place}");
        let others = cut.count();
        if others > 0 {
            why = format!("{why}, and {others} more of its listings are cut short");
        }
        Some(why)
    }
}

fn count(held: &BTreeSet<Key>) -> u64 {
    u64::try_from(held.len()).unwrap_or(u64::MAX)
}
