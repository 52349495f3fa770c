//! Why an attempt ended before its report: an exit code and a sentence.

use chrono::{DateTime, Utc};

use crate::config::ConfigErrors;
use crate::disk::error::DiskError;
use crate::exit::Exit;
use crate::model::failure::Failure;
use crate::run::order::span;
use crate::state::error::StateError;
use crate::state::lock::LockError;

#[derive(Debug)]
pub struct Halt {
    pub exit: Exit,
    pub message: String,
}

impl Halt {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }
}

impl From<ConfigErrors> for Halt {
    fn from(errors: ConfigErrors) -> Self {
        Self::new(Exit::Config, errors.to_string())
    }
}

impl Halt {
    /// Why there is no lock; `now` tells for how long another has it.
    pub fn of_lock(error: &LockError, now: DateTime<Utc>) -> Self {
        match error {
            LockError::Held(Some(holder)) => {
                let age = span(now - holder.record.started_at);
                Self::new(Exit::Locked, format!("{error} ({age} ago)"))
            }
            LockError::Held(None) => Self::new(Exit::Locked, error.to_string()),
            LockError::Unusable(why) => Self::new(Exit::CannotCreate, why.clone()),
        }
    }
}

impl From<StateError> for Halt {
    fn from(error: StateError) -> Self {
        Self::new(
            Exit::of_code(error.code()).unwrap_or(Exit::Failed),
            error.to_string(),
        )
    }
}

impl From<DiskError> for Halt {
    fn from(error: DiskError) -> Self {
        Self::new(
            Exit::of_code(error.code()).unwrap_or(Exit::Failed),
            error.to_string(),
        )
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind.into(), failure.message)
    }
}

/// What went wrong in a part that only reports: the code is that of the first cause that has one.
impl From<anyhow::Error> for Halt {
    fn from(error: anyhow::Error) -> Self {
        let message = format!("{error:#}");
        let exit = error
            .chain()
            .find_map(|cause| {
                if let Some(disk) = cause.downcast_ref::<DiskError>() {
                    Exit::of_code(disk.code())
                } else if let Some(state) = cause.downcast_ref::<StateError>() {
                    Exit::of_code(state.code())
                } else if let Some(failure) = cause.downcast_ref::<Failure>() {
                    Some(failure.kind.into())
                } else {
                    cause.is::<std::io::Error>().then_some(Exit::Io)
                }
            })
            .unwrap_or(Exit::Failed);
        Self { exit, message }
    }
}
