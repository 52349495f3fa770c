//! Step 8: every channel is offered what it is owed; the answers stand in the ledger.

use crate::deliver::file::{self, Published, Waiting};
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::remember;
use crate::state::ledger::{Answer, message_key};
use crate::state::outbox;
use crate::state::schema::CommittedRun;
use crate::state::spans::Standing;

/// Offers what is owed, oldest run first. The answers are committed by the next commit: publishing a file
/// twice is the same as once, so that a death in between costs nothing.
pub fn deliver_owed(desk: &mut Desk<'_>) -> Result<(), Halt> {
    let now = desk.now();
    let channels: Vec<String> = desk
        .config
        .channels
        .iter()
        .map(|channel| channel.name.clone())
        .collect();
    for channel in &channels {
        let due = desk
            .checkpoint
            .ledgers
            .get(channel)
            .map_or_else(Vec::new, |ledger| ledger.due(now, true));
        for number in due {
            desk.store.check()?;
            let Some(run) = desk.checkpoint.runs.get(&number).cloned() else {
                continue;
            };
            match publish(desk, number, &run) {
                Some(answer) => enter(desk, channel, number, &run, &answer),
                None => lose(desk, channel, number),
            }
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
    remember::delivery(&mut desk.checkpoint, desk.record, channel, number, answer, now);
}

/// A report that is neither in the outbox nor in the archive cannot be delivered: that is told, once.
fn lose(desk: &mut Desk<'_>, channel: &str, number: u64) {
    log::warn!("channel {channel} run {number}: its report is gone");
    if let Some(ledger) = desk.checkpoint.ledgers.get_mut(channel) {
        ledger.settle(number, Standing::Dead { told: true });
    }
    desk.checkpoint.to_tell.push(format!(
        "The report of run {number} was lost before channel {channel} had it."
    ));
}
