//! For tests: a directory in which runs were committed.

use std::io::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::disk::Dir;
use crate::model::position::Position;
use crate::model::source::{SourceId, SourceKind};
use crate::model::window::Window;
use crate::state::ledger::Ledger;
use crate::state::load::{Arrival, load};
use crate::state::lock::RunLock;
use crate::state::outbox::{self, Draft};
use crate::state::schema::{Checkpoint, CommittedRun, SourceState};
use crate::state::seen::Seen;
use crate::state::spans::Standing;
use crate::state::store::Store;

pub fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-20T06:00:00Z")
        .unwrap()
        .to_utc()
}

pub fn id() -> SourceId {
    SourceId {
        controller: "0a1b".to_owned(),
        site: "s1".to_owned(),
        kind: SourceKind::SystemLog,
    }
}

pub fn put(dir: &Dir, rel: &str, bytes: &[u8]) {
    std::fs::File::create(dir.path().join(rel))
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

pub fn store(dir: &Dir) -> Store {
    Store::open(dir.clone(), RunLock::acquire(dir, None, &|| false).unwrap())
}

/// One run as the product does it: outbox, sidecar, commit, file accepted.
pub fn run_once(store: &mut Store, checkpoint: &mut Checkpoint) {
    commit_run(store, checkpoint);
    let run = checkpoint.run;
    checkpoint
        .ledgers
        .get_mut("file")
        .unwrap()
        .settle(run, Standing::Accepted);
    checkpoint.note_success(&["file".to_owned()]);
    store.commit(checkpoint).unwrap();
}

pub fn commit_run(store: &mut Store, checkpoint: &mut Checkpoint) {
    let run = checkpoint.next_run();
    let mut draft = Draft::begin(store.dir(), &outbox::path_of(run), "lived-in").unwrap();
    draft.write(outbox::REPORT, b"{}").unwrap();
    draft.enter().unwrap();
    let mut seen = Seen::load(store.dir(), checkpoint);
    seen.insert("0a1b/s1/sl", &format!("row {run}"), now());
    checkpoint.sidecar = seen.write(store.dir(), checkpoint.next_generation()).unwrap();
    checkpoint.run = run;
    let source = || SourceState {
        id: id(),
        name: "home/default/system-log".to_owned(),
        epoch: 0,
        position: Position::unread(now()),
    };
    checkpoint.source_mut(&id(), source).unwrap().position.watermark = Some(now());
    let facts = CommittedRun {
        report_id: "f".repeat(64),
        generated_at: now() + TimeDelta::hours(i64::try_from(run).unwrap()),
        path: format!("2026/11/report-{run:06}-20261120T060000Z"),
        findings: run,
        severe: 0,
        window: Window::empty_at(now()),
    };
    checkpoint.runs.insert(run, facts);
    for channel in ["file", "hook"] {
        checkpoint
            .ledgers
            .entry(channel.to_owned())
            .or_insert_with(|| Ledger::starting_at(run))
            .owe(run);
    }
    store.commit(checkpoint).unwrap();
}

/// A directory in which three runs were committed.
pub fn lived_in() -> (tempfile::TempDir, Dir, Checkpoint) {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let mut store = store(&dir);
    let mut loaded = store.load(now()).unwrap();
    assert_eq!(loaded.arrival, Arrival::FirstRun);
    store.secure(&mut loaded, now()).unwrap();
    for _ in 0..3 {
        run_once(&mut store, &mut loaded.checkpoint);
    }
    (temp, dir, loaded.checkpoint)
}

pub fn recovers(dir: &Dir, from: u64) -> String {
    match load(dir, now()).unwrap().arrival {
        Arrival::Recovered {
            from_generation,
            what,
        } if from_generation == from => what,
        other => panic!("{other:?}"),
    }
}
