//! What an attempt tells: its record, the warnings in its report, the last lines on stdout and stderr.

use std::fmt::Write as _;

use chrono::{DateTime, DurationRound as _, Utc};

use crate::config::{Channel, Config, Tolerated};
use crate::disk::random::random_hex;
use crate::exit::Exit;
use crate::model::attempt::{Attempt, ChannelResult, SourceResult, StateResult};
use crate::model::coverage::SourceCoverage;
use crate::model::report::Report;
use crate::model::zone::{self, Zone};
use crate::print;
use crate::report;
use crate::run::Ended;
use crate::run::halt::Halt;
use crate::run::order::Order;
use crate::run::ranges::runs;
use crate::state::ledger::Ledger;
use crate::state::running::{RunRecord, Stage};
use crate::state::schema::Checkpoint;
use crate::state::spans::Debt;

/// Runs named in the record of an attempt for each channel: records are kept, and a channel may be dead for a year.
const NAMED: usize = 24;

/// The record of an attempt that has just begun.
pub fn begin(order: &Order<'_>) -> Attempt {
    let now = order.clock.now();
    blank(attempt_id(now), now)
}

/// A new id. Without randomness the moment alone still tells the attempts of one host apart.
pub fn attempt_id(now: DateTime<Utc>) -> String {
    random_hex(16).unwrap_or_else(|_| format!("{:032x}", now.timestamp_micros()))
}

pub fn blank(attempt_id: String, started_at: DateTime<Utc>) -> Attempt {
    Attempt {
        schema_version: "1".to_owned(),
        attempt_id,
        command: "run".to_owned(),
        run: None,
        instance: None,
        started_at,
        finished_at: None,
        duration_ms: None,
        result: "running".to_owned(),
        exit_code: None,
        stage: "lock".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        window: None,
        report_id: None,
        generated_at: None,
        headline: None,
        report: None,
        counts: None,
        sources: Vec::new(),
        channels: Vec::new(),
        state: StateResult::default(),
        warnings: Vec::new(),
        error: None,
    }
}

pub fn enter_report(record: &mut Attempt, report: &Report) {
    record.window = Some(report.window);
    record.report_id = Some(report.report_id.clone());
    record.counts = Some(report.counts.clone());
    record.generated_at = Some(report.generated_at);
    record.headline = Some(report::headline(report));
}

pub fn finish(record: &mut Attempt, order: &Order<'_>, exit: Exit) {
    record.finished_at = Some(order.clock.now());
    record.duration_ms = Some(u64::try_from(order.began.elapsed().as_millis()).unwrap_or(u64::MAX));
    exit.name().clone_into(&mut record.result);
    record.exit_code = Some(exit.code());
}

/// Prints what the attempt came to and gives the code the process ends with.
pub fn conclude(
    order: &Order<'_>,
    mut record: Attempt,
    ended: Result<Ended, Halt>,
    tolerated: &[Tolerated],
) -> Exit {
    let (exit, causes, told) = match ended {
        Ok(ended) => (ended.exit, ended.causes, Ok(ended.line)),
        Err(halt) => (halt.exit, Vec::new(), Err(halt.message)),
    };
    if let (Err(error), None) = (&told, &record.error) {
        record.error = Some(error.clone());
    }
    if record.exit_code != Some(exit.code()) {
        finish(&mut record, order, exit);
    }
    if order.args.attempt.json {
        print::say(&serde_json::to_string_pretty(&record).unwrap_or_default());
    } else if let (Ok(line), false) = (&told, order.common.quiet) {
        print::say(line);
    }
    if let Err(error) = &told {
        print::complain(&block(exit, error));
    } else if exit != Exit::Ok {
        let warnings = record.warnings.iter().filter(|_| order.common.quiet).cloned();
        let channels = undelivered(&record);
        let why: Vec<String> = causes.into_iter().chain(channels).chain(warnings).collect();
        print::complain(&block(exit, &why.join("\n")));
    }
    if is_tolerated(tolerated, exit) {
        Exit::Ok
    } else {
        exit
    }
}

/// One readable block: the sentences, then the code by number and name.
fn block(exit: Exit, message: &str) -> String {
    let mut text = String::new();
    for line in message.lines() {
        let _ = writeln!(text, "unifi-scan: {line}");
    }
    let _ = write!(text, "unifi-scan: exit {} ({})", exit.code(), exit.name());
    text
}

/// What the channels did not take of a run that was committed.
fn undelivered(record: &Attempt) -> Vec<String> {
    let channels = record.channels.iter().filter_map(|channel| {
        let named = match channel.outcome.as_str() {
            "owed" => match channel.more {
                Some(more) => format!("is owed {} and {more} more", runs(&channel.runs)),
                None => format!("is owed {}", runs(&channel.runs)),
            },
            "refused" => "did not take this report, and it is not sent again".to_owned(),
            "unknown" => "may have this report, and it is not sent again".to_owned(),
            _ => return None,
        };
        let reason = channel.reason.as_deref().unwrap_or("not delivered yet");
        Some(format!("channel {} {named}: {reason}", channel.name))
    });
    channels.collect()
}

