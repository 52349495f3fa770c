//! A state on its way to another machine: one file of JSON lines that holds the checkpoint, its seen ids and
//! the outbox entries it owes.
//!
//! The last line carries the SHA-256 of all before it, so that a file that was cut short is no export.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::disk::random::hex;
use crate::state::schema::Checkpoint;

/// The only form there is so far.
const FORM: &str = "1";

/// A report's file in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedFile {
    pub instance: String,
    pub run: u64,
    pub name: String,
    pub text: String,
}

/// All of a state that another machine needs to go on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    pub checkpoint: Checkpoint,
    /// The sidecar's content; `None` where there is none.
    pub seen: Option<String>,
    pub files: Vec<OwedFile>,
    /// Runs that are owed and whose reports are gone where this was made: instance and number.
    pub lost: Vec<(String, u64)>,
    /// The report of each run as the history tells it: two copies of one lineage that went on by themselves are found
    /// out by it.
    pub told: BTreeMap<u64, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    UnifiScanExport(String),
    Checkpoint(Box<Checkpoint>),
    Seen(String),
    Owed(OwedFile),
    Lost(Vec<(String, u64)>),
    Told(BTreeMap<u64, String>),
    Sha256(String),
}

impl Export {
    pub fn write(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut put = |line: &Line| {
            serde_json::to_writer(&mut bytes, line)?;
            bytes.push(b'\n');
            Ok::<(), serde_json::Error>(())
        };
        put(&Line::UnifiScanExport(FORM.to_owned()))?;
        put(&Line::Checkpoint(Box::new(self.checkpoint.clone())))?;
        for seen in self.seen.iter().cloned() {
            put(&Line::Seen(seen))?;
        }
        for file in self.files.iter().cloned() {
            put(&Line::Owed(file))?;
        }
        if !self.lost.is_empty() {
            put(&Line::Lost(self.lost.clone()))?;
        }
        put(&Line::Told(self.told.clone()))?;
        let sum = hex(digest(&SHA256, &bytes).as_ref());
        serde_json::to_writer(&mut bytes, &Line::Sha256(sum))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads an export, trusting none of its bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(b"{\"unifi-scan-export\":") {
            return Err("it is no export: `unifi-scan state export` makes one".to_owned());
        }
        let body = bytes.strip_suffix(b"\n").unwrap_or_default();
        let end = body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let (content, last) = body.split_at_checked(end).unwrap_or_default();
        match serde_json::from_slice(last) {
            Ok(Line::Sha256(sum)) if sum == hex(digest(&SHA256, content).as_ref()) => {}
            _ => return Err("it was cut short or damaged on its way: export again".to_owned()),
        }
        let mut checkpoint = None;
        let mut export = (None, Vec::new(), BTreeMap::new());
        let mut lost_runs = Vec::new();
        for line in content
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            match serde_json::from_slice(line)
                .map_err(|error| format!("a line in it is not known: {error}"))?
            {
                Line::UnifiScanExport(form) if form == FORM => {}
                Line::UnifiScanExport(form) => {
                    let form = crate::model::text::clean(&form, 16);
                    return Err(format!("its form {form:?} is newer than this program"));
                }
                Line::Checkpoint(found) => checkpoint = Some(*found),
                Line::Seen(seen) => export.0 = Some(seen),
                Line::Owed(file) => export.1.push(file),
                Line::Lost(runs) => lost_runs = runs,
                Line::Told(told) => export.2 = told,
                Line::Sha256(_) => return Err("it ends twice".to_owned()),
            }
        }
        let checkpoint = checkpoint.ok_or("there is no checkpoint in it")?;
        if !checkpoint.schema_version.starts_with("2.") {
            return Err("its checkpoint is of another schema than this program's".to_owned());
        }
        if let Some(flaw) = checkpoint.flaw() {
            return Err(format!("its checkpoint is not sound: {flaw}"));
        }
        let (seen, files, told) = export;
        Ok(Self {
            checkpoint,
            seen,
            files,
            lost: lost_runs,
            told,
        })
    }

    /// The files of one run's entry.
    pub fn files_of(&self, instance: &str, run: u64) -> impl Iterator<Item = &OwedFile> {
        let of = move |file: &&OwedFile| file.instance == instance && file.run == run;
        self.files.iter().filter(of)
    }
}
