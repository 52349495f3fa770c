//! Why a controller or one of its sources could not be read.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What kind of failure, each with the exit code it gives a run that collected nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// Not reached, starting up, or the login limit.
    Unavailable,
    /// An answer that cannot be understood.
    Protocol,
    /// Bad credentials, a second factor, a revoked key, a certificate untrusted or changed.
    Auth,
    /// Wrong or ambiguous site, another controller behind a known name.
    Config,
    /// `--max-runtime` ran out.
    Timeout,
    /// A signal asked for the end.
    Interrupted,
}

impl FailureKind {
    /// The exit code (contract section 6) this failure alone would give. An interruption's depends on
    /// the signal and is known to the run only; here it counts as partial.
    pub fn code(self) -> u8 {
        match self {
            Self::Unavailable => 69,
            Self::Protocol => 76,
            Self::Auth => 77,
            Self::Config => 78,
            Self::Timeout => 124,
            Self::Interrupted => 3,
        }
    }
}

/// A failure with its sentence: what happened, to which controller, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}
