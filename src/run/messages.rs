//! Step 8 for channels that are sent messages: opened by a commit before the first byte leaves, answered by
//! another. A death in between costs one repeat under the same key.

use chrono::TimeDelta;
use serde_json::Value;

use crate::config::{ChannelKind, Webhook};
use crate::deliver::Outcome;
use crate::deliver::webhook::{self, Dead, Envelope};
use crate::disk::crash_point;
use crate::net::stop::Stop;
use crate::run::delivery::Asked;
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::ranges::runs;
use crate::run::{debts, recall, remember};
use crate::state::ledger::{Answer, Ledger, Message, message_key};
use crate::state::spans::Standing;

/// Only time gives up on a message.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(7);
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
            let address = Address {
                channel: &channel.name,
                hook,
                stop: &stop,
            };
            send_to(desk, &address, asked)?;
            give_up(desk, &channel.name)?;
        }
    }
    Ok(())
}

/// Where messages go, and how long they are waited for.
struct Address<'a> {
    channel: &'a str,
    hook: &'a Webhook,
    stop: &'a Stop,
}

fn send_to(desk: &mut Desk<'_>, address: &Address<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let now = desk.now();
    let pinned =
        ledger(desk, address.channel).map_or_else(Vec::new, |ledger| ledger.due_again(now, asked.all));
    for message in pinned
        .into_iter()
        .filter(|message| message.runs.iter().any(|run| asked.covers(*run)))
    {
        let parcels = parcels(desk, address.channel, &message.runs, usize::MAX);
        if !parcels.is_empty() && !post(desk, address, &message, parcels)? {
            return Ok(());
        }
    }
    loop {
        let due = ledger(desk, address.channel).map_or_else(Vec::new, |ledger| ledger.due(now, asked.all));
        let due: Vec<u64> = due.into_iter().filter(|run| asked.covers(*run)).collect();
        if due.is_empty() || address.stop.reason().is_some() {
            return Ok(());
        }
        let parcels = parcels(desk, address.channel, &due, LARGEST);
        let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.run).collect();
        let ids: Vec<String> = parcels.iter().map(|parcel| parcel.report_id.clone()).collect();
        let key = message_key(&desk.checkpoint.instance, address.channel, &ids);
        let opened = desk
            .checkpoint
            .ledgers
            .get_mut(address.channel)
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

fn ledger<'a>(desk: &'a Desk<'_>, channel: &str) -> Option<&'a Ledger> {
    desk.checkpoint.ledgers.get(channel)
}

/// The reports of these runs, at least one and no more than fit. A run whose report is nowhere is settled.
fn parcels(desk: &mut Desk<'_>, channel: &str, numbers: &[u64], most: usize) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    let mut size = 0_usize;
    for number in numbers {
        let found = recall::run(&desk.dir, &desk.checkpoint, *number)
            .and_then(|run| Some((recall::report(&desk.dir, *number, &run)?, run.report_id)));
        let Some((mut report, report_id)) = found else {
            lose(desk, channel, *number);
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

/// Sends an open message; `true` if it was accepted.
fn post(
    desk: &mut Desk<'_>,
    address: &Address<'_>,
    message: &Message,
    parcels: Vec<Parcel>,
) -> Result<bool, Halt> {
    if address.stop.reason().is_some() {
        return Ok(false);
    }
    let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.run).collect();
    let body = webhook::body(Envelope {
        instance: &desk.checkpoint.instance,
        channel: address.channel,
        key: &message.key,
        runs: &numbers,
        reports: parcels.into_iter().map(|parcel| parcel.report).collect(),
        dead: message.tells.iter().map(|run| epitaph(desk, *run)).collect(),
    });
    desk.store.check()?;
    let outcome = webhook::send(address.hook, &message.key, &body, address.stop);
    crash_point("message.answered");
    let answer = match outcome {
        Outcome::Accepted => Answer::Accepted,
        Outcome::Refused { permanent, reason } => Answer::Refused { permanent, reason },
        Outcome::Unknown { reason } => Answer::Unknown { reason },
    };
    enter(desk, address.channel, &message.key, &numbers, &answer);
    desk.commit()?;
    crash_point("message.entered");
    Ok(answer == Answer::Accepted)
}

fn epitaph(desk: &Desk<'_>, run: u64) -> Dead {
    let known = recall::run(&desk.dir, &desk.checkpoint, run);
    Dead {
        run,
        findings: known.as_ref().map(|known| known.findings),
        severe: known.map(|known| known.severe),
    }
}

fn enter(desk: &mut Desk<'_>, channel: &str, key: &str, numbers: &[u64], answer: &Answer) {
    let now = desk.now();
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
    if let Some(ledger) = desk.checkpoint.ledgers.get_mut(channel) {
        ledger.answer(key, answer, now);
    }
    for number in numbers {
        debts::delivery(&mut desk.checkpoint, desk.record, channel, *number, answer, now);
    }
    desk.checkpoint
        .note_success(&remember::required(&desk.config.channels));
}

/// Nothing can be sent of a run whose report is gone: the next message tells that it is missing.
fn lose(desk: &mut Desk<'_>, channel: &str, number: u64) {
    log::warn!("channel {channel} run {number}: its report is gone and cannot be sent");
    let now = desk.now();
    if let Some(ledger) = desk.checkpoint.ledgers.get_mut(channel) {
        ledger.settle(number, Standing::Dead { told: false });
    }
    debts::death(&mut desk.checkpoint, channel, number, now);
}

fn give_up(desk: &mut Desk<'_>, channel: &str) -> Result<(), Halt> {
    let now = desk.now();
    let dead = desk
        .checkpoint
        .ledgers
        .get_mut(channel)
        .map_or_else(Vec::new, |ledger| ledger.give_up(now, GIVE_UP_AFTER));
    if dead.is_empty() {
        return Ok(());
    }
    log::warn!(
        "channel {channel} did not take {} for seven days: given up, and told by its next message",
        runs(&dead)
    );
    for number in dead {
        debts::death(&mut desk.checkpoint, channel, number, now);
    }
    desk.commit()
}
