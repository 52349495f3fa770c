//! A run's files, in `.outbox/NNNNNN/`, until its last channel is settled.
//!
//! An entry means nothing until a checkpoint names its run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::state::traces::padded;

pub const OUTBOX: &str = ".outbox";
/// The report's name in its entry.
pub const REPORT: &str = "report.json";
/// More bytes than any report has.
const LIMIT: u64 = 256 * 1024 * 1024;

/// An entry being filled. Dropped unsealed, it stays as an attempt nobody saw.
#[derive(Debug)]
pub struct Draft {
    dir: Dir,
    folder: String,
    files: BTreeMap<String, File>,
}

impl Draft {
    /// An empty entry for `run`; what an earlier attempt left under that number is removed.
    pub fn begin(dir: &Dir, run: u64) -> Result<Self, DiskError> {
        let folder = path_of(run);
        dir.remove_dir(&folder)?;
        dir.create_dirs(&folder)?;
        Ok(Self {
            dir: dir.clone(),
            folder,
            files: BTreeMap::new(),
        })
    }

    /// A new file to be written to (and read back); synced by [`Self::seal`].
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

    /// Waits until every file and every name is on the disk.
    pub fn seal(self) -> Result<(), DiskError> {
        for (name, file) in &self.files {
            let path = self.dir.path_of(&self.path(name));
            file.sync_all()
                .map_err(|error| DiskError::new("syncing", path, error))?;
        }
        self.dir.sync(&self.folder)?;
        self.dir.sync(OUTBOX)
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
