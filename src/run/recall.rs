//! What is still known of a committed run, and the bytes of its report.

use crate::disk::Dir;
use crate::report;
use crate::run::compose::path_of;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, projections};

/// Largest report read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// A run by its number: from the checkpoint, else from its entry in the outbox, else from the history.
pub fn run(dir: &Dir, checkpoint: &Checkpoint, number: u64) -> Option<CommittedRun> {
    if let Some(run) = checkpoint.runs.get(&number) {
        return Some(run.clone());
    }
    if number == 0 || number > checkpoint.run {
        return None;
    }
    if let Some(run) = waiting(dir, checkpoint, number) {
        return Some(run);
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

/// A run that some channel is owed and the checkpoint has no room for: its report says who it is.
fn waiting(dir: &Dir, checkpoint: &Checkpoint, number: u64) -> Option<CommittedRun> {
    let bytes = outbox::read_json(dir, number).ok()??;
    let report = report::json::open(&bytes).ok()?;
    let is_it = report.run == Some(number) && report.instance == checkpoint.instance;
    is_it.then(|| CommittedRun {
        report_id: report.report_id,
        generated_at: report.generated_at,
        path: path_of(number, report.generated_at),
        findings: report.counts.findings,
        severe: report.counts.severe,
        window: report.window,
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
