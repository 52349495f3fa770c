//! The copies of the checkpoint: `.bak` and the backups, and the highest numbers that anything here tells of.

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::state::load::{Candidate, LIMIT, candidate};
use crate::state::schema::Checkpoint;
use crate::state::traces::{Archive, Traces, backup_generation, look};
use crate::state::{BACKUPS, BAK, CHECKPOINT};

/// A damaged file's generation may be so far ahead of all others.
pub const BELIEVABLE: u64 = 1_000_000;

/// By name, `.bak` first.
#[derive(Debug, Default)]
pub struct Copies {
    pub valid: Vec<(String, Checkpoint)>,
    /// Why others are none.
    pub refused: Vec<String>,
    /// Those of a schema that this program does not know, with its version.
    pub newer: Vec<(String, String)>,
}

pub fn copies(dir: &Dir) -> Result<Copies, DiskError> {
    let backups = dir.list(BACKUPS)?.into_iter().map(|entry| entry.name);
    let backups = backups.filter(|name| backup_generation(name).is_some());
    let names = std::iter::once(BAK.to_owned()).chain(backups.map(|name| format!("{BACKUPS}/{name}")));
    let mut copies = Copies::default();
    for name in names {
        match candidate(dir, &name) {
            Candidate::Valid(found) => copies.valid.push((name, *found)),
            Candidate::Damaged(why, _) => copies.refused.push(format!("{name}: {why}")),
            Candidate::Newer(version) => copies.newer.push((name, version)),
            Candidate::Closed(why) => copies.refused.push(why),
            Candidate::Absent => {}
        }
    }
    Ok(copies)
}

/// The traces of all runs, with what the checkpoint and its copies know.
pub fn highest(dir: &Dir) -> Result<Traces, DiskError> {
    let mut traces = look(dir, Archive::All)?;
    if let Candidate::Valid(live) = candidate(dir, CHECKPOINT) {
        traces.add(&live);
    }
    for (_, copy) in copies(dir)?.valid {
        traces.add(&copy);
    }
    let claimed = claimed(dir, traces.highest_known);
    traces.highest_known = traces.highest_known.max(claimed);
    Ok(traces)
}

/// The generation that a checkpoint claims which we cannot read otherwise; 0 if it is beyond belief.
fn claimed(dir: &Dir, known: u64) -> u64 {
    let bytes = dir.read(CHECKPOINT, LIMIT).ok().flatten().unwrap_or_default();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let claimed = value.get("generation").and_then(serde_json::Value::as_u64);
    claimed
        .filter(|claimed| *claimed <= known.saturating_add(BELIEVABLE))
        .unwrap_or(0)
}
