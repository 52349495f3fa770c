//! What a later 2.x may hold of kinds nobody knows here: sources and lessons of such a kind are passed over, as unknown
//! fields are. Whoever knows them reads them anew.

use serde::{Deserialize as _, Deserializer, de};
use serde_json::Value;

use crate::model::source::SourceKind;
use crate::state::schema::SourceState;

/// The sources of known kinds. One of a known kind that cannot be read is an error.
pub fn sources<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<SourceState>, D::Error> {
    let written = Vec::<Value>::deserialize(from)?;
    let of_known_kind = |source: &Value| {
        let kind = source.pointer("/id/kind");
        kind.is_none_or(|kind| !kind.is_string() || SourceKind::deserialize(kind).is_ok())
    };
    written
        .into_iter()
        .filter(of_known_kind)
        .map(|source| serde_json::from_value(source).map_err(de::Error::custom))
        .collect()
}
