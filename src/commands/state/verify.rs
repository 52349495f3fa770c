//! `state verify`: whether the checkpoint and everything it needs can be read. Takes no lock, changes nothing.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::Common;
use crate::commands::opened;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::count::counted;
use crate::model::text::{SENTENCE, clean};
use crate::print;
use crate::report::json;
use crate::run::order::Clock;
use crate::run::recall;
use crate::state::load::{Arrival, Candidate, candidate, load, peek};
use crate::state::schema::Checkpoint;
use crate::state::seen::Seen;
use crate::state::{BAK, CHECKPOINT, backups, migrate, outbox};

/// A run at work may replace what is looked at; after so many looks it is told as it is.
const LOOKS: usize = 4;
/// More bytes than any report has.
const LIMIT: u64 = 256 * 1024 * 1024;

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Not there, and nothing needs it.
    None,
    Bad,
}

#[derive(Serialize)]
struct Row {
    what: String,
    verdict: Verdict,
    note: String,
}

pub fn verify(as_json: bool, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let rows = dir.as_ref().map_or_else(
        || vec![row("checkpoint", Verdict::None, FIRST)],
        |dir| settled(dir, Clock::of(common)),
    );
    if as_json {
        print::say(&serde_json::to_string_pretty(&rows).unwrap_or_default());
    } else {
        print::put(table(&rows).as_bytes());
    }
    if rows.iter().any(|row| row.verdict == Verdict::Bad) {
        Exit::BadState
    } else {
        Exit::Ok
    }
}

const FIRST: &str = "none yet, and no trace of one: the next run is the first";

/// The rows of a look during which nothing was committed.
fn settled(dir: &Dir, clock: Clock) -> Vec<Row> {
    let mut before = checksum(dir);
    for _ in 0..LOOKS {
        let rows = look(dir, clock);
        let after = checksum(dir);
        if after == before {
            return rows;
        }
        before = after;
    }
    look(dir, clock)
}

fn checksum(dir: &Dir) -> Option<String> {
    match candidate(dir, CHECKPOINT) {
        Candidate::Valid(found) => Some(found.checksum),
        _ => None,
    }
}

fn look(dir: &Dir, clock: Clock) -> Vec<Row> {
    let checkpoint = match candidate(dir, CHECKPOINT) {
        Candidate::Valid(found) => Ok(*found),
        Candidate::Absent if matches!(peek(dir), Ok(None)) => {
            return vec![row("checkpoint", Verdict::None, FIRST)];
        }
        Candidate::Damaged(_, Some(value)) if migrate::read(&value).is_some() => {
            let note = "the earlier scanner's (schema 1.0): the next run goes on from it";
            return vec![row("checkpoint", Verdict::None, note)];
        }
        Candidate::Absent => Err("lost: earlier runs left their traces here".to_owned()),
        Candidate::Newer(version) => Err(format!("schema {version} is newer than this program")),
        Candidate::Damaged(why, _) => Err(format!("damaged: {why}")),
        Candidate::Closed(why) => Err(why),
    };
    let mut rows = vec![match &checkpoint {
        Ok(found) => row("checkpoint", Verdict::Ok, &words(found)),
        Err(why) => row("checkpoint", Verdict::Bad, why),
    }];
    rows.push(copy(dir, BAK, "the one before"));
    let (came_back, next_run) = next_run(dir, clock);
    if let Ok(checkpoint) = &checkpoint {
        rows.push(seen_ids(dir, checkpoint, came_back));
        rows.extend(owed(dir, checkpoint));
        rows.extend(reports(dir, checkpoint));
    }
    rows.extend(copies(dir));
    rows.extend(next_run);
    rows
}

fn words(checkpoint: &Checkpoint) -> String {
    format!(
        "generation {}, run {}, {}",
        checkpoint.generation,
        checkpoint.run,
        counted(checkpoint.sources.len(), "source")
    )
}

fn copy(dir: &Dir, path: &str, what: &str) -> Row {
    match candidate(dir, path) {
        Candidate::Valid(found) => row(what, Verdict::Ok, &words(&found)),
        Candidate::Absent => row(what, Verdict::None, &format!("there is no {path}")),
        Candidate::Newer(version) => row(
            what,
            Verdict::Bad,
            &format!("{path}: schema {version} is newer than this program"),
        ),
        Candidate::Damaged(_, Some(value)) if migrate::read(&value).is_some() => {
            row(what, Verdict::None, &format!("{path} is the earlier scanner's"))
        }
        Candidate::Damaged(why, _) => row(what, Verdict::Bad, &format!("{path} is damaged: {why}")),
        Candidate::Closed(why) => row(what, Verdict::Bad, &why),
    }
}

/// `came_back`: a copy, made by hand or not. Copies carry no ids, and that theirs are gone is no damage.
fn seen_ids(dir: &Dir, checkpoint: &Checkpoint, came_back: bool) -> Row {
    let Some(sidecar) = &checkpoint.sidecar else {
        return row("seen ids", Verdict::None, "none to remember");
    };
    let is_gone = matches!(dir.identity(&sidecar.name), Ok(None));
    if is_gone && (came_back || checkpoint.recovered_from.is_some()) {
        let note = "went with what was restored; rows of the last day may be told again";
        return row("seen ids", Verdict::None, note);
    }
    match Seen::read(dir, sidecar) {
        Ok(seen) => row(
            "seen ids",
            Verdict::Ok,
            &format!("{} in {}", seen.len(), sidecar.name),
        ),
        Err(why) => row(
            "seen ids",
            Verdict::Bad,
            &format!("{why}; rows of the last day may be told again"),
        ),
    }
}

