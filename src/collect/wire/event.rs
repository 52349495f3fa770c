//! One row of a log as the console wrote it, made an [`Event`]: v2 `system-log` rows, its admin rows, and the
//! legacy `EVT_*` rows of exports. Only its time is indispensable.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::skim::Skimmed;
use crate::collect::wire::{json, parties};
use crate::model::event::{Event, Party};
use crate::model::text::{self, KEY, SENTENCE};

/// The subcategory of what the threat detection saw.
pub const INTRUSION: &str = "SECURITY_INTRUSION_PREVENTION";

/// One row of a page. It has an id even where it cannot be read as an event, so that the proof of a slice
/// can count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: String,
    /// The console sent no id of its own: this one is made of what the row says.
    pub made_id: bool,
    pub time: Option<DateTime<Utc>>,
    /// `None`: malformed.
    pub event: Option<Event>,
}

pub fn row(raw: &[u8]) -> Row {
    let Some(Value::Object(object)) = json::parse(raw) else {
        let id = hash(&[raw]);
        return Row {
            id,
            made_id: true,
            time: None,
            event: None,
        };
    };
    let own_id = own_id(&object);
    let made_id = own_id.is_none();
    let time = ["time", "timestamp", "datetime"]
        .iter()
        .find_map(|name| fields::moment(object.get(*name)?));
    let id = own_id.unwrap_or_else(|| content_id(&object, time, raw));
    let event = time.map(|time| event(&object, time, id.clone()));
    Row {
        id,
        made_id,
        time,
        event,
    }
}

/// A row with nothing in it but what skimming found.
pub fn of_skimmed(skimmed: &Skimmed<'_>) -> Row {
    let Skimmed {
        id, time, key, event, ..
    } = *skimmed;
    Row {
        id: id.to_owned(),
        made_id: false,
        time: Some(time),
        event: Some(Event {
            id: id.to_owned(),
            time,
            key: key.to_owned(),
            event: event.to_owned(),
            category: String::new(),
            subcategory: String::new(),
            severity: String::new(),
            title: String::new(),
            message: String::new(),
            parties: BTreeMap::new(),
        }),
    }
}

fn event(row: &Object, time: DateTime<Utc>, id: String) -> Event {
    let parties = parties::parties(row);
    let key = fields::text(row, &["key", "event", "type"], KEY);
    Event {
        id,
        time,
        key: if key.is_empty() { "UNKNOWN".to_owned() } else { key },
        event: fields::text(row, &["event"], KEY),
        category: fields::text(row, &["category", "subsystem"], KEY),
        subcategory: fields::text(row, &["subcategory"], KEY),
        severity: fields::text(row, &["severity"], KEY),
        title: fields::text(row, &["title_raw", "title"], SENTENCE),
        message: message(row, &parties),
        parties,
    }
}

/// The console's own id. One that is too long or too strange to be kept as it is, is kept as its hash.
fn own_id(row: &Object) -> Option<String> {
    let raw = match fields::first(row, &["id", "_id", "unique_alertid"])? {
        Value::String(raw) if !raw.is_empty() => raw.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    if text::clean(&raw, KEY) == raw {
        return Some(raw);
    }
    Some(hash(&[raw.as_bytes()]))
}

/// An id made of what does not change about a row: its key, its time and its parameters in a fixed order.
fn content_id(row: &Object, time: Option<DateTime<Utc>>, raw: &[u8]) -> String {
    let Some(time) = time else {
        return hash(&[raw]);
    };
    let mut content = match row.get("parameters") {
        Some(Value::Object(parameters)) => parameters.clone(),
        _ => row.clone(),
    };
    // These are set on a row when somebody looks at it.
    for name in ["archived", "handled_admin_id", "handled_time", "status"] {
        content.remove(name);
    }
    let key = fields::text(row, &["key", "event", "type"], KEY);
    let moment = time.timestamp_millis().to_string();
    hash(&[
        key.as_bytes(),
        moment.as_bytes(),
        Value::Object(content).to_string().as_bytes(),
    ])
}

fn hash(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part.len().to_string().as_bytes());
        context.update(b":");
        context.update(part);
    }
    let digits =
        |byte: &u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    context.finish().as_ref().iter().flat_map(digits).collect()
}

/// The row's sentence: its template with the placeholders filled in, unless some stay open and the console
/// sent its own wording as well.
fn message(row: &Object, parties: &BTreeMap<String, Party>) -> String {
    let worded = fields::text(row, &["message", "msg"], SENTENCE);
    let Some(Value::String(template)) = row.get("message_raw") else {
        return worded;
    };
    let (filled, open) = fill(template, parties);
    if worded.is_empty() || (!open && !filled.is_empty()) {
        return text::clean(&filled, SENTENCE);
    }
    worded
}

