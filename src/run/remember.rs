//! Turns what a run found into the next checkpoint. Pure: the commit itself is the store's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use crate::config::Channel;
use crate::model::attempt::Attempt;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::report::Report;
use crate::model::source::SourceId;
use crate::run::beginnings::place;
use crate::run::due::is_due;
use crate::run::ingest::Taken;
use crate::run::tell::whole_hour;
use crate::state::failures::{self, FailureState, OpenFailure};
use crate::state::ledger::Ledger;
use crate::state::schema::{Checkpoint, CommittedRun, SourceState};
use crate::state::seen::Seen;
use crate::state::spans::Standing;

/// How far behind the watermark ids are kept: the overlap, and as much again for a clock that goes back.
const IDS_KEPT: Duration = Duration::hours(48);
/// The stage that failures are noted under.
const COLLECT: &str = "collect";

/// Moves the sources to where their slices were proved.
pub fn positions(next: &mut Checkpoint, sources: &BTreeMap<SourceId, Taken>) {
    for (id, taken) in sources {
        place(next, &taken.site, id, &taken.position);
    }
}

/// Names the run and owes it to every channel it is due to. The channels it is not due to.
pub fn run(
    next: &mut Checkpoint,
    number: u64,
    report: &Report,
    path: &str,
    channels: &[Channel],
) -> Vec<String> {
    let mut not_due = Vec::new();
    next.run = number;
    next.runs.insert(
        number,
        CommittedRun {
            report_id: report.report_id.clone(),
            generated_at: report.generated_at,
            path: path.to_owned(),
            findings: report.counts.findings,
            severe: report.counts.severe,
            window: report.window,
        },
    );
    for channel in channels {
        let ledger = next
            .ledgers
            .entry(channel.name.clone())
            .or_insert_with(|| Ledger::starting_at(number));
        ledger.owe(number);
        if !is_due(channel, report) {
            ledger.settle(number, Standing::NotDue);
            not_due.push(channel.name.clone());
        }
    }
    not_due
}

/// Opens a failure for every source that was not read whole, and closes those of the sources that were.
pub fn source_failures(
    next: &mut Checkpoint,
    record: &Attempt,
    coverage: &[SourceCoverage],
    now: DateTime<Utc>,
) {
    for line in coverage {
        if line.outcome.is_whole() {
            failures::close(
                &mut next.failures,
                COLLECT,
                &line.name,
                None,
                FailureState::Resolved,
                now,
            );
        } else if matches!(line.outcome, Outcome::Partial | Outcome::Failed) {
            let reason = line.reason.clone().unwrap_or_default();
            failures::note(
                &mut next.failures,
                failure(record, COLLECT, &line.name, reason, now),
            );
        }
    }
}

/// Opens a failure for the attempt as a whole.
pub fn attempt_failure(next: &mut Checkpoint, record: &Attempt, reason: &str, now: DateTime<Utc>) {
    failures::note(
        &mut next.failures,
        failure(record, &record.stage, "", reason.to_owned(), now),
    );
}

/// Closes what was open of attempts as a whole: this one has its report.
pub fn attempt_success(next: &mut Checkpoint, now: DateTime<Utc>) {
    next.consecutive_failures = 0;
    failures::close(&mut next.failures, COLLECT, "", None, FailureState::Resolved, now);
}

/// A failure seen for the first time.
pub fn failure(
    record: &Attempt,
    stage: &str,
    subject: &str,
    reason: String,
    now: DateTime<Utc>,
) -> OpenFailure {
    OpenFailure {
        run: record.run,
        instance: None,
        attempt_id: record.attempt_id.clone(),
        stage: stage.to_owned(),
        subject: subject.to_owned(),
        reason,
        attempts: 1,
        first: now,
        last: now,
        next_try: None,
        state: FailureState::Pending,
    }
}

/// Enters the attempt, replacing its own earlier entry.
pub fn attempt(next: &mut Checkpoint, attempt: &Attempt) {
    next.attempts
        .retain(|known| known.attempt_id != attempt.attempt_id);
    next.attempts.push(attempt.clone());
}

/// The names of the channels whose debts hold back `last_successful_run`.
pub fn required(channels: &[Channel]) -> Vec<String> {
    channels
        .iter()
        .filter(|channel| channel.required)
        .map(|channel| channel.name.clone())
        .collect()
}

/// Forgets the ids far behind the watermark of the slowest source that shares them, where hardly anything is looked up
/// any more.
pub fn forget_ids(seen: &mut Seen, checkpoint: &Checkpoint) {
    let read: BTreeSet<String> = checkpoint
        .sources
        .iter()
        .map(|source| source.id.family())
        .collect();
    seen.keep_families(|family| read.contains(family));
    let mut slowest: BTreeMap<String, Option<DateTime<Utc>>> = BTreeMap::new();
    for SourceState { id, position, .. } in &checkpoint.sources {
        // While a console's clock lags, every id is kept: its rows lie before the watermark.
        let read = position.watermark.filter(|_| position.lagging_until.is_none());
        let known = slowest.entry(id.family()).or_insert(read);
        *known = (*known).min(read);
    }
    for (family, watermark) in slowest {
        if let Some(watermark) = watermark {
            seen.prune(&family, whole_hour(watermark - IDS_KEPT));
        }
    }
}
