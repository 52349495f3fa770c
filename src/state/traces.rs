//! What earlier runs left in the directory: proof that this is no first run, and which numbers are taken.

use serde::Deserialize;

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::state::projections::HISTORY;
use crate::state::schema::{Checkpoint, HIGHEST_NUMBER};
use crate::state::{BACKUPS, BAK, outbox, seen};

/// How much of the log is looked at for run numbers.
const HISTORY_TAIL: u64 = 256 * 1024;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// One of each kind, for the message: `history.jsonl`, `2026/11/report-000042-….json`.
    pub examples: Vec<String>,
    /// The highest number of a run that was certainly committed.
    pub highest_run: u64,
    /// The highest number of an outbox entry: committed or not.
    pub highest_staged: u64,
    /// The highest generation in a backup's name.
    pub highest_backup: u64,
    /// The highest generation in a sidecar's name: committed or not.
    pub highest_sidecar: u64,
    /// The highest generation in `history.jsonl`.
    pub highest_told: u64,
    /// The highest generation that a checkpoint here knows of.
    pub highest_known: u64,
    /// The highest epoch that any source had in a checkpoint here.
    pub highest_epoch: u64,
}

/// How much of the archive is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// The newest month that has reports: quick, for every start.
    Newest,
    All,
}

pub fn look(dir: &Dir, archive: Archive) -> Result<Traces, DiskError> {
    let mut traces = Traces::default();
    let mut years = Vec::new();
    for entry in dir.list("")? {
        if let Some(generation) = seen::generation_of(&entry.name) {
            traces.highest_sidecar = traces.highest_sidecar.max(generation);
            traces.example(&entry.name, ".seen-");
        } else if entry.name == BAK || entry.name == HISTORY {
            traces.examples.push(entry.name);
        } else if entry.name.starts_with(".last_run.json.corrupt-") {
            traces.example(&entry.name, ".last_run.json.corrupt-");
        } else if entry.is_dir && is_digits(&entry.name, 4) {
            years.push(entry.name);
        }
    }
    for entry in dir.list(BACKUPS)? {
        if let Some(generation) = backup_generation(&entry.name) {
            traces.highest_backup = traces.highest_backup.max(generation);
            traces.example(&format!("{BACKUPS}/{}", entry.name), BACKUPS);
        }
    }
    for run in outbox::runs(dir)? {
        traces.highest_staged = traces.highest_staged.max(run);
        traces.example(&outbox::path_of(run), outbox::OUTBOX);
    }
    for year in years.iter().rev() {
        let had = traces.highest_run;
        traces.look_into_year(dir, year, archive)?;
        if archive == Archive::Newest && traces.highest_run > had {
            break;
        }
    }
    let (tail, _) = dir.read_tail(HISTORY, HISTORY_TAIL)?;
    for line in tail.split(|byte| *byte == b'\n') {
        if let Ok(line) = serde_json::from_slice::<Line>(line) {
            let told = |number: Option<u64>| number.filter(|number| *number <= HIGHEST_NUMBER).unwrap_or(0);
            traces.highest_run = traces.highest_run.max(told(line.run));
            traces.highest_told = traces
                .highest_told
                .max(told(line.state.map(|state| state.generation)));
        }
    }
    Ok(traces)
}

impl Traces {
    /// Takes in what a checkpoint here, or a copy of one, knows.
    pub fn add(&mut self, known: &Checkpoint) {
        self.highest_run = self.highest_run.max(known.run).max(known.highest_run);
        let generation = known.generation.max(known.highest_generation);
        self.highest_known = self.highest_known.max(generation);
        let epochs = known.sources.iter().map(|source| source.epoch);
        self.highest_epoch = epochs.fold(self.highest_epoch, u64::max);
    }

    /// The highest generation that anything here tells of.
    pub fn highest_generation(&self) -> u64 {
        let told = [self.highest_sidecar, self.highest_backup, self.highest_told];
        told.into_iter().fold(self.highest_known, u64::max)
    }

    /// Whether a checkpoint of ours was ever committed here. A copy of generation 0 is one of another program.
    pub fn is_ours(&self) -> bool {
        let highest = [self.highest_run, self.highest_backup, self.highest_sidecar];
        highest.iter().any(|number| *number > 0) || self.examples.iter().any(|name| name == BAK)
    }

    fn look_into_year(&mut self, dir: &Dir, year: &str, archive: Archive) -> Result<(), DiskError> {
        for month in dir
            .list(year)?
            .iter()
            .rev()
            .filter(|month| month.is_dir && is_digits(&month.name, 2))
        {
            let folder = format!("{year}/{}", month.name);
            let mut is_used = false;
            for entry in dir.list(&folder)? {
                if let Some(run) = report_run(&entry.name) {
                    is_used = true;
                    self.highest_run = self.highest_run.max(run);
                    self.example(&format!("{folder}/{}", entry.name), "20");
                }
            }
            if is_used && archive == Archive::Newest {
                break;
            }
        }
        Ok(())
    }

    /// Remembers the first of a kind.
    fn example(&mut self, name: &str, kind: &str) {
        if !self.examples.iter().any(|known| known.starts_with(kind)) {
            self.examples.push(name.to_owned());
        }
    }
}

#[derive(Deserialize)]
struct Line {
    run: Option<u64>,
    state: Option<LineState>,
}

#[derive(Deserialize)]
struct LineState {
    generation: u64,
}

/// `report-000042-20261120T060000Z.json` → 42.
pub fn report_run(name: &str) -> Option<u64> {
    let (number, _) = name.strip_prefix("report-")?.split_once('-')?;
    is_json(name).then(|| padded(number)).flatten()
}

/// `last_run-812-20261120T060000Z.json` → 812.
pub fn backup_generation(name: &str) -> Option<u64> {
    let (number, rest) = name.strip_prefix("last_run-")?.split_once('-')?;
    is_json(rest).then(|| within(number)).flatten()
}

fn is_json(name: &str) -> bool {
    name.strip_suffix(".json").is_some()
}

/// A number as we write them: at least six digits.
pub fn padded(digits: &str) -> Option<u64> {
    (digits.len() >= 6).then(|| within(digits)).flatten()
}

/// A number that could be ours; anything longer was made up.
pub fn within(digits: &str) -> Option<u64> {
    let number = digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse::<u64>().ok())
        .flatten()?;
    (number <= HIGHEST_NUMBER).then_some(number)
}

fn is_digits(name: &str, length: usize) -> bool {
    name.len() == length && name.bytes().all(|b| b.is_ascii_digit())
}
