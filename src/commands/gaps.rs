//! What each channel has not settled: ranges of runs, and why. For `status` and `history gaps`.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::count::counted;
use crate::run::ranges::range;
use crate::state::accounts::short;
use crate::state::schema::Checkpoint;
use crate::state::spans::{Debt, Standing};

/// Consecutive runs of one channel that stand alike.
#[derive(Debug, Serialize)]
pub struct Gap {
    /// Whose runs they are, if another instance committed them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    pub channel: String,
    pub first: u64,
    pub last: u64,
    /// `owed`, or `dead`: given up and not told yet.
    pub outcome: &'static str,
    pub attempts: u64,
    pub reason: Option<String>,
    pub next_try: Option<DateTime<Utc>>,
    /// It may have arrived already, and will be repeated under the same key.
    pub unknown: bool,
}

/// Every gap of every channel.
pub fn of(checkpoint: &Checkpoint) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (instance, channel, ledger) in checkpoint.all_ledgers() {
        let open = ledger
            .between
            .iter()
            .filter(|(.., standing)| !standing.is_settled());
        for (first, last, standing) in open {
            let (outcome, debt) = match standing {
                Standing::Owed(debt) => ("owed", debt.clone()),
                _ => ("dead", Debt::default()),
            };
            gaps.push(Gap {
                instance: (instance != checkpoint.instance).then(|| instance.to_owned()),
                channel: channel.to_owned(),
                first,
                last,
                outcome,
                attempts: debt.attempts,
                reason: debt.reason,
                next_try: debt.next_try.or(ledger.not_before),
                unknown: ledger
                    .messages
                    .iter()
                    .any(|message| message.runs.contains(&first)),
            });
        }
    }
    gaps
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.first == self.last { "run" } else { "runs" };
        let named = range(self.first, self.last);
        write!(f, "{}: {noun} {named}", self.channel)?;
        if let Some(instance) = &self.instance {
            write!(f, " of {}", short(instance))?;
        }
        write!(f, " {}", self.outcome)?;
        if self.outcome == "dead" {
            return f.write_str(", given up; its next message tells so");
        }
        write!(f, " after {}", counted(self.attempts, "try"))?;
        if self.unknown {
            f.write_str(", may have arrived")?;
        }
        if let Some(next) = self.next_try {
            write!(f, ", next try from {}", next.format("%F %T UTC"))?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => f.write_str(": not tried yet"),
        }
    }
}
