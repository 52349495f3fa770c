//! Who runs, in `.run.json`: replaced in one step but not synced, for it only tells the living.
//!
//! Lock free and stage not `done` means that attempt died. A command that holds the lock and is no attempt (a repair
//! of the state, an ad hoc report) says so too, and puts back what it found.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::disk::Dir;
use crate::disk::error::DiskError;

pub const RUNNING: &str = ".run.json";
const LIMIT: u64 = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::enum_variant_names, reason = "one of the stages is called stage")]
pub enum Stage {
    Lock,
    Load,
    Collect,
    Analyse,
    Stage,
    Commit,
    Deliver,
    Done,
}

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Load => "load",
            Self::Collect => "collect",
            Self::Analyse => "analyse",
            Self::Stage => "stage",
            Self::Commit => "commit",
            Self::Deliver => "deliver",
            Self::Done => "done",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    pub attempt_id: String,
    /// `run`, `retry`, or the command that is no attempt.
    #[serde(default = "run")]
    pub command: String,
    /// The number the run gets if it is committed; `None` until the checkpoint was read.
    pub run: Option<u64>,
    pub pid: u32,
    pub host: String,
    pub boot_id: String,
    /// The process's own world of pids; elsewhere `pid` means nothing.
    pub pid_namespace: String,
    pub started_at: DateTime<Utc>,
    pub stage: Stage,
    /// What lay here when a command began that is no attempt; its death may be untold yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Self>>,
}

/// What records were of before they named their command.
fn run() -> String {
    ATTEMPTS[0].to_owned()
}

/// Commands that are attempts: counted, and kept in the history.
const ATTEMPTS: [&str; 2] = ["run", "retry"];

impl RunRecord {
    pub fn is_attempt(&self) -> bool {
        ATTEMPTS.contains(&self.command.as_str())
    }
}

/// The record of this attempt, and where it is kept.
#[derive(Debug)]
pub struct Running {
    dir: Dir,
    record: RunRecord,
}

impl Running {
    /// Writes that this attempt runs. Read what the previous one left behind ([`read`]) before.
    pub fn begin(dir: &Dir, attempt_id: &str, command: &str, now: DateTime<Utc>) -> Result<Self, DiskError> {
        let running = Self::of(dir, attempt_id, command, now);
        running.write()?;
        Ok(running)
    }

    fn of(dir: &Dir, attempt_id: &str, command: &str, now: DateTime<Utc>) -> Self {
        let here = Here::look();
        Self {
            dir: dir.clone(),
            record: RunRecord {
                attempt_id: attempt_id.to_owned(),
                command: command.to_owned(),
                run: None,
                pid: std::process::id(),
                host: here.host,
                boot_id: here.boot_id,
                pid_namespace: here.pid_namespace,
                started_at: now,
                stage: Stage::Lock,
                before: None,
            },
        }
    }

    /// Notes the stage. Once there is a report, nothing is left undelivered because this cannot be written.
    pub fn stage(&mut self, stage: Stage) -> Result<(), DiskError> {
        self.record.stage = stage;
        match self.write() {
            Err(error) if stage >= Stage::Deliver => {
                log::warn!("{error}");
                Ok(())
            }
            written => written,
        }
    }

    /// The end, whichever: it did not die.
    pub fn end(&mut self) {
        self.record.stage = Stage::Done;
        if let Err(error) = self.write() {
            log::warn!("{error}");
        }
    }

    /// Names the run this attempt is to become; written with the next stage.
    pub fn becomes(&mut self, run: u64) {
        self.record.run = Some(run);
    }

    fn write(&self) -> Result<(), DiskError> {
        let mut bytes = serde_json::to_vec_pretty(&self.record)
            .map_err(|error| DiskError::new("writing", self.dir.path_of(RUNNING), error))?;
        bytes.push(b'\n');
        self.dir.replace_unsynced(RUNNING, &bytes)
    }
}

/// The record of a command that is no attempt; dropped, it is as if the command had never been here.
#[derive(Debug)]
pub struct Aside {
    running: Running,
}

impl Aside {
    pub fn begin(dir: &Dir, id: &str, command: &str, now: DateTime<Utc>) -> Result<Self, DiskError> {
        let mut running = Running::of(dir, id, command, now);
        running.record.before = read(dir).map(Box::new);
        running.stage(Stage::Load)?;
        Ok(Self { running })
    }

    pub fn stage(&mut self, stage: Stage) -> Result<(), DiskError> {
        self.running.stage(stage)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let running = &mut self.running;
        let is_ours = |found: RunRecord| found.attempt_id == running.record.attempt_id;
        if !read(&running.dir).is_some_and(is_ours) {
            return;
        }
        let put_back = match running.record.before.take() {
            Some(before) => {
                running.record = *before;
                running.write()
            }
            None => running.dir.remove(RUNNING),
        };
        if let Err(error) = put_back {
            log::warn!("{error}");
        }
    }
}

/// The last record; `None` if there is none, or none that can be read: a power cut may have taken it.
pub fn read(dir: &Dir) -> Option<RunRecord> {
    let bytes = dir.read(RUNNING, LIMIT).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// What tells this machine, this boot and this container from others.
pub struct Here {
    pub host: String,
    pub boot_id: String,
    pub pid_namespace: String,
}

impl Here {
    pub fn look() -> Self {
        let line = |path: &str| {
            std::fs::read_to_string(path)
                .map(|text| text.trim().to_owned())
                .unwrap_or_default()
        };
        Self {
            host: line("/proc/sys/kernel/hostname"),
            boot_id: line("/proc/sys/kernel/random/boot_id"),
            pid_namespace: std::fs::read_link("/proc/self/ns/pid")
                .map(|link| link.to_string_lossy().into_owned())
                .unwrap_or_default(),
        }
    }
}
