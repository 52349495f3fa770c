//! Step 8 for channels that are sent messages: opened by a commit before the first byte leaves, answered by
//! another. A death in between costs one repeat under the same key.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;

use crate::config::{ChannelKind, Webhook};
use crate::deliver::Outcome;
use crate::deliver::webhook::{self, Dead, Envelope};
use crate::disk::crash_point;
use crate::net::retry::pause;
use crate::net::stop::Stop;
use crate::run::debts::Owed;
use crate::run::delivery::Asked;
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::ranges::runs;
use crate::run::{debts, recall, remember};
use crate::state::ledger::Ledger;
use crate::state::messages::{Answer, Message, message_key};

/// A message is sent at most so often in one run, if the receiver says when it wants to be asked again …
const TRIES: u32 = 3;
/// … and if that is soon. A longer wait is the next run's.
const SOON: Duration = Duration::from_secs(60);
/// Reports are combined up to this many bytes: many receivers take no larger document.
const LARGEST: usize = 1 << 20;

/// A report that can be sent.
struct Parcel {
    run: u64,
    report_id: String,
    report: Value,
}

/// Sends each channel the messages it is owed, until one of them is not accepted.
pub fn send_owed(desk: &mut Desk<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let stop = desk.stop.until(desk.order.end());
    for channel in desk.config.channels.clone() {
        if let ChannelKind::Webhook(hook) = &channel.kind {
            for instance in desk.checkpoint.instances() {
                let address = Address {
                    instance: &instance,
                    channel: &channel.name,
                    hook,
                    stop: &stop,
                };
                send_to(desk, &address, asked)?;
                give_up(desk, &address, hook.give_up_after)?;
            }
        }
    }
    Ok(())
}

/// Whose runs go where, and how long that is waited for.
struct Address<'a> {
    instance: &'a str,
    channel: &'a str,
    hook: &'a Webhook,
    stop: &'a Stop,
}

impl<'a> Address<'a> {
    fn owed(&self, run: u64) -> Owed<'a> {
        Owed {
            instance: self.instance,
            channel: self.channel,
            run,
        }
    }
}

fn send_to(desk: &mut Desk<'_>, address: &Address<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let now = desk.now();
    let pinned = ledger(desk, address).map_or_else(Vec::new, |ledger| ledger.due_again(now, asked.all));
    for message in pinned
        .into_iter()
        .filter(|message| message.runs.iter().any(|run| asked.covers(*run)))
    {
        let parcels = parcels(desk, address, &message.runs, usize::MAX);
        // Another one's answer may have settled all of it, and so may a report that is gone.
        if is_open(desk, address, &message.key) && !post(desk, address, &message, parcels)? {
            return Ok(());
        }
    }
    loop {
        let due = ledger(desk, address).map_or_else(Vec::new, |ledger| ledger.due(now, asked.all));
        let due: Vec<u64> = due.into_iter().filter(|run| asked.covers(*run)).collect();
        if due.is_empty() || address.stop.reason().is_some() {
            return Ok(());
        }
        let parcels = parcels(desk, address, &due, LARGEST);
        let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.run).collect();
        let ids: Vec<String> = parcels.iter().map(|parcel| parcel.report_id.clone()).collect();
        let key = message_key(address.instance, address.channel, &ids);
        let opened = desk
            .checkpoint
            .ledger_mut(address.instance, address.channel)
            .and_then(|ledger| ledger.open(&numbers, &key, now));
        // Without one, all that was due is lost and settled.
        let Some(message) = opened else { continue };
        crash_point("message.begin");
        desk.commit()?;
        crash_point("message.opened");
        if !post(desk, address, &message, parcels)? {
            return Ok(());
        }
    }
}

fn ledger<'a>(desk: &'a Desk<'_>, address: &Address<'_>) -> Option<&'a Ledger> {
    desk.checkpoint.ledger(address.instance, address.channel)
}

/// The reports of these runs, at least one and no more than fit. A run whose report is nowhere is settled.
fn parcels(desk: &mut Desk<'_>, address: &Address<'_>, numbers: &[u64], most: usize) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    let mut size = 0_usize;
    for number in numbers {
        let Some((mut report, report_id)) = recalled(desk, address.instance, *number) else {
            lose(desk, address.owed(*number));
            continue;
        };
        webhook::without_digest(&mut report);
        size = size.saturating_add(report.to_string().len());
        if size > most && !parcels.is_empty() {
            break;
        }
        parcels.push(Parcel {
            run: *number,
            report_id,
            report,
        });
    }
    parcels
}

/// The report of a run, and its id.
fn recalled(desk: &Desk<'_>, instance: &str, number: u64) -> Option<(Value, String)> {
    let checkpoint = &desk.checkpoint;
    let run = recall::run(&desk.dir, checkpoint, instance, number)?;
    let entry = checkpoint.outbox_entry(instance, number);
    let path = format!("{}{}", run.path, checkpoint.mark_of(instance));
    let report = recall::report(&desk.dir, &entry, &path, &run.report_id)?;
    Some((report, run.report_id))
}

