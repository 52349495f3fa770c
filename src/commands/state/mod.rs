//! `state`: what is remembered, looked at and mended. Only the commands that change it take the lock.

mod accept;
mod backups;
mod export;
mod import;
mod rebuild;
mod reset;
mod restore;
mod rewind;
mod show;
mod verify;

use chrono::{DateTime, Utc};

use crate::cli::{Common, StateCommand};
use crate::commands::fail;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::print;
use crate::run::halt::Halt;
use crate::run::order::Clock;
use crate::run::tell::attempt_id;
use crate::state::lock::RunLock;
use crate::state::running::{Aside, Stage};
use crate::state::schema::Checkpoint;
use crate::state::store::Store;

pub fn state(command: &StateCommand, common: &Common) -> Exit {
    match command {
        StateCommand::Show { json } => show::show(*json, common),
        StateCommand::Verify { json } => verify::verify(*json, common),
        StateCommand::Backups { json } => backups::list(*json, common),
        StateCommand::Backup => ended(backups::make(common)),
        StateCommand::Restore { generation, dry_run } => {
            ended(restore::restore(*generation, *dry_run, common))
        }
        StateCommand::Reset { yes } => ended(reset::reset(*yes, common)),
        StateCommand::Accept { file } => ended(accept::accept(file, common)),
        StateCommand::Rebuild { .. } => ended(rebuild::rebuild(common)),
        StateCommand::Rewind { to } => ended(rewind::rewind(to, common)),
        StateCommand::Export { file } => ended(export::export(file, common)),
        StateCommand::Import { merge } => ended(import::import(merge, common)),
    }
}

/// Prints what was done, or why it was not.
fn ended(outcome: Result<String, Halt>) -> Exit {
    match outcome {
        Ok(said) => {
            if !said.is_empty() {
                print::say(&said);
            }
            Exit::Ok
        }
        Err(halt) => fail(halt.exit, &halt.message),
    }
}

/// The directory under its lock, for a command that changes the state, and the moment it is done at.
struct Bench {
    /// Who is at work here; before the lock, so that it is put back before that is given back.
    aside: Option<Aside>,
    dir: Dir,
    store: Store,
    now: DateTime<Utc>,
}

impl Bench {
    /// For a command of this name, which others are told while it holds the lock.
    fn open(command: &str, common: &Common) -> Result<Self, Halt> {
        let mut bench = Self::unseen(there(common)?, common)?;
        bench.tell(command)?;
        Ok(bench)
    }

    /// Others are told that this command is at work.
    fn tell(&mut self, command: &str) -> Result<(), Halt> {
        let id = attempt_id(self.now);
        self.aside = Some(Aside::begin(&self.dir, &id, command, self.now)?);
        Ok(())
    }

    /// For a command that writes nothing, or nothing yet.
    fn unseen(dir: Dir, common: &Common) -> Result<Self, Halt> {
        let now = Clock::of(common).now();
        let lock = RunLock::acquire(&dir, None, &|| false).map_err(|error| Halt::of_lock(&error, now))?;
        Ok(Self {
            aside: None,
            store: Store::open(dir.clone(), lock),
            dir,
            now,
        })
    }

    /// Puts `next` in the checkpoint's place; where the one before is kept.
    fn install(&mut self, next: &mut Checkpoint) -> Result<Option<String>, Halt> {
        if let Some(aside) = &mut self.aside {
            aside.stage(Stage::Commit)?;
        }
        Ok(self.store.install(next, self.now)?)
    }
}

/// The reports directory, which must be there.
fn there(common: &Common) -> Result<Dir, Halt> {
    let path = crate::config::reports_dir(&common.wish())?;
    Dir::open(&path).map_err(|error| {
        if error.is(rustix::io::Errno::NOENT) {
            return Halt::new(
                Exit::BadState,
                format!("there is no directory {}; is REPORTS_DIR right?", path.display()),
            );
        }
        error.into()
    })
}
