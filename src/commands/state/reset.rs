//! `state reset --yes`: starting over on purpose. What was there is kept aside; no number is used again.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::cli::Common;
use crate::commands::state::Bench;
use crate::disk::random::random_hex;
use crate::exit::Exit;
use crate::run::halt::Halt;
use crate::run::tell::whole_hour;
use crate::state::copies::highest;
use crate::state::load::{Candidate, candidate, peek};
use crate::state::outbox::OUTBOX;
use crate::state::schema::Checkpoint;
use crate::state::{BAK, CHECKPOINT, outbox};

pub fn reset(yes: bool, common: &Common) -> Result<String, Halt> {
    let mut bench = Bench::open("state reset", common)?;
    if matches!(peek(&bench.dir), Ok(None)) {
        return Ok("nothing was ever committed here: the next run is the first anyway".to_owned());
    }
    if !yes {
        return Err(Halt::new(
            Exit::Usage,
            "this forgets how far everything was read, what was told and what is owed; the next run looks back as the \
             first one did. If that is what you want: `unifi-scan state reset --yes`",
        ));
    }
    let traces = highest(&bench.dir)?;
    let before = [CHECKPOINT, BAK].map(|name| candidate(&bench.dir, name));
    let before = before.into_iter().find_map(|found| match found {
        Candidate::Valid(found) => Some(found),
        _ => None,
    });
    let demo = before.as_ref().is_some_and(|before| before.demo);
    let start = if demo {
        whole_hour(bench.now) - TimeDelta::hours(24)
    } else {
        bench.now
    };
    let mut fresh = Checkpoint::empty(random_hex(16)?, start);
    fresh.demo = demo;
    fresh.highest_run = traces.highest_run.max(traces.highest_staged);
    fresh.highest_generation = traces.highest_generation();
    fresh.to_tell.push(format!(
        "The state was reset on request at {}: what earlier reports told may be told again, and what was owed is not \
         delivered.",
        bench.now.format("%Y-%m-%d %H:%M UTC")
    ));
    let kept = bench.install(&mut fresh)?;
    let mut said = String::from("the next run is a first run");
    if let Some(name) = kept {
        let _ = write!(said, "; the checkpoint that lay there is kept as {name}");
    }
    if let Some(folder) = set_aside(&bench)? {
        let _ = write!(said, "; what was in the outbox as {folder}");
    }
    let _ = write!(said, "; its number will be {}", fresh.next_run());
    Ok(said)
}

/// Moves the outbox entries where no later run clears them away; where that is.
fn set_aside(bench: &Bench) -> Result<Option<String>, Halt> {
    let dir = &bench.dir;
    let entries = outbox::entries(dir)?;
    if entries.is_empty() {
        return Ok(None);
    }
    let folder = format!("{OUTBOX}/before-reset-{}", bench.now.format("%Y%m%dT%H%M%SZ"));
    dir.create_dirs(&folder)?;
    for name in entries {
        dir.rename(&format!("{OUTBOX}/{name}"), &format!("{folder}/{name}"))?;
    }
    dir.sync(&folder)?;
    dir.sync(OUTBOX)?;
    Ok(Some(folder))
}
