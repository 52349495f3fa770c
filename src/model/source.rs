//! Where rows come from: one stream of one site of one controller.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of stream a site offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// `POST …/v2/api/site/{site}/system-log/all`: everything the console's System Log shows.
    SystemLog,
    /// The same with `"type": "AUDIT"`, where the console keeps what admins did apart.
    Audit,
    /// `POST …/v2/api/site/{site}/system-log/admin-activity`: sign-ins and changes of admins, for who may see them.
    AdminActivity,
    /// `POST …/v2/api/site/{site}/traffic-flows`: what the threat detection recognised. Its rows enrich those of the
    /// log and are no events.
    TrafficFlows,
    /// What the gateway's own Suricata wrote, read over SSH: likewise.
    GatewayLog,
    /// `GET …/api/s/{site}/stat/anomalies`: hours in which a connection was bad.
    Anomalies,
    /// `POST …/api/s/{site}/stat/event`: the events of consoles without a system log (Network before 8), and beside it as
    /// long as they are filled (before 10).
    Events,
    /// `GET …/api/s/{site}/list/alarm`, likewise.
    Alarms,
    /// `POST …/api/s/{site}/stat/ips/event` of consoles without a log.
    Ips,
    /// `GET …/api/s/{site}/stat/device`: a snapshot, no events.
    Devices,
    /// `GET …/api/s/{site}/stat/health`: a snapshot, no events.
    Health,
    /// Files given to `run --input`.
    Input,
    /// The files of a log server that a `[[file_source]]` names: CEF and syslog lines.
    Lines,
}

impl SourceKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::SystemLog => "system-log",
            Self::Audit => "audit",
            Self::AdminActivity => "admin-activity",
            Self::TrafficFlows => "traffic-flows",
            Self::GatewayLog => "gateway-log",
            Self::Anomalies => "anomalies",
            Self::Events => "events",
            Self::Alarms => "alarms",
            Self::Ips => "ips",
            Self::Devices => "devices",
            Self::Health => "health",
            Self::Input => "input",
            Self::Lines => "lines",
        }
    }

    /// The lists of consoles that have no system log, in the order they are read.
    pub const LEGACY: [Self; 3] = [Self::Events, Self::Alarms, Self::Ips];

    /// One of the lists of consoles that have no system log.
    pub fn is_legacy(self) -> bool {
        Self::LEGACY.contains(&self)
    }

    /// Whether its rows are told from each other by ids, which have to be remembered. Of files, it is the place where a
    /// row stands.
    pub fn has_ids(self) -> bool {
        !matches!(self, Self::Input | Self::Lines)
    }

    /// Whether its rows are events that are counted, rather than a picture of now or more about other rows.
    pub fn has_events(self) -> bool {
        !matches!(
            self,
            Self::Devices | Self::Health | Self::TrafficFlows | Self::GatewayLog
        )
    }

    /// A class of the system log beside the whole of it: its rows may be there too, under the same ids.
    pub fn is_log_class(self) -> bool {
        matches!(self, Self::Audit | Self::AdminActivity)
    }

    /// It adds to what the log or the lists of events tell, and never stands for them.
    pub fn is_supplement(self) -> bool {
        self.is_log_class() || matches!(self, Self::TrafficFlows | Self::GatewayLog | Self::Anomalies)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a site is called of which nothing is known but its console.
pub const UNKNOWN_SITE: &str = "?";

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
            SourceKind::SystemLog | SourceKind::Audit | SourceKind::AdminActivity => "sl",
            SourceKind::Anomalies => "an",
            SourceKind::Events => "ev",
            SourceKind::Alarms => "al",
            SourceKind::Ips => "ips",
            SourceKind::Input => "in",
            SourceKind::Lines => "li",
            SourceKind::Devices | SourceKind::Health | SourceKind::TrafficFlows | SourceKind::GatewayLog => {
                "none"
            }
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
