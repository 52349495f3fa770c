//! `state restore`: which copy to go back to, and the checkpoint that comes of it. Writes nothing.

use crate::disk::Dir;
use crate::model::text::{SENTENCE, clean};
use crate::state::BACKUPS;
use crate::state::copies::{Copies, copies, highest};
use crate::state::error::StateError;
use crate::state::recover::{consequences, recovered_from, step_over};
use crate::state::schema::Checkpoint;

/// What a restore comes to.
pub struct Plan {
    pub checkpoint: Checkpoint,
    /// What is told, by the command and by the next report.
    pub what: String,
}

/// The plan for a generation, or for the newest valid copy.
pub fn plan(dir: &Dir, generation: Option<u64>) -> Result<Plan, StateError> {
    let Copies {
        valid,
        mut refused,
        newer,
    } = copies(dir)?;
    refused.extend(newer.iter().map(|(name, version)| {
        let version = clean(version, 16);
        format!("{name}: schema {version} is newer than this program")
    }));
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
    Ok(step_over(checkpoint, &highest(dir)?))
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
