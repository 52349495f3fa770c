//! What has failed and is not mended yet: the open entries behind `failures.jsonl`.
//!
//! Pure. Closed entries stay a while, so that a line lost with a crash is written by the next start.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Entries kept; of the closed ones at most [`CLOSED`].
pub const MOST: usize = 256;
pub const CLOSED: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureState {
    Pending,
    Resolved,
    Dead,
}

/// One failed (run or attempt, stage, channel or source).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFailure {
    /// The run, where one was committed.
    pub run: Option<u64>,
    /// Whose run it is, if another instance committed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The first attempt it was seen in.
    pub attempt_id: String,
    pub stage: String,
    /// The channel or the source; empty for the attempt as a whole.
    pub subject: String,
    pub reason: String,
    pub attempts: u64,
    pub first: DateTime<Utc>,
    pub last: DateTime<Utc>,
    pub next_try: Option<DateTime<Utc>>,
    pub state: FailureState,
}

/// What a failure is told apart by, beside its stage and subject: instance (of a run that is not our own), run.
pub type RunName<'a> = (Option<&'a str>, u64);

impl OpenFailure {
    fn is_of(&self, name: RunName<'_>) -> bool {
        (self.instance.as_deref(), self.run) == (name.0, Some(name.1))
    }
}

/// Adds a failure, or counts it where the same (instance, run, stage, subject) is open already.
pub fn note(failures: &mut Vec<OpenFailure>, seen: OpenFailure) {
    let same = |known: &&mut OpenFailure| {
        known.state == FailureState::Pending
            && (&known.instance, known.run) == (&seen.instance, seen.run)
            && (&known.stage, &known.subject) == (&seen.stage, &seen.subject)
    };
    match failures.iter_mut().find(same) {
        Some(known) => {
            known.attempts = known.attempts.saturating_add(seen.attempts);
            known.last = seen.last;
            known.next_try = seen.next_try;
            known.reason = seen.reason;
        }
        None => failures.push(seen),
    }
}

/// Closes the open failures of a subject; `run`: only of that run.
pub fn close(
    failures: &mut [OpenFailure],
    stage: &str,
    subject: &str,
    run: Option<RunName<'_>>,
    outcome: FailureState,
    now: DateTime<Utc>,
) {
    for known in failures {
        let same = known.stage == stage && known.subject == subject && run.is_none_or(|run| known.is_of(run));
        if same && known.state == FailureState::Pending {
            known.state = outcome;
            known.next_try = None;
            known.last = now;
        }
    }
}

/// The oldest closed entries go first, then the oldest open ones.
pub fn prune(failures: &mut Vec<OpenFailure>) {
    let closed = |known: &OpenFailure| known.state != FailureState::Pending;
    let mut excess_closed = failures
        .iter()
        .filter(|known| closed(known))
        .count()
        .saturating_sub(CLOSED);
    failures.retain(|known| {
        let goes = excess_closed > 0 && closed(known);
        excess_closed -= usize::from(goes);
        !goes
    });
    let excess = failures.len().saturating_sub(MOST);
    failures.drain(..excess);
}
