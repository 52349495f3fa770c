//! `history list` and `history show`: earlier attempts, from `history.jsonl`. `history gaps`: what each channel has
//! not had yet, from the checkpoint.

mod show;

use crate::cli::{Common, HistoryCommand};
use crate::commands::{fail, gaps, opened};
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::print;
use crate::state::accounts::short;
use crate::state::load::peek;
use crate::state::projections;

pub fn history(command: &HistoryCommand, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(Some(dir)) => dir,
        Ok(None) if matches!(command, HistoryCommand::Show { .. }) => {
            return fail(Exit::Failed, "no attempts yet");
        }
        Ok(None) => {
            print::say("no attempts yet");
            return Exit::Ok;
        }
        Err(exit) => return exit,
    };
    match command {
        HistoryCommand::List { count, json } => list(&dir, *count, *json),
        HistoryCommand::Show { which, json } => show::show(&dir, which, *json),
        HistoryCommand::Gaps { json } => gaps(&dir, *json),
    }
}

fn gaps(dir: &Dir, json: bool) -> Exit {
    let checkpoint = match peek(dir) {
        Ok(Some(checkpoint)) => checkpoint,
        Ok(None) => {
            print::say("no attempts yet");
            return Exit::Ok;
        }
        Err(error) => return fail(Exit::BadState, &error.to_string()),
    };
    let gaps = gaps::of(&checkpoint);
    if json {
        print::say(&serde_json::json!(gaps).to_string());
    } else if gaps.is_empty() {
        print::say("no gaps: every channel has settled every run");
    } else {
        for gap in gaps {
            print::say(&gap.to_string());
        }
    }
    Exit::Ok
}

fn list(dir: &Dir, count: usize, json: bool) -> Exit {
    let history = match projections::read_history(dir, count) {
        Ok(history) => history,
        Err(error) => return fail(Exit::CannotCreate, &error.to_string()),
    };
    let newest = history.lines.iter();
    if json {
        for attempt in newest {
            print::say(&serde_json::to_string(attempt).unwrap_or_default());
        }
    } else if history.lines.is_empty() {
        print::say("no attempts yet");
    } else {
        print::say(&format!(
            "{:>8}  {:<20}  {:>4} {:<12} {:>8} {:>8}  report",
            "run", "started (UTC)", "code", "result", "events", "findings"
        ));
        newest.for_each(|attempt| print::say(&line(attempt)));
    }
    if history.bad > 0 {
        log::warn!(
            "lines of history.jsonl that could not be read and were left as they are: {}",
            history.bad
        );
    }
    Exit::Ok
}

fn line(attempt: &Attempt) -> String {
    let number = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
    let result = match &attempt.instance {
        Some(instance) => format!("of {}", short(instance)),
        None => attempt.result.clone(),
    };
    format!(
        "{:>8}  {:<20}  {:>4} {:<12} {:>8} {:>8}  {}",
        attempt
            .run
            .map_or_else(|| beginning(&attempt.attempt_id), |run| run.to_string()),
        attempt.started_at.format("%Y-%m-%d %H:%M:%S"),
        number(attempt.exit_code.map(u64::from)),
        result,
        number(attempt.counts.as_ref().map(|counts| counts.events)),
        number(attempt.counts.as_ref().map(|counts| counts.findings)),
        attempt
            .report
            .as_deref()
            .or(attempt.error.as_deref().and_then(|error| error.lines().next()))
            .unwrap_or(""),
    )
}

/// As much of an id as tells attempts apart.
fn beginning(id: &str) -> String {
    id.chars().take(8).collect()
}
