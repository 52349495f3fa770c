//! `status`: is a run going on, how did the last one end, how old is the last success. Never takes the lock.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::cli::{Common, StatusArgs};
use crate::commands::{fail, gaps, opened};
use crate::config;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::attempt::{Attempt, SourceResult};
use crate::model::coverage::Outcome;
use crate::print;
use crate::run::order::{Clock, span};
use crate::state::backups;
use crate::state::load::peek;
use crate::state::lock::{self, Holder};
use crate::state::schema::{Checkpoint, SourceState};

pub fn status(args: &StatusArgs, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let now = Clock::of(common).now();
    let holder = dir.as_ref().and_then(lock::holder);
    let checkpoint = match dir.as_ref().map(peek).transpose() {
        Ok(checkpoint) => checkpoint.flatten(),
        Err(error) => return fail(Exit::BadState, &error.to_string()),
    };
    let age = checkpoint
        .as_ref()
        .and_then(|checkpoint| checkpoint.last_successful_run)
        .map(|time| now - time);
    let stale = args.max_age.map_or_else(Stale::default, |most| {
        let judge = |checkpoint| Stale::of(checkpoint, most, now);
        checkpoint.as_ref().map_or_else(Stale::never, judge)
    });
    let directory = config::reports_dir(&common.wish()).map(|path| {
        let whole = std::path::absolute(&path).unwrap_or(path);
        whole.display().to_string()
    });
    let standing = Standing {
        directory: directory.unwrap_or_default(),
        holder,
        checkpoint,
        backup: dir.as_ref().and_then(newest_backup),
        age,
        stale,
        now,
    };
    if args.json {
        print::say(&as_json(&standing).to_string());
    } else {
        print::put(as_text(&standing).as_bytes());
    }
    if stale.is_any() { Exit::Failed } else { Exit::Ok }
}

/// What is older than `--max-age` allows.
#[derive(Clone, Copy, Debug, Default)]
struct Stale {
    /// The last success; or it lies so far ahead that a clock was wrong, other than the demo's, which is its own.
    success: bool,
    /// The oldest proof of a source that is wanted.
    proof: bool,
    /// A source that is wanted was never read.
    unread: bool,
}

impl Stale {
    fn of(checkpoint: &Checkpoint, most: Duration, now: DateTime<Utc>) -> Self {
        let is_over = |age: chrono::Duration| age.to_std().is_ok_and(|age| age > most);
        let is_old = |success: DateTime<Utc>| {
            let age = now - success;
            is_over(if checkpoint.demo { age } else { age.abs() })
        };
        Self {
            success: checkpoint.last_successful_run.is_none_or(is_old),
            proof: oldest_proof(checkpoint).is_none_or(|proof| is_over(now - proof)),
            unread: wanted(checkpoint).any(|source| source.position.proved_until.is_none())
                || failed(checkpoint).any(|result| !is_stored(checkpoint, &result.name)),
        }
    }

    fn never() -> Self {
        Self {
            success: true,
            ..Self::default()
        }
    }

    fn is_any(self) -> bool {
        self.success || self.proof || self.unread
    }
}

fn mark(stale: bool) -> &'static str {
    if stale { ", STALE" } else { "" }
}

/// The newest attempt that asked for any source.
fn asked(checkpoint: &Checkpoint) -> Option<&Attempt> {
    let mut attempts = checkpoint.attempts.iter().rev();
    attempts.find(|attempt| !attempt.sources.is_empty())
}

/// The sources that it could not read, or not whole.
fn failed(checkpoint: &Checkpoint) -> impl Iterator<Item = &SourceResult> {
    let results = asked(checkpoint).into_iter().flat_map(|attempt| &attempt.sources);
    results.filter(|result| matches!(result.outcome, Outcome::Failed | Outcome::Partial))
}

/// Whether it is known how far it was read; of a picture there is nothing to know.
fn is_stored(checkpoint: &Checkpoint, name: &str) -> bool {
    let is_picture = name.ends_with("/devices") || name.ends_with("/health");
    is_picture || checkpoint.sources.iter().any(|source| source.name == name)
}

/// What the newest attempt lacks, and why: sources of one controller that lack the same are told together.
fn lacking(checkpoint: &Checkpoint) -> Vec<String> {
    let mut together: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for result in failed(checkpoint) {
        let reason = result.reason.as_deref().unwrap_or("no reason was given");
        let controller = result.name.split('/').next().unwrap_or_default();
        let known = together
            .iter_mut()
            .find(|(of, why, _)| (*of, *why) == (controller, reason));
        match known {
            Some((.., names)) => names.push(&result.name),
            None => together.push((controller, reason, vec![&result.name])),
        }
    }
    let told = together.iter().map(|(_, reason, names)| {
        let others = match names.len() {
            1 => String::new(),
            all => format!(" and {} more", all - 1),
        };
        format!("{}{others}: {reason}", names.first().copied().unwrap_or_default())
    });
    told.collect()
}