/// The outbox entries that some channel still needs.
fn owed(dir: &Dir, checkpoint: &Checkpoint) -> Vec<Row> {
    let of = |instance: String| {
        let runs = checkpoint.needed_runs(&instance);
        runs.into_iter()
            .map(move |run| owed_run(dir, checkpoint, &instance, run))
    };
    let rows: Vec<Row> = checkpoint.instances().into_iter().flat_map(of).collect();
    if rows.is_empty() {
        return vec![row("outbox", Verdict::None, "nothing is owed")];
    }
    rows
}

fn owed_run(dir: &Dir, checkpoint: &Checkpoint, instance: &str, run: u64) -> Row {
    let mark = checkpoint.mark_of(instance);
    let what = format!("owed run {run}{mark}");
    let facts = match recall::run(dir, checkpoint, instance, run) {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            let note = "neither the checkpoint nor the outbox describes it";
            return row(&what, Verdict::Bad, note);
        }
        Err(error) => return row(&what, Verdict::Bad, &error.to_string()),
    };
    let entry = checkpoint.outbox_entry(instance, run);
    let archived = format!("{}{mark}.json", facts.path);
    match outbox::read_json(dir, &entry) {
        Ok(Some(bytes)) => report(&what, &bytes, &facts.report_id, &entry),
        Ok(None) => match dir.read(&archived, LIMIT) {
            Ok(Some(bytes)) => report(&what, &bytes, &facts.report_id, &archived),
            Ok(None) => row(&what, Verdict::Bad, "neither in the outbox nor in the archive"),
            Err(error) => row(&what, Verdict::Bad, &error.to_string()),
        },
        Err(error) => row(&what, Verdict::Bad, &error.to_string()),
    }
}

/// The last reports, where they are published.
fn reports(dir: &Dir, checkpoint: &Checkpoint) -> Vec<Row> {
    let needed = checkpoint.needed_runs(&checkpoint.instance);
    let settled = checkpoint.runs.iter().filter(|(run, _)| !needed.contains(run));
    let mut rows = Vec::new();
    let mut whole = 0_usize;
    for (run, facts) in settled {
        let what = format!("report {run}");
        let path = format!("{}.json", facts.path);
        match dir.read(&path, LIMIT) {
            Ok(Some(bytes)) => {
                let found = report(&what, &bytes, &facts.report_id, &path);
                if found.verdict == Verdict::Ok {
                    whole += 1;
                } else {
                    rows.push(found);
                }
            }
            // Reports are the operator's to delete.
            Ok(None) => rows.push(row(&what, Verdict::None, &format!("{path} is gone"))),
            Err(error) => rows.push(row(&what, Verdict::Bad, &error.to_string())),
        }
    }
    if whole > 0 {
        rows.insert(
            0,
            row(
                "last reports",
                Verdict::Ok,
                &format!("{whole} are as they were written"),
            ),
        );
    }
    rows
}

fn report(what: &str, bytes: &[u8], report_id: &str, place: &str) -> Row {
    match json::open(bytes) {
        Ok(found) if found.report_id == report_id => row(what, Verdict::Ok, place),
        Ok(_) => row(
            what,
            Verdict::Bad,
            &format!("{place} holds another report than the one committed"),
        ),
        Err(why) => row(what, Verdict::Bad, &format!("{place}: {why}")),
    }
}

/// Backups: one row for all that are valid, one for each that is not.
fn copies(dir: &Dir) -> Vec<Row> {
    let listed = match backups::list(dir) {
        Ok(listed) => listed,
        Err(error) => return vec![row("backups", Verdict::Bad, &error.to_string())],
    };
    if listed.is_empty() {
        return vec![row("backups", Verdict::None, "there are none yet")];
    }
    let rows = listed.iter().map(|backup| copy(dir, &backup.path, "backup"));
    let (valid, mut rows): (Vec<Row>, Vec<Row>) = rows.partition(|row| row.verdict == Verdict::Ok);
    if let Some(newest) = valid.first() {
        let note = format!(
            "{} of {} valid, newest {}",
            valid.len(),
            listed.len(),
            newest.note
        );
        rows.insert(0, row("backups", Verdict::Ok, &note));
    }
    rows
}

/// Whether the next run takes this for an older checkpoint, and what it would do about damage.
fn next_run(dir: &Dir, clock: Clock) -> (bool, Option<Row>) {
    match load(dir, clock.now()).map(|loaded| loaded.arrival) {
        Ok(Arrival::Recovered { what, .. }) => (true, Some(row("next run", Verdict::None, &what))),
        Ok(Arrival::FirstRun | Arrival::Known | Arrival::Migrated { .. }) => (false, None),
        Err(error) => (false, Some(row("next run", Verdict::Bad, &error.to_string()))),
    }
}

fn row(what: &str, verdict: Verdict, note: &str) -> Row {
    let lines: Vec<String> = note.lines().map(|line| clean(line, SENTENCE)).collect();
    Row {
        what: what.to_owned(),
        verdict,
        note: lines.join("\n"),
    }
}

fn table(rows: &[Row]) -> String {
    let wide = rows.iter().map(|row| row.what.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Row { what, verdict, note } in rows {
        let verdict = match verdict {
            Verdict::Ok => "ok",
            Verdict::None => "-",
            Verdict::Bad => "BAD",
        };
        let indented = note.replace('\n', &format!("\n{:wide$}       ", ""));
        let _ = writeln!(text, "{what:<wide$}  {verdict:<3}  {indented}");
    }
    text
}
