//! The one thing that keeps two runs apart: a flock on `.last_run.lock`, given back by the kernel on any death.
//!
//! The file is never truncated and never removed, and its content means nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use fs4::TryLockError;
use thiserror::Error;

use crate::disk::Dir;
use crate::disk::file_system::file_system;
use crate::state::LOCK;
use crate::state::running::{Here, RunRecord, Stage, read};

/// Held as long as it lives.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    dir: Dir,
}

#[derive(Debug, Error)]
pub enum LockError {
    /// Another run has it; who, where that is known.
    #[error("{}", held_by(.0.as_deref()))]
    Held(Option<Box<Holder>>),
    /// No lock is to be had here at all.
    #[error("{0}")]
    Unusable(String),
}

/// Who holds the lock, as far as `.run.json` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub record: RunRecord,
    /// `/proc/locks` shows it; otherwise it may be on another host or in another container.
    pub is_certain: bool,
}

/// How often a waiting run asks again.
const PAUSE: Duration = Duration::from_millis(100);
/// So often the path may turn out to be another file before we give up.
const REOPENINGS: usize = 16;

impl RunLock {
    /// Takes the lock, or waits for it up to `wait` or until `stop` says so.
    pub fn acquire(dir: &Dir, wait: Option<Duration>, stop: &dyn Fn() -> bool) -> Result<Self, LockError> {
        let began = Instant::now();
        let mut reopened = 0;
        loop {
            let file = dir.open_or_create_file(LOCK).map_err(|error| {
                LockError::Unusable(format!(
                    "{error}; the lock file must be writable for the user this runs as"
                ))
            })?;
            // By path: the method of the same name is std's, which needs a newer Rust than ours.
            match fs4::FileExt::try_lock(&file) {
                Ok(()) => {
                    let lock = Self {
                        file,
                        dir: dir.clone(),
                    };
                    match lock.verify() {
                        Ok(()) => return Ok(lock),
                        Err(why) if reopened == REOPENINGS => return Err(LockError::Unusable(why)),
                        Err(_) => reopened += 1,
                    }
                }
                Err(TryLockError::WouldBlock) => {
                    let over = wait.is_none_or(|wait| began.elapsed() >= wait);
                    if over || stop() {
                        let record = read(dir).filter(|record| record.stage != Stage::Done);
                        return Err(LockError::Held(record.map(|record| {
                            Box::new(Holder {
                                record,
                                is_certain: true,
                            })
                        })));
                    }
                    pause();
                }
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(LockError::Unusable(unusable(dir, &error))),
            }
        }
    }

    /// Whether the file we hold is still the one others would lock.
    pub fn verify(&self) -> Result<(), String> {
        let path = self.dir.path_of(LOCK);
        let held = self
            .file
            .metadata()
            .map_err(|error| format!("examining {}: {error}", path.display()))?;
        match self.dir.identity(LOCK) {
            Ok(Some(found)) if found == (held.dev(), held.ino()) => Ok(()),
            Ok(_) => Err(format!(
                "the lock file {} was removed or replaced while this run held it; another run may be active, so \
                 this one stops",
                path.display()
            )),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Who runs at this moment, found without touching the lock: from `/proc/locks` where that can tell, else from
/// `.run.json` alone.
pub fn holder(dir: &Dir) -> Option<Holder> {
    let record = read(dir).filter(|record| record.stage != Stage::Done)?;
    let here = Here::look();
    let same_boot = !here.boot_id.is_empty() && record.boot_id == here.boot_id;
    if same_boot && record.pid_namespace == here.pid_namespace {
        let table = std::fs::read_to_string("/proc/locks").ok()?;
        let (_, inode) = dir.identity(LOCK).ok()??;
        return is_locked(&table, inode, record.pid).then_some(Holder {
            record,
            is_certain: true,
        });
    }
    // Same name and another boot: this host was restarted since. Another name: another host or container.
    let may_live = same_boot || record.host != here.host;
    may_live.then_some(Holder {
        record,
        is_certain: false,
    })
}

/// Looks for `1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF`. The device there is not always the one `stat`
/// gives (btrfs, overlay), so inode and pid have to do.
fn is_locked(table: &str, inode: u64, pid: u32) -> bool {
    table.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", holder, place, ..] = fields.as_slice() else {
            return false;
        };
        let found = place
            .rsplit(':')
            .next()
            .and_then(|inode| inode.parse::<u64>().ok());
        found == Some(inode) && holder.parse() == Ok(pid)
    })
}

