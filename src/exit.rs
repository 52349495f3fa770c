//! Every exit code, one enum, one sentence each. A meaning never changes; unknown codes mean failure.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::model::failure::FailureKind;

/// How a command ended, in the order of the contract's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok,
    Failed,
    Usage,
    Partial,
    Recovered,
    BadState,
    Unavailable,
    Internal,
    CannotCreate,
    Io,
    Locked,
    Protocol,
    Auth,
    Config,
    Timeout,
    Hangup,
    Interrupted,
    Terminated,
}

impl Exit {
    pub const ALL: [Self; 18] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::Partial,
        Self::Recovered,
        Self::BadState,
        Self::Unavailable,
        Self::Internal,
        Self::CannotCreate,
        Self::Io,
        Self::Locked,
        Self::Protocol,
        Self::Auth,
        Self::Config,
        Self::Timeout,
        Self::Hangup,
        Self::Interrupted,
        Self::Terminated,
    ];

    pub fn code(self) -> u8 {
        self.row().0
    }

    pub fn name(self) -> &'static str {
        self.row().1
    }

    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    /// The one of several that is told: the first that applies in the contract's order.
    pub fn worst(self, other: Self) -> Self {
        if other.rank() < self.rank() { other } else { self }
    }

    /// The code that a signal's number gives.
    pub fn of_signal(signal: i32) -> Self {
        match signal {
            1 => Self::Hangup,
            2 => Self::Interrupted,
            _ => Self::Terminated,
        }
    }

    /// The exit with this code, if there is one.
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    fn rank(self) -> u8 {
        match self {
            Self::Hangup | Self::Interrupted | Self::Terminated => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Auth => 4,
            Self::CannotCreate => 5,
            Self::Io => 6,
            Self::BadState => 7,
            Self::Protocol => 8,
            Self::Unavailable => 9,
            Self::Timeout => 10,
            Self::Failed => 11,
            Self::Partial => 12,
            Self::Recovered => 13,
            Self::Locked => 14,
            Self::Ok => 15,
        }
    }

    fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Self::Ok => (0, "ok", "done, or nothing new"),
            Self::Failed => (1, "failed", "anything not below; rare"),
            Self::Usage => (2, "usage", "bad arguments"),
            Self::Partial => (
                3,
                "partial",
                "committed, but a source is failed or partial, a required channel owes or a projection could \
                 not be written",
            ),
            Self::Recovered => (
                4,
                "recovered",
                "done, but the checkpoint had to be restored; told once",
            ),
            Self::BadState => (
                65,
                "data",
                "checkpoint lost or unreadable and no backup valid, or newer than this program; nothing sent, \
                 nothing overwritten",
            ),
            Self::Unavailable => (
                69,
                "unavailable",
                "no controller reached, starting up, or login limit; no watermark moved",
            ),
            Self::Internal => (70, "internal", "a bug"),
            Self::CannotCreate => (
                73,
                "cannot create",
                "directory, lock or file not writable, not a volume, lock file replaced, locks unsupported",
            ),
            Self::Io => (
                74,
                "I/O",
                "disk full or I/O error while writing; the old checkpoint stands",
            ),
            Self::Locked => (75, "locked", "another run holds the lock"),
            Self::Protocol => (
                76,
                "protocol",
                "the controller answered what cannot be understood",
            ),
            Self::Auth => (
                77,
                "auth",
                "bad credentials, second factor wanted, key revoked, certificate untrusted or changed; one \
                 login attempt, never repeated",
            ),
            Self::Config => (
                78,
                "config",
                "configuration or secret missing or invalid, site wrong or ambiguous, another controller \
                 behind a known name",
            ),
            Self::Timeout => (
                124,
                "timeout",
                "--max-runtime reached; what was proved is committed",
            ),
            Self::Hangup => (
                129,
                "signal HUP",
                "what was proved is committed and owed, not delivered",
            ),
            Self::Interrupted => (
                130,
                "signal INT",
                "what was proved is committed and owed, not delivered",
            ),
            Self::Terminated => (
                143,
                "signal TERM",
                "what was proved is committed and owed, not delivered",
            ),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl From<FailureKind> for Exit {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::Unavailable => Self::Unavailable,
            FailureKind::Protocol => Self::Protocol,
            FailureKind::Auth => Self::Auth,
            FailureKind::Config => Self::Config,
            FailureKind::Timeout => Self::Timeout,
            FailureKind::Interrupted => Self::Partial,
        }
    }
}

/// The table of `unifi-scan help exit-codes`.
pub fn table() -> String {
    let mut text = String::from("Exit codes of run and retry. A code that is not listed means failure.\n\n");
    for exit in Exit::ALL {
        let _ = writeln!(text, "{:>4}  {:<14} {}", exit.code(), exit.name(), exit.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        for exit in Exit::ALL {
            assert_eq!(Exit::of_code(exit.code()), Some(exit));
        }
    }

    #[test]
    fn the_order_of_several_is_the_contracts() {
        let order = [143, 70, 78, 77, 73, 76, 69, 124, 3, 4, 75, 0].map(|code| Exit::of_code(code).unwrap());
        for (place, first) in order.iter().enumerate() {
            for later in &order[place..] {
                assert_eq!(first.worst(*later), *first);
                assert_eq!(later.worst(*first), *first);
            }
        }
    }

    #[test]
    fn a_failures_code_is_its_exits_code() {
        use FailureKind::{Auth, Config, Interrupted, Protocol, Timeout, Unavailable};
        for kind in [Unavailable, Protocol, Auth, Config, Timeout, Interrupted] {
            assert_eq!(Exit::from(kind).code(), kind.code());
        }
    }
}
