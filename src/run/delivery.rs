//! Step 8: every channel is offered what it is owed; the answers stand in the ledger.

use std::collections::BTreeSet;

use crate::deliver::file::{self, Published, Waiting};
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::{debts, messages, recall, remember};
use crate::state::ledger::{Answer, message_key};
use crate::state::outbox;
use crate::state::schema::CommittedRun;
use crate::state::spans::Standing;

/// What is to be tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Also what is to wait.
    pub all: bool,
    /// Nothing but these runs.
    pub only: Option<&'a BTreeSet<u64>>,
}

impl Asked<'_> {
    pub fn covers(&self, run: u64) -> bool {
        self.only.is_none_or(|only| only.contains(&run))
    }
}

/// Offers every channel what it is owed, the file channel first.
pub fn deliver_owed(desk: &mut Desk<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    publish_owed(desk, asked)?;
    messages::send_owed(desk, asked)?;
    desk.checkpoint
        .note_success(&remember::required(&desk.config.channels));
    Ok(())
}

/// Publishes what is owed to the file channel, oldest run first. The answers are committed by the next commit:
/// publishing a file twice is the same as once, so that a death in between costs nothing.
pub fn publish_owed(desk: &mut Desk<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let now = desk.now();
    let Some(channel) = desk.config.channels.first().map(|channel| channel.name.clone()) else {
        return Ok(());
    };
    let due = desk
        .checkpoint
        .ledgers
        .get(&channel)
        .map_or_else(Vec::new, |ledger| ledger.due(now, true));
    for number in due.into_iter().filter(|run| asked.covers(*run)) {
        desk.store.check()?;
        let published = recall::run(&desk.dir, &desk.checkpoint, number)
            .and_then(|run| Some((publish(desk, number, &run)?, run)));
        match published {
            Some((answer, run)) => enter(desk, &channel, number, &run, &answer),
            None => lose(desk, &channel, number),
        }
    }
    desk.checkpoint
        .note_success(&remember::required(&desk.config.channels));
    Ok(())
}

/// The answer of the `file` channel; `None` if the run's report is nowhere any more.
fn publish(desk: &Desk<'_>, number: u64, run: &CommittedRun) -> Option<Answer> {
    let folder = outbox::path_of(number);
    let waiting = Waiting {
        number,
        report_id: &run.report_id,
        folder: &folder,
        path: &run.path,
    };
    match file::publish(&desk.dir, &waiting) {
        Ok(Published::Done) => Some(Answer::Accepted),
        Ok(Published::Gone) => None,
        Err(error) => Some(Answer::Refused {
            permanent: false,
            reason: format!("{error:#}"),
        }),
    }
}

fn enter(desk: &mut Desk<'_>, channel: &str, number: u64, run: &CommittedRun, answer: &Answer) {
    let now = desk.now();
    match answer {
        Answer::Accepted => log::info!("channel {channel} accepted run {number}"),
        Answer::Refused { reason, .. } | Answer::Unknown { reason } => {
            log::warn!("channel {channel} run {number}: {reason}");
        }
    }
    let key = message_key(
        &desk.checkpoint.instance,
        channel,
        std::slice::from_ref(&run.report_id),
    );
    if let Some(ledger) = desk.checkpoint.ledgers.get_mut(channel) {
        ledger.open(&[number], &key, now);
        ledger.answer(&key, answer, now);
    }
    debts::delivery(&mut desk.checkpoint, desk.record, channel, number, answer, now);
}

/// A report that is neither in the outbox nor in the archive cannot be delivered: that is told, once.
fn lose(desk: &mut Desk<'_>, channel: &str, number: u64) {
    log::warn!("channel {channel} run {number}: its report is gone");
    let now = desk.now();
    if let Some(ledger) = desk.checkpoint.ledgers.get_mut(channel) {
        ledger.settle(number, Standing::Dead { told: true });
    }
    debts::death(&mut desk.checkpoint, channel, number, now);
    desk.checkpoint.to_tell.push(format!(
        "The report of run {number} was lost before channel {channel} had it."
    ));
}
