//! A run's files, in `.outbox/NNNNNN/`, until its last channel is settled.
//!
//! An entry means nothing until a checkpoint names its run.

use std::collections::BTreeMap;
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
/// More bytes than any report has.
const LIMIT: u64 = 256 * 1024 * 1024;

/// An entry being filled, under its attempt's own name: whatever becomes of the lock, no attempt touches
/// another's. Dropped before it is entered, it stays as an attempt nobody saw.
#[derive(Debug)]
pub struct Draft {
    dir: Dir,
    run: u64,
    folder: String,
    files: BTreeMap<String, File>,
}

impl Draft {
    /// An empty entry of this attempt, for what is to become `run`.
    pub fn begin(dir: &Dir, run: u64, attempt_id: &str) -> Result<Self, DiskError> {
        let folder = format!("{OUTBOX}/{ATTEMPT}{attempt_id}");
        dir.remove_dir(&folder)?;
        dir.create_dirs(&folder)?;
        Ok(Self {
            dir: dir.clone(),
            run,
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

    /// Waits until every file is on the disk and gives the entry its run's number; what an attempt nobody saw
    /// left under that number is removed. To be done under a lock that was just verified.
    pub fn enter(self) -> Result<(), DiskError> {
        for (name, file) in &self.files {
            let path = self.dir.path_of(&self.path(name));
            file.sync_all()
                .map_err(|error| DiskError::new("syncing", path, error))?;
        }
        self.dir.sync(&self.folder)?;
        let entry = path_of(self.run);
        self.dir.remove_dir(&entry)?;
        crash_point("outbox.sealed");
        self.dir.rename(&self.folder, &entry)?;
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

/// The report's bytes; `None` if this run has no entry, or its entry no report.
pub fn read_json(dir: &Dir, run: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match dir.read(&format!("{}/{REPORT}", path_of(run)), LIMIT) {
        Err(error) if error.is(rustix::io::Errno::NOENT) => Ok(None),
        other => other,
    }
}

/// The runs that have an entry, lowest first.
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

pub fn remove(dir: &Dir, run: u64) -> Result<(), DiskError> {
    dir.remove_dir(&path_of(run))
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
