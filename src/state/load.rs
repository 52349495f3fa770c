//! Reads the checkpoint, or the newest valid copy of it. Writes nothing: what it found is made durable by
//! [`crate::state::store::Store::secure`].
//!
//! A missing file is a first run only where no earlier run left a trace; everything else that is not a valid
//! checkpoint is damage, and never an excuse to start over.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::disk::random::random_hex;
use crate::state::copies::{BELIEVABLE, Copies, copies, highest};
use crate::state::error::StateError;
use crate::state::recover::{consequences, recovered_from, resume, step_over};
use crate::state::schema::Checkpoint;
use crate::state::seal::{Opened, differing, open};
use crate::state::traces::{Archive, Traces, look};
use crate::state::{BAK, CHECKPOINT, migrate};

/// More bytes than any checkpoint has.
pub const LIMIT: u64 = 16 * 1024 * 1024;

#[derive(Clone, Debug)]
pub struct Loaded {
    pub checkpoint: Checkpoint,
    pub arrival: Arrival,
    /// What lies at `.last_run.json` now.
    pub live: Live,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    FirstRun,
    Known,
    Recovered {
        from_generation: u64,
        what: String,
    },
    /// The Python scanner's file lies there, and nothing of ours.
    Migrated {
        what: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    Absent,
    /// Its checksum.
    Sound(String),
    /// To be moved aside.
    Damaged,
    /// The Python scanner's: to be copied among the backups.
    Old,
}

/// The state to work from. `now` becomes the `start` of a first run.
pub fn load(dir: &Dir, now: DateTime<Utc>) -> Result<Loaded, StateError> {
    let path = dir.path_of(CHECKPOINT);
    let path = path.display();
    let (why, value, live) = match candidate(dir, CHECKPOINT) {
        Candidate::Valid(checkpoint) => return known(dir, *checkpoint),
        Candidate::Newer(version) => return Err(newer(&path.to_string(), &version)),
        Candidate::Closed(why) => return Err(closed(dir, &why)),
        Candidate::Absent => ("it is gone".to_owned(), None, Live::Absent),
        Candidate::Damaged(why, value) => (why, value, Live::Damaged),
    };
    let traces = look(dir, Archive::All).map_err(|error| unreadable(&error))?;
    if live == Live::Absent && traces.examples.is_empty() {
        let instance = random_hex(16)?;
        return Ok(Loaded {
            checkpoint: Checkpoint::empty(instance, now),
            arrival: Arrival::FirstRun,
            live,
        });
    }
    if let Some(old) = value.as_ref().and_then(migrate::read)
        && !traces.is_ours()
    {
        let (checkpoint, what) = migrate::taken_over(&old, random_hex(16)?, now);
        return Ok(Loaded {
            checkpoint,
            arrival: Arrival::Migrated { what },
            live: Live::Old,
        });
    }
    let what_happened = match live {
        Live::Absent => format!("the checkpoint {path} is lost"),
        _ => format!("the checkpoint {path} is damaged: {why}"),
    };
    let mut traces = traces;
    let Copies {
        valid,
        refused,
        newer: unknown,
    } = copies(dir).map_err(|error| unreadable(&error))?;
    // A copy by a newer program forbids going back behind it.
    if let Some((name, version)) = unknown.first() {
        return Err(newer(&dir.path_of(name).display().to_string(), version));
    }
    for (_, copy) in &valid {
        traces.add(copy);
    }
    let Some((name, found)) = valid.into_iter().max_by_key(|(_, found)| found.generation) else {
        return Err(StateError::Unreadable(no_way_back(
            &what_happened,
            &traces,
            &refused,
            value.as_ref(),
        )));
    };
    let mut what = what_happened;
    if let Some(value) = &value {
        what.push_str(&edited(value, &found));
    }
    what.push_str("; ");
    what.push_str(&recovered_from(&name, &found));
    if let Some(value) = &value {
        traces.highest_known = traces.highest_known.max(generation_in(value, &found));
    }
    let checkpoint = step_over(found, &traces);
    what.push_str(&consequences(&checkpoint));
    Ok(Loaded {
        arrival: Arrival::Recovered {
            from_generation: checkpoint.generation,
            what,
        },
        checkpoint,
        live,
    })
}

/// A valid checkpoint. An older one copied into the place by hand is found out by what is newer than it.
fn known(dir: &Dir, mut checkpoint: Checkpoint) -> Result<Loaded, StateError> {
    let live = Live::Sound(checkpoint.checksum.clone());
    let traces = look(dir, Archive::Newest).map_err(|error| unreadable(&error))?;
    let (bak, is_copy_of_bak) = match candidate(dir, BAK) {
        Candidate::Valid(bak) => (bak.generation, is_copy(dir, &checkpoint, &bak)?),
        _ => (0, false),
    };
    let generation = checkpoint.generation.max(checkpoint.highest_generation);
    let run = checkpoint.run.max(checkpoint.highest_run);
    // A sidecar one ahead, and an outbox entry above, are what an attempt leaves that died before its commit.
    let is_behind = bak > generation
        || is_copy_of_bak
        || traces.highest_backup > generation
        || traces.highest_told > generation
        || traces.highest_sidecar > generation.saturating_add(1)
        || traces.highest_run > run;
    if !is_behind {
        resume(&mut checkpoint);
        return Ok(Loaded {
            checkpoint,
            arrival: Arrival::Known,
            live,
        });
    }
    let mut traces = highest(dir).map_err(|error| unreadable(&error))?;
    // The one that was copied over was at least one commit further.
    traces.highest_known = traces.highest_known.max(bak.saturating_add(1));
    let older = if is_copy_of_bak {
        "is a copy of the one before"
    } else {
        "is older than what lies beside it"
    };
    let mut what = format!(
        "the checkpoint {} {older}; taken as restored by hand: {}",
        dir.path_of(CHECKPOINT).display(),
        recovered_from("itself", &checkpoint)
    );
    let checkpoint = step_over(checkpoint, &traces);
    what.push_str(&consequences(&checkpoint));
    Ok(Loaded {
        arrival: Arrival::Recovered {
            from_generation: checkpoint.generation,
            what,
        },
        checkpoint,
        live,
    })
}

/// Whether `.bak` was copied over the checkpoint. A commit that dies between its two renames leaves both names on
/// one file; two files with the same bytes come from a hand. Where the file system knows no links that death leaves
/// two files as well and is taken for a copy: a number is left out then, and nothing is lost.
fn is_copy(dir: &Dir, live: &Checkpoint, bak: &Checkpoint) -> Result<bool, StateError> {
    let identity = |name| dir.identity(name).map_err(|error| unreadable(&error));
    Ok(live.checksum == bak.checksum && identity(CHECKPOINT)? != identity(BAK)?)
}

/// What a file that may be a checkpoint turned out to be.
pub enum Candidate {
    Absent,
    Valid(Box<Checkpoint>),
    Newer(String),
    Damaged(String, Option<Value>),
    /// It may be fine, but we may not look.
    Closed(String),
}

pub fn candidate(dir: &Dir, rel: &str) -> Candidate {
    match dir.read(rel, LIMIT) {
        Ok(None) => Candidate::Absent,
        Ok(Some(bytes)) => match open(&bytes) {
            Opened::Valid(checkpoint) => Candidate::Valid(checkpoint),
            Opened::Newer(version) => Candidate::Newer(version),
            Opened::Damaged(why, value) => Candidate::Damaged(why, value),
        },
        Err(error) if error.is_unfit() => Candidate::Damaged(format!("it {}", error.cause), None),
        Err(error) => Candidate::Closed(error.to_string()),
    }
}

/// The generation a damaged file claims, where that is believable.
fn generation_in(value: &Value, found: &Checkpoint) -> u64 {
    let claimed = value.get("generation").and_then(Value::as_u64).unwrap_or(0);
    if claimed <= found.generation.saturating_add(BELIEVABLE) {
        claimed
    } else {
        0
    }
}

/// Which fields somebody changed, if the file is readable all the same.
fn edited(value: &Value, valid: &Checkpoint) -> String {
    let fields = differing(value, valid);
    if fields.is_empty() {
        return String::new();
    }
    format!(
        " (fields that differ from the copy: {}; a deliberate edit is taken over by `unifi-scan state accept FILE`)",
        fields.join(", ")
    )
}

fn no_way_back(what: &str, traces: &Traces, refused: &[String], value: Option<&Value>) -> String {
    let mut lines = vec![format!(
        "{what}; no valid copy was found, and nothing was changed"
    )];
    lines.extend(refused.iter().map(|copy| format!("  not usable: {copy}")));
    if !traces.examples.is_empty() {
        lines.push(format!("  earlier runs left: {}", traces.examples.join(", ")));
    }
    lines.push(
        "  ways out: `unifi-scan state restore` from a backup you have; `unifi-scan state rebuild --from-reports`; \
         `unifi-scan state reset --yes` to start over"
            .to_owned(),
    );
    if value.is_some() {
        lines.push("  if the file was edited on purpose: `unifi-scan state accept FILE`".to_owned());
    }
    lines.join("\n")
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A checkpoint that may be fine, but not for us to look at.
fn closed(dir: &Dir, why: &str) -> StateError {
    let (owner, advice) = match dir.owner(CHECKPOINT) {
        Some((uid, _)) if uid == me() => {
            let path = dir.path_of(CHECKPOINT);
            (String::new(), format!("`chmod 0640 {}`", path.display()))
        }
        owner => (
            owner.map_or_else(String::new, |(uid, gid)| {
                format!(" (it belongs to {uid}:{gid}; this runs as {})", me())
            }),
            "run as its owner, or give it to the user this runs as".to_owned(),
        ),
    };
    StateError::Unreadable(format!(
        "{why}{owner}; the state cannot be read, so nothing was done: {advice}"
    ))
}

fn newer(path: &str, version: &str) -> StateError {
    let version = crate::model::text::clean(version, 16);
    StateError::Newer(format!(
        "{path} has schema_version {version:?}, which this version of unifi-scan does not know; nothing was \
         changed: use the newer program, or `unifi-scan state restore` a backup of before the upgrade"
    ))
}

fn unreadable(error: &DiskError) -> StateError {
    StateError::Unreadable(format!(
        "{error}; what earlier runs left cannot be looked at, so nothing was done"
    ))
}

/// The checkpoint for commands that only look; `None` before the first run. Takes no lock and writes nothing.
pub fn peek(dir: &Dir) -> Result<Option<Checkpoint>, StateError> {
    let path = dir.path_of(CHECKPOINT);
    let path = path.display();
    match candidate(dir, CHECKPOINT) {
        Candidate::Valid(checkpoint) => Ok(Some(*checkpoint)),
        Candidate::Newer(version) => Err(newer(&path.to_string(), &version)),
        Candidate::Closed(why) => Err(StateError::Unreadable(why)),
        Candidate::Damaged(_, Some(value)) if migrate::read(&value).is_some() => Ok(None),
        Candidate::Damaged(why, _) => Err(StateError::Unreadable(format!(
            "the checkpoint {path} is damaged: {why}"
        ))),
        Candidate::Absent => {
            let traces = look(dir, Archive::Newest).map_err(|error| unreadable(&error))?;
            if traces.examples.is_empty() {
                return Ok(None);
            }
            let left = traces.examples.join(", ");
            Err(StateError::Unreadable(format!(
                "the checkpoint {path} is lost; earlier runs left: {left}"
            )))
        }
    }
}
