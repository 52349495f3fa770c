//! The checkpoint under its lock: loaded, secured, and replaced by commits.
//!
//! There is no store without a [`RunLock`]. A commit is one rename; whatever dies around it leaves the old
//! checkpoint or the new one.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::disk::{Dir, TEMP, crash_point};
use crate::state::error::StateError;
use crate::state::load::{Arrival, Candidate, LIMIT, Live, Loaded, candidate, load};
use crate::state::lock::RunLock;
use crate::state::schema::Checkpoint;
use crate::state::{BACKUPS, BAK, CHECKPOINT, backups, migrate, outbox, seal, seen};

#[derive(Debug)]
pub struct Store {
    dir: Dir,
    lock: RunLock,
    live: Live,
    /// After a recovery nothing is removed until a commit has recorded the numbers found.
    is_unrecorded: bool,
    /// A commit failed half-way; what is on the disk is valid, but not known.
    is_broken: bool,
}

impl Store {
    pub fn open(dir: Dir, lock: RunLock) -> Self {
        Self {
            dir,
            lock,
            live: Live::Absent,
            is_unrecorded: true,
            is_broken: false,
        }
    }

    #[cfg(test)]
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Reads the state; writes nothing.
    pub fn load(&mut self, now: DateTime<Utc>) -> Result<Loaded, StateError> {
        let loaded = load(&self.dir, now)?;
        self.live = loaded.live.clone();
        self.is_unrecorded = loaded.arrival != Arrival::Known;
        Ok(loaded)
    }

    /// Makes durable what [`Self::load`] found: a first run's empty checkpoint, or a recovered one after the
    /// damaged file was moved aside. Nothing to do for a known one. Before this no other file is written.
    pub fn secure(&mut self, loaded: &mut Loaded, now: DateTime<Utc>) -> Result<(), StateError> {
        match &loaded.arrival {
            Arrival::Known => return Ok(()),
            Arrival::FirstRun => {}
            Arrival::Recovered { what, .. } => {
                loaded.checkpoint.to_tell.push(what.clone());
                if self.live == Live::Damaged {
                    self.move_aside(now)?;
                }
            }
            Arrival::Migrated { what } => {
                self.lock.verify().map_err(StateError::Replaced)?;
                loaded.checkpoint.to_tell.push(what.clone());
                let bytes = self.dir.read(CHECKPOINT, LIMIT)?.unwrap_or_default();
                self.dir.create_dirs(BACKUPS)?;
                self.dir.replace(&backups::path_of(0, now), &bytes)?;
            }
        }
        self.commit(&mut loaded.checkpoint)?;
        loaded.live = self.live.clone();
        Ok(())
    }

