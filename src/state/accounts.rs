//! Whose runs they are: this checkpoint's own, or another instance's that was merged into it. A run is named by
//! instance and number, and no instance's ledger says anything about another's runs.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::state::ledger::Ledger;
use crate::state::outbox::OUTBOX;
use crate::state::schema::{Checkpoint, CommittedRun, MOST_RUNS, RUNS};

/// Other instances that are remembered although nothing is owed of theirs any more.
const MOST_OTHERS: usize = 64;

/// What one instance has committed and still owes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its highest committed run.
    pub run: u64,
    pub runs: BTreeMap<u64, CommittedRun>,
    /// By channel.
    pub ledgers: BTreeMap<String, Ledger>,
}

impl Checkpoint {
    /// The other instances, whose runs are the older ones, then its own.
    pub fn instances(&self) -> Vec<String> {
        let own = std::iter::once(&self.instance);
        self.others.keys().chain(own).cloned().collect()
    }

    /// Every ledger with its instance and channel, the own ones first.
    pub fn all_ledgers(&self) -> impl Iterator<Item = (&str, &str, &Ledger)> {
        let own = self
            .ledgers
            .iter()
            .map(|(channel, ledger)| (self.instance.as_str(), channel.as_str(), ledger));
        let others = self.others.iter().flat_map(|(instance, other)| {
            let ledgers = other.ledgers.iter();
            ledgers.map(move |(channel, ledger)| (instance.as_str(), channel.as_str(), ledger))
        });
        own.chain(others)
    }

    pub fn all_ledgers_mut(&mut self) -> impl Iterator<Item = &mut Ledger> {
        let others = self.others.values_mut();
        self.ledgers
            .values_mut()
            .chain(others.flat_map(|other| other.ledgers.values_mut()))
    }

    pub fn ledgers_of(&self, instance: &str) -> Option<&BTreeMap<String, Ledger>> {
        if instance == self.instance {
            return Some(&self.ledgers);
        }
        self.others.get(instance).map(|other| &other.ledgers)
    }

    pub fn ledgers_of_mut(&mut self, instance: &str) -> Option<&mut BTreeMap<String, Ledger>> {
        if instance == self.instance {
            return Some(&mut self.ledgers);
        }
        self.others.get_mut(instance).map(|other| &mut other.ledgers)
    }

    pub fn ledger(&self, instance: &str, channel: &str) -> Option<&Ledger> {
        self.ledgers_of(instance)?.get(channel)
    }

    pub fn ledger_mut(&mut self, instance: &str, channel: &str) -> Option<&mut Ledger> {
        self.ledgers_of_mut(instance)?.get_mut(channel)
    }

    /// The highest run of an instance that is known here; of the own one also those left out.
    pub fn highest_of(&self, instance: &str) -> u64 {
        if instance == self.instance {
            return self.run.max(self.highest_run);
        }
        self.others.get(instance).map_or(0, |other| other.run)
    }

    /// The runs described for an instance.
    pub fn runs_of(&self, instance: &str) -> Option<&BTreeMap<u64, CommittedRun>> {
        if instance == self.instance {
            return Some(&self.runs);
        }
        self.others.get(instance).map(|other| &other.runs)
    }

    pub fn runs_of_mut(&mut self, instance: &str) -> Option<&mut BTreeMap<u64, CommittedRun>> {
        if instance == self.instance {
            return Some(&mut self.runs);
        }
        self.others.get_mut(instance).map(|other| &mut other.runs)
    }

    /// How many deliveries are owed, over all channels and instances.
    pub fn owed(&self) -> usize {
        self.all_ledgers().map(|(.., ledger)| ledger.owed()).sum()
    }

    /// How many deliveries a channel is owed.
    pub fn owed_to(&self, channel: &str) -> usize {
        let of = self.all_ledgers().filter(|(_, name, _)| *name == channel);
        of.map(|(.., ledger)| ledger.owed()).sum()
    }

    /// Dead runs of other instances that the channel has not been told of.
    pub fn untold_of_others(&self, channel: &str) -> BTreeMap<String, Vec<u64>> {
        let others = self.others.keys().cloned();
        let untold = others.filter_map(|other| Some((self.ledger(&other, channel)?.untold(), other)));
        untold
            .filter(|(runs, _)| !runs.is_empty())
            .map(|(runs, other)| (other, runs))
            .collect()
    }

