//! One row of a source, made ours: decoded leniently, cleaned of what a terminal or a page could obey.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One event row. All text has been through [`crate::model::text::clean`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The console's own id, or a SHA-256 of time, key and parameters where it sent none.
    pub id: String,
    /// When it happened, by the console's clock, to the millisecond.
    pub time: DateTime<Utc>,
    /// The console's key as sent, such as `THREAT_BLOCKED_V3` or `EVT_AP_Lost_Contact`.
    pub key: String,
    /// The base event name where the console gives one (`THREAT_BLOCKED`), else empty.
    pub event: String,
    /// The console's own category, empty where absent; only a hint.
    pub category: String,
    pub subcategory: String,
    /// The console's own severity, empty where absent; never trusted (facts: threats.md section 1).
    pub severity: String,
    /// The console's short title, `Threat Detected and Blocked`; may be empty.
    pub title: String,
    /// The console's sentence with its placeholders filled in.
    pub message: String,
    /// Who and what took part, by role: `SRC_IP`, `CLIENT`, `DEVICE`, `WAN_NAME` …
    pub parties: BTreeMap<String, Party>,
}

/// One party of an event. Any field may be empty: consoles leave out what they like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// A MAC for clients and devices (lower case), an address for `*_IP` roles, else an opaque id.
    pub id: String,
    pub name: String,
    pub ip: String,
    pub hostname: String,
    pub model: String,
}

impl Party {
    /// What people would call it: its name, else its host name, else its id, else its address.
    pub fn label(&self) -> &str {
        [&self.name, &self.hostname, &self.id, &self.ip]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", |text| text.as_str())
    }
}

impl Event {
    /// The first of these roles that took part.
    pub fn party(&self, roles: &[&str]) -> Option<&Party> {
        roles.iter().find_map(|role| self.parties.get(*role))
    }
}
