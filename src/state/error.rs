//! Why the state could not be read or written, each kind with its exit code.

use rustix::io::Errno;
use thiserror::Error;

use crate::disk::error::DiskError;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    /// Lost, damaged or closed to us, and no valid copy.
    #[error("{0}")]
    Unreadable(String),
    /// Written by a newer version of this program.
    #[error("{0}")]
    Newer(String),
    #[error("{0}")]
    CannotCreate(String),
    /// The disk is full or broken; the old checkpoint stands.
    #[error("{0}")]
    Io(String),
    /// Lock or checkpoint is another than the one held or loaded.
    #[error("{0}")]
    Replaced(String),
}

impl StateError {
    pub fn code(&self) -> u8 {
        match self {
            Self::Unreadable(_) | Self::Newer(_) => 65,
            Self::CannotCreate(_) | Self::Replaced(_) => 73,
            Self::Io(_) => 74,
        }
    }
}

impl From<DiskError> for StateError {
    fn from(error: DiskError) -> Self {
        if error.is_space_or_io() {
            return Self::Io(format!("{error}; the old checkpoint stands"));
        }
        let advice = if error.is(Errno::BUSY) {
            "; something is mounted on this very file: mount the whole directory instead"
        } else if error.is(Errno::ACCESS) || error.is(Errno::PERM) {
            "; run as the directory's owner, or give the directory to the user this runs as"
        } else if error.is(Errno::ROFS) {
            "; the file system is mounted read-only"
        } else {
            ""
        };
        Self::CannotCreate(format!("{error}{advice}"))
    }
}
