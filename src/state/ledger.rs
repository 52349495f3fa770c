//! One channel's account: which runs it was given, which it is owed, and what may have reached it already.
//!
//! Pure: no clock, no files.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::state::messages::Message;
use crate::state::patience::{has_come, is_ripe};
use crate::state::spans::{Debt, Spans, Standing};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The first run this channel is concerned with; it owes nothing before.
    pub first: u64,
    /// Every run up to this one is settled.
    pub last_contiguous: u64,
    /// The highest run a message was ever opened for.
    pub last_attempted: u64,
    /// The runs above `last_contiguous`, and those below it that the operator wants sent again.
    pub between: Spans,
    pub messages: Vec<Message>,
    /// How often the operator had a run sent again that was given up. What was settled before that says nothing of it.
    #[serde(default, skip_serializing_if = "Spans::is_empty")]
    pub revivals: Spans<u64>,
    /// The channel asked to be left alone until then, with all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

/// A clock that jumped ahead must not kill what was hardly tried.
const TRIES_BEFORE_DEATH: u64 = 4;
/// Dead runs named in one message; the next tells the rest.
const TOLD_AT_ONCE: usize = 500;
/// Stretches of revived runs that are remembered after they were settled.
const MOST_REVIVALS: usize = 64;

impl Ledger {
    /// The account of a channel that starts with run `first`.
    pub fn starting_at(first: u64) -> Self {
        Self {
            first,
            last_contiguous: first.saturating_sub(1),
            last_attempted: first.saturating_sub(1),
            between: Spans::default(),
            messages: Vec::new(),
            revivals: Spans::default(),
            not_before: None,
        }
    }

    /// `run` is to be delivered. Nothing changes if it is known already, or older than the channel.
    pub fn owe(&mut self, run: u64) {
        if run >= self.first && run > self.last_contiguous && self.between.get(run).is_none() {
            self.between.set(run, Standing::Owed(Debt::default()));
        }
    }

    /// `run` is to be sent whatever became of it: the operator asked. `false` if it is owed anyway.
    pub fn owe_again(&mut self, run: u64) -> bool {
        if matches!(self.between.get(run), Some(Standing::Owed(_))) {
            return false;
        }
        self.between.set(run, Standing::Owed(Debt::default()));
        self.revivals.set(run, self.revivals_of(run).saturating_add(1));
        self.forget_revivals();
        self.advance();
        true
    }

    /// Of too many revivals, those of runs that were settled longest ago say least.
    pub fn forget_revivals(&mut self) {
        while self.revivals.len() > MOST_REVIVALS
            && let Some((first, last)) = self.oldest_settled_revival()
        {
            self.revivals.clear(first, last);
        }
    }

    /// How often `run` was revived.
    pub fn revivals_of(&self, run: u64) -> u64 {
        self.revivals.get(run).copied().unwrap_or_default()
    }

    fn oldest_settled_revival(&self) -> Option<(u64, u64)> {
        let is_settled = |run: u64| self.between.get(run).is_none_or(Standing::is_settled);
        let mut revived = self.revivals.iter().map(|(first, last, _)| (first, last));
        revived.find(|(first, last)| (*first..=*last).all(is_settled))
    }

    /// Records how `run` stands, and moves on over what is settled.
    pub fn settle(&mut self, run: u64, standing: Standing) {
        if run <= self.last_contiguous && self.between.get(run).is_none() {
            return;
        }
        self.between.set(run, standing);
        self.close_done();
        self.advance();
    }

    /// The numbers `first..=last` were left out after a recovery.
    pub fn supersede(&mut self, first: u64, last: u64) {
        let from = first.max(self.last_contiguous.saturating_add(1));
        if from <= last {
            self.between.set_range(from, last, Standing::Superseded);
            self.close_done();
            self.advance();
        }
    }

