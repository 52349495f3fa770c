//! What is still known of a committed run, and the bytes of its report.

use crate::disk::Dir;
use crate::report;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, projections};

/// Largest report read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// An instance's run by its number: from the checkpoint, else (an own one) from the history.
pub fn run(dir: &Dir, checkpoint: &Checkpoint, instance: &str, number: u64) -> Option<CommittedRun> {
    if let Some(run) = checkpoint.runs_of(instance).and_then(|runs| runs.get(&number)) {
        return Some(run.clone());
    }
    if instance != checkpoint.instance || number == 0 || number > checkpoint.run {
        return None;
    }
    let history = projections::read_history(dir, usize::MAX).ok()?.lines;
    let told = history
        .into_iter()
        .rfind(|told| told.run == Some(number) && told.report_id.is_some() && told.instance.is_none())?;
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
pub fn report(dir: &Dir, entry: &str, path: &str, report_id: &str) -> Option<serde_json::Value> {
    let is_it = |bytes: &Vec<u8>| report::json::open(bytes).is_ok_and(|report| report.report_id == report_id);
    let waiting = || outbox::read_json(dir, entry).ok().flatten();
    let published = || dir.read(&format!("{path}.json"), LARGEST).ok().flatten();
    let bytes = waiting().filter(is_it).or_else(|| published().filter(is_it))?;
    serde_json::from_slice(&bytes).ok()
}