/// Sends an open message, again if the receiver asks for a moment's patience; `true` if it was accepted.
fn post(
    desk: &mut Desk<'_>,
    address: &Address<'_>,
    message: &Message,
    parcels: Vec<Parcel>,
) -> Result<bool, Halt> {
    let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.run).collect();
    let body = webhook::body(Envelope {
        instance: address.instance,
        channel: address.channel,
        key: &message.key,
        runs: &numbers,
        reports: parcels.into_iter().map(|parcel| parcel.report).collect(),
        dead: message
            .tells
            .iter()
            .map(|run| epitaph(desk, address.instance, *run))
            .collect(),
    });
    for tried in 1.. {
        if address.stop.reason().is_some() {
            return Ok(false);
        }
        desk.store.check()?;
        let outcome = webhook::send(address.hook, &message.key, &body, address.stop, desk.now());
        crash_point("message.answered");
        let (answer, wait) = match outcome {
            Outcome::Accepted => (Answer::Accepted, None),
            Outcome::Refused {
                permanent,
                reason,
                wait,
            } => (Answer::Refused { permanent, reason }, wait),
            Outcome::Unknown { reason, wait } => (Answer::Unknown { reason }, wait),
        };
        enter(desk, address, (&message.key, &numbers), &answer, wait);
        desk.commit()?;
        crash_point("message.entered");
        let soon = wait.filter(|wait| *wait <= SOON.min(address.stop.remaining()) && tried < TRIES);
        match soon {
            Some(wait) if answer != Answer::Accepted && pause(address.stop, wait) => {}
            _ => return Ok(answer == Answer::Accepted),
        }
        reopen(desk, address, &message.key, &numbers)?;
    }
    Ok(false)
}

/// A refused message is none any more: it is opened, and committed, before its first byte leaves again.
fn reopen(desk: &mut Desk<'_>, address: &Address<'_>, key: &str, numbers: &[u64]) -> Result<(), Halt> {
    let now = desk.now();
    let Some(ledger) = desk.checkpoint.ledger_mut(address.instance, address.channel) else {
        return Ok(());
    };
    ledger.go_on(numbers);
    let is_open = ledger.messages.iter().any(|open| open.key == key);
    if is_open || ledger.open(numbers, key, now).is_none() {
        return Ok(());
    }
    desk.commit()
}

fn is_open(desk: &Desk<'_>, address: &Address<'_>, key: &str) -> bool {
    let messages = ledger(desk, address).map(|ledger| ledger.messages.as_slice());
    messages.is_some_and(|messages| messages.iter().any(|open| open.key == key))
}

fn epitaph(desk: &Desk<'_>, instance: &str, run: u64) -> Dead {
    let known = recall::run(&desk.dir, &desk.checkpoint, instance, run);
    Dead {
        run,
        findings: known.as_ref().map(|known| known.findings),
        severe: known.map(|known| known.severe),
    }
}

/// Enters what became of the message of this key and these runs; `wait` is for how long the receiver asks.
fn enter(
    desk: &mut Desk<'_>,
    address: &Address<'_>,
    (key, numbers): (&str, &[u64]),
    answer: &Answer,
    wait: Option<Duration>,
) {
    let now = desk.now();
    let channel = address.channel;
    let named = runs(numbers);
    match answer {
        Answer::Accepted => log::info!("channel {channel} accepted {named}"),
        Answer::Refused { reason, .. } => log::warn!("channel {channel} did not take {named}: {reason}"),
        Answer::Unknown { reason } => {
            log::warn!(
                "channel {channel} may have {named}, it will be asked again under the same key: {reason}"
            );
        }
    }
    if let Some(ledger) = desk.checkpoint.ledger_mut(address.instance, channel) {
        ledger.answer(key, answer, now);
        if let Some(wait) = wait {
            let wish = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
            ledger.leave_alone(numbers, wish, now);
        }
    }
    for number in numbers {
        debts::delivery(
            &mut desk.checkpoint,
            desk.record,
            address.owed(*number),
            answer,
            now,
        );
    }
    desk.checkpoint
        .note_success(&remember::required(&desk.config.channels));
}

/// Nothing can be sent of a run whose report is gone: the next message tells that it is missing.
fn lose(desk: &mut Desk<'_>, owed: Owed<'_>) {
    let Owed { channel, run, .. } = owed;
    log::warn!("channel {channel} run {run}: its report is gone and cannot be sent");
    let now = desk.now();
    let ledger = desk.checkpoint.ledger_mut(owed.instance, channel);
    if ledger.is_some_and(|ledger| ledger.lose(run)) {
        debts::death(&mut desk.checkpoint, owed, now);
    }
}

fn give_up(desk: &mut Desk<'_>, address: &Address<'_>, after: Duration) -> Result<(), Halt> {
    let now = desk.now();
    let channel = address.channel;
    let patience = TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
    let dead = desk
        .checkpoint
        .ledger_mut(address.instance, channel)
        .map_or_else(Vec::new, |ledger| ledger.give_up(now, patience));
    if dead.is_empty() {
        return Ok(());
    }
    log::warn!(
        "channel {channel} did not take {} for {}: given up, and told by its next message",
        runs(&dead),
        humantime::format_duration(after)
    );
    for number in dead {
        debts::death(&mut desk.checkpoint, address.owed(number), now);
    }
    desk.commit()
}
