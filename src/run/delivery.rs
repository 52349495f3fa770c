//! Step 8: every channel is offered what it is owed; the answers stand in the ledger.

use std::collections::BTreeSet;

use crate::deliver::file::{self, Published, Waiting};
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::run::debts::Owed;
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::{debts, messages, recall, remember, tell};
use crate::state::messages::{Answer, message_key};
use crate::state::running::Stage;
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
    for instance in desk.checkpoint.instances() {
        let ledger = desk.checkpoint.ledger(&instance, &channel);
        let due = ledger.map_or_else(Vec::new, |ledger| ledger.due(now, true));
        for run in due.into_iter().filter(|run| asked.covers(*run)) {
            desk.store.check()?;
            let owed = Owed {
                instance: &instance,
                channel: &channel,
                run,
            };
            let known = match recall::run(&desk.dir, &desk.checkpoint, &instance, run) {
                Ok(known) => known,
                Err(error) => {
                    log::warn!(
                        "channel {channel} run {run}: it stays owed, nothing can be read of it: {error}"
                    );
                    continue;
                }
            };
            match known.and_then(|known| Some((publish(desk, owed, &known)?, known))) {
                Some((answer, known)) => enter(desk, owed, &known, &answer),
                None => lose(desk, owed),
            }
        }
    }
    desk.checkpoint
        .note_success(&remember::required(&desk.config.channels));
    Ok(())
}

/// The answer of the `file` channel; `None` if the run's report is nowhere any more.
fn publish(desk: &mut Desk<'_>, owed: Owed<'_>, known: &CommittedRun) -> Option<Answer> {
    let mark = desk.checkpoint.mark_of(owed.instance);
    let waiting = Waiting {
        number: owed.run,
        report_id: &known.report_id,
        folder: &desk.checkpoint.outbox_entry(owed.instance, owed.run),
        path: &format!("{}{mark}", known.path),
        mark: &mark,
    };
    match file::publish(&desk.dir, &waiting) {
        Ok(Published::Done) => {
            if !mark.is_empty() {
                arrived(desk, owed, &waiting, known);
            }
            Some(Answer::Accepted)
        }
        Ok(Published::Gone) => None,
        Err(error) => Some(Answer::Refused {
            permanent: false,
            reason: format!("{error:#}"),
        }),
    }
}

/// Another instance's report that was published here has its line in the history and so in the index.
fn arrived(desk: &mut Desk<'_>, owed: Owed<'_>, waiting: &Waiting<'_>, known: &CommittedRun) {
    let id = known.report_id.chars().take(32).collect();
    let mut line = Attempt {
        command: "import".to_owned(),
        run: Some(owed.run),
        instance: Some(owed.instance.to_owned()),
        finished_at: Some(desk.now()),
        result: Exit::Ok.name().to_owned(),
        exit_code: Some(Exit::Ok.code()),
        stage: Stage::Done.name().to_owned(),
        report: Some(waiting.path.to_owned()),
        ..tell::blank(id, known.generated_at)
    };
    let report = recall::report(&desk.dir, waiting.folder, waiting.path, waiting.report_id);
    if let Some(report) = report
        .ok()
        .flatten()
        .and_then(|report| serde_json::from_value(report).ok())
    {
        tell::enter_report(&mut line, &report);
    }
    remember::attempt(&mut desk.checkpoint, &line);
}

fn enter(desk: &mut Desk<'_>, owed: Owed<'_>, known: &CommittedRun, answer: &Answer) {
    let now = desk.now();
    let Owed {
        instance,
        channel,
        run,
    } = owed;
    match answer {
        Answer::Accepted => log::info!("channel {channel} accepted run {run}"),
        Answer::Refused { reason, .. } | Answer::Unknown { reason } => {
            log::warn!("channel {channel} run {run}: {reason}");
        }
    }
    let key = message_key(instance, channel, std::slice::from_ref(&known.report_id));
    if let Some(ledger) = desk.checkpoint.ledger_mut(instance, channel) {
        ledger.open(&[run], &key, now);
        ledger.answer(&key, answer, now);
    }
    debts::delivery(&mut desk.checkpoint, desk.record, owed, answer, now);
}

/// A report that is neither in the outbox nor in the archive cannot be delivered: that is told, once.
fn lose(desk: &mut Desk<'_>, owed: Owed<'_>) {
    let Owed { channel, run, .. } = owed;
    log::warn!("channel {channel} run {run}: its report is gone");
    let now = desk.now();
    if let Some(ledger) = desk.checkpoint.ledger_mut(owed.instance, channel) {
        ledger.settle(run, Standing::Dead { told: true });
    }
    debts::death(&mut desk.checkpoint, owed, now);
    desk.checkpoint.to_tell.push(format!(
        "The report of run {run} was lost before channel {channel} had it."
    ));
}
