//! The report as JSON, the form all others are made from, sealed by the hash of its own bytes.
//!
//! `report_id` is the SHA-256 of the file with the id's 64 digits as zeros, so that a file proves itself.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde::Deserialize;

use crate::model::report::{ID_PLACEHOLDER, Report, SCHEMA_VERSION};

/// What stands before the id in every file this program writes.
const ID_FIELD: &str = "\"report_id\": \"";

/// The report with its id, and its bytes.
pub fn seal(mut report: Report) -> (Report, Vec<u8>) {
    ID_PLACEHOLDER.clone_into(&mut report.report_id);
    report.report_id = hex(digest(&SHA256, &pretty(&report)).as_ref());
    let bytes = pretty(&report);
    (report, bytes)
}

/// The report in these bytes, if they are whole and unchanged.
pub fn open(bytes: &[u8]) -> Result<Report, String> {
    let label: Label = serde_json::from_slice(bytes).map_err(|error| format!("not a report: {error}"))?;
    if label.schema_version != SCHEMA_VERSION {
        return Err(format!(
            "a report of schema {:?}, while this program reads {SCHEMA_VERSION:?}: use the program that wrote it",
            label.schema_version,
        ));
    }
    let proved = without_id(bytes, &label.report_id).map(|blank| hex(digest(&SHA256, &blank).as_ref()));
    if proved.as_deref() != Some(label.report_id.as_str()) {
        return Err("its bytes do not match its report_id: the file was changed or damaged".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| format!("not a report: {error}"))
}

/// What is read before the rest is believed.
#[derive(Deserialize)]
struct Label {
    schema_version: String,
    report_id: String,
}

fn pretty(report: &Report) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(report).expect("a report is strings, numbers and maps keyed by strings");
    bytes.push(b'\n');
    bytes
}

/// The bytes with the id's digits as zeros. The first place where the field stands is the report's own:
/// a quote inside a JSON string is always escaped, and nothing before it is named like it.
fn without_id(bytes: &[u8], id: &str) -> Option<Vec<u8>> {
    let field = [ID_FIELD.as_bytes(), id.as_bytes()].concat();
    let place = bytes.windows(field.len()).position(|seen| seen == field)? + ID_FIELD.len();
    let mut blank = bytes.to_vec();
    let digits = blank.get_mut(place..place + ID_PLACEHOLDER.len())?;
    (id.len() == digits.len()).then(|| digits.fill(b'0'))?;
    Some(blank)
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_sealed_report_opens_as_it_was() {
        let (sealed, bytes) = seal(sample::busy());
        assert_ne!(sealed.report_id, ID_PLACEHOLDER);
        assert_eq!(open(&bytes).unwrap(), sealed);
        assert_eq!(seal(sealed.clone()).1, bytes, "sealing twice changes nothing");
    }

    #[test]
    fn the_id_is_the_hash_of_the_bytes_with_its_digits_as_zeros() {
        let (sealed, bytes) = seal(sample::busy());
        let blank = String::from_utf8(bytes)
            .unwrap()
            .replace(&sealed.report_id, ID_PLACEHOLDER);
        assert_eq!(hex(digest(&SHA256, blank.as_bytes()).as_ref()), sealed.report_id);
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let (_, bytes) = seal(sample::quiet());
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(open(&changed).is_err(), "byte {place}");
            assert!(open(&bytes[..place]).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn a_name_that_imitates_the_field_does_not_fool_it() {
        let mut report = sample::quiet();
        report.generator = format!("\"report_id\": \"{ID_PLACEHOLDER}");
        let (sealed, bytes) = seal(report);
        assert_eq!(open(&bytes), Ok(sealed));
    }

    #[test]
    fn a_newer_schema_is_refused_by_name() {
        let mut report = sample::quiet();
        "2".clone_into(&mut report.schema_version);
        let refusal = open(&seal(report).1).unwrap_err();
        assert!(refusal.contains("schema \"2\""), "{refusal}");
    }
}
