//! Reads one field of a console's JSON, leniently: types flap between versions, and a field that makes no
//! sense is an absent field, never an error.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::model::text;

pub type Object = Map<String, Value>;

/// The first of these members that is there and not null.
pub fn first<'a>(object: &'a Object, names: &[&str]) -> Option<&'a Value> {
    names
        .iter()
        .find_map(|name| object.get(*name).filter(|value| !value.is_null()))
}

/// The first of these members that reads as text, made harmless; else empty.
pub fn text(object: &Object, names: &[&str], longest: usize) -> String {
    let said = names.iter().filter_map(|name| object.get(*name));
    said.map(|value| as_text(value, longest))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// Text, a number as text, or a list of those; anything else is empty.
pub fn as_text(value: &Value, longest: usize) -> String {
    match value {
        Value::String(raw) => text::clean(raw, longest),
        Value::Number(number) => number.to_string(),
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().take(16).map(|part| scalar(part, longest)).collect();
            text::clean(&parts.join(", "), longest)
        }
        _ => String::new(),
    }
}

fn scalar(value: &Value, longest: usize) -> String {
    match value {
        Value::String(raw) => text::clean(raw, longest),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A number, a string of one, or a string with a unit after it (`72 C`).
pub fn float(object: &Object, name: &str) -> Option<f64> {
    as_float(object.get(name)?)
}

pub fn as_float(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(raw) => raw.split_whitespace().next()?.parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

pub fn int(object: &Object, name: &str) -> Option<i64> {
    as_int(object.get(name)?)
}

pub fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(raw) => raw.trim().parse().ok(),
        _ => None,
    }
}

/// A count: an int that is not negative.
pub fn count(object: &Object, name: &str) -> Option<u64> {
    int(object, name).and_then(|number| u64::try_from(number).ok())
}

pub fn truth(object: &Object, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(said) => Some(*said),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "true" | "enabled" | "yes" | "1" => Some(true),
            "false" | "disabled" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// An object; `false`, `[]` and null stand for none.
pub fn object<'a>(parent: &'a Object, name: &str) -> Option<&'a Object> {
    parent.get(name)?.as_object()
}

/// The objects of a list; anything else in it is passed over.
pub fn objects<'a>(parent: &'a Object, name: &str) -> impl Iterator<Item = &'a Object> {
    let list = parent.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// A moment since the epoch, in seconds or milliseconds, told apart by size; or RFC 3339 with a zone.
pub fn moment(value: &Value) -> Option<DateTime<Utc>> {
    if let Some(raw) = value.as_str()
        && raw.contains('T')
    {
        let zoned = DateTime::parse_from_rfc3339(raw).ok()?;
        return DateTime::from_timestamp_millis(zoned.timestamp_millis());
    }
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?))?,
        Value::String(raw) => raw.trim().parse().ok()?,
        _ => return None,
    };
    match number {
        // Fractions of a second are lost with `whole` only where the console counted in seconds.
        100_000_000..100_000_000_000 => {
            let exact = as_float(value).map_or(number * 1000, |seconds| whole(seconds * 1000.0).unwrap_or(0));
            DateTime::from_timestamp_millis(exact)
        }
        100_000_000_000..100_000_000_000_000 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

/// A MAC in lower case with colons, however it was written.
pub fn mac(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let parts: Vec<&str> = match raw.len() {
        17 if raw.contains(':') => raw.split(':').collect(),
        17 if raw.contains('-') => raw.split('-').collect(),
        12 => (0..6)
            .filter_map(|pair| raw.get(pair * 2..pair * 2 + 2))
            .collect(),
        _ => return None,
    };
    let pairs = |part: &&str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit());
    (parts.len() == 6 && parts.iter().all(pairs)).then(|| parts.join(":").to_ascii_lowercase())
}

/// A float as the integer before its point, if it lies where floats still count by one.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (number.abs() < 9e15).then(|| number.trunc() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(value: &Value) -> Option<String> {
        moment(value).map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart() {
        let known = Some("2026-08-08T20:38:11.952Z".to_owned());
        assert_eq!(at(&json!(1_786_221_491_952_i64)), known);
        assert_eq!(at(&json!("1786221491952")), known);
        assert_eq!(at(&json!(1_786_221_491.952)), known);
        assert_eq!(
            at(&json!(1_786_221_491)),
            Some("2026-08-08T20:38:11.000Z".to_owned())
        );
        assert_eq!(
            at(&json!("2020-06-17T09:42:03Z")),
            Some("2020-06-17T09:42:03.000Z".to_owned())
        );
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for nonsense in [
            json!(0),
            json!(-5),
            json!(99_999_999),
            json!(1e14),
            json!(true),
            json!("2020-06-17T09:42:03"),
        ] {
            assert_eq!(moment(&nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn numbers_come_as_strings_with_units() {
        let object = json!({"a": "72 C", "b": "3.90", "c": "", "d": false, "e": "7", "f": -1});
        let object = object.as_object().unwrap();
        assert_eq!(float(object, "a"), Some(72.0));
        assert_eq!(float(object, "b"), Some(3.9));
        assert_eq!(
            (float(object, "c"), float(object, "d"), int(object, "d")),
            (None, None, None)
        );
        assert_eq!((int(object, "e"), count(object, "f")), (Some(7), None));
    }

    #[test]
    fn a_mac_is_lower_case_with_colons() {
        assert_eq!(mac("02-00-00-00-00-AA").as_deref(), Some("02:00:00:00:00:aa"));
        assert_eq!(mac("0200000000AA").as_deref(), Some("02:00:00:00:00:aa"));
        assert_eq!(mac("02:00:00:00:00"), None);
        assert_eq!(mac("vpn:00:00:00:00:x"), None);
    }
}
