//! The checkpoint as data: the shape of `.last_run.json`, `schema_version` "2.x".
//!
//! Trace before changing it: an old reader ignores fields it does not know and drops them when it writes; a
//! new reader must do without fields an old writer did not know (`#[serde(default)]`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::attempt::Attempt;
use crate::model::learned::Learned;
use crate::model::memory::Memory;
use crate::model::position::Position;
use crate::model::source::SourceId;
use crate::model::window::Window;
use crate::state::accounts::{self, Account};
use crate::state::failures::OpenFailure;
use crate::state::ledger::Ledger;
use crate::state::lenient;

pub const SCHEMA_VERSION: &str = "2.0";

/// Attempt records kept.
pub const ATTEMPTS: usize = 32;
/// Committed runs kept beside those still needed.
pub const RUNS: usize = 8;
/// Committed runs kept at all; what is owed beyond that is described by its report in the outbox.
pub const MOST_RUNS: usize = 64;
/// Recoveries whose left out numbers are remembered.
const RECOVERIES: usize = 32;
/// Sentences kept for the next report: the first of them, and the newest.
const FIRST_TOLD: usize = 8;
const NEWEST_TOLD: usize = 24;
/// Stands where sentences were left out.
const NOT_ALL: &str =
    "More happened here than this report has room for; history.jsonl and the log have all of it.";
/// No number above this is ours: it came from a file name somebody made up.
pub const HIGHEST_NUMBER: u64 = 999_999_999_999;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub schema_version: String,
    /// `generated_at` of the newest run up to which every required channel has settled everything.
    pub last_successful_run: Option<DateTime<Utc>>,
    /// That run's number of findings.
    pub last_report_count: u64,
    /// Counts commits; set by the commit.
    pub generation: u64,
    /// SHA-256 of the file's bytes with these 64 digits as zeros; set by the commit.
    pub checksum: String,
    /// 32 hex digits: the lineage, made by its first commit.
    pub instance: String,
    /// Belongs to `run --demo`.
    pub demo: bool,
    /// When the first commit was made.
    pub start: DateTime<Utc>,
    /// Where the first run begins instead of its lookback: after the state of an earlier scanner was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<DateTime<Utc>>,
    /// The highest committed run; 0 before the first.
    pub run: u64,
    /// No number up to these is used again, whatever `run` and `generation` say.
    pub highest_run: u64,
    pub highest_generation: u64,
    /// The file of seen ids.
    pub sidecar: Option<Sidecar>,
    /// By the controller's uuid, or by its configured name while that is unknown.
    pub controllers: BTreeMap<String, KnownController>,
    /// Sorted by id.
    #[serde(deserialize_with = "lenient::sources")]
    pub sources: Vec<SourceState>,
    pub runs: BTreeMap<u64, CommittedRun>,
    /// By channel (for mail: by channel and recipient).
    pub ledgers: BTreeMap<String, Ledger>,
    /// What other instances had committed and owed when `state import --merge` took them in, by instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, Account>,
    pub memory: Memory,
    /// The newest attempts, oldest first.
    pub attempts: Vec<Attempt>,
    pub failures: Vec<OpenFailure>,
    pub consecutive_failures: u64,
    /// Attempts that ended without saying so.
    pub deaths: u64,
    /// The generation a recovery fell back to, until a run has told it by its exit code.
    pub recovered_from: Option<u64>,
    /// Sentences the next report has to carry.
    pub to_tell: Vec<String>,
    /// First and last of the numbers left out after each recovery, newest last: the archive marks what bears them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub superseded: Vec<(u64, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    pub name: String,
    pub len: u64,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownController {
    /// As it is called in the configuration.
    pub name: String,
    /// Where reading begins while nothing of it was read: the first attempt that wanted it, less the lookback.
    pub start: DateTime<Utc>,
    /// The same for each of its sites that were wanted and never read, by short name.
    #[serde(default)]
    pub starts: BTreeMap<String, DateTime<Utc>>,
    pub uuid: Option<String>,
    /// No login before: the console's login limit.
    pub not_before: Option<DateTime<Utc>>,
    pub flavour: Option<String>,
    /// What people call its sites, by short name, as it told last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    pub version: String,
    /// What this version does not offer; forgotten when it changes.
    #[serde(default, skip_serializing_if = "Learned::is_empty")]
    pub learned: Learned,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    pub id: SourceId,
    pub name: String,
    /// Raised by whatever moves a watermark back.
    pub epoch: u64,
    pub position: Position,
}

/// What is kept of a committed run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedRun {
    pub report_id: String,
    pub generated_at: DateTime<Utc>,
    /// Below `REPORTS_DIR`, without extension.
    pub path: String,
    pub findings: u64,
    pub severe: u64,
    pub window: Window,
}

