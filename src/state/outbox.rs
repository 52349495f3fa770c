//! A run's files, in `.outbox/NNNNNN/`, until its last channel is settled.
//!
//! An entry means nothing until a checkpoint names its run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;

use crate::disk::error::DiskError;
use crate::disk::{Dir, crash_point};
use crate::state::traces::padded;

pub const OUTBOX: &str = ".outbox";
/// Begins the name of an entry that has no number yet.
const ATTEMPT: &str = "attempt-";
/// The report's name in its entry.
pub const REPORT: &str = "report.json";
/// The event archive's.
pub const EVENTS: &str = "events.jsonl";
/// More bytes than any report has.
const LIMIT: u64 = 256 * 1024 * 1024;

/// An entry being filled, under its attempt's own name: whatever becomes of the lock, no attempt touches
/// another's. Dropped before it is entered, it stays as an attempt nobody saw.
#[derive(Debug)]
pub struct Draft {
    dir: Dir,
    entry: String,
    folder: String,
    files: BTreeMap<String, File>,
}

impl Draft {
    /// An empty entry of this attempt, for what is to become `entry`.
    pub fn begin(dir: &Dir, entry: &str, attempt_id: &str) -> Result<Self, DiskError> {
        let folder = format!("{OUTBOX}/{ATTEMPT}{attempt_id}");
        dir.remove_dir(&folder)?;
        dir.create_dirs(&folder)?;
        Ok(Self {
            dir: dir.clone(),
            entry: entry.to_owned(),
            folder,
            files: BTreeMap::new(),
        })
    }

    /// A new file to be written to (and read back); synced by [`Self::enter`].
    pub fn create(&mut self, name: &str) -> Result<File, DiskError> {
        let path = self.path(name);
        let file = self.dir.create_new(&path)?;
        let kept = file
            .try_clone()
            .map_err(|error| DiskError::new("opening", self.dir.path_of(&path), error))?;
        self.files.insert(name.to_owned(), kept);
        Ok(file)
    }

    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut file = self.create(name)?;
        let path = self.dir.path_of(&self.path(name));
        file.write_all(bytes)
            .map_err(|error| DiskError::new("writing", path, error))
    }

    /// Takes a file back out: one that was only needed on the way.
    pub fn discard(&mut self, name: &str) -> Result<(), DiskError> {
        self.files.remove(name);
        self.dir.remove(&self.path(name))
    }

    /// Opens one of its files to be read back.
    pub fn open(&self, name: &str) -> Result<Option<File>, DiskError> {
        self.dir.open_file(&self.path(name))
    }

    /// Waits until every file is on the disk and gives the entry its name; what an attempt nobody saw
    /// left under it is removed. To be done under a lock that was just verified.
    pub fn enter(self) -> Result<(), DiskError> {
        for (name, file) in &self.files {
            self.dir.sync_file(file, &self.path(name))?;
        }
        self.dir.sync(&self.folder)?;
        self.dir.remove_dir(&self.entry)?;
        crash_point("outbox.sealed");
        self.dir.rename(&self.folder, &self.entry)?;
        let above = self.entry.rsplit_once('/').map_or(OUTBOX, |(above, _)| above);
        if above != OUTBOX {
            self.dir.sync(above)?;
        }
        self.dir.sync(OUTBOX)
    }

    /// Removes what was begun.
    pub fn abandon(self) -> Result<(), DiskError> {
        self.dir.remove_dir(&self.folder)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// The report's bytes; `None` if there is no such entry, or no report in it.
pub fn read_json(dir: &Dir, entry: &str) -> Result<Option<Vec<u8>>, DiskError> {
    match dir.read(&format!("{entry}/{REPORT}"), LIMIT) {
        Err(error) if error.is(rustix::io::Errno::NOENT) => Ok(None),
        other => other,
    }
}

/// The runs of this checkpoint's own instance that have an entry, lowest first.
pub fn runs(dir: &Dir) -> Result<Vec<u64>, DiskError> {
    let mut runs: Vec<u64> = dir
        .list(OUTBOX)?
        .iter()
        .filter(|entry| entry.is_dir)
        .filter_map(|entry| padded(&entry.name))
        .collect();
    runs.sort_unstable();
    Ok(runs)
}

/// Removes the entries that are not among `needed`, and the folders of other instances that hold nothing more.
pub fn remove_all_but(dir: &Dir, needed: &BTreeSet<String>) -> Result<(), DiskError> {
    for run in runs(dir)? {
        let entry = path_of(run);
        if !needed.contains(&entry) {
            dir.remove_dir(&entry)?;
        }
    }
    for folder in dir.list(OUTBOX)? {
        if !folder.is_dir || !is_instance(&folder.name) {
            continue;
        }
        let folder = format!("{OUTBOX}/{}", folder.name);
        let entries = dir.list(&folder)?.into_iter();
        let entries: Vec<String> = entries.map(|entry| format!("{folder}/{}", entry.name)).collect();
        if !entries.iter().any(|entry| needed.contains(entry)) {
            dir.remove_dir(&folder)?;
            continue;
        }
        for entry in entries.iter().filter(|entry| !needed.contains(*entry)) {
            dir.remove_dir(entry)?;
        }
    }
    Ok(())
}

/// What lies in the outbox and belongs to a run: entries, and folders of other instances' entries.
pub fn entries(dir: &Dir) -> Result<Vec<String>, DiskError> {
    let entries = dir.list(OUTBOX)?.into_iter().filter(|entry| entry.is_dir);
    Ok(entries
        .map(|entry| entry.name)
        .filter(|name| padded(name).is_some() || is_instance(name))
        .collect())
}

/// 32 hex digits: the folder of another instance's runs.
fn is_instance(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `.outbox/000042`
pub fn path_of(run: u64) -> String {
    format!("{OUTBOX}/{run:06}")
}

/// Removes the entries of attempts that ended before theirs had a number.
pub fn remove_attempts(dir: &Dir) -> Result<(), DiskError> {
    for entry in dir.list(OUTBOX)? {
        if entry.is_dir && entry.name.starts_with(ATTEMPT) {
            dir.remove_dir(&format!("{OUTBOX}/{}", entry.name))?;
        }
    }
    Ok(())
}
