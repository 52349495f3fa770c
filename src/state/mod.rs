//! What survives a crash: the checkpoint, who may write it, and the files it names.
//!
//! The way through: [`lock`] → [`store`] (which loads by [`load`], whose shape is [`schema`]) → [`outbox`] and
//! [`seen`] before the commit → the commit in [`store`] → [`ledger`] for every channel → [`projections`].

pub mod accounts;
pub mod backups;
pub mod copies;
pub mod error;
pub mod export;
pub mod failures;
pub mod join;
pub mod ledger;
pub mod ledger_join;
mod lenient;
pub mod load;
pub mod lock;
pub mod messages;
pub mod migrate;
pub mod outbox;
pub mod patience;
pub mod projections;
pub mod reconcile;
pub mod recover;
pub mod restore;
pub mod rewind;
pub mod running;
pub mod schema;
pub mod seal;
pub mod seen;
pub mod shelf;
pub mod spans;
pub mod store;
pub mod traces;

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod checkpoint_tests;
#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod join_tests;
#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod lived_in;
#[cfg(test)]
mod patience_tests;
#[cfg(test)]
mod recovery_tests;
#[cfg(test)]
mod seen_tests;

/// The checkpoint.
pub const CHECKPOINT: &str = ".last_run.json";
/// The checkpoint before the last commit.
pub const BAK: &str = ".last_run.json.bak";
/// The lock; its content means nothing.
pub const LOCK: &str = ".last_run.lock";
/// Where copies of the checkpoint are kept.
pub const BACKUPS: &str = ".state-backups";
