//! What it takes to go on from an older checkpoint: no number used twice, nothing skipped, and words for it.
//!
//! Pure.

use crate::model::count::counted;
use crate::state::schema::Checkpoint;
use crate::state::traces::Traces;

/// Goes on from an older checkpoint without using any number twice: what lies between is superseded, and its
/// rows are read again.
pub fn step_over(mut checkpoint: Checkpoint, traces: &Traces) -> Checkpoint {
    let highest_run = traces.highest_run.max(traces.highest_staged);
    let was = checkpoint.run.max(checkpoint.highest_run);
    checkpoint.highest_run = was.max(highest_run);
    // The checkpoint that is gone was at least one commit further than the copy.
    checkpoint.highest_generation = checkpoint
        .highest_generation
        .max(checkpoint.generation.saturating_add(1))
        .max(traces.highest_generation());
    if checkpoint.highest_run > was {
        checkpoint
            .superseded
            .push((was.saturating_add(1), checkpoint.highest_run));
    }
    for ledger in checkpoint.ledgers.values_mut() {
        ledger.supersede(was.saturating_add(1), checkpoint.highest_run);
    }
    for source in &mut checkpoint.sources {
        // No generation is given twice, so that going back twice to one copy makes two epochs; and what is gone back
        // from may have its epoch from another machine.
        source.epoch = source
            .epoch
            .max(traces.highest_epoch)
            .saturating_add(1)
            .max(checkpoint.highest_generation);
    }
    checkpoint.recovered_from = Some(checkpoint.generation);
    resume(&mut checkpoint);
    checkpoint
}

/// Whatever was being sent was broken off.
pub fn resume(checkpoint: &mut Checkpoint) {
    for ledger in checkpoint.all_ledgers_mut() {
        ledger.resume();
    }
}

/// What came back, and from where.
pub fn recovered_from(name: &str, found: &Checkpoint) -> String {
    format!(
        "recovered from generation {} ({name}): {}, {}, {}",
        found.generation,
        counted(found.sources.len(), "source"),
        counted(found.run, "run"),
        counted(found.owed(), "owed delivery")
    )
}

/// What a report has to say of it.
pub fn consequences(checkpoint: &Checkpoint) -> String {
    let oldest = checkpoint
        .sources
        .iter()
        .filter_map(|source| source.position.watermark)
        .min();
    let since = oldest.unwrap_or(checkpoint.start).format("%Y-%m-%d %H:%M UTC");
    let first = checkpoint.run.saturating_add(1);
    let numbers = match checkpoint.highest_run {
        last if last < first => String::new(),
        last if last == first => format!("; run {last} is superseded"),
        last => format!("; runs {first} to {last} are superseded"),
    };
    format!("; what happened since {since} may be reported again{numbers}")
}
