//! `history show`: one attempt, in words or as `run --json` printed it.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::commands::fail;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::attempt::{Attempt, ChannelResult, SourceResult};
use crate::model::text::clean;
use crate::print;
use crate::run::ranges::runs;
use crate::state::load::peek;
use crate::state::projections;

/// Longest line that is shown, in characters.
const LINE: usize = 2_000;
/// Least digits that name an id: those `history list` shows. Shorter ones are run numbers.
const BEGINNING: usize = 8;

/// Tells the attempt that became this run, or that whose id begins so.
pub fn show(dir: &Dir, which: &str, json: bool) -> Exit {
    let mut attempts = match projections::read_history(dir, usize::MAX) {
        Ok(history) => history.lines,
        Err(error) => return fail(Exit::CannotCreate, &error.to_string()),
    };
    // What a dead attempt did not append, the checkpoint still has.
    if let Ok(Some(checkpoint)) = peek(dir) {
        attempts.extend(checkpoint.attempts);
    }
    match found(&attempts, which) {
        Ok(attempt) if json => {
            print::say(&serde_json::to_string_pretty(attempt).unwrap_or_default());
            Exit::Ok
        }
        Ok(attempt) => {
            print::put(words(attempt).as_bytes());
            Exit::Ok
        }
        Err(why) => fail(
            Exit::Failed,
            &format!("{why}; `unifi-scan history list` shows what there is"),
        ),
    }
}

/// A number is a run's before it is the beginning of an id.
fn found<'a>(attempts: &'a [Attempt], which: &str) -> Result<&'a Attempt, String> {
    let run = which.parse::<u64>().ok();
    if let Some(attempt) = attempts
        .iter()
        .rfind(|attempt| attempt.run.is_some() && attempt.run == run)
    {
        return Ok(attempt);
    }
    let mut named = attempts
        .iter()
        .filter(|attempt| which.len() >= BEGINNING && attempt.attempt_id.starts_with(which));
    let Some(first) = named.next() else {
        return Err(match run {
            Some(run) => format!("there is no attempt of run {run}"),
            None => format!("there is no attempt whose id begins with {which:?}"),
        });
    };
    if named.any(|other| other.attempt_id != first.attempt_id) {
        return Err(format!("several attempts have an id that begins with {which:?}"));
    }
    Ok(first)
}

fn words(attempt: &Attempt) -> String {
    let moment = |time: DateTime<Utc>| time.format("%F %T UTC").to_string();
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<11} {}", clean(&value, LINE));
    };
    line(
        "run",
        attempt.run.map_or_else(|| "-".to_owned(), |run| run.to_string()),
    );
    line("attempt", attempt.attempt_id.clone());
    line(
        "command",
        format!("{} (version {})", attempt.command, attempt.version),
    );
    line(
        "result",
        match attempt.exit_code {
            Some(code) => format!(
                "{} (exit {code}), ended in stage {}",
                attempt.result, attempt.stage
            ),
            None => format!("{} in stage {}", attempt.result, attempt.stage),
        },
    );
    line("started", moment(attempt.started_at));
    if let Some(time) = attempt.finished_at {
        let took = attempt.duration_ms.map_or_else(String::new, |ms| {
            format!(
                ", after {}",
                humantime::format_duration(Duration::from_millis(ms))
            )
        });
        line("finished", moment(time) + &took);
    }
    if let Some(window) = attempt.window {
        line(
            "window",
            format!("{} – {}", moment(window.since()), moment(window.until())),
        );
    }
    if let Some(headline) = &attempt.headline {
        line("headline", headline.clone());
    }
    if let Some(counts) = &attempt.counts {
        line(
            "events",
            format!(
                "{} ({} routine, {} muted)",
                counts.events, counts.routine, counts.muted
            ),
        );
        line(
            "findings",
            format!(
                "{} ({} severe, {} medium, {} low, {} info)",
                counts.findings, counts.severe, counts.medium, counts.low, counts.info
            ),
        );
    }
    if let Some(path) = &attempt.report {
        line("report", format!("{path}.html"));
    }
    if let Some(id) = &attempt.report_id {
        line("report id", id.clone());
    }
    if attempt.state.generation > 0 {
        line("generation", attempt.state.generation.to_string());
    }
    if let Some(generation) = attempt.state.recovered_from {
        line("recovered", format!("from generation {generation}"));
    }
    text + &list("sources", attempt.sources.iter().map(source))
        + &list("channels", attempt.channels.iter().map(channel))
        + &list("warnings", attempt.warnings.iter().cloned())
        + &list(
            "error",
            attempt
                .error
                .iter()
                .flat_map(|error| error.lines().map(str::to_owned)),
        )
}

fn list(heading: &str, lines: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        if text.is_empty() {
            let _ = writeln!(text, "\n{heading}");
        }
        let _ = writeln!(text, "  {}", clean(&line, LINE));
    }
    text
}

fn source(source: &SourceResult) -> String {
    let reason = source
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    // Earlier lines have a zero where nothing was known.
    let events = source
        .events
        .and_then(|events| source.outcome.known(events))
        .map_or_else(
            || "events unknown".to_owned(),
            |events| format!("{events} events"),
        );
    format!("{}: {}, {events}{reason}", source.name, source.outcome.name())
}

fn channel(channel: &ChannelResult) -> String {
    let about = if channel.runs.is_empty() {
        String::new()
    } else {
        format!(" {}", runs(&channel.runs))
    };
    let reason = channel
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{}: {}{about}{reason}", channel.name, channel.outcome)
}
