//! One channel's account: which runs it was given, which it is owed, and what may have reached it already.
//!
//! Pure: no clock, no files. A message of which no attempt ended unknown is unpinned by a definite refusal;
//! once unknown it stays pinned until accepted or dead.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::disk::random::hex;
use crate::state::patience::{LONGEST_WAIT, has_come, is_ripe, wait};
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
    /// The channel asked to be left alone until then, with all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

/// What the channel is sent: a range of runs under one key. Opened by a commit before its first byte leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub key: String,
    pub runs: Vec<u64>,
    pub opened_at: DateTime<Utc>,
    /// An attempt ended without an answer: the channel may have it.
    pub unknown: bool,
    /// Dead runs this message tells of.
    pub tells: Vec<u64>,
}

/// What one attempt to deliver came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// It certainly did not arrive.
    Refused {
        permanent: bool,
        reason: String,
    },
    /// It may have arrived.
    Unknown {
        reason: String,
    },
}

/// A clock that jumped ahead must not kill what was hardly tried.
const TRIES_BEFORE_DEATH: u64 = 4;
/// Dead runs named in one message; the next tells the rest.
const TOLD_AT_ONCE: usize = 500;

impl Ledger {
    /// The account of a channel that starts with run `first`.
    pub fn starting_at(first: u64) -> Self {
        Self {
            first,
            last_contiguous: first.saturating_sub(1),
            last_attempted: first.saturating_sub(1),
            between: Spans::default(),
            messages: Vec::new(),
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
        true
    }

    /// Records how `run` stands, and moves on over what is settled.
    pub fn settle(&mut self, run: u64, standing: Standing) {
        if run <= self.last_contiguous && self.between.get(run).is_none() {
            return;
        }
        if !matches!(standing, Standing::Owed(_)) {
            self.withdraw(run);
        }
        self.between.set(run, standing);
        self.advance();
    }

    /// The numbers `first..=last` were left out after a recovery.
    pub fn supersede(&mut self, first: u64, last: u64) {
        let from = first.max(self.last_contiguous.saturating_add(1));
        if from <= last {
            for run in self
                .messages
                .iter()
                .flat_map(|m| m.runs.clone())
                .collect::<BTreeSet<_>>()
            {
                if (from..=last).contains(&run) {
                    self.withdraw(run);
                }
            }
            self.between.set_range(from, last, Standing::Superseded);
            self.advance();
        }
    }

    /// After a start: what was opened and not answered was broken off, so its fate is unknown.
    pub fn resume(&mut self) {
        for message in &mut self.messages {
            message.unknown = true;
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

    /// Messages to be sent again as they are, oldest first.
    pub fn due_again(&self, now: DateTime<Utc>, all: bool) -> Vec<Message> {
        let ripe =
            |run: &u64| matches!(self.between.get(*run), Some(Standing::Owed(debt)) if is_ripe(debt, now));
        let may_ask = has_come(self.not_before, now);
        let due = |message: &&Message| all || may_ask && message.runs.iter().any(ripe);
        self.messages.iter().filter(due).cloned().collect()
    }

    /// Opens a message for owed runs that are in no other. To be committed before its first byte leaves.
    pub fn open(&mut self, runs: &[u64], key: &str, now: DateTime<Utc>) -> Option<Message> {
        let pinned = self.pinned_runs();
        let mut runs: Vec<u64> = runs
            .iter()
            .copied()
            .filter(|run| !pinned.contains(run) && matches!(self.between.get(*run), Some(Standing::Owed(_))))
            .collect();
        runs.sort_unstable();
        runs.dedup();
        let highest = *runs.last()?;
        self.last_attempted = self.last_attempted.max(highest);
        let message = Message {
            key: key.to_owned(),
            runs,
            opened_at: now,
            unknown: false,
            tells: self.untold(),
        };
        self.messages.push(message.clone());
        Some(message)
    }

    /// Records what the attempt under `key` came to. An answer to no open message changes nothing.
    pub fn answer(&mut self, key: &str, answer: &Answer, now: DateTime<Utc>) {
        let Some(at) = self.messages.iter().position(|message| message.key == key) else {
            return;
        };
        self.not_before = None;
        let (reason, permanent) = match answer {
            Answer::Accepted => {
                let message = self.messages.remove(at);
                for run in message.runs {
                    self.between.set(run, Standing::Accepted);
                    // Copies of one ledger may each have opened a message for it before they were joined.
                    self.withdraw(run);
                }
                for run in message.tells {
                    if matches!(self.between.get(run), Some(Standing::Dead { .. })) {
                        self.between.set(run, Standing::Dead { told: true });
                    }
                }
                self.advance();
                return;
            }
            Answer::Refused { permanent, reason } => (reason, *permanent),
            Answer::Unknown { reason } => (reason, false),
        };
        let runs = match self.messages.get_mut(at) {
            Some(message) => {
                message.unknown |= matches!(answer, Answer::Unknown { .. });
                message.runs.clone()
            }
            None => return,
        };
        for run in runs {
            if let Some(debt) = self.between.debt_mut(run) {
                debt.attempts = debt.attempts.saturating_add(1);
                debt.since = debt.since.or(Some(now));
                debt.permanent = permanent;
                debt.next_try = now.checked_add_signed(wait(debt.attempts, permanent));
                debt.reason = Some(reason.clone());
            }
        }
        self.messages
            .retain(|message| message.key != key || message.unknown);
    }

    /// The channel asked, when it was sent `runs`, to be left alone so long: at most a day is granted.
    pub fn leave_alone(&mut self, runs: &[u64], wish: TimeDelta, now: DateTime<Utc>) {
        let until = now.checked_add_signed(wish.min(LONGEST_WAIT));
        self.not_before = until;
        for run in runs {
            if let Some(debt) = self.between.debt_mut(*run) {
                debt.next_try = debt.next_try.max(until);
            }
        }
    }

    /// What follows is still the same try of these runs: a moment's patience is not counted against them.
    pub fn go_on(&mut self, runs: &[u64]) {
        for run in runs {
            if let Some(debt) = self.between.debt_mut(*run) {
                debt.attempts = debt.attempts.saturating_sub(1);
            }
        }
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
        let held: BTreeSet<u64> = self
            .messages
            .iter()
            .filter(|message| !message.runs.iter().all(|run| late.contains(run)))
            .flat_map(|message| message.runs.iter().copied())
            .collect();
        let dead: Vec<u64> = late.difference(&held).copied().collect();
        for run in &dead {
            self.settle(*run, Standing::Dead { told: false });
        }
        dead
    }

    /// Dead runs the channel has not been told of.
    pub fn untold(&self) -> Vec<u64> {
        let dead = self
            .between
            .iter()
            .filter(|(.., standing)| **standing == Standing::Dead { told: false });
        dead.flat_map(|(first, last, _)| first..=last)
            .take(TOLD_AT_ONCE)
            .collect()
    }

    /// Runs whose files must stay: owed, or dead and not told.
    pub fn needs(&self) -> impl Iterator<Item = u64> {
        let open = self
            .between
            .iter()
            .filter(|(.., standing)| !standing.is_settled());
        open.flat_map(|(first, last, _)| first..=last)
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

    fn pinned_runs(&self) -> BTreeSet<u64> {
        self.messages
            .iter()
            .flat_map(|message| message.runs.iter().copied())
            .collect()
    }

    /// Takes a run that is settled otherwise out of the messages; one without runs is no message.
    pub fn withdraw(&mut self, run: u64) {
        for message in &mut self.messages {
            message.runs.retain(|held| *held != run);
        }
        self.messages.retain(|message| !message.runs.is_empty());
    }

    /// Contiguous moves over consecutive settled runs and stops at a gap; what is settled below it is forgotten.
    pub fn advance(&mut self) {
        while let Some(next) = self.last_contiguous.checked_add(1)
            && let Some(through) = self.between.settled_through(next)
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

/// The key under which a message is sent, however often: SHA-256 of instance, channel and report ids.
pub fn message_key(instance: &str, channel: &str, report_ids: &[String]) -> String {
    let mut context = Context::new(&SHA256);
    for part in [instance, channel]
        .into_iter()
        .chain(report_ids.iter().map(String::as_str))
    {
        // Each part with its length, so that no two lists read the same.
        context.update(format!("{}:{part}\n", part.len()).as_bytes());
    }
    hex(context.finish().as_ref())
}
