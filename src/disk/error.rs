//! What went wrong on the disk, with which file, and whether the disk itself is to blame.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
#[error("{action} {}: {cause}", path.display())]
pub struct DiskError {
    /// What was being done: `writing`, `renaming`, `syncing` …
    pub action: &'static str,
    pub path: PathBuf,
    /// Told by the message itself, and so no `source`: a chain of causes would tell it twice.
    pub cause: io::Error,
}

impl DiskError {
    pub fn new(action: &'static str, path: impl Into<PathBuf>, cause: impl Into<io::Error>) -> Self {
        Self {
            action,
            path: path.into(),
            cause: cause.into(),
        }
    }

    /// A refusal of ours, in words.
    pub fn refusal(action: &'static str, path: impl Into<PathBuf>, why: &str) -> Self {
        Self::new(action, path, io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// There is something, but not a file of ours: a pipe, a directory, gigabytes.
    pub fn unfit(path: impl Into<PathBuf>, why: &str) -> Self {
        Self::new("reading", path, io::Error::new(io::ErrorKind::InvalidData, why))
    }

    pub fn is_unfit(&self) -> bool {
        self.cause.kind() == io::ErrorKind::InvalidData
    }

    /// The disk is full or broken (exit 74), rather than closed to us (exit 73).
    pub fn is_space_or_io(&self) -> bool {
        use rustix::io::Errno;
        const DISK: [Errno; 4] = [Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::FBIG];
        self.cause
            .raw_os_error()
            .is_some_and(|raw| DISK.iter().any(|errno| errno.raw_os_error() == raw))
    }

    pub fn is(&self, errno: rustix::io::Errno) -> bool {
        self.cause.raw_os_error() == Some(errno.raw_os_error())
    }

    /// The exit code a run ends with when this cannot be helped.
    pub fn code(&self) -> u8 {
        if self.is_space_or_io() { 74 } else { 73 }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_closed_door() {
        assert_eq!(DiskError::new("writing", "/x", Errno::NOSPC).code(), 74);
        assert_eq!(DiskError::new("syncing", "/x", Errno::IO).code(), 74);
        assert_eq!(DiskError::new("writing", "/x", Errno::ROFS).code(), 73);
        let told = DiskError::new("writing", "/x/y", Errno::ACCESS).to_string();
        assert!(told.starts_with("writing /x/y: Permission denied"), "{told}");
        let error = anyhow::Error::new(DiskError::new("writing", "/x/y", Errno::ACCESS));
        assert_eq!(format!("{error:#}"), told, "told once");
    }
}
