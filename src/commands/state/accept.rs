//! `state accept FILE`: takes over a checkpoint that was edited on purpose and so fails its checksum.

use std::path::Path;

use crate::cli::Common;
use crate::commands::state::Bench;
use crate::exit::Exit;
use crate::run::halt::Halt;
use crate::state::load::{Candidate, LIMIT, candidate};
use crate::state::recover::consequences;
use crate::state::restore::over_everything;
use crate::state::schema::Checkpoint;
use crate::state::seal::{Opened, differing, open, open_edited};
use crate::state::{BAK, CHECKPOINT};

pub fn accept(file: &Path, common: &Common) -> Result<String, Halt> {
    let mut bench = Bench::open("state accept", common)?;
    let refused = |why: String| {
        Halt::new(
            Exit::BadState,
            format!("{}: {why}; nothing was changed", file.display()),
        )
    };
    // As it is written beside the state, wherever this is run from.
    let beside = bench.dir.path().join(file);
    let file = if file.exists() { file } else { &beside };
    let bytes = read(file).map_err(&refused)?;
    if let (Opened::Valid(given), Candidate::Valid(live)) = (open(&bytes), candidate(&bench.dir, CHECKPOINT))
        && given.checksum == live.checksum
    {
        return Ok("this is the state in force, as it was written: there is nothing to accept".to_owned());
    }
    let (edited, value) = open_edited(&bytes).map_err(&refused)?;
    let before = known(&bench);
    if let Some(before) = &before
        && before.instance != edited.instance
    {
        return Err(refused(format!(
            "it belongs to another lineage (instance {}) than the state here ({})",
            edited.instance, before.instance
        )));
    }
    let changed = before.map_or_else(Vec::new, |before| differing(&value, &before));
    let run = edited.run.max(edited.highest_run);
    let recovered_from = edited.recovered_from;
    let generation = edited.generation;
    let mut checkpoint = over_everything(&bench.dir, edited)?;
    let mut what = format!(
        "The state of generation {generation} was edited by hand and accepted{}",
        if changed.is_empty() {
            String::new()
        } else {
            format!(" (differs from the one before in {})", changed.join(", "))
        }
    );
    if checkpoint.highest_run > run {
        what.push_str(&consequences(&checkpoint));
    } else {
        // Nothing was lost: what the operator wanted is no recovery.
        checkpoint.recovered_from = recovered_from;
    }
    what.push('.');
    checkpoint.to_tell.push(what.clone());
    let kept = bench.install(&mut checkpoint)?;
    let kept = kept.map_or_else(String::new, |name| format!(" What lay there is kept as {name}."));
    Ok(format!("{what}{kept}"))
}

/// The checkpoint of this directory as far as it is known: the one before the last commit.
fn known(bench: &Bench) -> Option<Checkpoint> {
    match candidate(&bench.dir, BAK) {
        Candidate::Valid(found) => Some(*found),
        _ => None,
    }
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let found = std::fs::metadata(file).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    if found.len() > LIMIT {
        return Err("it is far too large for a checkpoint".to_owned());
    }
    std::fs::read(file).map_err(|error| error.to_string())
}