    /// The owed runs a new message may hold now, lowest first: those whose time has come, and with them those
    /// that merely wait for better luck. `all` leaves out nothing but what is pinned.
    pub fn due(&self, now: DateTime<Utc>, all: bool) -> Vec<u64> {
        let pinned = self.pinned_runs();
        let free = || self.between.owed().filter(|(run, _)| !pinned.contains(run));
        let may_ask = has_come(self.not_before, now) && free().any(|(_, debt)| is_ripe(debt, now));
        if !all && !may_ask {
            return Vec::new();
        }
        free()
            .filter(|(_, debt)| all || !debt.permanent || is_ripe(debt, now))
            .map(|(run, _)| run)
            .collect()
    }

    /// Gives up on what has been refused for longer than `after`; the runs that died. Those of an open message
    /// die together: its key stands for all of them.
    pub fn give_up(&mut self, now: DateTime<Utc>, after: TimeDelta) -> Vec<u64> {
        let over = |debt: &Debt| {
            debt.attempts >= TRIES_BEFORE_DEATH && debt.since.is_some_and(|since| now - since >= after)
        };
        let late: BTreeSet<u64> = self
            .between
            .owed()
            .filter(|(_, debt)| over(debt))
            .map(|(run, _)| run)
            .collect();
        let is_owed = |run: &&u64| matches!(self.between.get(**run), Some(Standing::Owed(_)));
        let held: BTreeSet<u64> = self
            .messages
            .iter()
            .map(|message| message.runs.iter().filter(is_owed))
            .filter(|owed| !owed.clone().all(|run| late.contains(run)))
            .flatten()
            .copied()
            .collect();
        let dead: Vec<u64> = late.difference(&held).copied().collect();
        for run in &dead {
            self.settle(*run, Standing::Dead { told: false });
        }
        dead
    }

    /// Dead runs the channel has not been told of. One that an open message holds may still reach it.
    pub fn untold(&self) -> Vec<u64> {
        let pinned = self.pinned_runs();
        let dead = self
            .between
            .iter()
            .filter(|(.., standing)| **standing == Standing::Dead { told: false });
        dead.flat_map(|(first, last, _)| first..=last)
            .filter(|run| !pinned.contains(run))
            .take(TOLD_AT_ONCE)
            .collect()
    }

    /// Runs whose files must stay, some of them twice: owed, or dead and not told, or in an open message.
    pub fn needs(&self) -> impl Iterator<Item = u64> {
        let open = self
            .between
            .iter()
            .filter(|(.., standing)| !standing.is_settled());
        let open = open.flat_map(|(first, last, _)| first..=last);
        open.chain(self.pinned_runs())
    }

    /// `run` is settled, as far as this account tells.
    pub fn is_settled(&self, run: u64) -> bool {
        match self.between.get(run) {
            Some(standing) => standing.is_settled(),
            None => run <= self.last_contiguous,
        }
    }

    /// Number of owed runs.
    pub fn owed(&self) -> usize {
        self.between.owed().count()
    }

    /// When `run` is tried again, if it is owed and has to wait.
    pub fn next_try(&self, run: u64) -> Option<DateTime<Utc>> {
        match self.between.get(run) {
            Some(Standing::Owed(debt)) => debt.next_try,
            _ => None,
        }
    }

    /// Contiguous moves over consecutive settled runs and stops at a gap; what is settled below it is forgotten. A run
    /// that was revived had been settled, and stops nothing.
    pub fn advance(&mut self) {
        let revived = |ledger: &Self, run| (ledger.revivals_of(run) > 0).then_some(run);
        while let Some(next) = self.last_contiguous.checked_add(1)
            && let Some(through) = self.between.settled_through(next).or_else(|| revived(self, next))
        {
            self.last_contiguous = through;
        }
        let done: Vec<(u64, u64)> = self
            .between
            .iter()
            .filter(|(first, _, standing)| *first <= self.last_contiguous && standing.is_settled())
            .map(|(first, last, _)| (first, last))
            .collect();
        for (first, last) in done {
            self.between.clear(first, last.min(self.last_contiguous));
        }
    }
}
