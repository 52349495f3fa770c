//! Copies of the checkpoint in `.state-backups/`: at most one an hour, verified after writing, and only then
//! thinned out.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Utc};

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::state::error::StateError;
use crate::state::load::{Candidate, LIMIT, candidate};
use crate::state::schema::Checkpoint;
use crate::state::seal::{Opened, open};
use crate::state::traces::backup_generation;
use crate::state::{BACKUPS, CHECKPOINT};

const NEWEST: usize = 24;
const DAYS: usize = 14;
const WEEKS: usize = 8;
const BYTES: u64 = 50 * 1024 * 1024;

const STAMP: &str = "%Y%m%dT%H%M%SZ";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Below `REPORTS_DIR`.
    pub path: String,
    pub generation: u64,
    pub made_at: DateTime<Utc>,
    pub bytes: u64,
}

/// Copies the checkpoint as it lies on the disk, unless the last copy is less than an hour old; what was written.
pub fn keep(dir: &Dir, now: DateTime<Utc>) -> Result<Option<Backup>, StateError> {
    let known = list(dir)?;
    let is_recent =
        |backup: &Backup| (TimeDelta::zero()..TimeDelta::hours(1)).contains(&(now - backup.made_at));
    if known.iter().any(is_recent) {
        return Ok(None);
    }
    make(dir, now).map(Some)
}

/// Copies the checkpoint, verifies the copy, and then removes the copies that are too many.
pub fn make(dir: &Dir, now: DateTime<Utc>) -> Result<Backup, StateError> {
    let bytes = dir.read(CHECKPOINT, LIMIT)?.unwrap_or_default();
    let Opened::Valid(checkpoint) = open(&bytes) else {
        return Err(StateError::Unreadable(format!(
            "{} is no valid checkpoint, so no backup was made of it",
            dir.path_of(CHECKPOINT).display()
        )));
    };
    let path = path_of(checkpoint.generation, now);
    dir.create_dirs(BACKUPS)?;
    dir.replace(&path, &bytes)?;
    match candidate(dir, &path) {
        Candidate::Valid(copy) if copy.checksum == checkpoint.checksum => {}
        _ => {
            return Err(StateError::Io(format!(
                "the backup {} reads back otherwise than it was written; older ones were kept",
                dir.path_of(&path).display()
            )));
        }
    }
    let known = list(dir)?;
    let kept = worth_keeping(&known);
    for backup in known
        .iter()
        .filter(|backup| backup.path != path && !kept.contains(&backup.path))
    {
        dir.remove(&backup.path)?;
    }
    Ok(Backup {
        generation: checkpoint.generation,
        made_at: now,
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        path,
    })
}

pub fn path_of(generation: u64, now: DateTime<Utc>) -> String {
    format!("{BACKUPS}/last_run-{generation}-{}.json", now.format(STAMP))
}

/// All copies, newest first.
pub fn list(dir: &Dir) -> Result<Vec<Backup>, DiskError> {
    let mut backups = Vec::new();
    for entry in dir.list(BACKUPS)? {
        let Some(generation) = backup_generation(&entry.name) else {
            continue;
        };
        let stamp = entry
            .name
            .trim_end_matches(".json")
            .rsplit('-')
            .next()
            .unwrap_or_default();
        let path = format!("{BACKUPS}/{}", entry.name);
        let Ok(made_at) = NaiveDateTime::parse_from_str(stamp, STAMP) else {
            continue;
        };
        let Ok(Some(file)) = dir.open_file(&path) else {
            continue;
        };
        backups.push(Backup {
            bytes: file.metadata().map_or(0, |found| found.len()),
            path,
            generation,
            made_at: made_at.and_utc(),
        });
    }
    backups.sort_by_key(|backup| std::cmp::Reverse((backup.generation, backup.made_at)));
    Ok(backups)
}

/// The newest copy that is a valid checkpoint.
pub fn newest_valid(dir: &Dir) -> Result<Option<(Backup, Checkpoint)>, DiskError> {
    for backup in list(dir)? {
        if let Candidate::Valid(checkpoint) = candidate(dir, &backup.path) {
            return Ok(Some((backup, *checkpoint)));
        }
    }
    Ok(None)
}

