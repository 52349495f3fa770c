//! `state backups` and `state backup`: the copies there are, and one more.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cli::Common;
use crate::commands::state::there;
use crate::commands::{fail, opened};
use crate::exit::Exit;
use crate::print;
use crate::run::halt::Halt;
use crate::run::order::Clock;
use crate::state::backups::{self, Backup};
use crate::state::load::{Candidate, candidate};
use crate::state::migrate;

/// One copy, as it is listed.
#[derive(Serialize)]
struct Line {
    generation: u64,
    run: Option<u64>,
    made_at: DateTime<Utc>,
    bytes: u64,
    /// `valid`, or why it is not.
    state: String,
    path: String,
}

pub fn list(json: bool, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let found = dir.as_ref().map(|dir| (dir, backups::list(dir)));
    let lines: Vec<Line> = match found {
        None => Vec::new(),
        Some((dir, Ok(found))) => found
            .into_iter()
            .map(|backup| line(candidate(dir, &backup.path), backup))
            .collect(),
        Some((_, Err(error))) => return fail(Exit::CannotCreate, &error.to_string()),
    };
    if json {
        print::say(&serde_json::to_string_pretty(&lines).unwrap_or_default());
    } else if lines.is_empty() {
        print::say("no backups yet");
    } else {
        let now = Clock::of(common).now();
        print::say(&format!(
            "{:>10}  {:>6}  {:<16}  {:>8}  {:>9}  state",
            "generation", "run", "made (UTC)", "age", "bytes"
        ));
        for line in &lines {
            print::say(&format!(
                "{:>10}  {:>6}  {:<16}  {:>8}  {:>9}  {}",
                line.generation,
                line.run.map_or_else(|| "-".to_owned(), |run| run.to_string()),
                line.made_at.format("%Y-%m-%d %H:%M"),
                age(now - line.made_at),
                line.bytes,
                line.state,
            ));
        }
    }
    Exit::Ok
}

/// Makes a copy now, whenever the last one was made.
pub fn make(common: &Common) -> Result<String, Halt> {
    let dir = there(common)?;
    let made = backups::make(&dir, Clock::of(common).now())?;
    Ok(format!(
        "backup of generation {} written and verified: {}",
        made.generation,
        dir.path_of(&made.path).display()
    ))
}

fn line(found: Candidate, backup: Backup) -> Line {
    let (run, state) = match found {
        Candidate::Valid(checkpoint) => (Some(checkpoint.run), "valid".to_owned()),
        Candidate::Newer(version) => (None, format!("schema {version}, newer than this program")),
        Candidate::Damaged(_, Some(value)) if migrate::read(&value).is_some() => {
            (None, "of the earlier scanner (schema 1.0)".to_owned())
        }
        Candidate::Damaged(why, _) => (None, format!("damaged: {why}")),
        Candidate::Closed(why) => (None, why),
        Candidate::Absent => (None, "gone".to_owned()),
    };
    Line {
        generation: backup.generation,
        run,
        made_at: backup.made_at,
        bytes: backup.bytes,
        state: crate::model::text::clean(&state, crate::model::text::SENTENCE),
        path: backup.path,
    }
}

/// `3 h`, `12 d`: the largest unit that leaves a whole number above one.
fn age(age: TimeDelta) -> String {
    match age {
        age if age < TimeDelta::zero() => "ahead".to_owned(),
        age if age < TimeDelta::hours(2) => format!("{} min", age.num_minutes()),
        age if age < TimeDelta::days(2) => format!("{} h", age.num_hours()),
        age => format!("{} d", age.num_days()),
    }
}
