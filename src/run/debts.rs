//! What became of deliveries, as failures that are open, resolved or dead. Pure.

use chrono::{DateTime, Utc};

use crate::config::Channel;
use crate::model::attempt::Attempt;
use crate::run::ranges::runs;
use crate::run::remember::failure;
use crate::state::accounts::short;
use crate::state::failures::{self, FailureState, OpenFailure, RunName};
use crate::state::ledger::Ledger;
use crate::state::messages::Answer;
use crate::state::schema::Checkpoint;

/// The stage that these failures are noted under.
const DELIVER: &str = "deliver";

/// One run that a channel is owed.
#[derive(Clone, Copy, Debug)]
pub struct Owed<'a> {
    pub instance: &'a str,
    pub channel: &'a str,
    pub run: u64,
}

impl<'a> Owed<'a> {
    /// How failures name it: an own run by its number alone.
    fn name(self, checkpoint: &Checkpoint) -> RunName<'a> {
        let other = (self.instance != checkpoint.instance).then_some(self.instance);
        (other, self.run)
    }
}

/// Opens or closes the failure of one run on one channel, by the answer it got.
pub fn delivery(
    next: &mut Checkpoint,
    record: &Attempt,
    owed: Owed<'_>,
    answer: &Answer,
    now: DateTime<Utc>,
) {
    let name = owed.name(next);
    match answer {
        Answer::Accepted => {
            failures::close(
                &mut next.failures,
                DELIVER,
                owed.channel,
                Some(name),
                FailureState::Resolved,
                now,
            );
        }
        Answer::Refused { reason, .. } | Answer::Unknown { reason } => {
            let failed = failure(record, DELIVER, owed.channel, reason.clone(), now);
            let ledger = next.ledger(owed.instance, owed.channel);
            let next_try = ledger.and_then(|ledger| ledger.next_try(owed.run));
            failures::note(
                &mut next.failures,
                OpenFailure {
                    run: Some(owed.run),
                    instance: name.0.map(str::to_owned),
                    next_try,
                    ..failed
                },
            );
        }
    }
}

/// Closes the failure of a run that will not reach this channel any more.
pub fn death(next: &mut Checkpoint, owed: Owed<'_>, now: DateTime<Utc>) {
    let name = owed.name(next);
    failures::close(
        &mut next.failures,
        DELIVER,
        owed.channel,
        Some(name),
        FailureState::Dead,
        now,
    );
}

/// Opens the failure of a run that was given up and is wanted again.
pub fn revival(next: &mut Checkpoint, record: &Attempt, owed: Owed<'_>, now: DateTime<Utc>) {
    let failed = failure(
        record,
        DELIVER,
        owed.channel,
        "wanted again after it was given up".to_owned(),
        now,
    );
    let (instance, _) = owed.name(next);
    failures::note(
        &mut next.failures,
        OpenFailure {
            run: Some(owed.run),
            instance: instance.map(str::to_owned),
            attempts: 0,
            ..failed
        },
    );
}

/// Whether this own run is known to have been given up on this channel.
pub fn is_dead(failures: &[OpenFailure], channel: &str, run: u64) -> bool {
    let of = |known: &&OpenFailure| {
        known.stage == DELIVER
            && known.subject == channel
            && known.run == Some(run)
            && known.instance.is_none()
    };
    failures
        .iter()
        .rfind(of)
        .is_some_and(|known| known.state == FailureState::Dead)
}

/// A channel that is configured no more drops its debts, which the next report tells.
pub fn part_with_removed(next: &mut Checkpoint, channels: &[Channel], now: DateTime<Utc>) {
    let is_there = |name: &str| channels.iter().any(|channel| channel.name == name);
    for instance in next.instances() {
        let own = instance == next.instance;
        let Some(ledgers) = next.ledgers_of_mut(&instance) else {
            continue;
        };
        let gone: Vec<String> = ledgers.keys().filter(|name| !is_there(name)).cloned().collect();
        let gone: Vec<(String, Ledger)> = gone
            .into_iter()
            .filter_map(|name| ledgers.remove_entry(&name))
            .collect();
        for (name, ledger) in gone {
            let owed: Vec<u64> = ledger.between.owed().map(|(run, _)| run).collect();
            failures::close(&mut next.failures, DELIVER, &name, None, FailureState::Dead, now);
            if !owed.is_empty() {
                let owed = runs(&owed);
                next.to_tell.push(if own {
                    format!("Channel {name} is configured no more: it never had {owed}, and will not be sent them.")
                } else {
                    let whose = short(&instance);
                    format!(
                        "Channel {name} of instance {whose} is not configured here: it never had its {owed}, and will \
                         not be sent them."
                    )
                });
            }
        }
    }
}
