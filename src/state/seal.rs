//! The checkpoint as bytes: written readably with its checksum inside, opened with every doubt spelt out.
//!
//! Pure.

use std::io;

use ring::digest::{SHA256, digest};
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::disk::random::hex;
use crate::state::schema::{Checkpoint, SCHEMA_VERSION};

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What the bytes of a checkpoint file turned out to be.
#[derive(Clone, Debug)]
pub enum Opened {
    Valid(Box<Checkpoint>),
    /// Its `schema_version`.
    Newer(String),
    /// Why, and what could be parsed of it.
    Damaged(String, Option<Value>),
}

/// The bytes of a checkpoint, and the checkpoint with the checksum they carry.
pub fn seal(checkpoint: &Checkpoint) -> Result<(Vec<u8>, String), serde_json::Error> {
    let unsealed = Checkpoint {
        schema_version: SCHEMA_VERSION.to_owned(),
        checksum: ZEROS.to_owned(),
        ..checkpoint.clone()
    };
    let mut bytes = Vec::new();
    unsealed.serialize(&mut Serializer::with_formatter(&mut bytes, Shallow::new()))?;
    bytes.push(b'\n');
    let checksum = hex(digest(&SHA256, &bytes).as_ref());
    // The field stands near the top, before any text that comes from outside.
    if let Some(at) = find(&bytes, ZEROS.as_bytes())
        && let Some(place) = bytes.get_mut(at..at + ZEROS.len())
    {
        place.copy_from_slice(checksum.as_bytes());
    }
    Ok((bytes, checksum))
}

/// Reads a checkpoint file's bytes, trusting none of them.
pub fn open(bytes: &[u8]) -> Opened {
    if bytes.is_empty() {
        return Opened::Damaged("it is empty".to_owned(), None);
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Opened::Damaged("it holds only zero bytes".to_owned(), None);
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return Opened::Damaged(format!("it is not JSON: {error}"), None),
    };
    let Some(version) = value.get("schema_version").and_then(Value::as_str) else {
        return Opened::Damaged("it has no schema_version".to_owned(), Some(value));
    };
    let major = version
        .split_once('.')
        .map_or(version, |(major, _)| major)
        .parse::<u64>();
    match major {
        Ok(2) => {}
        Ok(3..) => return Opened::Newer(version.to_owned()),
        _ => return Opened::Damaged(format!("its schema_version is {version:?}"), Some(value)),
    }
    let told = value.get("checksum").and_then(Value::as_str).unwrap_or_default();
    if checksum_of(bytes, told).as_deref() != Some(told) {
        return Opened::Damaged("its checksum does not match its content".to_owned(), Some(value));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let checkpoint: Checkpoint = match serde_path_to_error::deserialize(&mut reader) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Opened::Damaged(format!("it has a wrong field: {error}"), Some(value)),
    };
    match checkpoint.flaw() {
        Some(flaw) => Opened::Damaged(flaw, Some(value)),
        None => Opened::Valid(Box::new(checkpoint)),
    }
}

/// Reads a checkpoint that somebody edited on purpose: everything but its checksum must hold.
pub fn open_edited(bytes: &[u8]) -> Result<(Checkpoint, Value), String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    let version = value
        .get("schema_version")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if version.split('.').next() != Some("2") {
        return Err(format!(
            "its schema_version is {version:?}, where 2.x is expected"
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let checkpoint: Checkpoint = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| format!("it has a wrong field: {error}"))?;
    match checkpoint.flaw() {
        Some(flaw) => Err(flaw),
        None => Ok((checkpoint, value)),
    }
}

/// The top-level fields in which a damaged checkpoint differs from a valid one, the checksum aside.
pub fn differing(damaged: &Value, valid: &Checkpoint) -> Vec<String> {
    let Ok(Value::Object(valid)) = serde_json::to_value(valid) else {
        return Vec::new();
    };
    let empty = serde_json::Map::new();
    let damaged = damaged.as_object().unwrap_or(&empty);
    let names = valid
        .keys()
        .chain(damaged.keys().filter(|name| !valid.contains_key(*name)));
    names
        .filter(|name| *name != "checksum" && valid.get(*name) != damaged.get(*name))
        .map(|name| crate::model::text::clean(name, crate::model::text::NAME))
        .collect()
}

/// The checksum these bytes should carry, if `told` is where it stands in them.
fn checksum_of(bytes: &[u8], told: &str) -> Option<String> {
    if told.len() != ZEROS.len() {
        return None;
    }
    let at = find(bytes, told.as_bytes())?;
    let mut zeroed = bytes.to_vec();
    zeroed
        .get_mut(at..at + ZEROS.len())?
        .copy_from_slice(ZEROS.as_bytes());
    Some(hex(digest(&SHA256, &zeroed).as_ref()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Pretty for the two outer levels; what lies deeper stays on its line.
struct Shallow {
    depth: usize,
    pretty: PrettyFormatter<'static>,
}

const PRETTY_LEVELS: usize = 2;

impl Shallow {
    fn new() -> Self {
        Self {
            depth: 0,
            pretty: PrettyFormatter::new(),
        }
    }

    fn is_pretty(&self) -> bool {
        self.depth <= PRETTY_LEVELS
    }
}

impl Formatter for Shallow {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.is_pretty() {
            self.pretty.begin_array(writer)
        } else {
            CompactFormatter.begin_array(writer)
        }
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let pretty = self.is_pretty();
        self.depth -= 1;
        if pretty {
            self.pretty.end_array(writer)
        } else {
            CompactFormatter.end_array(writer)
        }
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_pretty() {
            self.pretty.begin_array_value(writer, first)
        } else {
            CompactFormatter.begin_array_value(writer, first)
        }
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() {
            self.pretty.end_array_value(writer)
        } else {
            Ok(())
        }
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.is_pretty() {
            self.pretty.begin_object(writer)
        } else {
            CompactFormatter.begin_object(writer)
        }
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let pretty = self.is_pretty();
        self.depth -= 1;
        if pretty {
            self.pretty.end_object(writer)
        } else {
            CompactFormatter.end_object(writer)
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.is_pretty() {
            self.pretty.begin_object_key(writer, first)
        } else {
            CompactFormatter.begin_object_key(writer, first)
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() {
            self.pretty.begin_object_value(writer)
        } else {
            writer.write_all(b":")
        }
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.is_pretty() {
            self.pretty.end_object_value(writer)
        } else {
            Ok(())
        }
    }
}
