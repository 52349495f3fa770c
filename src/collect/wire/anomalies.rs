//! Answers of `stat/anomalies`: who had a bad connection, and in which hours. A record names many hours and none of
//! them has an id, so each hour becomes a row with an id made of all that makes it one.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::collect::wire::event::Row;
use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::page::Page;
use crate::collect::wire::{List, json};
use crate::model::event::{Event, Party};
use crate::model::text::{self, KEY};

/// More hours than any record holds.
const MOST_HOURS: usize = 100_000;

/// A row for each hour of each record. A record that cannot be read is a malformed row.
pub fn page(body: &[u8]) -> Result<Page, String> {
    let list = List::open(body)?;
    let rows: Vec<Row> = list.items.iter().flat_map(|raw| rows(raw)).collect();
    Ok(Page {
        malformed: rows.iter().map(|row| u64::from(row.event.is_none())).sum(),
        rows,
        ..Page::default()
    })
}

fn rows(raw: &[u8]) -> Vec<Row> {
    let record = match json::parse(raw) {
        Some(Value::Object(record)) => record,
        _ => Object::new(),
    };
    let key = fields::text(&record, &["anomaly"], KEY);
    let mac = fields::text(&record, &["mac"], KEY);
    let hours = match record.get("timestamps") {
        Some(Value::Array(hours)) if !key.is_empty() && !mac.is_empty() => hours.as_slice(),
        _ => return vec![malformed(&String::from_utf8_lossy(raw))],
    };
    let mac = fields::mac(&mac).unwrap_or(mac);
    hours
        .iter()
        .take(MOST_HOURS)
        .map(|hour| row(&key, &mac, hour))
        .collect()
}

/// An hour is told by its first moment, and known when it is over: that is when its row happened.
fn row(key: &str, mac: &str, hour: &Value) -> Row {
    let last = TimeDelta::hours(1) - TimeDelta::milliseconds(1);
    let Some((first, time)) =
        fields::moment(hour).and_then(|first| Some((first, first.checked_add_signed(last)?)))
    else {
        return malformed(&format!("{key} {mac} {hour}"));
    };
    let id = format!("{key}/{mac}/{}", first.timestamp_millis());
    let role = if key.starts_with("AP_") {
        "DEVICE"
    } else {
        "CLIENT"
    };
    let party = Party {
        id: mac.to_owned(),
        ..Party::default()
    };
    let event = Event {
        id: id.clone(),
        time,
        key: key.to_owned(),
        event: String::new(),
        category: String::new(),
        subcategory: String::new(),
        severity: String::new(),
        title: String::new(),
        message: String::new(),
        parties: BTreeMap::from([(role.to_owned(), party)]),
    };
    Row {
        id,
        made_id: true,
        time: Some(time),
        event: Some(event),
    }
}

fn malformed(id: &str) -> Row {
    Row {
        id: text::clean(id, KEY),
        made_id: true,
        time: None,
        event: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_hour_of_a_record_is_a_row_with_an_id_of_its_own() {
        let body = br#"{"meta":{"rc":"ok"},"data":[
            {"anomaly":"USER_HIGH_TCP_LATENCY","mac":"02-00-5E-00-53-07","timestamps":[1778077200000,1778080800000]},
            {"anomaly":"AP_HIGH_UTILISATION","mac":"02:00:5e:00:53:01","timestamps":[1778077200]},
            {"anomaly":"USER_DNS_TIMEOUT","timestamps":[1778077200000]}, 7]}"#;
        let page = page(body).unwrap();
        assert_eq!((page.rows.len(), page.malformed), (5, 2));
        let [first, second, ap, ..] = page.rows.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(first.id, "USER_HIGH_TCP_LATENCY/02:00:5e:00:53:07/1778077200000");
        assert_ne!(first.id, second.id);
        assert_eq!(
            first.event.as_ref().unwrap().parties["CLIENT"].id,
            "02:00:5e:00:53:07"
        );
        let ap = ap.event.as_ref().unwrap();
        assert_eq!(ap.time.timestamp_millis(), 1_778_080_799_999);
        assert!(ap.parties.contains_key("DEVICE"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(page(&bytes));
        }
    }
}
