//! What a host decides by itself after two checkpoints were joined, because the join cannot know it: what the one
//! left out and the other owes, what is to lie in this host's own archive, and what need not be told any more.
//!
//! Pure. It only ever adds a revival or a telling, so that joining again changes nothing.

use chrono::{DateTime, Utc};

use crate::state::failures::FailureState;
use crate::state::ledger::Ledger;
use crate::state::schema::Checkpoint;
use crate::state::spans::Standing;

/// Goes over `joined`, which came of `ours` and `theirs`. `archive` is the name of the channel that publishes here.
pub fn reconcile(
    joined: &mut Checkpoint,
    ours: &Checkpoint,
    theirs: &Checkpoint,
    archive: &str,
    now: DateTime<Utc>,
) {
    for instance in joined.instances() {
        let here = |channel: &str| ours.ledger(&instance, channel);
        let there = |channel: &str| theirs.ledger(&instance, channel);
        let left_out = |side: &Checkpoint, other: &Checkpoint, channel: &str, run: u64| {
            let is_unheard_of = run > side.highest_of(&instance);
            is_unheard_of || (is_left_out(side, &instance, channel, run) && is_read_further(other, side))
        };
        for (channel, ledger) in joined.ledgers_of(&instance).cloned().unwrap_or_default() {
            let mut again: Vec<u64> = Vec::new();
            for (run, is_ours) in owed(here(&channel))
                .map(|run| (run, true))
                .chain(owed(there(&channel)).map(|run| (run, false)))
            {
                let side = if is_ours { here(&channel) } else { there(&channel) };
                let is_known_so = side.is_some_and(|side| side.revivals_of(run) == ledger.revivals_of(run));
                let (owing, other) = if is_ours { (ours, theirs) } else { (theirs, ours) };
                let is_unpublished = is_ours && channel == archive && instance == ours.instance;
                if is_known_so
                    && !matches!(ledger.between.get(run), Some(Standing::Owed(_)))
                    && (is_unpublished || left_out(other, owing, &channel, run))
                {
                    again.push(run);
                }
            }
            let is_settled = |run: u64| {
                let settled = |side: Option<&Ledger>| side.is_some_and(|side| side.is_settled(run));
                settled(here(&channel)) || settled(there(&channel))
            };
            let known: Vec<u64> = ledger
                .untold()
                .into_iter()
                .filter(|run| is_settled(*run))
                .collect();
            if let Some(ledger) = joined.ledger_mut(&instance, &channel) {
                for run in again {
                    ledger.owe_again(run);
                }
                // It had reached the channel, or its death had been told.
                for run in known {
                    ledger.settle(run, Standing::Dead { told: true });
                }
            }
        }
    }
    close_failures(joined, now);
}

fn owed(ledger: Option<&Ledger>) -> impl Iterator<Item = u64> {
    let owed = ledger.into_iter().flat_map(|ledger| ledger.between.owed());
    owed.map(|(run, _)| run)
}

/// The numbers that a recovery left out.
fn is_left_out(side: &Checkpoint, instance: &str, channel: &str, run: u64) -> bool {
    let ledger = side.ledger(instance, channel);
    let entered = ledger.is_some_and(|ledger| ledger.between.get(run) == Some(&Standing::Superseded));
    let is_own = side.instance == instance;
    entered
        || (is_own
            && side
                .superseded
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&run)))
}

/// `other`'s way of some source wins over that of `side`, so that what `side` left out is not read again.
fn is_read_further(other: &Checkpoint, side: &Checkpoint) -> bool {
    let wins = |source: &crate::state::schema::SourceState| {
        side.source(&source.id)
            .is_some_and(|known| known.epoch < source.epoch)
    };
    other.sources.iter().any(wins)
}

/// What another machine delivered, or gave up, is no open failure here any more.
fn close_failures(joined: &mut Checkpoint, now: DateTime<Utc>) {
    let own = joined.instance.clone();
    let outcome = |run: u64, instance: Option<&str>, channel: &str| {
        let ledger = joined.ledger(instance.unwrap_or(&own), channel)?;
        match ledger.between.get(run) {
            Some(Standing::Owed(_)) => None,
            Some(Standing::Dead { .. }) => Some(FailureState::Dead),
            _ => Some(FailureState::Resolved),
        }
    };
    let mut failures = joined.failures.clone();
    for known in failures
        .iter_mut()
        .filter(|known| known.state == FailureState::Pending)
    {
        if let Some(run) = known.run
            && let Some(state) = outcome(run, known.instance.as_deref(), &known.subject)
        {
            known.state = state;
            known.next_try = None;
            known.last = now;
        }
    }
    joined.failures = failures;
}
