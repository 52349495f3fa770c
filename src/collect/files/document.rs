//! What one saved JSON document is: a page, a list, a single record. Told apart by what its records look like.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::collect::files::listing::{Key, Told, key};
use crate::collect::wire::event::{self, Row};
use crate::collect::wire::fields::{self, Object};
use crate::collect::wire::{self, List, Sysinfo, device, json, sysinfo_of};
use crate::model::device::{Device, Health};

pub enum Record {
    /// Even one that cannot be read as an event.
    Row(Box<Row>),
    Device(Box<Device>),
    Health(Health),
    Sysinfo(Sysinfo),
    Malformed,
}

pub struct Document {
    pub records: Vec<Record>,
    /// What its own header says there is in all.
    pub told: Option<Told>,
}

/// What a document holds. `None`: nothing this version reads. An error is what the document itself complains of,
/// or of what this version does not read.
pub fn open(document: &[u8]) -> Result<Option<Document>, String> {
    let members = json::members(document).unwrap_or_default();
    let is_answer = members
        .iter()
        .any(|(name, _)| ["data", "meta", "errorCode"].contains(&name.as_str()));
    if document.starts_with(b"{") && !is_answer {
        let object = json::parse(document);
        let object = object.as_ref().and_then(Value::as_object);
        return Ok(object
            .map_or(Ok(None), |object| record(object, document))?
            .map(|record| Document {
                records: vec![record],
                told: None,
            }));
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
    wire::page::number_twins(records.iter_mut().filter_map(Record::as_row));
    let told = list.told().map(|(family, total)| Told {
        family,
        total,
        held: held(&records, &list.items),
    });
    Ok(known.then_some(Document { records, told }))
}

/// The distinct records of a page.
fn held(records: &[Record], items: &[&[u8]]) -> BTreeSet<Key> {
    let keys = records.iter().zip(items).map(|(record, raw)| match record {
        Record::Row(row) => key(row.id.as_bytes()),
        _ => key(raw),
    });
    keys.collect()
}

impl Record {
    fn as_row(&mut self) -> Option<&mut Row> {
        match self {
            Self::Row(row) => Some(row),
            _ => None,
        }
    }
}

/// What one record is; `None` if it is nothing we know.
fn record(object: &Object, raw: &[u8]) -> Result<Option<Record>, String> {
    let has = |names: &[&str]| fields::first(object, names).is_some();
    if has(&["key", "event", "message_raw", "msg"]) && has(&["time", "timestamp", "datetime"]) {
        return Ok(Some(Record::Row(Box::new(event::row(raw)))));
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
