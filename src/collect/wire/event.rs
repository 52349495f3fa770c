//! One row of a log as the console wrote it, made an [`Event`]: v2 `system-log` rows, its admin rows, and the
//! legacy `EVT_*` rows of exports. Only its time is indispensable.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use serde_json::Value;

use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::json;
use crate::model::event::{Event, Party};
use crate::model::text::{self, KEY, NAME, SENTENCE};

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

/// Most parties kept of one row; the longest known row names seven.
const MOST_PARTIES: usize = 64;

/// Legacy fields that say what every row says, or repeat what [`Event`] keeps elsewhere.
const PLAIN: [&str; 17] = [
    "_id",
    "key",
    "msg",
    "time",
    "timestamp",
    "datetime",
    "site_id",
    "subsystem",
    "archived",
    "is_admin",
    "handled_admin_id",
    "handled_time",
    "unique_alertid",
    "event_type",
    "id",
    "admin",
    "hostname",
];

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

fn event(row: &Object, time: DateTime<Utc>, id: String) -> Event {
    let parties = parties(row);
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
    context
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
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
        match (role, word) {
            (Some(role), Some(word)) => {
                filled.push_str(word);
                rest = inside.get(role.len() + 1..).unwrap_or_default();
            }
            _ => {
                open = open || role.is_some();
                filled.push('{');
                rest = inside;
            }
        }
    }
    filled.push_str(rest);
    (filled, open)
}

fn parties(row: &Object) -> BTreeMap<String, Party> {
    let mut parties = BTreeMap::new();
    if let Some(parameters) = fields::object(row, "parameters") {
        for (role, said) in parameters.iter().take(MOST_PARTIES) {
            parties.insert(text::clean(role, KEY), party(said));
        }
    }
    for (side, host, address) in [
        ("source", "SRC_CLIENT", "SRC_IP"),
        ("destination", "DST_CLIENT", "DST_IP"),
    ] {
        if let Some(end) = fields::object(row, side) {
            parties
                .entry(host.to_owned())
                .or_insert_with(|| of_object(end, &["mac", "id"]));
            parties
                .entry(address.to_owned())
                .or_insert_with(|| of_object(end, &["ip"]));
        }
    }
    if let Some(trigger) = fields::object(row, "trigger") {
        let trigger = Party {
            id: fields::text(trigger, &["trigger_id", "id"], KEY),
            name: fields::text(trigger, &["name", "type"], NAME),
            ..Party::default()
        };
        parties.entry("TRIGGER".to_owned()).or_insert(trigger);
    }
    admin(row, &mut parties);
    if row.contains_key("_id") || row.contains_key("msg") {
        legacy(row, &mut parties);
    }
    parties.retain(|role, party| !role.is_empty() && *party != Party::default());
    parties
}

fn party(said: &Value) -> Party {
    match said {
        Value::Object(object) => of_object(object, &["id", "mac"]),
        other => Party {
            name: fields::as_text(other, NAME),
            ..Party::default()
        },
    }
}

fn of_object(object: &Object, id: &[&str]) -> Party {
    let named = |names: &[&str]| fields::text(object, names, NAME);
    Party {
        id: identity(&fields::text(object, id, KEY)),
        name: named(&["name", "display_name"]),
        ip: named(&["ip"]),
        hostname: named(&["hostname", "host_name"]),
        model: named(&["model", "model_name"]),
    }
}

/// Admin rows say who it was in a field of its own: an object in v2, a name in legacy rows.
fn admin(row: &Object, parties: &mut BTreeMap<String, Party>) {
    let mut admin = match row.get("admin") {
        Some(Value::Object(object)) => of_object(object, &["id"]),
        Some(Value::String(name)) => Party {
            name: text::clean(name, NAME),
            ..Party::default()
        },
        _ => return,
    };
    if admin.ip.is_empty() {
        admin.ip = fields::text(row, &["ip"], NAME);
    }
    parties.entry("ADMIN".to_owned()).or_insert(admin);
}

