//! Two copies of one ledger (the same instance's runs, the same channel), joined: per run the stronger outcome
//! stands, accepted before dead before unknown before owed, so that what either settled is settled and what
//! neither settled is owed. A run that was given up and revived stands as it does where it was revived more often.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::ledger::Ledger;
use crate::state::messages::Message;
use crate::state::spans::{Debt, Spans, Standing};

/// Commutative, associative, idempotent; takes back what either had settled only where the other revived it.
pub fn join_ledgers(ours: &Ledger, theirs: &Ledger) -> Ledger {
    let mut joined = Ledger {
        first: ours.first.min(theirs.first),
        last_contiguous: ours.last_contiguous.max(theirs.last_contiguous),
        last_attempted: ours.last_attempted.max(theirs.last_attempted),
        not_before: ours.not_before.max(theirs.not_before),
        between: Spans::default(),
        messages: Vec::new(),
        revivals: Spans::default(),
    };
    for (first, last) in stretches(ours, theirs) {
        let revivals = (ours.revivals_of(first), theirs.revivals_of(first));
        let stronger = match (known(ours, first), known(theirs, first)) {
            (a, _) if revivals.0 > revivals.1 => a,
            (_, b) if revivals.0 < revivals.1 => b,
            (Known::Entered(a), Known::Entered(b)) => Known::Entered(stronger(a, b)),
            (a, b) if a.rank() < b.rank() => b,
            (a, _) => a,
        };
        let revivals = revivals.0.max(revivals.1);
        if revivals > 0 {
            joined.revivals.set_range(first, last, revivals);
        }
        if let Known::Entered(standing) = stronger {
            joined.between.set_range(first, last, standing);
        }
    }
    joined.messages = messages(ours.messages.iter().chain(&theirs.messages));
    joined.close_done();
    joined.advance();
    joined
}

/// What a ledger knows of one run, weakest first.
enum Known {
    Nothing,
    Entered(Standing),
    /// Behind `last_contiguous`, and how is forgotten.
    Settled,
}

impl Known {
    fn rank(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Entered(_) => 1,
            Self::Settled => 2,
        }
    }
}

fn known(ledger: &Ledger, run: u64) -> Known {
    match ledger.between.get(run) {
        Some(standing) => Known::Entered(standing.clone()),
        None if run <= ledger.last_contiguous => Known::Settled,
        None => Known::Nothing,
    }
}

fn stronger(a: Standing, b: Standing) -> Standing {
    match (a, b) {
        (Standing::Owed(a), Standing::Owed(b)) => Standing::Owed(debt(a, b)),
        (a, b) if strength(&a) < strength(&b) => b,
        (a, _) => a,
    }
}

fn strength(standing: &Standing) -> u8 {
    match standing {
        Standing::Owed(_) => 0,
        Standing::Dead { told: false } => 1,
        Standing::Dead { told: true } => 2,
        Standing::Superseded => 3,
        Standing::NotDue => 4,
        Standing::Accepted => 5,
    }
}

fn debt(a: Debt, b: Debt) -> Debt {
    Debt {
        attempts: a.attempts.max(b.attempts),
        since: a.since.into_iter().chain(b.since).min(),
        next_try: a.next_try.max(b.next_try),
        permanent: a.permanent || b.permanent,
        reason: a.reason.max(b.reason),
    }
}

/// Stretches of runs within each of which neither ledger changes, as far as either has entries.
fn stretches(ours: &Ledger, theirs: &Ledger) -> Vec<(u64, u64)> {
    let mut edges = BTreeSet::new();
    for ledger in [ours, theirs] {
        edges.insert(ledger.last_contiguous.saturating_add(1));
        let entered = ledger.between.iter().map(|(first, last, _)| (first, last));
        let revived = ledger.revivals.iter().map(|(first, last, _)| (first, last));
        for (first, last) in entered.chain(revived) {
            edges.extend([first, last.saturating_add(1)]);
        }
    }
    let edges: Vec<u64> = edges.into_iter().collect();
    edges
        .windows(2)
        .filter_map(|pair| match pair {
            [first, after] => Some((*first, after - 1)),
            _ => None,
        })
        .collect()
}

/// Open messages by key and by what was revived when they were opened; one that either lost the answer of is unknown.
fn messages<'a>(both: impl Iterator<Item = &'a Message>) -> Vec<Message> {
    let mut joined: BTreeMap<(String, BTreeMap<u64, u64>), Message> = BTreeMap::new();
    for message in both {
        let name = (message.key.clone(), message.revivals.clone());
        let Some(known) = joined.get_mut(&name) else {
            joined.insert(name, sorted(message.clone()));
            continue;
        };
        known.runs.extend(&message.runs);
        known.tells.extend(&message.tells);
        for (instance, runs) in &message.tells_of_others {
            let told = known.tells_of_others.entry(instance.clone()).or_default();
            told.extend(runs);
        }
        known.unknown |= message.unknown;
        // What was opened first may have arrived first, and a repeat says the same.
        if (message.opened_at, &message.sites) < (known.opened_at, &known.sites) {
            known.sites.clone_from(&message.sites);
        }
        known.opened_at = known.opened_at.min(message.opened_at);
        *known = sorted(known.clone());
    }
    let mut messages: Vec<Message> = joined.into_values().collect();
    messages.sort_by(|a, b| (a.opened_at, &a.key, &a.revivals).cmp(&(b.opened_at, &b.key, &b.revivals)));
    messages
}

fn sorted(mut message: Message) -> Message {
    let others = message.tells_of_others.values_mut();
    for runs in others.chain([&mut message.runs, &mut message.tells]) {
        runs.sort_unstable();
        runs.dedup();
    }
    message
}
