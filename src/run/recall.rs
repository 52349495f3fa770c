//! What is still known of a committed run, and the bytes of its report.

use crate::disk::Dir;
use crate::report;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, projections};

/// Largest report read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// A run by its number: from the checkpoint, else from the history.
pub fn run(dir: &Dir, checkpoint: &Checkpoint, number: u64) -> Option<CommittedRun> {
    if let Some(run) = checkpoint.runs.get(&number) {
        return Some(run.clone());
    }
    if number == 0 || number > checkpoint.run {
        return None;
    }
    let history = projections::read_history(dir, usize::MAX).ok()?.lines;
    let told = history
        .into_iter()
        .rfind(|attempt| attempt.run == Some(number) && attempt.report_id.is_some())?;
    let counts = told.counts.unwrap_or_default();
    Some(CommittedRun {
        report_id: told.report_id?,
        generated_at: told.generated_at?,
        path: told.report?,
        findings: counts.findings,
        severe: counts.severe,
        window: told.window?,
    })
}

/// The report as JSON, from the outbox or the archive, if it is the one that was committed.
pub fn report(dir: &Dir, number: u64, run: &CommittedRun) -> Option<serde_json::Value> {
    let is_it =
        |bytes: &Vec<u8>| report::json::open(bytes).is_ok_and(|report| report.report_id == run.report_id);
    let waiting = || outbox::read_json(dir, number).ok().flatten();
    let published = || dir.read(&format!("{}.json", run.path), LARGEST).ok().flatten();
    let bytes = waiting().filter(is_it).or_else(|| published().filter(is_it))?;
    serde_json::from_slice(&bytes).ok()
}
