//! Where rows come from: one stream of one site of one controller.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of stream a site offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// `POST …/v2/api/site/{site}/system-log/all`: everything the console's System Log shows.
    SystemLog,
    /// `GET …/api/s/{site}/stat/device`: a snapshot, no events.
    Devices,
    /// `GET …/api/s/{site}/stat/health`: a snapshot, no events.
    Health,
    /// Files given to `run --input`.
    Input,
}

impl SourceKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemLog => "system-log",
            Self::Devices => "devices",
            Self::Health => "health",
            Self::Input => "input",
        }
    }

    /// Whether its rows are events that are counted, rather than a picture of now.
    pub fn has_events(self) -> bool {
        matches!(self, Self::SystemLog | Self::Input)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a source is stored under: the controller's own uuid (or its configured name while that is
/// unknown), the site's `_id`, and the kind. Renaming an entry in the configuration changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourceId {
    pub controller: String,
    pub site: String,
    pub kind: SourceKind,
}

impl SourceId {
    /// The set of ids its rows are known by, `<controller>/<site>/sl`: all classes of a site's system log share
    /// theirs.
    pub fn family(&self) -> String {
        let family = match self.kind {
            SourceKind::SystemLog => "sl",
            SourceKind::Input => "in",
            SourceKind::Devices | SourceKind::Health => "none",
        };
        format!("{}/{}/{family}", self.controller, self.site)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.controller, self.site, self.kind)
    }
}

/// A site as people know it: the controller's configured name and the site's short name, `home/default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SiteName {
    pub controller: String,
    pub site: String,
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.controller, self.site)
    }
}
