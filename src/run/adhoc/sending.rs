//! `run --deliver`: an ad hoc report is sent once to every channel that wants it, under its `report_id`, and is
//! never owed. What a channel did not take is told and left to the operator.

use chrono::{DateTime, Utc};

use crate::config::{Channel, ChannelKind, Config, Webhook};
use crate::deliver::Outcome;
use crate::deliver::webhook::{self, Envelope};
use crate::exit::Exit;
use crate::model::attempt::ChannelResult;
use crate::model::report::Report;
use crate::net::stop::Stop;
use crate::report::part::Part;
use crate::run::due::is_due;

/// What became of it, channel by channel; the file channel has it already.
pub fn send(config: &Config, report: &Report, stop: &Stop, now: DateTime<Utc>) -> Vec<ChannelResult> {
    let mut results = Vec::new();
    for channel in &config.channels {
        if let ChannelKind::Webhook(hook) = &channel.kind {
            let (outcome, reason) = one((channel, hook), report, stop, now);
            results.push(ChannelResult {
                name: channel.name.clone(),
                outcome: outcome.to_owned(),
                runs: Vec::new(),
                more: None,
                reason,
            });
        }
    }
    results
}

/// Partial if a channel that wanted the report does not certainly have it.
pub fn verdict(results: &[ChannelResult]) -> Exit {
    let has_it = |result: &ChannelResult| ["accepted", "not due"].contains(&result.outcome.as_str());
    if results.iter().all(has_it) {
        Exit::Ok
    } else {
        Exit::Partial
    }
}

fn one(
    (channel, hook): (&Channel, &Webhook),
    report: &Report,
    stop: &Stop,
    now: DateTime<Utc>,
) -> (&'static str, Option<String>) {
    let name = &channel.name;
    if !is_due(channel, report) {
        log::info!(
            "channel {name} does not want this report: when = {}, sites = {:?}",
            channel.when.name(),
            channel.sites
        );
        return ("not due", None);
    }
    if stop.reason().is_some() {
        let reason = "this run had to end before it was sent".to_owned();
        log::warn!("channel {name} was not sent this report: {reason}");
        return ("refused", Some(reason));
    }
    let key = &report.report_id;
    let body = webhook::body(Envelope {
        instance: &report.instance,
        channel: name,
        key,
        runs: &[],
        reports: vec![Part::of(report, &channel.sites).document()],
        dead: Vec::new(),
    });
    match webhook::send(hook, key, &body, stop, now) {
        Outcome::Accepted => {
            log::info!("channel {name} accepted this report");
            ("accepted", None)
        }
        Outcome::Refused { reason, .. } => {
            log::warn!("channel {name} did not take this report, and it is not sent again: {reason}");
            ("refused", Some(reason))
        }
        Outcome::Unknown { reason, .. } => {
            log::warn!("channel {name} may have this report, and it is not sent again: {reason}");
            ("unknown", Some(reason))
        }
    }
}