fn held_by(holder: Option<&Holder>) -> String {
    let Some(Holder { record, .. }) = holder else {
        return "another run holds the lock; it has not said who it is".to_owned();
    };
    let who = if record.command == "run" {
        "another run".to_owned()
    } else {
        format!("`unifi-scan {}`", record.command)
    };
    format!(
        "{who} holds the lock: attempt {}, pid {} on {}, stage {}, since {}",
        record.attempt_id,
        record.pid,
        record.host,
        record.stage.name(),
        record.started_at.format("%Y-%m-%d %H:%M:%S UTC"),
    )
}

fn unusable(dir: &Dir, error: &io::Error) -> String {
    let kind = file_system(dir.path()).kind;
    format!(
        "locking {} on {kind}: {error}; this file system gives no locks: put the reports directory on one that does \
         (for NFS: version 4, or lockd running)",
        dir.path_of(LOCK).display()
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "flock has no deadline: --wait asks again and again"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::state::running::Running;

    fn never() -> bool {
        false
    }

    #[test]
    fn a_second_run_is_refused_and_told_who_holds_the_lock() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let lock = RunLock::acquire(&dir, None, &never).unwrap();
        let mut running = Running::begin(&dir, "a1", "run", DateTime::UNIX_EPOCH).unwrap();
        running.stage(Stage::Collect).unwrap();
        let Err(LockError::Held(Some(holder))) = RunLock::acquire(&dir, None, &never) else {
            panic!("not held")
        };
        assert_eq!(holder.record.stage, Stage::Collect);
        let told = LockError::Held(Some(holder)).to_string();
        assert!(
            told.contains("attempt a1") && told.contains("stage collect"),
            "{told}"
        );
        drop(lock);
        RunLock::acquire(&dir, None, &never).unwrap();
    }

    #[test]
    fn a_replaced_lock_file_is_noticed() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let lock = RunLock::acquire(&dir, None, &never).unwrap();
        lock.verify().unwrap();
        dir.remove(LOCK).unwrap();
        assert!(lock.verify().unwrap_err().contains("removed or replaced"));
        let other = RunLock::acquire(&dir, None, &never).unwrap();
        other.verify().unwrap();
        lock.verify().unwrap_err();
    }

    #[test]
    fn something_that_is_no_file_is_no_lock() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        dir.create_dirs(LOCK).unwrap();
        assert!(matches!(
            RunLock::acquire(&dir, None, &never),
            Err(LockError::Unusable(_))
        ));
    }

    #[test]
    fn the_holder_is_seen_without_asking_for_the_lock() {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        assert_eq!(holder(&dir), None);
        let lock = RunLock::acquire(&dir, None, &never).unwrap();
        let mut running = Running::begin(&dir, "a1", "run", DateTime::UNIX_EPOCH).unwrap();
        assert!(holder(&dir).unwrap().is_certain);
        drop(lock);
        assert_eq!(holder(&dir), None, "dead: the lock is free");
        running.stage(Stage::Done).unwrap();
        assert_eq!(holder(&dir), None);
    }

    #[test]
    fn the_table_of_locks_is_read_by_inode_and_pid() {
        let table = "1: POSIX  ADVISORY  WRITE 9 08:01:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 9 08:01:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 10 08:01:77 0 EOF\n";
        assert!(is_locked(table, 77, 9));
        assert!(!is_locked(table, 77, 10), "it only waits");
        assert!(!is_locked(table, 78, 9));
    }
}
