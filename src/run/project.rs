//! Step 9: what follows from the checkpoint. One that cannot be written costs exit 3, never a run.

use chrono::Datelike as _;

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::model::source::SourceKind;
use crate::report::index::{self, IndexEntry};
use crate::run::desk::Desk;
use crate::state::backups;
use crate::state::projections::{self, INDEX};
use crate::state::schema::Checkpoint;

/// Newest attempts that the archive's pages are made from: more than a year of hourly runs.
const RUNS_IN_INDEX: usize = 10_000;

/// History, failures and the index, each whatever becomes of the others.
pub fn project(desk: &Desk<'_>) -> Exit {
    let Desk { dir, checkpoint, .. } = desk;
    // In this order: the pages are made from the history.
    let history = projections::mend_history(dir, &checkpoint.attempts).map(drop);
    let failures = projections::mend_failures(dir, &checkpoint.failures).map(drop);
    let pages = projections::read_history(dir, RUNS_IN_INDEX)
        .and_then(|history| archive_pages(dir, &entries(&history.lines, checkpoint)));
    [history, failures, pages]
        .into_iter()
        .fold(Exit::Ok, |exit, written| match written {
            Ok(()) => exit,
            Err(error) => {
                log::warn!("a projection could not be written: {error}");
                exit.worst(Exit::Partial)
            }
        })
}

/// A copy of the checkpoint, at most one an hour.
pub fn back_up(desk: &Desk<'_>) -> Exit {
    match backups::keep(&desk.dir, desk.now()) {
        Ok(Some(backup)) => {
            log::info!("backup written {}", backup.path);
            Exit::Ok
        }
        Ok(None) => Exit::Ok,
        Err(error) => {
            log::warn!("no backup of the checkpoint was written: {error}");
            Exit::Partial
        }
    }
}

/// The archive's first page, and that of the newest report's year.
fn archive_pages(dir: &Dir, entries: &[IndexEntry]) -> Result<(), DiskError> {
    if let Some(newest) = entries.last() {
        let year = newest.generated_at.year();
        dir.create_dirs(&year.to_string())?;
        dir.replace(
            &format!("{year}/index.html"),
            index::year(entries, year).as_bytes(),
        )?;
    }
    dir.replace(INDEX, index::render(entries).as_bytes())
}

/// The archive's lines, from the attempts that made a report.
fn entries(attempts: &[Attempt], checkpoint: &Checkpoint) -> Vec<IndexEntry> {
    let left_out = |run: u64| {
        checkpoint
            .superseded
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&run))
    };
    attempts
        .iter()
        .filter_map(|attempt| {
            let counts = attempt.counts.as_ref()?;
            let run = attempt.run?;
            Some(IndexEntry {
                run,
                generated_at: attempt.generated_at.unwrap_or(attempt.started_at),
                path: attempt.report.clone()?,
                events: events(attempt, counts.events),
                findings: counts.findings,
                severe: counts.severe,
                medium: counts.medium,
                headline: attempt.headline.clone().unwrap_or_default(),
                superseded: attempt.instance.is_none() && left_out(run),
                demo: checkpoint.demo,
            })
        })
        .collect()
}

/// The events of a run, if there is anything that was read for them.
fn events(attempt: &Attempt, counted: u64) -> Option<u64> {
    let mut logs = attempt
        .sources
        .iter()
        .filter(|source| source.name.ends_with(SourceKind::SystemLog.name()))
        .peekable();
    let is_read = logs.peek().is_none() || logs.any(|log| log.events.is_some());
    (is_read || counted > 0).then_some(counted)
}
