//! `state rewind --to TIME`: everything from TIME on is read and told again.

use crate::cli::Common;
use crate::commands::state::Bench;
use crate::exit::Exit;
use crate::run::halt::Halt;
use crate::run::order::moment;
use crate::run::tell::whole_hour;
use crate::state::load::Arrival;
use crate::state::rewind::rewind as back_to;
use crate::state::seen::Seen;

pub fn rewind(to: &str, common: &Common) -> Result<String, Halt> {
    let mut bench = Bench::open("state rewind", common)?;
    let asked = moment(to, bench.now).ok_or_else(|| {
        Halt::new(
            Exit::Usage,
            format!("--to {to:?} is no time: write 2026-11-20T06:00:00Z, or 36h for 36 hours ago"),
        )
    })?;
    // Ids are remembered by the hour.
    let time = whole_hour(asked);
    let loaded = bench.store.load(bench.now)?;
    if loaded.arrival != Arrival::Known {
        return Err(Halt::new(
            Exit::BadState,
            "there is no sound checkpoint to rewind; nothing was changed: `unifi-scan state verify` says why",
        ));
    }
    let mut checkpoint = loaded.checkpoint;
    let mut seen = Seen::load(&bench.dir, &checkpoint);
    let moved = back_to(&mut checkpoint, time);
    if moved.is_empty() {
        return Ok(format!(
            "no source has been read further than {}; nothing was changed",
            time.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    for id in &moved {
        seen.forget_from(&id.family(), time);
    }
    checkpoint.sidecar = seen.write(&bench.dir, checkpoint.next_generation())?;
    let what = format!(
        "Reading was set back to {} on request: what happened since is told again.",
        time.format("%Y-%m-%d %H:%M UTC")
    );
    checkpoint.to_tell.push(what.clone());
    let kept = bench.install(&mut checkpoint)?;
    let kept = kept.map_or_else(String::new, |name| {
        format!(" The state before is kept as {name}.")
    });
    Ok(format!("{what} Sources: {}.{kept}", moved.len()))
}
