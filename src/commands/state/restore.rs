//! `state restore`: back to an older checkpoint, with every number and every epoch above what was used.

use crate::cli::Common;
use crate::commands::state::{Bench, there};
use crate::exit::Exit;
use crate::run::halt::Halt;
use crate::state::load::{Candidate, candidate};
use crate::state::restore::plan;
use crate::state::{CHECKPOINT, load};

pub fn restore(generation: Option<u64>, dry_run: bool, common: &Common) -> Result<String, Halt> {
    let mut bench = if dry_run {
        Bench::unseen(there(common)?, common)?
    } else {
        Bench::open("state restore", common)?
    };
    match candidate(&bench.dir, CHECKPOINT) {
        Candidate::Valid(live) if generation.is_none() => {
            return Err(Halt::new(
                Exit::Usage,
                format!(
                    "the checkpoint (generation {}) is valid, so nothing was changed; to go back all the same, name the \
                     copy: `unifi-scan state restore --generation N` (`unifi-scan state backups` lists them)",
                    live.generation
                ),
            ));
        }
        Candidate::Absent if matches!(load::peek(&bench.dir), Ok(None)) => {
            return Err(Halt::new(
                Exit::BadState,
                format!(
                    "nothing was ever committed in {}; is REPORTS_DIR right?",
                    bench.dir.path().display()
                ),
            ));
        }
        _ => {}
    }
    let mut plan = plan(&bench.dir, generation)?;
    if dry_run {
        return Ok(format!("would be {}", plan.what));
    }
    plan.checkpoint
        .to_tell
        .push(format!("The state was {}.", plan.what));
    let kept = bench.install(&mut plan.checkpoint)?;
    let kept = kept.map_or_else(String::new, |name| format!("; what lay there is kept as {name}"));
    Ok(format!(
        "{}{kept}; the next run is {} and tells it",
        plan.what,
        plan.checkpoint.next_run()
    ))
}
