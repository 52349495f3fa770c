//! What is derived from the checkpoint for people and scripts: `history.jsonl`, `failures.jsonl`.
//!
//! Logs that are only appended to and never synced; the next start appends what is missing and ends a torn
//! last line. Bad lines in them are kept, counted and never fatal.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::model::attempt::Attempt;
use crate::state::failures::OpenFailure;

pub const HISTORY: &str = "history.jsonl";
pub const FAILURES: &str = "failures.jsonl";
pub const INDEX: &str = "index.html";

/// A log longer than this is cut to its newest half.
const LONGEST_LOG: u64 = 32 * 1024 * 1024;
/// Where lines that may be missing are looked for: far more than the attempts a checkpoint keeps.
const TAIL: u64 = 1024 * 1024;

/// Appends the attempts that `history.jsonl` does not have; how many those were.
pub fn mend_history(dir: &Dir, attempts: &[Attempt]) -> Result<usize, DiskError> {
    mend(dir, HISTORY, attempts, |attempt| attempt.attempt_id.clone())
}

/// Appends the failures whose present standing `failures.jsonl` does not have; how many those were.
pub fn mend_failures(dir: &Dir, failures: &[OpenFailure]) -> Result<usize, DiskError> {
    mend(dir, FAILURES, failures, |failure| {
        serde_json::to_string(failure).unwrap_or_default()
    })
}

/// Lines of a log, newest last, and how many were no such lines.
#[derive(Debug)]
pub struct Log<T> {
    pub lines: Vec<T>,
    pub bad: usize,
}

/// The newest attempts of `history.jsonl`, at most `most`.
pub fn read_history(dir: &Dir, most: usize) -> Result<Log<Attempt>, DiskError> {
    let mut log = read_log(dir, HISTORY, LONGEST_LOG)?;
    let excess = log.lines.len().saturating_sub(most);
    log.lines.drain(..excess);
    Ok(log)
}

/// Every failure that `failures.jsonl` tells, oldest first.
pub fn read_failures(dir: &Dir) -> Result<Log<OpenFailure>, DiskError> {
    read_log(dir, FAILURES, LONGEST_LOG)
}

fn mend<T: Serialize + DeserializeOwned>(
    dir: &Dir,
    name: &str,
    entries: &[T],
    identity: impl Fn(&T) -> String,
) -> Result<usize, DiskError> {
    let known: Log<T> = read_log(dir, name, TAIL)?;
    let known: BTreeSet<String> = known.lines.iter().map(&identity).collect();
    let missing: Vec<&T> = entries
        .iter()
        .filter(|entry| !known.contains(&identity(entry)))
        .collect();
    let (end, _) = dir.read_tail(name, 1)?;
    let mut bytes = Vec::new();
    if end.first().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    for entry in &missing {
        serde_json::to_writer(&mut bytes, entry)
            .map_err(|error| DiskError::new("writing", dir.path_of(name), error))?;
        bytes.push(b'\n');
    }
    if !bytes.is_empty() {
        dir.append(name, &bytes)?;
        shorten(dir, name)?;
    }
    Ok(missing.len())
}

fn read_log<T: DeserializeOwned>(dir: &Dir, name: &str, limit: u64) -> Result<Log<T>, DiskError> {
    let (bytes, is_whole) = dir.read_tail(name, limit)?;
    let cut = if is_whole {
        0
    } else {
        bytes
            .iter()
            .position(|b| *b == b'\n')
            .map_or(bytes.len(), |at| at + 1)
    };
    let mut log = Log {
        lines: Vec::new(),
        bad: 0,
    };
    for line in bytes.get(cut..).unwrap_or_default().split(|byte| *byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(entry) => log.lines.push(entry),
            Err(_) => log.bad += 1,
        }
    }
    Ok(log)
}

/// Keeps a log within bounds.
fn shorten(dir: &Dir, name: &str) -> Result<(), DiskError> {
    let Some(file) = dir.open_file(name)? else {
        return Ok(());
    };
    let length = file
        .metadata()
        .map_err(|error| DiskError::new("examining", dir.path_of(name), error))?
        .len();
    if length <= LONGEST_LOG {
        return Ok(());
    }
    let (bytes, _) = dir.read_tail(name, LONGEST_LOG / 2)?;
    let cut = bytes
        .iter()
        .position(|b| *b == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    dir.replace(name, bytes.get(cut..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::attempt::StateResult;

    fn attempt(n: u64) -> Attempt {
        Attempt {
            schema_version: "1".to_owned(),
            attempt_id: format!("{n:032x}"),
            command: "run".to_owned(),
            run: Some(n),
            instance: None,
            started_at: DateTime::UNIX_EPOCH,
            finished_at: None,
            duration_ms: None,
            result: "ok".to_owned(),
            exit_code: Some(0),
            stage: "done".to_owned(),
            version: "0.1.0".to_owned(),
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

    #[test]
    fn what_a_dead_attempt_did_not_write_the_next_start_does_once() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let attempts: Vec<Attempt> = (1..=3).map(attempt).collect();
        assert_eq!(mend_history(&dir, &attempts[..1]).unwrap(), 1);
        dir.append(HISTORY, b"{\"attempt_id\": \"torn").unwrap();
        assert_eq!(mend_history(&dir, &attempts).unwrap(), 2);
        assert_eq!(mend_history(&dir, &attempts).unwrap(), 0);
        let log = read_history(&dir, 2).unwrap();
        assert_eq!((log.lines, log.bad), (attempts[1..].to_vec(), 1));
    }

    #[test]
    fn a_log_that_has_grown_too_long_keeps_its_newest_lines() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let bad = vec![b'x'; usize::try_from(LONGEST_LOG).unwrap()];
        dir.append(HISTORY, &bad).unwrap();
        assert_eq!(mend_history(&dir, &[attempt(1)]).unwrap(), 1);
        let log = read_history(&dir, 9).unwrap();
        assert_eq!(log.lines.len(), 1, "the newest is kept");
        assert!(dir.open_file(HISTORY).unwrap().unwrap().metadata().unwrap().len() < LONGEST_LOG);
    }
}