/// `template` with each `{ROLE}` replaced by that party's name, else its id; others stay as they are. Also
/// says whether any stayed.
fn fill(template: &str, parties: &BTreeMap<String, Party>) -> (String, bool) {
    let mut filled = String::new();
    let mut open = false;
    let mut rest = template;
    // What lies this far behind the longest sentence cannot be seen in it.
    while let (Some(at), true) = (rest.find('{'), filled.len() < SENTENCE * 8) {
        let (before, placeholder) = rest.split_at(at);
        filled.push_str(before);
        let inside = placeholder.get(1..).unwrap_or_default();
        let role = inside
            .find(['{', '}'])
            .filter(|end| inside.get(*end..=*end) == Some("}"));
        let role = role.and_then(|end| inside.get(..end));
        let party = role.and_then(|role| parties.get(role));
        let word = party.and_then(|party| [&party.name, &party.id].into_iter().find(|word| !word.is_empty()));
        if let (Some(role), Some(word)) = (role, word) {
            filled.push_str(word);
            rest = inside.get(role.len() + 1..).unwrap_or_default();
        } else {
            open = open || role.is_some();
            filled.push('{');
            rest = inside;
        }
    }
    filled.push_str(rest);
    (filled, open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::NAME;

    fn read(raw: &str) -> Event {
        row(raw.as_bytes()).event.unwrap()
    }

    #[test]
    fn a_threat_row_is_read_with_its_parties() {
        let event = read(
            r#"{"category":"SECURITY","subcategory":"SECURITY_INTRUSION_PREVENTION","event":"THREAT_BLOCKED",
            "key":"THREAT_BLOCKED_V3","id":"69fb4e3255d0f00238bba8c0","timestamp":1778077234330,"severity":"LOW",
            "title_raw":"Threat Detected and Blocked","message_raw":"From {SRC_IP} to {DST_IP} by {DEVICE}, {GONE}.",
            "parameters":{"SRC_IP":{"id":"192.0.2.62","name":"192.0.2.62"},"DST_IP":{"id":"198.51.100.59"},
            "DEVICE":{"id":"02-00-00-00-00-AA","name":"gate {SRC_IP}","model":"UDM-Pro","ip":"192.0.2.1"},"WAN":"7"}}"#,
        );
        assert_eq!(event.id, "69fb4e3255d0f00238bba8c0");
        assert_eq!(event.time.timestamp_millis(), 1_778_077_234_330);
        assert_eq!(
            (event.key.as_str(), event.event.as_str()),
            ("THREAT_BLOCKED_V3", "THREAT_BLOCKED")
        );
        assert_eq!(
            event.message,
            "From 192.0.2.62 to 198.51.100.59 by gate {SRC_IP}, {GONE}."
        );
        assert_eq!(event.parties["DEVICE"].id, "02:00:00:00:00:aa");
        assert_eq!(event.parties["DEVICE"].model, "UDM-Pro");
        assert_eq!(event.parties["WAN"].name, "7");
    }

    #[test]
    fn the_consoles_own_wording_stands_where_a_placeholder_stays_open() {
        let event =
            read(r#"{"key":"A","timestamp":1778077234330,"message_raw":"{X} left","message":"Ann left"}"#);
        assert_eq!(event.message, "Ann left");
    }

    #[test]
    fn a_row_with_hardly_anything_is_still_an_event() {
        let event =
            read(r#"{"timestamp":"1778077234330","severity":null,"parameters":[],"future":{"a":[1]}}"#);
        assert_eq!((event.key.as_str(), event.id.len()), ("UNKNOWN", 64));
    }

    #[test]
    fn a_row_without_an_id_gets_the_same_one_whatever_the_order_of_its_fields() {
        let one =
            row(br#"{"key":"A","timestamp":1778077234330,"parameters":{"B":{"id":"1","name":"2"},"C":1}}"#);
        let two = row(br#"{"timestamp":1778077234330,"parameters":{"C":1,"B":{"name":"2","id":"1"}},"status":"READ","key":"A"}"#);
        let other =
            row(br#"{"key":"A","timestamp":1778077234330,"parameters":{"B":{"id":"1","name":"3"},"C":1}}"#);
        assert!(one.made_id);
        assert_eq!(one.id, two.id);
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn two_long_ids_never_become_one() {
        let long = |end: &str| {
            row(format!(r#"{{"id":"{}{end}","timestamp":1778077234330}}"#, "a".repeat(500)).as_bytes())
        };
        assert_ne!(long("1").id, long("2").id);
    }

    #[test]
    fn what_is_no_row_is_malformed_and_has_an_id() {
        for raw in [
            "7",
            "null",
            "[]",
            "{",
            r#"{"id":"x","key":"A","timestamp":12}"#,
            "\u{1}",
        ] {
            let row = row(raw.as_bytes());
            assert!(row.event.is_none() && !row.id.is_empty(), "{raw}");
        }
    }

    #[test]
    fn names_are_harmless_and_short() {
        let raw = format!(
            r#"{{"key":"A","timestamp":1778077234330,"message_raw":"{{C}} {}","parameters":{{"C":{{"name":"\u001b[31m<script>\u202e{}"}}}}}}"#,
            "{".repeat(1_000_000),
            "x".repeat(10_000_000)
        );
        let event = read(&raw);
        assert!(event.message.starts_with("[31m<script>x") && event.message.chars().count() <= SENTENCE);
        assert!(event.parties["C"].name.chars().count() <= NAME);
    }
}