    /// Runs of an instance whose outbox entry some channel still needs.
    pub fn needed_runs(&self, instance: &str) -> BTreeSet<u64> {
        self.ledgers_of(instance).map(needed).unwrap_or_default()
    }

    /// The outbox entries that some channel still needs, below `REPORTS_DIR`.
    pub fn needed_entries(&self) -> BTreeSet<String> {
        let of = |instance: String| {
            let runs = self.needed_runs(&instance);
            runs.into_iter().map(move |run| self.outbox_entry(&instance, run))
        };
        self.instances().into_iter().flat_map(of).collect()
    }

    /// `.outbox/000042`; another instance's runs lie in a folder of its own.
    pub fn outbox_entry(&self, instance: &str, run: u64) -> String {
        if instance == self.instance {
            format!("{OUTBOX}/{run:06}")
        } else {
            format!("{OUTBOX}/{instance}/{run:06}")
        }
    }

    /// What the names of an instance's published files end with, so that no two instances' can be the same.
    pub fn mark_of(&self, instance: &str) -> String {
        if instance == self.instance {
            return String::new();
        }
        format!("-{}", short(instance))
    }

    /// Moves `last_successful_run` to the newest run up to which all of `required` have settled everything.
    pub fn note_success(&mut self, required: &[String]) {
        let is_owed = |ledgers: &BTreeMap<String, Ledger>| {
            let mut of = required.iter().filter_map(|channel| ledgers.get(channel));
            of.any(|ledger| ledger.owed() > 0)
        };
        if self.others.values().any(|other| is_owed(&other.ledgers)) {
            return;
        }
        let settled = required
            .iter()
            .map(|channel| {
                self.ledgers
                    .get(channel)
                    .map_or(0, |ledger| ledger.last_contiguous)
            })
            .min();
        let through = settled.unwrap_or(self.run).min(self.run);
        if let Some((_, run)) = self.runs.range(..=through).next_back()
            && self.last_successful_run != Some(run.generated_at)
        {
            self.last_successful_run = Some(run.generated_at);
            self.last_report_count = run.findings;
        }
    }
}

/// An instance as people tell it from others.
pub fn short(instance: &str) -> &str {
    instance.get(..8).unwrap_or(instance)
}

fn needed(ledgers: &BTreeMap<String, Ledger>) -> BTreeSet<u64> {
    ledgers.values().flat_map(Ledger::needs).collect()
}

/// Keeps the runs that are needed or that an open message tells of, and the newest.
pub fn prune_runs(runs: &mut BTreeMap<u64, CommittedRun>, ledgers: &BTreeMap<String, Ledger>) {
    let mut needed = needed(ledgers);
    let open = ledgers.values().flat_map(|ledger| &ledger.messages);
    needed.extend(open.flat_map(|message| message.tells.iter().copied()));
    let newest: BTreeSet<u64> = runs.keys().rev().take(RUNS).copied().collect();
    runs.retain(|run, _| needed.contains(run) || newest.contains(run));
    while runs.len() > MOST_RUNS {
        runs.pop_first();
    }
}

/// Of the other instances that are owed nothing, the ones silent for longest are forgotten.
pub fn prune_others(others: &mut BTreeMap<String, Account>) {
    for other in others.values_mut() {
        prune_runs(&mut other.runs, &other.ledgers);
    }
    let is_done = |other: &Account| needed(&other.ledgers).is_empty();
    let mut done: Vec<(Option<DateTime<Utc>>, String)> = others
        .iter()
        .filter(|(_, other)| is_done(other))
        .map(|(instance, other)| (last_of(other), instance.clone()))
        .collect();
    done.sort();
    let excess = done.len().saturating_sub(MOST_OTHERS);
    for (_, instance) in done.into_iter().take(excess) {
        others.remove(&instance);
    }
}

fn last_of(account: &Account) -> Option<DateTime<Utc>> {
    account.runs.values().map(|run| run.generated_at).max()
}
