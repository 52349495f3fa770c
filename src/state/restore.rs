//! `state restore`: which copy to go back to, and the checkpoint that comes of it. Writes nothing.

use crate::disk::Dir;
use crate::model::text::{SENTENCE, clean};
use crate::state::error::StateError;
use crate::state::load::{Candidate, LIMIT, candidate};
use crate::state::recover::{consequences, recovered_from, step_over};
use crate::state::schema::Checkpoint;
use crate::state::traces::{Archive, Traces, backup_generation, look};
use crate::state::{BACKUPS, BAK, CHECKPOINT};

/// A damaged file's generation may be so far ahead of all others.
const BELIEVABLE: u64 = 1_000_000;

/// What a restore comes to.
pub struct Plan {
    pub checkpoint: Checkpoint,
    /// What is told, by the command and by the next report.
    pub what: String,
}

/// The plan for a generation, or for the newest valid copy.
pub fn plan(dir: &Dir, generation: Option<u64>) -> Result<Plan, StateError> {
    let Copies { valid, refused } = copies(dir)?;
    let wanted = |copy: &&(String, Checkpoint)| generation.is_none_or(|wanted| copy.1.generation == wanted);
    // Of equal ones the first: `.bak` before the backups.
    let best = valid.iter().filter(wanted).rev();
    let Some((name, found)) = best.max_by_key(|(_, found)| found.generation) else {
        return Err(StateError::Unreadable(nothing_to_restore(
            dir, generation, &valid, &refused,
        )));
    };
    let mut what = format!("restored on request; {}", recovered_from(name, found));
    let checkpoint = over_everything(dir, found.clone())?;
    what.push_str(&consequences(&checkpoint));
    Ok(Plan { checkpoint, what })
}

/// The checkpoint with numbers above all that any file here tells of.
pub fn over_everything(dir: &Dir, checkpoint: Checkpoint) -> Result<Checkpoint, StateError> {
    let (traces, generation) = highest(dir)?;
    Ok(step_over(checkpoint, &traces, generation))
}

/// The traces, with the runs that any copy knows, and the highest generation any copy has.
pub fn highest(dir: &Dir) -> Result<(Traces, u64), StateError> {
    let mut traces = look(dir, Archive::All)?;
    let mut generation = 0;
    let live = match candidate(dir, CHECKPOINT) {
        Candidate::Valid(live) => Some(*live),
        _ => None,
    };
    let copies = copies(dir)?.valid.into_iter().map(|(_, copy)| copy);
    for known in copies.chain(live) {
        generation = generation.max(known.generation).max(known.highest_generation);
        traces.highest_run = traces.highest_run.max(known.run).max(known.highest_run);
    }
    let generation = generation.max(claimed(dir, generation));
    Ok((traces, generation))
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

struct Copies {
    /// By name.
    valid: Vec<(String, Checkpoint)>,
    refused: Vec<String>,
}

fn copies(dir: &Dir) -> Result<Copies, StateError> {
    let backups = dir.list(BACKUPS)?.into_iter().map(|entry| entry.name);
    let backups = backups.filter(|name| backup_generation(name).is_some());
    let names = std::iter::once(BAK.to_owned()).chain(backups.map(|name| format!("{BACKUPS}/{name}")));
    let mut copies = Copies {
        valid: Vec::new(),
        refused: Vec::new(),
    };
    for name in names {
        match candidate(dir, &name) {
            Candidate::Valid(found) => copies.valid.push((name, *found)),
            Candidate::Damaged(why, _) => copies.refused.push(format!("{name}: {why}")),
            Candidate::Newer(version) => copies.refused.push(format!(
                "{name}: schema {} is newer than this program",
                clean(&version, 16)
            )),
            Candidate::Closed(why) => copies.refused.push(why),
            Candidate::Absent => {}
        }
    }
    Ok(copies)
}

fn nothing_to_restore(
    dir: &Dir,
    generation: Option<u64>,
    valid: &[(String, Checkpoint)],
    refused: &[String],
) -> String {
    let mut lines = vec![match generation {
        Some(wanted) => format!("there is no valid copy of generation {wanted}; nothing was changed"),
        None => format!(
            "there is no valid copy in {}; nothing was changed",
            dir.path_of(BACKUPS).display()
        ),
    }];
    lines.extend(
        refused
            .iter()
            .map(|copy| format!("  not usable: {}", clean(copy, SENTENCE))),
    );
    if !valid.is_empty() {
        let known: Vec<String> = valid
            .iter()
            .map(|(_, copy)| copy.generation.to_string())
            .collect();
        lines.push(format!("  valid copies: generation {}", known.join(", ")));
    } else if generation.is_none() {
        lines.push("  `unifi-scan state rebuild --from-reports` makes a new one from the archive".to_owned());
    }
    lines.join("\n")
}