/// A legacy row names its parties in flat fields: they become the roles v2 rows use where there is one, and
/// every other field a role of its own, in capitals.
fn legacy(row: &Object, parties: &mut BTreeMap<String, Party>) {
    let one = |name: &str| fields::text(row, &[name], NAME);
    let client = identity(&fields::text(row, &["user", "guest", "client"], KEY));
    if !client.is_empty() {
        let client = Party {
            id: client,
            hostname: one("hostname"),
            ip: one("ip"),
            ..Party::default()
        };
        parties.insert("CLIENT".to_owned(), client);
    }
    for prefix in ["ap", "sw", "gw", "xg", "dm", "bb", "lte", "usp"] {
        let id = identity(&fields::text(row, &[prefix], KEY));
        let device = Party {
            id,
            name: one(&format!("{prefix}_name")),
            model: one(&format!("{prefix}_model")),
            ..Party::default()
        };
        if !device.id.is_empty() || !device.name.is_empty() {
            parties.entry("DEVICE".to_owned()).or_insert(device);
        }
    }
    for (field, role) in [
        ("src_ip", "SRC_IP"),
        ("dest_ip", "DST_IP"),
        ("ssid", "WLAN"),
        ("network", "NETWORK"),
    ] {
        let id = one(field);
        if !id.is_empty() {
            parties.insert(
                role.to_owned(),
                Party {
                    name: id.clone(),
                    id,
                    ..Party::default()
                },
            );
        }
    }
    for (field, said) in row {
        let said = fields::as_text(said, SENTENCE);
        let role = text::clean(&field.to_ascii_uppercase(), KEY);
        if said.is_empty() || PLAIN.contains(&field.as_str()) || parties.len() >= MOST_PARTIES {
            continue;
        }
        parties.entry(role).or_insert_with(|| Party {
            name: identity(&said),
            ..Party::default()
        });
    }
}

/// A MAC as we write it, or the text as it is.
fn identity(text: &str) -> String {
    fields::mac(text).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_admin_row_names_its_admin() {
        let event = read(
            r#"{"id":"6a77","timestamp":1786225091952,"admin":{"id":"5f","name":"ann"},"ip":"192.0.2.10",
            "platform":"WEB","key":"ADMIN_CONFIG_CHANGE","message":"ann made 1 change."}"#,
        );
        assert_eq!(event.message, "ann made 1 change.");
        assert_eq!(
            (
                event.parties["ADMIN"].name.as_str(),
                event.parties["ADMIN"].ip.as_str()
            ),
            ("ann", "192.0.2.10")
        );
    }

    #[test]
    fn a_legacy_row_becomes_the_same_kind_of_event() {
        let event = read(
            r#"{"_id":"5ee9","key":"EVT_WU_Connected","subsystem":"wlan","time":1592386923851,"datetime":"2020-06-17T09:42:03Z",
            "msg":"User joined","user":"02:00:00:00:00:66","hostname":"phone","ap":"02:00:00:00:00:AA","ap_name":"ap3","ssid":"Lab","channel":36}"#,
        );
        assert_eq!(
            (event.category.as_str(), event.message.as_str()),
            ("wlan", "User joined")
        );
        assert_eq!(event.parties["CLIENT"].hostname, "phone");
        assert_eq!(event.parties["DEVICE"].name, "ap3");
        assert_eq!(event.parties["DEVICE"].id, "02:00:00:00:00:aa");
        assert_eq!(
            (
                event.parties["WLAN"].name.as_str(),
                event.parties["CHANNEL"].name.as_str()
            ),
            ("Lab", "36")
        );
    }

    #[test]
    fn a_legacy_threat_counts_in_seconds_and_milliseconds() {
        let event = read(
            r#"{"_id":"5ee9","key":"EVT_IPS_IpsAlert","timestamp":1592391625,"time":1592391625123,"src_ip":"192.0.2.9","dest_ip":"198.51.100.1",
            "srcipGeo":[],"dstipGeo":false,"catname":["emerging-malware"],"inner_alert_signature":"ET MALWARE x","inner_alert_signature_id":2003337}"#,
        );
        assert_eq!(event.time.timestamp_millis(), 1_592_391_625_123);
        assert_eq!(event.parties["SRC_IP"].id, "192.0.2.9");
        assert_eq!(event.parties["CATNAME"].name, "emerging-malware");
        assert_eq!(event.parties["INNER_ALERT_SIGNATURE_ID"].name, "2003337");
        assert!(!event.parties.contains_key("SRCIPGEO"));
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