/// The newest, the newest of each of the last days and weeks that have any, as far as the room goes.
fn worth_keeping(newest_first: &[Backup]) -> BTreeSet<String> {
    let newest = newest_first.iter().take(NEWEST);
    let days = first_of_each(newest_first, DAYS, |at| (at.year(), at.ordinal()));
    let weeks = first_of_each(newest_first, WEEKS, |at| {
        (at.iso_week().year(), at.iso_week().week())
    });
    let wanted: BTreeSet<&str> = newest
        .chain(days)
        .chain(weeks)
        .map(|backup| backup.path.as_str())
        .collect();
    let mut room = BYTES;
    let mut kept = BTreeSet::new();
    for backup in newest_first
        .iter()
        .filter(|backup| wanted.contains(backup.path.as_str()))
    {
        match room.checked_sub(backup.bytes) {
            Some(left) => room = left,
            None if kept.is_empty() => room = 0,
            None => break,
        }
        kept.insert(backup.path.clone());
    }
    kept
}

fn first_of_each(
    newest_first: &[Backup],
    most: usize,
    period: impl Fn(DateTime<Utc>) -> (i32, u32),
) -> impl Iterator<Item = &Backup> {
    let mut known = BTreeSet::new();
    newest_first
        .iter()
        .filter(move |backup| known.len() < most && known.insert(period(backup.made_at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::lived_in::{lived_in, now, put};
    use crate::state::load::{Arrival, load};
    use crate::state::{BAK, CHECKPOINT};

    #[test]
    fn at_most_one_an_hour_and_a_year_of_them_stays_a_few() {
        let (_temp, dir, checkpoint) = lived_in();
        assert_eq!(
            keep(&dir, now()).unwrap().unwrap().generation,
            checkpoint.generation
        );
        assert_eq!(keep(&dir, now() + TimeDelta::minutes(59)).unwrap(), None);
        for hour in 1..24 * 70 {
            keep(&dir, now() + TimeDelta::hours(hour)).unwrap().unwrap();
        }
        let kept = list(&dir).unwrap();
        assert!(kept.len() <= NEWEST + DAYS + WEEKS, "{}", kept.len());
        let oldest = kept.last().unwrap().made_at;
        let newest = kept.first().unwrap().made_at;
        assert!(newest - oldest >= TimeDelta::weeks(6), "{oldest} to {newest}");
        assert!(
            kept.windows(2)
                .take(NEWEST - 1)
                .all(|two| two[0].made_at - two[1].made_at == TimeDelta::hours(1))
        );
        keep(&dir, now())
            .unwrap()
            .expect("a clock that was put back stops no backups");
    }

    #[test]
    fn a_damaged_checkpoint_is_not_copied() {
        let (_temp, dir, _) = lived_in();
        put(&dir, CHECKPOINT, b"{}");
        assert_eq!(keep(&dir, now()).unwrap_err().code(), 65);
        assert!(list(&dir).unwrap().is_empty());
    }

    #[test]
    fn the_newest_valid_copy_is_what_a_recovery_takes() {
        let (_temp, dir, checkpoint) = lived_in();
        keep(&dir, now()).unwrap().unwrap();
        put(&dir, CHECKPOINT, b"");
        put(&dir, BAK, b"");
        put(&dir, ".state-backups/last_run-99-20261120T060000Z.json", b"half");
        assert_eq!(
            newest_valid(&dir).unwrap().unwrap().0.generation,
            checkpoint.generation
        );
        let loaded = load(&dir, now()).unwrap();
        let Arrival::Recovered {
            from_generation,
            what,
        } = loaded.arrival
        else {
            panic!()
        };
        assert_eq!(from_generation, checkpoint.generation);
        assert!(what.contains(".state-backups/last_run-7-"), "{what}");
        assert!(loaded.checkpoint.next_generation() > 99);
    }
}
