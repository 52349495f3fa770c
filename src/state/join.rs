//! What two checkpoints know, joined: a run is named by instance and number, and nothing that either of them
//! owes is lost. Commutative, associative and idempotent in all that both can know; what is only one host's
//! own (its numbering, attempts, failures, sentences to tell) stays as it is with `ours`.
//!
//! Pure. Whether two copies of one lineage contradict each other is asked before, by [`contradiction`].

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::memory::{Memory, Remembered};
use crate::model::position::Position;
use crate::model::source::SourceId;
use crate::state::accounts::{Account, short};
use crate::state::ledger_join::join_ledgers;
use crate::state::schema::{Checkpoint, CommittedRun, KnownController, SourceState};

/// `ours`, with everything that `theirs` knows beyond it. The sidecar is the caller's to join and to write.
pub fn join(ours: &Checkpoint, theirs: &Checkpoint) -> Checkpoint {
    let mut accounts = union(accounts(ours), accounts(theirs), account);
    let own = accounts.remove(&ours.instance).unwrap_or_default();
    let sources = union(by_id(ours), by_id(theirs), source);
    Checkpoint {
        run: own.run,
        runs: own.runs,
        ledgers: own.ledgers,
        others: accounts,
        sources: sources.into_values().collect(),
        controllers: union(ours.controllers.clone(), theirs.controllers.clone(), controller),
        memory: Memory {
            findings: union(
                ours.memory.findings.clone(),
                theirs.memory.findings.clone(),
                remembered,
            ),
        },
        ..ours.clone()
    }
}

/// Why these two cannot be joined: they use one name for different things.
pub fn contradiction(ours: &Checkpoint, theirs: &Checkpoint) -> Option<String> {
    for (name, known) in &theirs.controllers {
        let here = ours.controllers.get(name).and_then(|known| known.uuid.as_ref());
        if let (Some(here), Some(there)) = (here, &known.uuid)
            && here != there
        {
            return Some(format!(
                "both know a controller `{name}`, but not the same one ({here} here, {there} there): give one of them \
                 another name in its configuration and let it run once"
            ));
        }
    }
    let here = accounts(ours);
    for (instance, account) in accounts(theirs) {
        let Some(known) = here.get(&instance) else {
            continue;
        };
        let differs = |(run, there): (&u64, &CommittedRun)| {
            let here = known.runs.get(run)?;
            (here.report_id != there.report_id).then_some(*run)
        };
        if let Some(run) = account.runs.iter().find_map(differs) {
            return Some(diverged(&instance, run));
        }
    }
    None
}

/// What is said where one instance's run is two different reports.
pub fn diverged(instance: &str, run: u64) -> String {
    format!(
        "run {run} of instance {} is one report here and another there: a copy of one directory went on by itself, and \
         what the two have told can no longer be told apart. Let one of them deliver what it owes (`unifi-scan \
         retry`), then `unifi-scan state reset --yes` there, and export the other",
        short(instance)
    )
}

/// Every account of a checkpoint, its own among them.
pub fn accounts(checkpoint: &Checkpoint) -> BTreeMap<String, Account> {
    let own = Account {
        run: checkpoint.run,
        runs: checkpoint.runs.clone(),
        ledgers: checkpoint.ledgers.clone(),
    };
    let mut accounts = checkpoint.others.clone();
    accounts.insert(checkpoint.instance.clone(), own);
    accounts
}

fn union<K: Ord, V>(
    ours: BTreeMap<K, V>,
    theirs: BTreeMap<K, V>,
    both: impl Fn(V, V) -> V,
) -> BTreeMap<K, V> {
    let mut joined = ours;
    for (key, there) in theirs {
        let value = match joined.remove(&key) {
            Some(here) => both(here, there),
            None => there,
        };
        joined.insert(key, value);
    }
    joined
}

fn account(here: Account, there: Account) -> Account {
    Account {
        run: here.run.max(there.run),
        runs: union(here.runs, there.runs, committed),
        ledgers: union(here.ledgers, there.ledgers, |here, there| {
            join_ledgers(&here, &there)
        }),
    }
}

/// The same run twice is the same; should it not be, the choice is at least the same everywhere.
fn committed(here: CommittedRun, there: CommittedRun) -> CommittedRun {
    let rank = |run: &CommittedRun| {
        (
            run.generated_at,
            run.report_id.clone(),
            run.path.clone(),
            run.findings,
        )
    };
    if rank(&here) < rank(&there) { there } else { here }
}

fn by_id(checkpoint: &Checkpoint) -> BTreeMap<SourceId, SourceState> {
    let sources = checkpoint.sources.iter().cloned();
    sources.map(|source| (source.id.clone(), source)).collect()
}

/// The higher epoch wins whole; at equal epochs the later position, and the earlier start.
fn source(here: SourceState, there: SourceState) -> SourceState {
    // Of a higher epoch all of it; at equal epochs what neither must forget.
    let (start, lagging_until) = match here.epoch.cmp(&there.epoch) {
        Ordering::Equal => (
            here.position.start.min(there.position.start),
            here.position.lagging_until.max(there.position.lagging_until),
        ),
        Ordering::Greater => (here.position.start, here.position.lagging_until),
        Ordering::Less => (there.position.start, there.position.lagging_until),
    };
    let mut joined = if rank(&here) < rank(&there) { there } else { here };
    joined.position.start = start;
    joined.position.lagging_until = lagging_until;
    joined
}

fn rank(source: &SourceState) -> impl Ord {
    // Destructured, so that a new field has to find its place here.
    let Position {
        start: _,
        lagging_until: _,
        watermark,
        proved_until,
        newest,
        hours,
        stuck_at,
        files,
    } = source.position.clone();
    let rest = (newest, stuck_at, hours, files, source.name.clone());
    (source.epoch, watermark, proved_until, rest)
}

fn controller(here: KnownController, there: KnownController) -> KnownController {
    let learned = match here.version.cmp(&there.version) {
        Ordering::Less => there.learned,
        Ordering::Equal => here.learned.common(&there.learned),
        Ordering::Greater => here.learned,
    };
    KnownController {
        start: here.start.min(there.start),
        starts: union(here.starts, there.starts, Ord::min),
        uuid: here.uuid.max(there.uuid),
        not_before: here.not_before.max(there.not_before),
        flavour: here.flavour.max(there.flavour),
        labels: union(here.labels, there.labels, Ord::max),
        version: here.version.max(there.version),
        learned,
        name: here.name.max(there.name),
    }
}

/// As the later report showed it; first seen when either first saw it.
fn remembered(here: Remembered, there: Remembered) -> Remembered {
    let rank = |known: &Remembered| {
        let text = format!(
            "{:?}",
            (&known.subject, known.severity, known.category, &known.site)
        );
        (
            known.last_seen,
            known.last_run,
            known.last_count,
            known.days,
            known.ongoing,
            known.title.clone(),
            text,
        )
    };
    let first_seen = here.first_seen.min(there.first_seen);
    let later = if rank(&here) < rank(&there) { there } else { here };
    Remembered { first_seen, ..later }
}
