//! The ids that two checkpoints remember, joined.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::state::seen::{Seen, controller_of};

impl Seen {
    /// Takes in what another checkpoint's ids know. `epochs` compares those of a family's sources, here to there: the
    /// higher one's ids stand alone, at equal epochs both count.
    pub fn join(&mut self, theirs: &Self, epochs: impl Fn(&str) -> Ordering) {
        let families = |seen: &Self| -> BTreeSet<String> {
            let shelves = seen.shelves.values();
            shelves.flat_map(|shelf| shelf.families.keys().cloned()).collect()
        };
        for family in families(self).into_iter().filter(|name| epochs(name).is_lt()) {
            if let Some(shelf) = self.shelves.get_mut(controller_of(&family)) {
                shelf.take(&family);
            }
        }
        for family in families(theirs).into_iter().filter(|name| epochs(name).is_le()) {
            let there = theirs.shelves.get(controller_of(&family));
            for (id, hour) in there
                .and_then(|shelf| shelf.families.get(&family))
                .into_iter()
                .flatten()
            {
                self.enter(&family, *id, *hour);
            }
        }
        for (path, hour) in &theirs.complete_from {
            self.missing_before(path, *hour);
        }
        self.unchanged = None;
    }

    /// Whether the other one knows the same.
    pub fn is_same(&self, other: &Self) -> bool {
        self.render() == other.render()
    }
}
