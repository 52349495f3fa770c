//! Every byte that reaches `REPORTS_DIR` goes through here: the old file or the new one, never a mixture.
//!
//! Knows nothing of what the files mean. Paths are given relative to the directory, with `/` between
//! components; no symlink below it is followed. Errors of fsync are errors.

pub mod content;
pub mod error;
pub mod file_system;
#[cfg(test)]
pub mod journal;
pub mod names;
pub mod random;
pub mod walk;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Gid, Mode, OFlags, Stat, Uid};
use rustix::io::{Errno, retry_on_intr};

use crate::disk::error::DiskError;
use crate::disk::random::random_hex;

/// What a temp file's name begins with, before 16 hex digits.
pub const TEMP: &str = ".tmp-";

const FILE_MODE: Mode = Mode::from_bits_retain(0o640);
const DIR_MODE: Mode = Mode::from_bits_retain(0o750);

/// An open directory, with the owner its files get when root works in somebody else's.
#[derive(Clone, Debug)]
pub struct Dir {
    fd: Arc<OwnedFd>,
    path: PathBuf,
    heir: Option<(Uid, Gid)>,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_dir: bool,
}

impl Dir {
    /// Opens a directory that is there.
    pub fn open(path: &Path) -> Result<Self, DiskError> {
        let as_root = rustix::process::geteuid().is_root();
        let fd = walk::open_base(path, as_root)?;
        let owner = rustix::fs::fstat(&fd).map_err(|errno| DiskError::new("examining", path, errno))?;
        Ok(Self {
            fd: Arc::new(fd),
            path: path.to_owned(),
            heir: (as_root && owner.st_uid != 0)
                .then(|| (Uid::from_raw(owner.st_uid), Gid::from_raw(owner.st_gid))),
        })
    }

    /// Opens a directory, or makes it (0750) if only its last component is missing.
    pub fn open_or_create(path: &Path) -> Result<Self, DiskError> {
        match Self::open(path) {
            Err(error) if error.is(Errno::NOENT) => {}
            other => return other,
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(DiskError::new("creating", path, Errno::NOENT));
        };
        let above = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let parent = Self::open(above)?;
        parent.create_dirs(name)?;
        Self::open(path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it, for messages.
    pub fn path_of(&self, rel: &str) -> PathBuf {
        self.path.join(rel)
    }
}

const OUTSIDE: &str = "is no path inside the reports directory";

// What the operations above stand on.
impl Dir {
    fn error(&self, action: &'static str, rel: &str, source: impl Into<std::io::Error>) -> DiskError {
        DiskError::new(action, self.path_of(rel), source)
    }

    fn refusal(&self, rel: &str, why: &str) -> DiskError {
        DiskError::refusal("opening", self.path_of(rel), why)
    }

    fn unfit(&self, rel: &str, why: &str) -> DiskError {
        DiskError::unfit(self.path_of(rel), why)
    }

    /// The directory that holds `rel`, and the last component.
    fn locate<'a>(&self, rel: &'a str) -> Result<(Arc<OwnedFd>, &'a str), DiskError> {
        let (above, name) = rel.rsplit_once('/').unwrap_or(("", rel));
        if components(rel).is_none() {
            return Err(self.refusal(rel, OUTSIDE));
        }
        Ok((self.folder(above)?, name))
    }

    fn folder(&self, rel: &str) -> Result<Arc<OwnedFd>, DiskError> {
        let mut at = Arc::clone(&self.fd);
        if rel.is_empty() {
            return Ok(at);
        }
        for name in components(rel).ok_or_else(|| self.refusal(rel, OUTSIDE))? {
            at = Arc::new(walk::open_below(&at, name).map_err(|errno| self.error("opening", rel, errno))?);
        }
        Ok(at)
    }

    /// Never waits for the other end of a pipe, never follows a link, never reaches a child process.
    fn open_with(&self, rel: &str, flags: OFlags, action: &'static str) -> Result<File, DiskError> {
        let (fd, name) = self.locate(rel)?;
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        retry_on_intr(|| rustix::fs::openat(&*fd, name, flags, FILE_MODE))
            .map(File::from)
            .map_err(|errno| self.error(action, rel, errno))
    }

    fn stat_of(&self, file: &File, rel: &str) -> Result<Stat, DiskError> {
        rustix::fs::fstat(file).map_err(|errno| self.error("examining", rel, errno))
    }

    /// Gives a file its owner and mode, whatever the umask. File systems without either are left alone.
    fn own(&self, fd: &impl AsFd, mode: Mode, rel: &str) -> Result<(), DiskError> {
        let found = rustix::fs::fstat(fd).map_err(|errno| self.error("examining", rel, errno))?;
        if let Some((uid, gid)) = self.heir
            && (found.st_uid, found.st_gid) != (uid.as_raw(), gid.as_raw())
        {
            retry_on_intr(|| rustix::fs::fchown(fd, Some(uid), Some(gid)))
                .map_err(|errno| self.error("giving to the directory's owner", rel, errno))?;
        }
        // A directory that hands its group on keeps doing so.
        let mode = mode | Mode::from_bits_retain(found.st_mode & 0o2000);
        if found.st_mode & 0o7777 == mode.as_raw_mode() {
            return Ok(());
        }
        match retry_on_intr(|| rustix::fs::fchmod(fd, mode)) {
            Ok(()) | Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(errno) => Err(self.error("setting the mode of", rel, errno)),
        }
    }

    fn sync_parent(&self, rel: &str) -> Result<(), DiskError> {
        let (fd, _) = self.locate(rel)?;
        self.sync_fd(&fd, rel)?;
        #[cfg(test)]
        journal::note(|| journal::Step::SyncDir(journal::above(rel).to_owned()));
        Ok(())
    }

    /// Some file systems cannot sync a directory and say so; that is no failure of the disk.
    fn sync_fd(&self, fd: &OwnedFd, rel: &str) -> Result<(), DiskError> {
        match retry_on_intr(|| rustix::fs::fsync(fd)) {
            Ok(()) | Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
            Err(errno) => Err(self.error("syncing the directory of", rel, errno)),
        }
    }

    /// Passes `outcome` on, after removing the temp file of one that failed.
    fn or_remove<T>(&self, temp: &str, outcome: Result<T, DiskError>) -> Result<T, DiskError> {
        if outcome.is_err() {
            drop(self.remove(temp));
        }
        outcome
    }
}

/// Ends the process here if a test asked for it; nothing in a release build.
pub fn crash_point(name: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's wish to die here, not configuration"
    )]
    if cfg!(debug_assertions) && std::env::var_os("UNIFI_SCAN_CRASH_AT").is_some_and(|at| at == *name) {
        std::process::abort();
    }
}

/// A fresh name beside `rel`.
fn temp_name(rel: &str) -> Result<String, DiskError> {
    let (above, name) = rel
        .rsplit_once('/')
        .map_or(("", rel), |(above, name)| (above, name));
    let slash = if above.is_empty() { "" } else { "/" };
    Ok(format!(
        "{above}{slash}{TEMP}{}-{}",
        random_hex(8)?,
        name.trim_start_matches('.')
    ))
}

/// The components of a relative path; `None` if it could lead out of the directory.
fn components(rel: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = rel.split('/').collect();
    let fine = |part: &&str| !part.is_empty() && *part != "." && *part != ".." && !part.contains('\0');
    parts.iter().all(fine).then_some(parts)
}
