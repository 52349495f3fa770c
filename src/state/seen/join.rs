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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::state::lived_in::now;

    proptest! {
    #[test]
    fn ids_join_in_any_order(
        a in prop::collection::vec((0_u8..3, 0_u8..40, 0_i64..50), 0..40),
        b in prop::collection::vec((0_u8..3, 0_u8..40, 0_i64..50), 0..40),
        epochs in prop::collection::vec(any::<Ordering>(), 3),
    ) {
        let (a, b) = (ids(&a), ids(&b));
        let compared = |family: &str| epochs[usize::from(family.as_bytes()[0] - b'0')];
        let mut both = a.clone();
        both.join(&b, compared);
        let mut other = b.clone();
        other.join(&a, |family| compared(family).reverse());
        prop_assert!(both.is_same(&other), "commutative");
        let mut again = both.clone();
        again.join(&both, |_| Ordering::Equal);
        prop_assert!(both.is_same(&again), "idempotent");
        for (family, row) in (0..3).flat_map(|family| (0..40).map(move |row| (family, row))) {
            let (family, row) = (format!("{family}/s/sl"), format!("row {row}"));
            let known = match compared(&family) {
                Ordering::Less => b.contains(&family, &row),
                Ordering::Greater => a.contains(&family, &row),
                Ordering::Equal => a.contains(&family, &row) || b.contains(&family, &row),
            };
            prop_assert_eq!(both.contains(&family, &row), known);
        }
    }
    }

    fn ids(rows: &[(u8, u8, i64)]) -> Seen {
        let mut seen = Seen::default();
        for (family, row, hour) in rows {
            seen.insert(
                &format!("{family}/s/sl"),
                &format!("row {row}"),
                now() + TimeDelta::hours(*hour),
            );
        }
        seen
    }
}
