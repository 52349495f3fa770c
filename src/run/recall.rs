//! What is still known of a committed run, and the bytes of its report. What cannot be read now is not gone: an error.

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::model::attempt::Attempt;
use crate::report;
use crate::run::compose::path_of;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, projections};

/// Largest report read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// An instance's run by its number: from the checkpoint, else from its entry in the outbox, else (an own one) from the
/// history.
pub fn run(
    dir: &Dir,
    checkpoint: &Checkpoint,
    instance: &str,
    number: u64,
) -> Result<Option<CommittedRun>, DiskError> {
    if let Some(run) = checkpoint.runs_of(instance).and_then(|runs| runs.get(&number)) {
        return Ok(Some(run.clone()));
    }
    let is_own = instance == checkpoint.instance;
    if number == 0 || (is_own && number > checkpoint.run) {
        return Ok(None);
    }
    if let Some(run) = waiting(dir, checkpoint, instance, number)? {
        return Ok(Some(run));
    }
    if !is_own {
        return Ok(None);
    }
    let history = projections::read_history(dir, usize::MAX)?.lines;
    let told = history
        .into_iter()
        .rfind(|told| told.run == Some(number) && told.report_id.is_some() && told.instance.is_none());
    Ok(told.and_then(described))
}

fn described(told: Attempt) -> Option<CommittedRun> {
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
fn waiting(
    dir: &Dir,
    checkpoint: &Checkpoint,
    instance: &str,
    number: u64,
) -> Result<Option<CommittedRun>, DiskError> {
    let entry = checkpoint.outbox_entry(instance, number);
    let found = if_fit(outbox::read_json(dir, &entry))?;
    let report = found.and_then(|bytes| report::json::open(&bytes).ok());
    let report = report.filter(|report| report.run == Some(number) && report.instance == instance);
    Ok(report.map(|report| CommittedRun {
        report_id: report.report_id,
        generated_at: report.generated_at,
        path: path_of(number, report.generated_at),
        findings: report.counts.findings,
        severe: report.counts.severe,
        window: report.window,
    }))
}

/// Whether the report of an instance's run can be read here.
pub fn is_here(dir: &Dir, checkpoint: &Checkpoint, instance: &str, number: u64) -> Result<bool, DiskError> {
    let Some(facts) = run(dir, checkpoint, instance, number)? else {
        return Ok(false);
    };
    let path = format!("{}{}", facts.path, checkpoint.mark_of(instance));
    let entry = checkpoint.outbox_entry(instance, number);
    Ok(report(dir, &entry, &path, &facts.report_id)?.is_some())
}

/// The report as JSON, from the outbox or the archive, if it is the one that was committed.
pub fn report(
    dir: &Dir,
    entry: &str,
    path: &str,
    report_id: &str,
) -> Result<Option<serde_json::Value>, DiskError> {
    let is_it = |bytes: &Vec<u8>| report::json::open(bytes).is_ok_and(|report| report.report_id == report_id);
    let waiting = if_fit(outbox::read_json(dir, entry));
    let found = match waiting {
        Ok(Some(bytes)) if is_it(&bytes) => Some(bytes),
        waiting => {
            let published = if_fit(dir.read(&format!("{path}.json"), LARGEST))?.filter(is_it);
            if published.is_none() {
                waiting?;
            }
            published
        }
    };
    Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Something else than a file that lies there is no report.
fn if_fit(read: Result<Option<Vec<u8>>, DiskError>) -> Result<Option<Vec<u8>>, DiskError> {
    match read {
        Err(error) if error.is_unfit() => Ok(None),
        other => other,
    }
}
