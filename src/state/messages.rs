//! The messages of one channel's account: opened, answered, sent again as they are.
//!
//! Pure: no clock, no files. A message of which no attempt ended unknown is unpinned by a definite refusal;
//! once unknown it stays pinned, whole, until accepted or dead.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::disk::random::hex;
use crate::state::ledger::Ledger;
use crate::state::patience::{LONGEST_WAIT, has_come, is_ripe, wait};
use crate::state::spans::Standing;

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
    /// Dead runs of other instances that it tells of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tells_of_others: BTreeMap<String, Vec<u64>>,
    /// The sites whose part of the reports it holds, in the operator's words; none: whole reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
    /// Those of its runs that had been revived when it was opened, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub revivals: BTreeMap<u64, u64>,
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

impl Ledger {
    /// After a start: what was opened and not answered was broken off, so its fate is unknown.
    pub fn resume(&mut self) {
        for message in &mut self.messages {
            message.unknown = true;
        }
    }

    /// Messages to be sent again as they are, oldest first.
    pub fn due_again(&self, now: DateTime<Utc>, all: bool) -> Vec<Message> {
        let ripe =
            |run: &u64| matches!(self.between.get(*run), Some(Standing::Owed(debt)) if is_ripe(debt, now));
        let may_ask = has_come(self.not_before, now);
        let due = |message: &&Message| all || may_ask && message.runs.iter().any(ripe);
        let mut again: Vec<Message> = self.messages.iter().filter(due).cloned().collect();
        // Copies of one ledger may have opened it twice before they were joined.
        let mut keys = BTreeSet::new();
        again.retain(|message| keys.insert(message.key.clone()));
        again
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
        let mut message = Message {
            key: key.to_owned(),
            runs,
            opened_at: now,
            unknown: false,
            tells: self.untold(),
            tells_of_others: BTreeMap::new(),
            sites: Vec::new(),
            revivals: BTreeMap::new(),
        };
        let revived = message.runs.iter().map(|run| (*run, self.revivals_of(*run)));
        message.revivals = revived.filter(|(_, times)| *times > 0).collect();
        self.messages.push(message.clone());
        Some(message)
    }

    /// Records what the attempt under `key` came to. An answer to no open message changes nothing.
    pub fn answer(&mut self, key: &str, answer: &Answer, now: DateTime<Utc>) {
        let (asked, others): (Vec<Message>, _) = std::mem::take(&mut self.messages)
            .into_iter()
            .partition(|message| message.key == key);
        self.messages = others;
        if asked.is_empty() {
            return;
        }
        self.not_before = None;
        let runs: BTreeSet<u64> = asked.iter().flat_map(|message| message.runs.clone()).collect();
        let (reason, permanent) = match answer {
            Answer::Accepted => {
                for run in runs {
                    self.between.set(run, Standing::Accepted);
                }
                self.close_done();
                self.forget_revivals();
                self.note_told(asked.into_iter().flat_map(|message| message.tells));
                return;
            }
            Answer::Refused { permanent, reason } => (reason, *permanent),
            Answer::Unknown { reason } => (reason, false),
        };
        let is_unknown = matches!(answer, Answer::Unknown { .. });
        self.messages.extend(asked.into_iter().filter_map(|message| {
            let unknown = message.unknown || is_unknown;
            unknown.then_some(Message { unknown, ..message })
        }));
        for run in runs {
            if let Some(debt) = self.between.debt_mut(run) {
                debt.attempts = debt.attempts.saturating_add(1);
                debt.since = debt.since.or(Some(now));
                debt.permanent = permanent;
                debt.next_try = now.checked_add_signed(wait(debt.attempts, permanent));
                debt.reason = Some(reason.clone());
            }
        }
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

    /// The channel was told that these runs are dead.
    pub fn note_told(&mut self, runs: impl IntoIterator<Item = u64>) {
        for run in runs {
            if matches!(self.between.get(run), Some(Standing::Dead { .. })) {
                self.between.set(run, Standing::Dead { told: true });
            }
        }
        self.advance();
    }

    /// What follows is still the same try of these runs: a moment's patience is not counted against them.
    pub fn go_on(&mut self, runs: &[u64]) {
        for run in runs {
            if let Some(debt) = self.between.debt_mut(*run) {
                debt.attempts = debt.attempts.saturating_sub(1);
            }
        }
    }

    /// The report of `run` is nowhere: if it is owed, it is given up, and no message can hold it any more. `true` if
    /// it was owed.
    pub fn lose(&mut self, run: u64) -> bool {
        for message in &mut self.messages {
            message.runs.retain(|held| *held != run);
        }
        let is_owed = matches!(self.between.get(run), Some(Standing::Owed(_)));
        if is_owed {
            self.between.set(run, Standing::Dead { told: false });
        }
        self.close_done();
        self.advance();
        is_owed
    }

    /// The report of `run` will be sent: it is owed, or part of an open message.
    pub fn is_to_send(&self, run: u64) -> bool {
        let is_owed = matches!(self.between.get(run), Some(Standing::Owed(_)));
        is_owed || self.pinned_runs().contains(&run)
    }

    pub fn pinned_runs(&self) -> BTreeSet<u64> {
        self.messages
            .iter()
            .flat_map(|message| message.runs.iter().copied())
            .collect()
    }

    /// An open message stands whole, under its key, as long as one of its runs is owed as it was when it was opened.
    pub fn close_done(&mut self) {
        let mut messages = std::mem::take(&mut self.messages);
        messages.retain(|message| message.runs.iter().any(|run| self.waits_for(message, *run)));
        self.messages = messages;
    }

    fn waits_for(&self, message: &Message, run: u64) -> bool {
        let revivals = message.revivals.get(&run).copied().unwrap_or_default();
        revivals == self.revivals_of(run) && matches!(self.between.get(run), Some(Standing::Owed(_)))
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