fn is_tolerated(tolerated: &[Tolerated], exit: Exit) -> bool {
    match exit {
        Exit::Locked => tolerated.contains(&Tolerated::Locked),
        Exit::Partial => tolerated.contains(&Tolerated::Partial),
        Exit::Recovered => tolerated.contains(&Tolerated::Recovered),
        _ => false,
    }
}

/// The report on stdout, for `--dry-run`.
pub fn print_report(order: &Order<'_>, report: &Report) {
    if !order.args.attempt.json {
        print::put(report::text::render(report).as_bytes());
    }
}

/// The zone renderings use: the operator's, else the console's, else UTC.
pub fn zone(config: &Config, console: Option<&str>) -> String {
    let own = config.timezone.as_ref().map(Zone::name);
    let told = || console.filter(|name| Zone::named(name).is_some());
    own.or_else(told).unwrap_or(zone::UTC).to_owned()
}

pub fn source_results(coverage: &[SourceCoverage]) -> Vec<SourceResult> {
    coverage
        .iter()
        .map(|line| SourceResult {
            name: line.name.clone(),
            outcome: line.outcome,
            events: line.outcome.known(line.events),
            code: line.code,
            reason: line.reason.clone(),
        })
        .collect()
}

/// How the channels stand after this attempt; `not_due` are those that did not want its report.
pub fn channel_results(
    checkpoint: &Checkpoint,
    channels: &[Channel],
    not_due: &[String],
) -> Vec<ChannelResult> {
    channels
        .iter()
        .filter_map(|channel| {
            let of_channel = checkpoint
                .all_ledgers()
                .filter(|(_, name, _)| *name == channel.name);
            let ledgers: Vec<&Ledger> = of_channel.map(|(.., ledger)| ledger).collect();
            if ledgers.is_empty() {
                return None;
            }
            let owed: Vec<(u64, &Debt)> = ledgers.iter().flat_map(|ledger| ledger.between.owed()).collect();
            let dead: Vec<u64> = ledgers.iter().flat_map(|ledger| ledger.untold()).collect();
            let (outcome, mut runs) = if !owed.is_empty() {
                ("owed", owed.iter().map(|(run, _)| *run).collect::<Vec<u64>>())
            } else if !dead.is_empty() {
                ("dead", dead)
            } else if not_due.contains(&channel.name) {
                ("not due", vec![checkpoint.run])
            } else {
                ("accepted", vec![checkpoint.run])
            };
            let more = runs.len().checked_sub(NAMED).filter(|more| *more > 0);
            runs.truncate(NAMED);
            Some(ChannelResult {
                name: channel.name.clone(),
                outcome: outcome.to_owned(),
                reason: owed.iter().find_map(|(_, debt)| debt.reason.clone()),
                runs,
                more,
            })
        })
        .collect()
}

/// The full hour at or before `time`.
pub fn whole_hour(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(chrono::Duration::hours(1)).unwrap_or(time)
}

/// What the log says of the checkpoint a run begins with.
pub fn state_line(checkpoint: &Checkpoint) -> String {
    format!(
        "generation={} run={} owed={} last_success={}",
        checkpoint.generation,
        checkpoint.run,
        checkpoint.owed(),
        checkpoint
            .last_successful_run
            .map_or_else(|| "never".to_owned(), |time| time.to_rfc3339())
    )
}

/// A previous attempt whose lock is free but which never reached its end has died: it is counted and told.
pub fn death(checkpoint: &mut Checkpoint, previous: Option<&RunRecord>) {
    let Some(died) = previous.filter(|record| record.stage != Stage::Done) else {
        return;
    };
    if !died.is_attempt() {
        log::warn!(
            "previous command died command={:?} stage={}",
            died.command,
            died.stage.name()
        );
        checkpoint.to_tell.push(format!(
            "The command `unifi-scan {}` of {} did not reach its end: it died in the stage \"{}\".",
            died.command,
            died.started_at.format("%Y-%m-%d %H:%M UTC"),
            died.stage.name()
        ));
        return death(checkpoint, died.before.as_deref());
    }
    log::warn!(
        "previous attempt died stage={} attempt={}",
        died.stage.name(),
        died.attempt_id
    );
    checkpoint.deaths += 1;
    checkpoint.to_tell.push(format!(
        "The attempt of {} did not reach its end: it died in the stage \"{}\".",
        died.started_at.format("%Y-%m-%d %H:%M UTC"),
        died.stage.name()
    ));
    match checkpoint
        .attempts
        .iter_mut()
        .find(|attempt| attempt.attempt_id == died.attempt_id)
    {
        Some(attempt) if attempt.finished_at.is_some() => {}
        Some(attempt) => {
            "died".clone_into(&mut attempt.result);
            died.stage.name().clone_into(&mut attempt.stage);
        }
        None => {
            let mut attempt = blank(died.attempt_id.clone(), died.started_at);
            attempt.command.clone_from(&died.command);
            "died".clone_into(&mut attempt.result);
            died.stage.name().clone_into(&mut attempt.stage);
            checkpoint.attempts.push(attempt);
        }
    }
}
