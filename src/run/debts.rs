//! What became of deliveries, as failures that are open, resolved or dead. Pure.

use chrono::{DateTime, Utc};

use crate::config::Channel;
use crate::model::attempt::Attempt;
use crate::run::ranges::runs;
use crate::run::remember::failure;
use crate::state::failures::{self, FailureState, OpenFailure};
use crate::state::ledger::Answer;
use crate::state::schema::Checkpoint;

/// The stage that these failures are noted under.
const DELIVER: &str = "deliver";

/// Opens or closes the failure of one run on one channel, by the answer it got.
pub fn delivery(
    next: &mut Checkpoint,
    record: &Attempt,
    channel: &str,
    run: u64,
    answer: &Answer,
    now: DateTime<Utc>,
) {
    match answer {
        Answer::Accepted => {
            failures::close(
                &mut next.failures,
                DELIVER,
                channel,
                Some(run),
                FailureState::Resolved,
                now,
            );
        }
        Answer::Refused { reason, .. } | Answer::Unknown { reason } => {
            let failed = failure(record, DELIVER, channel, reason.clone(), now);
            let next_try = next.ledgers.get(channel).and_then(|ledger| ledger.next_try(run));
            failures::note(
                &mut next.failures,
                OpenFailure {
                    run: Some(run),
                    next_try,
                    ..failed
                },
            );
        }
    }
}

/// Closes the failure of a run that will not reach this channel any more.
pub fn death(next: &mut Checkpoint, channel: &str, run: u64, now: DateTime<Utc>) {
    failures::close(
        &mut next.failures,
        DELIVER,
        channel,
        Some(run),
        FailureState::Dead,
        now,
    );
}

/// Opens the failure of a run that was given up and is wanted again.
pub fn revival(next: &mut Checkpoint, record: &Attempt, channel: &str, run: u64, now: DateTime<Utc>) {
    let failed = failure(
        record,
        DELIVER,
        channel,
        "wanted again after it was given up".to_owned(),
        now,
    );
    failures::note(
        &mut next.failures,
        OpenFailure {
            run: Some(run),
            attempts: 0,
            ..failed
        },
    );
}

/// Whether this run is known to have been given up on this channel.
pub fn is_dead(failures: &[OpenFailure], channel: &str, run: u64) -> bool {
    let of =
        |known: &&OpenFailure| known.stage == DELIVER && known.subject == channel && known.run == Some(run);
    failures
        .iter()
        .rfind(of)
        .is_some_and(|known| known.state == FailureState::Dead)
}

/// A channel that is configured no more drops its debts, which the next report tells.
pub fn part_with_removed(next: &mut Checkpoint, channels: &[Channel], now: DateTime<Utc>) {
    let is_there = |name: &str| channels.iter().any(|channel| channel.name == name);
    let gone: Vec<String> = next
        .ledgers
        .keys()
        .filter(|name| !is_there(name))
        .cloned()
        .collect();
    for name in gone {
        let Some(ledger) = next.ledgers.remove(&name) else {
            continue;
        };
        let owed: Vec<u64> = ledger.between.owed().map(|(run, _)| run).collect();
        failures::close(&mut next.failures, DELIVER, &name, None, FailureState::Dead, now);
        if !owed.is_empty() {
            next.to_tell.push(format!(
                "Channel {name} is configured no more: it never had {}, and will not be sent them.",
                runs(&owed)
            ));
        }
    }
}
