//! Run numbers as people read them: `run 3`, `runs 3–5, 9`.

/// The numbers, which are ascending, with their noun.
pub fn runs(numbers: &[u64]) -> String {
    let noun = if numbers.len() == 1 { "run" } else { "runs" };
    let parts: Vec<String> = ranges(numbers)
        .into_iter()
        .map(|(first, last)| range(first, last))
        .collect();
    format!("{noun} {}", parts.join(", "))
}

/// `3` or `3–5`.
pub fn range(first: u64, last: u64) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}–{last}")
    }
}

/// First and last of every stretch of consecutive numbers.
fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_runs_are_a_range() {
        assert_eq!(runs(&[7]), "run 7");
        assert_eq!(runs(&[3, 4, 5, 9]), "runs 3–5, 9");
        assert_eq!(runs(&[]), "runs ");
    }
}
