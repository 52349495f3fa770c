//! Numbers and counted things as people write them.

/// `1,204`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced
}

/// `1 event`, `1,204 events`, `2 deliveries`: the plural of a regular noun.
pub fn counted(number: impl TryInto<u64>, what: &str) -> String {
    // A length that is no u64 is larger than anything there is.
    let number = number.try_into().unwrap_or(u64::MAX);
    let stem = what
        .strip_suffix('y')
        .filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    let shown = thousands(number);
    match stem {
        _ if number == 1 => format!("{shown} {what}"),
        Some(stem) => format!("{shown} {stem}ies"),
        None => format!("{shown} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_thing_has_no_plural() {
        assert_eq!(counted(1_u64, "event"), "1 event");
        assert_eq!(counted(0_u64, "event"), "0 events");
        assert_eq!(counted(1204_usize, "owed delivery"), "1,204 owed deliveries");
        assert_eq!(counted(3_u64, "day"), "3 days");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
