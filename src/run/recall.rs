//! What is still known of a committed run, and the bytes of its report.

use crate::disk::Dir;
use crate::report;
use crate::run::compose::path_of;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, projections};

/// Largest report read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// An instance's run by its number: from the checkpoint, else from its entry in the outbox, else (an own one) from the
/// history.
pub fn run(dir: &Dir, checkpoint: &Checkpoint, instance: &str, number: u64) -> Option<CommittedRun> {
    if let Some(run) = checkpoint.runs_of(instance).and_then(|runs| runs.get(&number)) {
        return Some(run.clone());
    }
    let is_own = instance == checkpoint.instance;
    if number == 0 || (is_own && number > checkpoint.run) {
        return None;
    }
    if let Some(run) = waiting(dir, checkpoint, instance, number) {
        return Some(run);
    }
    if !is_own {
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

/// A run that some channel is owed and the checkpoint has no room for: its report says who it is.
fn waiting(dir: &Dir, checkpoint: &Checkpoint, instance: &str, number: u64) -> Option<CommittedRun> {
    let entry = checkpoint.outbox_entry(instance, number);
    let bytes = outbox::read_json(dir, &entry).ok()??;
    let report = report::json::open(&bytes).ok()?;
    let is_it = report.run == Some(number) && report.instance == instance;
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
pub fn report(dir: &Dir, entry: &str, path: &str, report_id: &str) -> Option<serde_json::Value> {
    let is_it = |bytes: &Vec<u8>| report::json::open(bytes).is_ok_and(|report| report.report_id == report_id);
    let waiting = || outbox::read_json(dir, entry).ok().flatten();
    let published = || dir.read(&format!("{path}.json"), LARGEST).ok().flatten();
    let bytes = waiting().filter(is_it).or_else(|| published().filter(is_it))?;
    serde_json::from_slice(&bytes).ok()
}