    /// Puts `next` in the checkpoint's place because the operator asked for it. What lay there is kept, as a
    /// backup if it was valid, else as `.corrupt-…`; where, is given back. The new one is backed up too.
    pub fn install(
        &mut self,
        next: &mut Checkpoint,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StateError> {
        self.lock.verify().map_err(StateError::Replaced)?;
        let kept = match candidate(&self.dir, CHECKPOINT) {
            Candidate::Absent => {
                self.live = Live::Absent;
                None
            }
            Candidate::Valid(found) => {
                self.live = Live::Sound(found.checksum);
                Some(backups::make(&self.dir, now)?.path)
            }
            Candidate::Newer(_) | Candidate::Damaged(..) => Some(self.move_aside(now)?),
            Candidate::Closed(why) => return Err(StateError::Unreadable(why)),
        };
        self.commit(next)?;
        backups::make(&self.dir, now)?;
        Ok(kept)
    }

    /// Whether lock and checkpoint are still those held and loaded: to be asked before every message.
    pub fn check(&self) -> Result<(), StateError> {
        self.lock.verify().map_err(StateError::Replaced)?;
        let path = self.dir.path_of(CHECKPOINT);
        let found = candidate(&self.dir, CHECKPOINT);
        let same = match (&self.live, &found) {
            (Live::Absent, Candidate::Absent) => true,
            (Live::Sound(checksum), Candidate::Valid(found)) => found.checksum == *checksum,
            (Live::Old, Candidate::Damaged(_, Some(value))) => migrate::read(value).is_some(),
            _ => false,
        };
        if same {
            return Ok(());
        }
        let found = match found {
            Candidate::Absent => "it is gone".to_owned(),
            Candidate::Valid(found) => format!("generation {} lies there", found.generation),
            Candidate::Newer(version) => format!("schema {version} lies there"),
            Candidate::Damaged(why, _) | Candidate::Closed(why) => why,
        };
        Err(StateError::Replaced(format!(
            "the checkpoint {} was changed by somebody else during this run ({found}); nothing was replaced, and this \
             run stops",
            path.display()
        )))
    }

    /// Replaces the checkpoint by `next`, which gets the next generation; the one before becomes `.bak`.
    pub fn commit(&mut self, next: &mut Checkpoint) -> Result<(), StateError> {
        if self.is_broken {
            return Err(StateError::Io(
                "an earlier commit did not reach the disk; this run commits no more".to_owned(),
            ));
        }
        self.check()?;
        let mut sealed = next.clone();
        sealed.prune();
        sealed.generation = next.next_generation();
        sealed.highest_generation = sealed.generation;
        sealed.highest_run = next.highest_run.max(next.run);
        let (bytes, checksum) = seal::seal(&sealed)
            .map_err(|error| StateError::Unreadable(format!("sealing the checkpoint: {error}")))?;
        sealed.checksum.clone_from(&checksum);
        crash_point("checkpoint.begin");
        let temp = self.dir.write_temp(CHECKPOINT, &bytes)?;
        crash_point("checkpoint.staged");
        if let Live::Sound(_) = self.live
            && let Err(error) = self.dir.duplicate(CHECKPOINT, BAK, LIMIT)
        {
            drop(self.dir.remove(&temp));
            return Err(error.into());
        }
        crash_point("checkpoint.kept");
        self.dir.rename_temp(&temp, CHECKPOINT)?;
        crash_point("checkpoint.renamed");
        self.live = Live::Sound(checksum);
        if let Err(error) = self.dir.sync("") {
            self.is_broken = true;
            return Err(error.into());
        }
        crash_point("checkpoint.synced");
        self.is_unrecorded = false;
        *next = sealed;
        Ok(())
    }

    /// Removes temp files, and the outbox entries and sidecars which neither the checkpoint nor `.bak` names.
    pub fn tidy(&self, checkpoint: &Checkpoint, now: DateTime<Utc>) -> Result<(), StateError> {
        for folder in folders_with_temps(checkpoint, now) {
            for entry in self.dir.list(&folder)? {
                if !entry.is_dir && is_temp(&entry.name) {
                    let slash = if folder.is_empty() { "" } else { "/" };
                    self.dir.remove(&format!("{folder}{slash}{}", entry.name))?;
                }
            }
        }
        if self.is_unrecorded {
            return Ok(());
        }
        let bak = match candidate(&self.dir, BAK) {
            Candidate::Valid(bak) => Some(bak),
            Candidate::Absent => None,
            // What it names cannot be known; the next commit puts a good one in its place.
            _ => return Ok(()),
        };
        let named: Vec<&Checkpoint> = std::iter::once(checkpoint).chain(bak.as_deref()).collect();
        outbox::remove_attempts(&self.dir)?;
        let needed = named.iter().flat_map(|named| named.needed_entries()).collect();
        outbox::remove_all_but(&self.dir, &needed)?;
        let kept: Vec<&str> = named
            .iter()
            .filter_map(|c| c.sidecar.as_ref())
            .map(|s| s.name.as_str())
            .collect();
        for entry in self.dir.list("")? {
            if seen::generation_of(&entry.name).is_some() && !kept.contains(&entry.name.as_str()) {
                self.dir.remove(&entry.name)?;
            }
        }
        Ok(())
    }

    fn move_aside(&mut self, now: DateTime<Utc>) -> Result<String, StateError> {
        self.lock.verify().map_err(StateError::Replaced)?;
        let name = self.name_for_damaged(now)?;
        self.dir.rename(CHECKPOINT, &name)?;
        self.dir.sync("")?;
        self.live = Live::Absent;
        Ok(name)
    }

    fn name_for_damaged(&self, now: DateTime<Utc>) -> Result<String, StateError> {
        let stem = format!("{CHECKPOINT}.corrupt-{}", now.format("%Y%m%dT%H%M%SZ"));
        let mut name = stem.clone();
        let mut copy = 1;
        while self.dir.identity(&name)?.is_some() {
            copy += 1;
            name = format!("{stem}-{copy}");
        }
        Ok(name)
    }
}

/// Where temp files may lie: here, among the backups, and in the years and months that reports went to lately.
fn folders_with_temps(checkpoint: &Checkpoint, now: DateTime<Utc>) -> BTreeSet<String> {
    let months = checkpoint
        .runs
        .values()
        .filter_map(|run| run.path.rsplit_once('/'));
    let mut folders: BTreeSet<String> = months.map(|(month, _)| month.to_owned()).collect();
    folders.insert(now.format("%Y/%m").to_string());
    let years = folders.iter().filter_map(|month| month.split_once('/'));
    let years: Vec<String> = years.map(|(year, _)| year.to_owned()).collect();
    folders.extend(years);
    folders.insert(BACKUPS.to_owned());
    folders.insert(String::new());
    folders
}

fn is_temp(name: &str) -> bool {
    name.strip_prefix(TEMP)
        .and_then(|rest| rest.get(..17))
        .is_some_and(|rest| rest.ends_with('-') && rest.bytes().take(16).all(|b| b.is_ascii_hexdigit()))
}
