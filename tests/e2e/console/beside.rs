//! What the fake console tells beside its log.

use std::collections::BTreeMap;

use crate::console::State;

/// What `system-log/all` makes of `"type": "AUDIT"`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Audit {
    /// The rows of that category, which it also shows when asked for all.
    #[default]
    InLog,
    /// Rows that it shows only then.
    Apart,
    /// It does not know the key, and ignores it.
    Ignored,
    /// It knows the key, but not this value.
    Refused,
}

pub struct Beside {
    /// Whether the log shows what admins did, keeps it apart (the list `audit`), or knows no such type.
    pub audit: Audit,
    /// It has `traffic-flows` (Network 9 and newer).
    pub has_flows: bool,
    /// It tells a number of flows no larger than this, and that there are more.
    pub flows_cap: usize,
    /// What it still offers of the lists of older consoles: events, alarms and threats.
    pub older: BTreeMap<&'static str, Kept>,
    /// Key, MAC and hours of `stat/anomalies`.
    pub anomalies: Vec<(&'static str, String, Vec<i64>)>,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            audit: Audit::InLog,
            has_flows: true,
            flows_cap: 1_000,
            older: BTreeMap::new(),
            anomalies: Vec::new(),
        }
    }
}

/// How a list of older consoles answers where there is a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    NotFound,
    /// 400, `InvalidObject`.
    Invalid,
    /// Its rows up to this moment, in milliseconds.
    Until(i64),
}

impl State {
    /// Consoles without a log have nothing else.
    pub fn kept(&self, list: &str) -> Kept {
        let beside = self.beside.older.get(list).copied();
        let else_kept = if self.has_log {
            Kept::NotFound
        } else {
            Kept::Until(i64::MAX)
        };
        beside.unwrap_or(else_kept)
    }
}
