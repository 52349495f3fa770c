//! Which known name somebody most likely meant. Edit distance over small lists; it never guesses wildly.

/// The known name nearest to `typed`, if it is near enough to be a slip of the fingers.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = (typed.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|name| (distance(&typed, &name.to_lowercase()), name))
        .filter(|(steps, _)| *steps <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between the two.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut previous: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last = None;
    for (i, a) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut left_neighbour = i + 1;
        for (j, b) in right.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut steps = (at(&row, j) + usize::from(a != *b))
                .min(at(&row, j + 1) + 1)
                .min(left_neighbour + 1);
            let swapped = j > 0 && last == Some(*b) && right.get(j - 1) == Some(&a);
            if swapped {
                steps = steps.min(at(&previous, j - 1) + 1);
            }
            next.push(steps);
            left_neighbour = steps;
        }
        previous = std::mem::replace(&mut row, next);
        last = Some(a);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_of_the_fingers_are_recognised() {
        let known = ["UNIFI_HOST", "UNIFI_PORT", "UNIFI_API_KEY", "UNIFI_PASSWORD"];
        assert_eq!(nearest("UNIFI_HSOT", known), Some("UNIFI_HOST"));
        assert_eq!(nearest("UNIFI_PASSWROD", known), Some("UNIFI_PASSWORD"));
        assert_eq!(nearest("unifi_apikey", known), Some("UNIFI_API_KEY"));
        assert_eq!(nearest("UNIFI_SOMETHING_ELSE", known), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_step() {
        assert_eq!(distance("ab", "ba"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    proptest! {
        #[test]
        fn the_distance_is_symmetric_and_zero_only_to_itself(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
        }
    }
}