/// The sources that the newest attempt which asked for any wanted, and that this console has.
fn wanted(checkpoint: &Checkpoint) -> impl Iterator<Item = &SourceState> {
    let asked = asked(checkpoint);
    let has = move |source: &&SourceState| {
        asked.is_none_or(|attempt| {
            let mut of = attempt.sources.iter().filter(|result| result.name == source.name);
            of.any(|result| !matches!(result.outcome, Outcome::Unsupported | Outcome::Denied))
        })
    };
    checkpoint.sources.iter().filter(has)
}

/// What there is to tell.
struct Standing {
    directory: String,
    holder: Option<Holder>,
    checkpoint: Option<Checkpoint>,
    backup: Option<DateTime<Utc>>,
    age: Option<chrono::Duration>,
    stale: Stale,
    now: DateTime<Utc>,
}

/// When the newest copy of the checkpoint that can be read was made.
fn newest_backup(dir: &Dir) -> Option<DateTime<Utc>> {
    let (backup, _) = backups::newest_valid(dir).ok().flatten()?;
    Some(backup.made_at)
}

fn as_json(standing: &Standing) -> serde_json::Value {
    let Standing {
        directory,
        holder,
        checkpoint,
        backup,
        age,
        stale,
        ..
    } = standing;
    let (holder, checkpoint) = (holder.as_ref(), checkpoint.as_ref());
    json!({
        "directory": directory,
        "running": holder.map(|holder| json!({
            "attempt_id": holder.record.attempt_id, "command": holder.record.command, "pid": holder.record.pid, "host": holder.record.host, "started_at": holder.record.started_at,
            "stage": holder.record.stage,
        })),
        "last_attempt": checkpoint.and_then(|checkpoint| checkpoint.attempts.last()),
        "last_successful_run": checkpoint.and_then(|checkpoint| checkpoint.last_successful_run),
        "age_seconds": age.map(|age| age.num_seconds()),
        "stale": stale.is_any(),
        "lacking": checkpoint.map(lacking),
        "run": checkpoint.map(|checkpoint| checkpoint.run),
        "generation": checkpoint.map(|checkpoint| checkpoint.generation),
        "owed": checkpoint.map(Checkpoint::owed),
        "gaps": checkpoint.map(gaps::of),
        "consecutive_failures": checkpoint.map(|checkpoint| checkpoint.consecutive_failures),
        "newest_backup": backup,
        "proved_until": checkpoint.and_then(oldest_proof),
    })
}

fn as_text(standing: &Standing) -> String {
    let Standing {
        directory,
        holder,
        checkpoint,
        backup,
        age,
        stale,
        now,
    } = standing;
    let mut text = format!("directory       {directory}\n");
    match holder {
        Some(holder) => {
            let record = &holder.record;
            let _ = writeln!(
                text,
                "running         {}: attempt {}, pid {} on {}, for {}, stage {}",
                record.command,
                record.attempt_id,
                record.pid,
                record.host,
                span(*now - record.started_at),
                record.stage.name()
            );
        }
        None => text.push_str("running         no\n"),
    }
    let Some(checkpoint) = checkpoint else {
        text.push_str("last success    never: there is no checkpoint here yet\n");
        return text;
    };
    match checkpoint.attempts.last() {
        Some(last) => {
            let code = last
                .exit_code
                .map_or_else(|| "none".to_owned(), |code| code.to_string());
            let _ = writeln!(
                text,
                "last attempt    {} {} (exit {code}){}",
                last.started_at.format("%F %T UTC"),
                last.result,
                last.error
                    .as_deref()
                    .map_or_else(String::new, |error| format!(": {error}")),
            );
        }
        None => text.push_str("last attempt    none recorded\n"),
    }
    match (checkpoint.last_successful_run, age) {
        (Some(time), Some(age)) => {
            let _ = writeln!(
                text,
                "last success    {} ({} ago{})",
                time.format("%F %T UTC"),
                span(*age),
                mark(stale.success)
            );
        }
        _ => {
            let _ = writeln!(text, "last success    never{}", mark(stale.success));
        }
    }
    let _ = writeln!(text, "owed            {}", checkpoint.owed());
    for gap in gaps::of(checkpoint) {
        let _ = writeln!(text, "                {gap}");
    }
    let _ = writeln!(
        text,
        "failures        {} in a row",
        checkpoint.consecutive_failures
    );
    if let Some(proved) = oldest_proof(checkpoint) {
        let _ = writeln!(
            text,
            "read up to      {} ({} ago{})",
            proved.format("%F %T UTC"),
            span(*now - proved),
            mark(stale.proof)
        );
    }
    for lack in lacking(checkpoint) {
        let _ = writeln!(text, "not read        {lack}");
    }
    if stale.unread {
        text.push_str("                a source that is wanted was never read, STALE\n");
    }
    if let Some(backup) = backup {
        let _ = writeln!(
            text,
            "newest backup   {} ({} ago)",
            backup.format("%F %T UTC"),
            span(*now - *backup)
        );
    }
    let _ = writeln!(
        text,
        "checkpoint      generation {}, run {}",
        checkpoint.generation, checkpoint.run
    );
    text
}

/// Up to where every wanted source was proved: the oldest of them.
fn oldest_proof(checkpoint: &Checkpoint) -> Option<DateTime<Utc>> {
    wanted(checkpoint)
        .filter_map(|source| source.position.proved_until)
        .min()
}
