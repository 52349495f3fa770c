//! One attempt to hand a report to a channel, one answer: accepted, refused or unknown.

pub mod file;
pub mod webhook;

use std::time::Duration;

/// What one attempt to send a message came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// It certainly did not arrive; `permanent` where waiting rarely mends that.
    Refused {
        permanent: bool,
        reason: String,
        /// How long the receiver asks to be left alone.
        wait: Option<Duration>,
    },
    /// It may have arrived.
    Unknown {
        reason: String,
        wait: Option<Duration>,
    },
}
