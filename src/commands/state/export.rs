//! `state export`: the state with all that it owes, for another machine to take in. Takes no lock, changes
//! nothing.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::Common;
use crate::commands::state::there;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::count::counted;
use crate::print;
use crate::report;
use crate::run::halt::Halt;
use crate::run::recall;
use crate::state::accounts::short;
use crate::state::export::{Export, OwedFile};
use crate::state::load::peek;
use crate::state::projections::read_history;
use crate::state::schema::{Checkpoint, CommittedRun};
use crate::state::{outbox, seen};

/// A run at work may replace what is read; so often it is begun again.
const LOOKS: usize = 8;
/// More bytes than any file in the outbox has.
const LIMIT: u64 = 1 << 30;
/// Lines of the history that go along, newest.
const MOST_TOLD: usize = 10_000;

pub fn export(file: &Path, common: &Common) -> Result<String, Halt> {
    let to_stdout = file == Path::new("-");
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(Halt::new(
            Exit::Usage,
            "an export is a file: `unifi-scan state export FILE`, or `> FILE`",
        ));
    }
    let dir = there(common)?;
    let export = gathered(&dir)?;
    let bytes = export.write().map_err(anyhow::Error::from)?;
    if to_stdout {
        print::put_whole(&bytes)
            .map_err(|error| Halt::new(Exit::Io, format!("the export could not be written: {error}")))?;
        return Ok(String::new());
    }
    write(file, &bytes)?;
    let checkpoint = &export.checkpoint;
    Ok(format!(
        "exported generation {} of instance {} to {}: run {}, {}, {}; take it in elsewhere with \
         `unifi-scan state import --merge {}`",
        checkpoint.generation,
        short(&checkpoint.instance),
        file.display(),
        checkpoint.run,
        counted(checkpoint.sources.len(), "source"),
        counted(checkpoint.owed(), "owed delivery"),
        file.display()
    ))
}

/// What belongs to one checkpoint: begun again where a run commits in between.
fn gathered(dir: &Dir) -> Result<Export, Halt> {
    for _ in 0..LOOKS {
        let Some(checkpoint) = peek(dir)? else {
            return Err(Halt::new(
                Exit::BadState,
                format!(
                    "there is no checkpoint in {}; is REPORTS_DIR right?",
                    dir.path().display()
                ),
            ));
        };
        let checksum = checkpoint.checksum.clone();
        let export = look(dir, checkpoint)?;
        if peek(dir)?.is_some_and(|now| now.checksum == checksum) {
            return Ok(export);
        }
    }
    Err(Halt::new(
        Exit::Locked,
        "a run is at work and the state does not stand still: export again when it is done",
    ))
}

fn look(dir: &Dir, mut checkpoint: Checkpoint) -> Result<Export, Halt> {
    let mut files = Vec::new();
    let mut lost = Vec::new();
    for instance in checkpoint.instances() {
        for run in checkpoint.needed_runs(&instance) {
            // The checkpoint may have no room for all that are owed.
            let facts = recall::run(dir, &checkpoint, &instance, run)?;
            match facts
                .map(|facts| entry(dir, &checkpoint, (&instance, run), &facts).map(|found| (found, facts)))
            {
                Some(Ok((Some(found), facts))) => {
                    files.extend(found);
                    if let Some(runs) = checkpoint.runs_of_mut(&instance) {
                        runs.insert(run, facts);
                    }
                }
                Some(Err(halt)) => return Err(halt),
                Some(Ok((None, _))) | None => {
                    let whose = short(&instance);
                    log::warn!("the report of run {run} of {whose} is gone here, and cannot go along");
                    lost.push((instance.clone(), run));
                }
            }
        }
    }
    let seen = match &checkpoint.sidecar {
        Some(sidecar) => dir.read(&sidecar.name, seen::LIMIT)?,
        None => None,
    };
    let seen = seen
        .map(String::from_utf8)
        .transpose()
        .map_err(anyhow::Error::from)?;
    Ok(Export {
        seen,
        files,
        lost,
        told: told(dir)?,
        checkpoint,
    })
}

/// The files of an owed run: its outbox entry, with the report from the archive where it has left the outbox.
/// `None` if the report is in neither.
fn entry(
    dir: &Dir,
    checkpoint: &Checkpoint,
    (instance, run): (&str, u64),
    facts: &CommittedRun,
) -> Result<Option<Vec<OwedFile>>, Halt> {
    let is_it = |text: &str| {
        report::json::open(text.as_bytes()).is_ok_and(|report| report.report_id == facts.report_id)
    };
    let folder = checkpoint.outbox_entry(instance, run);
    let mut files = Vec::new();
    for found in dir.list(&folder)? {
        let text = read(dir, &format!("{folder}/{}", found.name))?;
        if let Some(text) = text.filter(|text| found.name != outbox::REPORT || is_it(text)) {
            files.push((found.name, text));
        }
    }
    let mark = checkpoint.mark_of(instance);
    let published = read(dir, &format!("{}{mark}.json", facts.path))?.filter(|text| is_it(text));
    if published.is_none() && !has(&files, outbox::EVENTS) {
        // An interrupted publication may have moved it already.
        let (month, _) = facts.path.rsplit_once('/').unwrap_or_default();
        let events = read(dir, &format!("{month}/events-{run:06}{mark}.jsonl"))?;
        files.extend(events.map(|events| (outbox::EVENTS.to_owned(), events)));
    }
    if !has(&files, outbox::REPORT) {
        let Some(text) = published else {
            return Ok(None);
        };
        files.push((outbox::REPORT.to_owned(), text));
    }
    let owed = |(name, text)| OwedFile {
        instance: instance.to_owned(),
        run,
        name,
        text,
    };
    Ok(Some(files.into_iter().map(owed).collect()))
}

fn has(files: &[(String, String)], name: &str) -> bool {
    files.iter().any(|(known, _)| known == name)
}

fn read(dir: &Dir, path: &str) -> Result<Option<String>, Halt> {
    let bytes = dir.read(path, LIMIT)?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// The report of each run that this directory's own instance committed, as far as the history tells.
pub fn told(dir: &Dir) -> Result<BTreeMap<u64, String>, Halt> {
    let history = read_history(dir, MOST_TOLD)?.lines;
    let own = history.into_iter().filter(|line| line.instance.is_none());
    Ok(own
        .filter_map(|line| Some((line.run?, line.report_id?)))
        .collect())
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Halt> {
    let above = file.parent().filter(|above| *above != Path::new(""));
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Halt::new(Exit::Usage, format!("{} is no file name", file.display())))?;
    let folder = Dir::open(above.unwrap_or(Path::new(".")))?;
    Ok(folder.replace(name, bytes)?)
}
