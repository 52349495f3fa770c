//! Putting numbers and names into sentences.

use std::net::IpAddr;

use crate::analyse::address::is_mac;
use crate::model::count::thousands;
use crate::model::digest::Group;
use crate::model::finding::Subject;

/// Longest list of names in a sentence.
const NAMES: usize = 5;

/// Fills a rule's template in one pass, so that a name which looks like a placeholder stays a name.
pub fn fill(template: &str, group: &Group, occurrences: u64, names: &[String]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((placeholder, tail)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        filled.push_str(&match placeholder.split_once(':') {
            Some(("top", facet)) => top(group, facet),
            Some(("distinct", facet)) => distinct(group, facet),
            _ => match placeholder {
                "name" => name(&group.subject),
                "names" if names.iter().all(String::is_empty) => "several devices".to_owned(),
                "names" => listed(names),
                "times" => times(occurrences),
                "count" => thousands(occurrences),
                _ => String::new(),
            },
        });
        rest = tail;
    }
    filled.push_str(rest);
    capitalised(&filled)
}

/// The subject as a sentence names it: in quotes, unless it is an address or nobody in particular.
pub fn name(subject: &Subject) -> String {
    let plain = subject.id.is_empty()
        || subject.name.parse::<IpAddr>().is_ok()
        || is_mac(&subject.name)
        || subject.name.starts_with("unnamed ");
    if plain {
        subject.name.clone()
    } else {
        format!("“{}”", subject.name)
    }
}

pub fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", thousands(n)),
    }
}

/// `40 seconds`, `4 min`, `3 h 20 min`, `2 days`.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        1 => "1 second".to_owned(),
        0..60 => format!("{seconds} seconds"),
        60..3600 => format!("{minutes} min"),
        3600..86_400 if minutes.is_multiple_of(60) => format!("{hours} h"),
        3600..86_400 => format!("{hours} h {} min", minutes % 60),
        86_400..172_800 => "1 day".to_owned(),
        _ => format!("{days} days"),
    }
}

/// `A, B and C`, or `A, B, C, D, E and 7 more`.
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        _ if names.len() > NAMES => {
            let shown: Vec<_> = names.iter().take(NAMES).map(String::as_str).collect();
            format!("{} and {} more", shown.join(", "), names.len() - NAMES)
        }
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// The commonest values of a facet.
pub fn top(group: &Group, facet: &str) -> String {
    let values: Vec<String> = group.facets.get(facet).map_or_else(Vec::new, |tally| {
        tally
            .ranked()
            .into_iter()
            .map(|(value, _)| value.to_owned())
            .collect()
    });
    listed(&values)
}

/// How many values a facet has: `3`, or `more than 32`.
pub fn distinct(group: &Group, facet: &str) -> String {
    group.facets.get(facet).map_or_else(
        || "0".to_owned(),
        |tally| {
            let more = if tally.rest > 0 { "more than " } else { "" };
            format!("{more}{}", tally.values.len())
        },
    )
}

/// `Access point “Lobby”`; the noun is left out where the name says it.
pub fn called(noun: &str, name: &str) -> String {
    let lower = name.to_lowercase();
    let says_it = lower.contains(noun)
        || noun == "access point"
            && lower
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == "ap");
    if name.is_empty() {
        let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {noun}")
    } else if says_it || noun == "device" {
        format!("“{name}”")
    } else {
        format!("{noun} “{name}”")
    }
}

/// `A device` as `a device`, to stand inside a sentence.
pub fn uncapitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(times(2), "twice");
        assert_eq!(duration(45), "45 seconds");
        assert_eq!(duration(3600), "1 h");
        assert_eq!(duration(12_000), "3 h 20 min");
        assert_eq!(duration(3 * 86_400), "3 days");
        let names: Vec<_> = ["A", "B", "C", "D", "E", "F", "G"].map(str::to_owned).into();
        assert_eq!(listed(&names), "A, B, C, D, E and 2 more");
        assert_eq!(listed(&names[..2]), "A and B");
    }
}
