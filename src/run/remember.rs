//! Turns what a run found into the next checkpoint. Pure: the commit itself is the store's.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::config::{Channel, When};
use crate::model::attempt::Attempt;
use crate::model::finding::Severity;
use crate::model::position::Position;
use crate::model::report::Report;
use crate::model::source::SourceId;
use crate::run::gather::Harvest;
use crate::run::ingest::{Taken, family_of};
use crate::run::tell::whole_hour;
use crate::state::ledger::Ledger;
use crate::state::schema::{Checkpoint, CommittedRun, KnownController, SourceState};
use crate::state::seen::Seen;
use crate::state::spans::Standing;

/// How far behind the watermark late rows are still found.
const OVERLAP: Duration = Duration::hours(24);

/// Where reading a source begins or goes on: from its own entry, else from the controller's start.
pub fn position_of(checkpoint: &Checkpoint, id: &SourceId, start: DateTime<Utc>) -> Position {
    checkpoint
        .source(id)
        .map_or_else(|| Position::unread(first_start(checkpoint, id, start)), |source| source.position.clone())
}

/// The start that the first attempt which wanted this controller committed, while it was not reached yet.
fn first_start(checkpoint: &Checkpoint, id: &SourceId, start: DateTime<Utc>) -> DateTime<Utc> {
    checkpoint
        .controllers
        .values()
        .find(|known| known.uuid.is_none() || known.uuid.as_deref() == Some(id.controller.as_str()))
        .filter(|_| !checkpoint.sources.iter().any(|source| source.id.controller == id.controller))
        .map_or(start, |known| known.start.min(start))
}

/// What every attempt leaves behind, also one that collected nothing: who was reached, when not to try again,
/// and where the reading of a new source begins.
pub fn acquaintances(next: &mut Checkpoint, harvest: &Harvest, start: DateTime<Utc>) {
    for (name, gathered) in &harvest.by_controller {
        let known = next.controllers.entry(name.clone()).or_insert_with(|| KnownController {
            name: name.clone(),
            uuid: None,
            start,
            not_before: None,
            flavour: None,
            version: String::new(),
        });
        known.not_before = gathered.not_before;
        if gathered.uuid.is_some() {
            known.uuid.clone_from(&gathered.uuid);
        }
        if !gathered.version.is_empty() {
            known.version.clone_from(&gathered.version);
            known.flavour = Some(gathered.flavour.clone());
        }
    }
    for line in &harvest.coverage {
        let told_apart = harvest.by_controller.values().any(|gathered| gathered.uuid.as_ref() == Some(&line.id.controller));
        if told_apart && line.id.kind.has_events() {
            let position = position_of(next, &line.id, start);
            place(next, &line.id, &line.name, position);
        }
    }
}

/// Moves the sources to where their slices were proved.
pub fn positions(next: &mut Checkpoint, sources: &BTreeMap<SourceId, Taken>, harvest: &Harvest) {
    for (id, taken) in sources {
        let name = harvest.coverage.iter().find(|line| line.id == *id).map_or_else(|| id.to_string(), |line| line.name.clone());
        place(next, id, &name, taken.position.clone());
    }
}

fn place(next: &mut Checkpoint, id: &SourceId, name: &str, position: Position) {
    let fresh = || SourceState { id: id.clone(), name: String::new(), epoch: 0, position: position.clone() };
    if let Some(source) = next.source_mut(id, fresh) {
        name.clone_into(&mut source.name);
        source.position = position.clone();
    }
}

/// Names the run and owes it to every channel it is due to.
pub fn run(next: &mut Checkpoint, number: u64, report: &Report, path: &str, channels: &[Channel]) {
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
    next.ledgers.retain(|name, _| channels.iter().any(|channel| channel.name == *name));
    for channel in channels {
        let ledger = next.ledgers.entry(channel.name.clone()).or_insert_with(|| Ledger::starting_at(number));
        ledger.owe(number);
        if !is_due(channel, report) {
            ledger.settle(number, Standing::NotDue);
        }
    }
}

/// Whether this report goes to this channel at all.
fn is_due(channel: &Channel, report: &Report) -> bool {
    let matters = |least: Severity| report.findings.iter().any(|finding| finding.severity >= least);
    let wanted = match channel.when {
        When::Always => true,
        When::Findings => !report.findings.is_empty(),
        When::Severe => matters(Severity::Severe),
    };
    wanted && channel.min_severity.is_none_or(matters)
}

/// Enters the attempt, replacing its own earlier entry.
pub fn attempt(next: &mut Checkpoint, attempt: &Attempt) {
    next.attempts.retain(|known| known.attempt_id != attempt.attempt_id);
    next.attempts.push(attempt.clone());
}

/// The names of the channels whose debts hold back `last_successful_run`.
pub fn required(channels: &[Channel]) -> Vec<String> {
    channels.iter().filter(|channel| channel.required).map(|channel| channel.name.clone()).collect()
}

/// Forgets the ids behind each source's overlap, where nothing is looked up any more.
pub fn forget_ids(seen: &mut Seen, checkpoint: &Checkpoint) {
    for source in &checkpoint.sources {
        // While a console's clock lags, every id is kept: its rows lie before the watermark.
        if source.position.lagging_until.is_none()
            && let Some(watermark) = source.position.watermark
        {
            seen.prune(&family_of(&source.id), whole_hour(watermark - OVERLAP));
        }
    }
}