impl KnownController {
    /// One that is wanted for the first time.
    pub fn new(name: &str, start: DateTime<Utc>) -> Self {
        Self {
            name: name.to_owned(),
            start,
            starts: BTreeMap::new(),
            uuid: None,
            not_before: None,
            flavour: None,
            labels: BTreeMap::new(),
            version: String::new(),
            learned: Learned::default(),
        }
    }
}

impl Checkpoint {
    /// The checkpoint of a directory that has none: no runs, nothing read.
    pub fn empty(instance: String, start: DateTime<Utc>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            last_successful_run: None,
            last_report_count: 0,
            generation: 0,
            checksum: String::new(),
            instance,
            demo: false,
            start,
            read_from: None,
            run: 0,
            highest_run: 0,
            highest_generation: 0,
            sidecar: None,
            controllers: BTreeMap::new(),
            sources: Vec::new(),
            runs: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            others: BTreeMap::new(),
            memory: Memory::default(),
            attempts: Vec::new(),
            failures: Vec::new(),
            consecutive_failures: 0,
            deaths: 0,
            recovered_from: None,
            to_tell: Vec::new(),
            superseded: Vec::new(),
        }
    }

    /// The number the next committed run gets.
    pub fn next_run(&self) -> u64 {
        self.run.max(self.highest_run).saturating_add(1)
    }

    /// The generation the next commit gets.
    pub fn next_generation(&self) -> u64 {
        self.generation.max(self.highest_generation).saturating_add(1)
    }

    pub fn source(&self, id: &SourceId) -> Option<&SourceState> {
        let at = self.sources.binary_search_by(|known| known.id.cmp(id)).ok()?;
        self.sources.get(at)
    }

    /// The entry of a source, made by `or` if it has none yet.
    pub fn source_mut(
        &mut self,
        id: &SourceId,
        or: impl FnOnce() -> SourceState,
    ) -> Option<&mut SourceState> {
        let at = match self.sources.binary_search_by(|known| known.id.cmp(id)) {
            Ok(at) => at,
            Err(at) => {
                self.sources.insert(
                    at,
                    SourceState {
                        id: id.clone(),
                        ..or()
                    },
                );
                at
            }
        };
        self.sources.get_mut(at)
    }

    /// Keeps what is bounded within its bounds: called by the commit.
    pub fn prune(&mut self) {
        accounts::prune_runs(&mut self.runs, &self.ledgers);
        accounts::prune_others(&mut self.others);
        let excess = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..excess);
        let excess = self.superseded.len().saturating_sub(RECOVERIES);
        self.superseded.drain(..excess);
        if self.to_tell.len() > FIRST_TOLD + NEWEST_TOLD + 1 {
            let newest = self.to_tell.split_off(self.to_tell.len() - NEWEST_TOLD);
            self.to_tell.truncate(FIRST_TOLD);
            self.to_tell.push(NOT_ALL.to_owned());
            self.to_tell.extend(newest);
        }
        crate::state::failures::prune(&mut self.failures);
    }

    /// What a checksum cannot tell: values that no version of this program would have written.
    pub fn flaw(&self) -> Option<String> {
        let hex = |text: &str, digits: usize| {
            text.len() == digits
                && text
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let inside = |path: &str| {
            !path.starts_with('/')
                && path
                    .split('/')
                    .all(|part| !part.is_empty() && part != "." && part != "..")
        };
        if !hex(&self.instance, 32) {
            return Some("`instance` is not 32 hex digits".to_owned());
        }
        if self.run > HIGHEST_NUMBER || self.highest_run > HIGHEST_NUMBER {
            return Some("the run number is out of range".to_owned());
        }
        if self.generation > HIGHEST_NUMBER || self.highest_generation > HIGHEST_NUMBER {
            return Some("the generation is out of range".to_owned());
        }
        let sidecar = |s: &Sidecar| s.name.starts_with(".seen-") && inside(&s.name) && !s.name.contains('/');
        if !self.sidecar.as_ref().is_none_or(sidecar) {
            return Some("`sidecar` names no file of seen ids".to_owned());
        }
        let others = || self.others.values();
        let mut runs = self
            .runs
            .values()
            .chain(others().flat_map(|other| other.runs.values()));
        if !runs.all(|run| inside(&run.path)) {
            return Some("a run's path leads out of the directory".to_owned());
        }
        if !self
            .others
            .keys()
            .all(|instance| hex(instance, 32) && *instance != self.instance)
        {
            return Some("`others` holds no other instance".to_owned());
        }
        if !self.sources.is_sorted_by(|a, b| a.id < b.id) {
            return Some("`sources` is not sorted".to_owned());
        }
        let sound = |ledger: &Ledger| {
            let spans = ledger.between.is_sound() && ledger.revivals.is_sound();
            spans && ledger.last_contiguous <= HIGHEST_NUMBER
        };
        let mut ledgers = self
            .ledgers
            .values()
            .chain(others().flat_map(|other| other.ledgers.values()));
        if !ledgers.all(sound) {
            return Some("a ledger's runs overlap".to_owned());
        }
        None
    }
}
