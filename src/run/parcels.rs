//! What a message is made of: the reports of its runs, and the word that others will never come.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::Webhook;
use crate::deliver::webhook::Dead;
use crate::disk::error::DiskError;
use crate::net::stop::Stop;
use crate::report::part::{self, Part};
use crate::run::debts::{self, Owed};
use crate::run::desk::Desk;
use crate::run::recall;
use crate::state::messages::{Answer, Message};

/// Whose runs go where, and how long that is waited for.
pub struct Address<'a> {
    pub instance: &'a str,
    pub channel: &'a str,
    /// What a message that is opened now holds the part of; none: whole reports.
    pub sites: &'a [String],
    pub hook: &'a Webhook,
    pub stop: &'a Stop,
}

impl<'a> Address<'a> {
    pub fn owed(&self, run: u64) -> Owed<'a> {
        Owed {
            instance: self.instance,
            channel: self.channel,
            run,
        }
    }
}

/// A report that can be sent.
pub struct Parcel {
    pub run: u64,
    pub report_id: String,
    pub report: Value,
}

/// What of the reports of these runs is of these sites, at least one and no more than fit. A run whose report is nowhere
/// is settled; one whose report cannot be read now is held up.
pub fn parcels(
    desk: &mut Desk<'_>,
    address: &Address<'_>,
    (numbers, sites): (&[u64], &[String]),
    most: usize,
    held_up: &mut BTreeSet<u64>,
) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    let mut size = 0_usize;
    for number in numbers {
        let (report, report_id) = match recalled(desk, address.instance, *number, sites) {
            Ok(Some(recalled)) => recalled,
            Ok(None) => {
                lose(desk, address.owed(*number));
                continue;
            }
            Err(error) => {
                let channel = address.channel;
                let reason = format!("its report cannot be read: {error}");
                log::warn!("channel {channel} run {number}: it stays owed, {reason}");
                let now = desk.now();
                let answer = Answer::Refused {
                    permanent: false,
                    reason,
                };
                debts::delivery(
                    &mut desk.checkpoint,
                    desk.record,
                    address.owed(*number),
                    &answer,
                    now,
                );
                held_up.insert(*number);
                continue;
            }
        };
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

/// The report of a run as it is sent, and its id.
fn recalled(
    desk: &Desk<'_>,
    instance: &str,
    number: u64,
    sites: &[String],
) -> Result<Option<(Value, String)>, DiskError> {
    let checkpoint = &desk.checkpoint;
    let Some(run) = recall::run(&desk.dir, checkpoint, instance, number)? else {
        return Ok(None);
    };
    let entry = checkpoint.outbox_entry(instance, number);
    let path = format!("{}{}", run.path, checkpoint.mark_of(instance));
    let report = recall::report(&desk.dir, &entry, &path, &run.report_id)?;
    let sent = report.and_then(|report| {
        if sites.is_empty() {
            return Some(part::without_digest(report));
        }
        let report = serde_json::from_value(report).ok()?;
        Some(Part::of(&report, sites).document())
    });
    Ok(sent.map(|report| (report, run.report_id)))
}

/// What a message tells of runs that never reached the channel.
pub fn epitaphs(desk: &Desk<'_>, instance: &str, message: &Message) -> Vec<Dead> {
    let own = message
        .tells
        .iter()
        .map(|run| epitaph(desk, (instance, *run), None, &message.sites));
    let others = message.tells_of_others.iter().flat_map(|(other, runs)| {
        let told = runs
            .iter()
            .map(|run| epitaph(desk, (other, *run), Some(other.clone()), &message.sites));
        told.collect::<Vec<_>>()
    });
    own.chain(others).collect()
}

fn epitaph(desk: &Desk<'_>, (instance, run): (&str, u64), shown: Option<String>, sites: &[String]) -> Dead {
    let counts = if sites.is_empty() {
        let known = recall::run(&desk.dir, &desk.checkpoint, instance, run);
        let known = known.ok().flatten();
        known.map(|known| (known.findings, known.severe))
    } else {
        let sent = recalled(desk, instance, run, sites).ok().flatten();
        sent.and_then(|(part, _)| {
            let count = |name| part.get("counts")?.get(name)?.as_u64();
            Some((count("findings")?, count("severe")?))
        })
    };
    Dead {
        run,
        instance: shown,
        findings: counts.map(|(findings, _)| findings),
        severe: counts.map(|(_, severe)| severe),
    }
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
