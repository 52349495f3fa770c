//! What the fake console tells beside its log.

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
    /// Key, MAC and hours of `stat/anomalies`.
    pub anomalies: Vec<(&'static str, String, Vec<i64>)>,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            audit: Audit::InLog,
            has_flows: true,
            flows_cap: 1_000,
            anomalies: Vec::new(),
        }
    }
}
