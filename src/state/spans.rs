//! Runs and how they stand, as spans of equal standing: a year behind a gap stays a few entries.
//!
//! Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How one run stands with one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// To be delivered.
    Owed(Debt),
    Accepted,
    /// Judged at the commit: this channel does not want it.
    NotDue,
    /// Given up; settled once the channel was told.
    Dead {
        told: bool,
    },
    /// A number left out after a recovery.
    Superseded,
}

/// What is known of the tries so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    pub attempts: u64,
    /// When the first try did not succeed.
    pub since: Option<DateTime<Utc>>,
    /// Not to be tried before, unless the operator asks.
    pub next_try: Option<DateTime<Utc>>,
    /// The last refusal was of the kind that waiting rarely mends.
    pub permanent: bool,
    pub reason: Option<String>,
}

impl Standing {
    pub fn is_settled(&self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::NotDue | Self::Superseded | Self::Dead { told: true }
        )
    }
}

/// Non-overlapping spans by their first run; neighbours of equal standing are one span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans<V = Standing>(BTreeMap<u64, Span<V>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span<V> {
    last: u64,
    standing: V,
}

impl<V> Default for Spans<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Clone + PartialEq> Spans<V> {
    pub fn get(&self, run: u64) -> Option<&V> {
        let (_, span) = self.0.range(..=run).next_back()?;
        (run <= span.last).then_some(&span.standing)
    }

    pub fn set(&mut self, run: u64, standing: V) {
        self.set_range(run, run, standing);
    }

    /// Gives all of `first..=last` one standing, whatever they had.
    pub fn set_range(&mut self, first: u64, last: u64, standing: V) {
        if first > last {
            return;
        }
        self.clear(first, last);
        let mut from = first;
        let mut to = last;
        if let Some((&before, span)) = self.0.range(..first).next_back()
            && span.last.checked_add(1) == Some(first)
            && span.standing == standing
        {
            from = before;
        }
        if let Some(after) = last.checked_add(1)
            && self.0.get(&after).is_some_and(|span| span.standing == standing)
            && let Some(span) = self.0.remove(&after)
        {
            to = span.last;
        }
        self.0.insert(from, Span { last: to, standing });
    }

    /// Forgets `first..=last`.
    pub fn clear(&mut self, first: u64, last: u64) {
        let touched: Vec<u64> = self
            .0
            .range(..=last)
            .rev()
            .take_while(|(_, span)| span.last >= first)
            .map(|(&start, _)| start)
            .collect();
        for start in touched {
            let Some(span) = self.0.remove(&start) else {
                continue;
            };
            if let Some(after) = last.checked_add(1)
                && after <= span.last
            {
                let rest = Span {
                    last: span.last,
                    standing: span.standing.clone(),
                };
                self.0.insert(after, rest);
            }
            if start < first {
                let head = Span {
                    last: first - 1,
                    standing: span.standing,
                };
                self.0.insert(start, head);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every span: first run, last run, standing.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, &V)> {
        self.0
            .iter()
            .map(|(&first, span)| (first, span.last, &span.standing))
    }

    /// How many spans that takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the spans read from a file are in order and do not overlap.
    pub fn is_sound(&self) -> bool {
        let mut end = None;
        self.0.iter().all(|(&first, span)| {
            let fine = first <= span.last && end.is_none_or(|end| end < first);
            end = Some(span.last);
            fine
        })
    }
}

impl Spans {
    /// The last run of the settled span that holds `run`; `None` where `run` is not settled.
    pub fn settled_through(&self, run: u64) -> Option<u64> {
        let (_, span) = self.0.range(..=run).next_back()?;
        (run <= span.last && span.standing.is_settled()).then_some(span.last)
    }

    /// The runs that are owed, with their debts, lowest first.
    pub fn owed(&self) -> impl Iterator<Item = (u64, &Debt)> {
        self.iter().flat_map(|(first, last, standing)| {
            let debt = if let Standing::Owed(debt) = standing {
                Some(debt)
            } else {
                None
            };
            debt.into_iter()
                .flat_map(move |debt| (first..=last).map(move |run| (run, debt)))
        })
    }

    pub fn debt_mut(&mut self, run: u64) -> Option<&mut Debt> {
        let Some(Standing::Owed(_)) = self.get(run) else {
            return None;
        };
        // A debt that is about to differ from its neighbours' needs a span of its own.
        let (&start, span) = self.0.range(..=run).next_back()?;
        if start != run || span.last != run {
            let standing = span.standing.clone();
            self.clear(run, run);
            self.0.insert(run, Span { last: run, standing });
        }
        match self.0.get_mut(&run) {
            Some(Span {
                standing: Standing::Owed(debt),
                ..
            }) => Some(debt),
            _ => None,
        }
    }
}
