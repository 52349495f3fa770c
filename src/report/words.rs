//! Numbers, durations and counts as people write them, and how wide a text is in a terminal.

use chrono::TimeDelta;

use crate::model::count::{counted, thousands};

/// `one`, `twelve`, `13`: small numbers inside a sentence.
pub fn spelled(number: u64) -> String {
    const SMALL: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    usize::try_from(number)
        .ok()
        .and_then(|small| SMALL.get(small))
        .map_or_else(|| thousands(number), |word| (*word).to_owned())
}

/// The text with its first letter made large.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The text with its first letter made small, where it begins with a common word: `WiFi` and `VPN` stay.
pub fn uncapitalised(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !word.chars().skip(1).any(char::is_uppercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// The text in at most so many letters: whole, or without what a dash sets apart, or up to the end of a word.
pub fn cut(text: &str, longest: usize) -> String {
    let byte_of = |letter| text.char_indices().nth(letter).map(|(at, _)| at);
    let (Some(end), Some(before_dots)) = (byte_of(longest), byte_of(longest.saturating_sub(1))) else {
        return text.to_owned();
    };
    let head = |end| text.get(..end).unwrap_or_default();
    let dashes = text.match_indices(" – ").map(|(at, _)| at);
    if let Some(clause) = dashes.filter(|at| (end / 2..=end).contains(at)).last() {
        return head(clause).to_owned();
    }
    let kept = head(before_dots);
    let words = match text.get(before_dots..) {
        Some(rest) if !rest.starts_with(' ') => kept.rsplit_once(' ').map_or(kept, |(words, _)| words),
        _ => kept,
    };
    let words = words.trim_end_matches([' ', ',', ';', ':', '–', '(', '“']);
    format!("{words}…")
}

/// `once`, `twice`, `17 times`.
pub fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", thousands(number)),
    }
}

/// `42 s`, `4 min`, `6 h 6 min`, `3 days 4 h`; the two largest units that matter.
pub fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds().unsigned_abs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => counted(days, "day"),
        _ => format!("{} {hours} h", counted(days, "day")),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Columns a text takes in a terminal: two for the wide letters of East Asia and for pictures.
pub fn columns(text: &str) -> usize {
    text.chars().map(|letter| 1 + usize::from(is_wide(letter))).sum()
}

fn is_wide(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_set_in_threes() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_204), "1,204");
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn one_of_a_thing_has_no_plural() {
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(0, "event"), "0 events");
        assert_eq!(times(2), "twice");
    }

    #[test]
    fn a_span_shows_its_two_largest_units() {
        assert_eq!(span(TimeDelta::seconds(42)), "42 s");
        assert_eq!(span(TimeDelta::seconds(3_600)), "1 h");
        assert_eq!(span(TimeDelta::seconds(21_960)), "6 h 6 min");
        assert_eq!(span(TimeDelta::hours(76)), "3 days 4 h");
        assert_eq!(span(TimeDelta::hours(24)), "1 day");
    }

    #[test]
    fn the_last_of_a_list_is_joined_by_and() {
        let three = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(listed(&three), "a, b and c");
    }

    #[test]
    fn a_text_is_cut_at_a_clause_or_a_word() {
        let text = "“PC” tried twice to reach 2 addresses – only some attempts were blocked";
        assert_eq!(cut(text, 99), text);
        assert_eq!(cut(text, text.chars().count()), text);
        for longest in [37, 40, 60] {
            assert_eq!(cut(text, longest), "“PC” tried twice to reach 2 addresses");
        }
        assert_eq!(cut(text, 30), "“PC” tried twice to reach 2…");
        assert_eq!(cut(text, 36), "“PC” tried twice to reach 2…");
        assert_eq!(cut("a, b and c", 4), "a…");
        assert_eq!(cut("endless", 4), "end…");
        assert_eq!(cut("endless", 0), "…");
    }

    #[test]
    fn a_sentence_that_is_joined_on_begins_small() {
        assert_eq!(uncapitalised("This report may lack"), "this report may lack");
        assert_eq!(uncapitalised("A switch"), "a switch");
        for text in ["WiFi is bad", "VPN tunnel", "“Roof” is offline", ""] {
            assert_eq!(uncapitalised(text), text);
        }
    }

    #[test]
    fn wide_letters_take_two_columns() {
        assert_eq!(columns("ab"), 2);
        assert_eq!(columns("日本"), 4);
    }
}
