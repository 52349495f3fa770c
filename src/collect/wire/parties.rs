//! Who and what took part in an event, by role. v2 rows name their roles; those of admin rows, triggers and
//! legacy rows are named here as v2 would.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::collect::wire::fields::{self, Object};
use crate::model::event::Party;
use crate::model::text::{self, KEY, NAME, SENTENCE};

/// Most parties kept of one row; the longest known row names seven.
const MOST_PARTIES: usize = 64;

/// Legacy fields that say what every row says, or repeat what [`crate::model::event::Event`] keeps elsewhere.
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

pub fn parties(row: &Object) -> BTreeMap<String, Party> {
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
    use crate::collect::wire::event;
    use crate::model::event::Event;

    fn read(raw: &str) -> Event {
        event::row(raw.as_bytes()).event.unwrap()
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
}
