//! What one saved JSON document is: a page, a list, a single record. Told apart by what its records look like.

use serde_json::Value;

use crate::collect::wire::event::{self, Row};
use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::{List, Sysinfo, device, json, sysinfo_of};
use crate::model::device::{Device, Health};
use crate::model::event::Event;

pub enum Record {
    Row(Box<Event>),
    Device(Box<Device>),
    Health(Health),
    Sysinfo(Sysinfo),
    Malformed,
}

/// The records of a document. `None`: nothing in it comes from a console. An error is what the document
/// itself complains of, or of what this version does not read.
pub fn records(document: &[u8]) -> Result<Option<Vec<Record>>, String> {
    let members = json::members(document).unwrap_or_default();
    let is_answer = members
        .iter()
        .any(|(name, _)| ["data", "meta", "errorCode"].contains(&name.as_str()));
    if document.starts_with(b"{") && !is_answer {
        let object = json::parse(document);
        let object = object.as_ref().and_then(Value::as_object);
        return Ok(object
            .map_or(Ok(None), |object| record(object, document))?
            .map(|record| vec![record]));
    }
    let list = match List::open(document) {
        Ok(list) => list,
        Err(why) if is_answer => return Err(format!("it is a saved answer without data: {why}")),
        Err(_) => return Ok(None),
    };
    let mut records = Vec::new();
    let mut known = list.items.is_empty();
    for raw in &list.items {
        let record = match json::parse(raw) {
            Some(Value::Object(object)) => record(&object, raw)?,
            _ => None,
        };
        known |= record.is_some();
        records.push(record.unwrap_or(Record::Malformed));
    }
    Ok(known.then_some(records))
}

/// What one record is; `None` if it is nothing we know.
fn record(object: &Object, raw: &[u8]) -> Result<Option<Record>, String> {
    let has = |names: &[&str]| fields::first(object, names).is_some();
    if has(&["key", "event", "message_raw", "msg"]) && has(&["time", "timestamp", "datetime"]) {
        let Row { event, .. } = event::row(raw);
        return Ok(Some(
            event.map_or(Record::Malformed, |event| Record::Row(Box::new(event))),
        ));
    }
    if has(&["subsystem"]) {
        return Ok(device::subsystem(object).map(Record::Health));
    }
    if has(&["mac"]) && has(&["type"]) && has(&["state", "adopted", "model"]) {
        return Ok(device::device(object).map(|device| Record::Device(Box::new(device))));
    }
    if has(&["version"]) && has(&["timezone", "build", "data_retention_days"]) {
        return Ok(Some(Record::Sysinfo(sysinfo_of(object))));
    }
    if has(&["time"]) && has(&["action"]) && has(&["source"]) && has(&["destination"]) {
        return Err("it holds traffic flows, which this version does not read".to_owned());
    }
    Ok(None)
}
