//! Step 8 for channels that are sent messages: opened by a commit before the first byte leaves, answered by
//! another. A death in between costs one repeat under the same key.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::ChannelKind;
use crate::deliver::Outcome;
use crate::deliver::webhook::{self, Envelope};
use crate::disk::crash_point;
use crate::net::retry::pause;
use crate::run::delivery::Asked;
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::parcels::{Address, Parcel, epitaphs, parcels};
use crate::run::ranges::runs;
use crate::run::{debts, remember};
use crate::state::ledger::Ledger;
use crate::state::messages::{Answer, Message, message_key};
use crate::state::spans::Standing;

/// A message is sent at most so often in one run, if the receiver says when it wants to be asked again …
const TRIES: u32 = 3;
/// … and if that is soon. A longer wait is the next run's.
const SOON: Duration = Duration::from_secs(60);
/// Reports are combined up to this many bytes: many receivers take no larger document.
const LARGEST: usize = 1 << 20;

/// Sends each channel the messages it is owed, until one of them is not accepted.
pub fn send_owed(desk: &mut Desk<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let stop = desk.stop.until(desk.order.end());
    for channel in desk.config.channels.clone() {
        if let ChannelKind::Webhook(hook) = &channel.kind {
            for instance in desk.checkpoint.instances() {
                let address = Address {
                    instance: &instance,
                    channel: &channel.name,
                    sites: &channel.sites,
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

fn send_to(desk: &mut Desk<'_>, address: &Address<'_>, asked: Asked<'_>) -> Result<(), Halt> {
    let now = desk.now();
    let pinned = ledger(desk, address).map_or_else(Vec::new, |ledger| ledger.due_again(now, asked.all));
    for message in pinned
        .into_iter()
        .filter(|message| message.runs.iter().any(|run| asked.covers(*run)))
    {
        let mut held_up = BTreeSet::new();
        let parcels = parcels(
            desk,
            address,
            (&message.runs, &message.sites),
            usize::MAX,
            &mut held_up,
        );
        if !held_up.is_empty() {
            continue;
        }
        // Another one's answer may have settled all of it, and so may a report that is gone.
        if is_open(desk, address, &message.key) && !post(desk, address, &message, parcels)? {
            return Ok(());
        }
    }
    let mut held_up = BTreeSet::new();
    loop {
        let due = ledger(desk, address).map_or_else(Vec::new, |ledger| ledger.due(now, asked.all));
        let is_asked = |run: &u64| asked.covers(*run) && !held_up.contains(run);
        let due: Vec<u64> = due.into_iter().filter(is_asked).collect();
        if due.is_empty() || address.stop.reason().is_some() {
            return Ok(());
        }
        let parcels = parcels(desk, address, (&due, address.sites), LARGEST, &mut held_up);
        let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.run).collect();
        let ids: Vec<String> = parcels.iter().map(|parcel| parcel.report_id.clone()).collect();
        let key = message_key(address.instance, address.channel, &ids);
        // Without one, all that was due is lost and settled.
        let Some(message) = open(desk, address, &numbers, &key) else {
            continue;
        };
        crash_point("message.begin");
        desk.commit()?;
        crash_point("message.opened");
        if !post(desk, address, &message, parcels)? {
            return Ok(());
        }
    }
}

/// Opens a message. One of our own also tells which runs of other instances the channel will never get; what another
/// instance's message says is the same wherever it is sent from.
fn open(desk: &mut Desk<'_>, address: &Address<'_>, runs: &[u64], key: &str) -> Option<Message> {
    let now = desk.now();
    let others = if address.instance == desk.checkpoint.instance {
        desk.checkpoint.untold_of_others(address.channel)
    } else {
        BTreeMap::new()
    };
    let ledger = desk.checkpoint.ledger_mut(address.instance, address.channel)?;
    ledger.open(runs, key, now)?;
    let opened = ledger.messages.last_mut()?;
    opened.tells_of_others = others;
    opened.sites = address.sites.to_vec();
    Some(opened.clone())
}

fn ledger<'a>(desk: &'a Desk<'_>, address: &Address<'_>) -> Option<&'a Ledger> {
    desk.checkpoint.ledger(address.instance, address.channel)
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
        dead: epitaphs(desk, address.instance, message),
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
    let Some(ledger) = desk.checkpoint.ledger_mut(address.instance, address.channel) else {
        return Ok(());
    };
    ledger.go_on(numbers);
    let is_open = ledger.messages.iter().any(|open| open.key == key);
    if is_open || open(desk, address, numbers, key).is_none() {
        return Ok(());
    }
    desk.commit()
}

fn is_open(desk: &Desk<'_>, address: &Address<'_>, key: &str) -> bool {
    let messages = ledger(desk, address).map(|ledger| ledger.messages.as_slice());
    messages.is_some_and(|messages| messages.iter().any(|open| open.key == key))
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
    let told = ledger(desk, address)
        .filter(|_| *answer == Answer::Accepted)
        .and_then(|ledger| ledger.messages.iter().find(|open| open.key == key))
        .map_or_else(BTreeMap::new, |open| open.tells_of_others.clone());
    for (instance, runs) in told {
        if let Some(ledger) = desk.checkpoint.ledger_mut(&instance, channel) {
            ledger.note_told(runs);
        }
    }
    if let Some(ledger) = desk.checkpoint.ledger_mut(address.instance, channel) {
        ledger.answer(key, answer, now);
        if let Some(wait) = wait {
            let wish = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
            ledger.leave_alone(numbers, wish, now);
        }
    }
    // A run that another machine delivered goes along in a repeat, and a refusal of that is no failure of it.
    let is_owed = |ledger: &Ledger, run| matches!(ledger.between.get(run), Some(Standing::Owed(_)));
    let concerns = |desk: &Desk<'_>, run: u64| {
        *answer == Answer::Accepted || ledger(desk, address).is_some_and(|ledger| is_owed(ledger, run))
    };
    for number in numbers {
        if !concerns(desk, *number) {
            continue;
        }
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
