//! The kinds of rows the demo's console writes: keys as real consoles send them, words of our own.

/// What all rows of one kind share. An empty text is a field that console leaves out.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub key: &'static str,
    pub event: &'static str,
    pub category: &'static str,
    pub subcategory: &'static str,
    /// What the console thinks of it. Several: it is not of one mind, as real ones are not.
    pub severities: &'static [&'static str],
    pub target: &'static str,
    pub class: &'static str,
    pub title: &'static str,
    pub message: &'static str,
}

const CLIENT: Kind = Kind {
    key: "",
    event: "",
    category: "CLIENT_DEVICES",
    subcategory: "CLIENT_DEVICES_WIFI",
    severities: &["LOW"],
    target: "CLIENT",
    class: "CLIENT_ACTIVITY",
    title: "",
    message: "",
};
const WIRED: Kind = Kind {
    subcategory: "CLIENT_DEVICES_WIRED",
    ..CLIENT
};
const DEVICE: Kind = Kind {
    category: "UNIFI_DEVICES",
    subcategory: "UNIFI_DEVICES_STATUS",
    severities: &["MEDIUM"],
    target: "DEVICE",
    class: "DEVICE_STATUS",
    ..CLIENT
};
const WIFI: Kind = Kind {
    subcategory: "SYSTEM_WIFI",
    severities: &["LOW"],
    class: "WIFI_OPTIMIZATION",
    ..DEVICE
};
const INTERNET: Kind = Kind {
    category: "INTERNET_AND_WAN",
    subcategory: "INTERNET_OUTAGE_AND_FAILOVER",
    severities: &["HIGH"],
    target: "DEVICE",
    class: "INTERNET",
    ..CLIENT
};
const THREAT: Kind = Kind {
    event: "THREAT_BLOCKED",
    category: "SECURITY",
    subcategory: "SECURITY_INTRUSION_PREVENTION",
    severities: &["LOW", "VERY_HIGH", "LOW"],
    target: "DEVICE",
    class: "THREAT_DETECTION_AND_PREVENTION",
    title: "Threat Detected and Blocked",
    ..CLIENT
};
const AUDIT: Kind = Kind {
    category: "AUDIT",
    subcategory: "AUDIT_ADMIN_ACTIVITY",
    severities: &["LOW"],
    target: "ADMIN",
    class: "ADMIN_ACTIVITY",
    ..CLIENT
};
const VPN: Kind = Kind {
    category: "VPN",
    subcategory: "VPN_CLIENTS",
    class: "VPN",
    ..CLIENT
};

pub static JOINED: Kind = Kind {
    key: "CLIENT_CONNECTED_WIRELESS_2",
    event: "CLIENT_CONNECTED_WIRELESS",
    title: "WiFi Client Connected",
    message: "{CLIENT} connected to {WLAN} on {DEVICE}. Channel {CHANNEL} ({RADIO_BAND}), signal {SIGNAL_STRENGTH} dBm.",
    ..CLIENT
};
pub static LEFT: Kind = Kind {
    key: "CLIENT_DISCONNECTED_WIRELESS_2",
    event: "CLIENT_DISCONNECTED_WIRELESS",
    title: "WiFi Client Disconnected",
    message: "{CLIENT} disconnected from {WLAN} on {DEVICE} after {DURATION}.",
    ..CLIENT
};
pub static ROAMED: Kind = Kind {
    key: "CLIENT_ROAMED_2",
    event: "CLIENT_ROAMED",
    title: "WiFi Client Roamed",
    message: "{CLIENT} moved from {DEVICE_FROM} to {DEVICE_TO}.",
    ..CLIENT
};
pub static PLUGGED: Kind = Kind {
    key: "CLIENT_CONNECTED_WIRED_2",
    event: "CLIENT_CONNECTED_WIRED",
    title: "Wired Client Connected",
    message: "{CLIENT} connected to {NETWORK} on {DEVICE_WITH_PORT}.",
    ..WIRED
};
pub static UNPLUGGED: Kind = Kind {
    key: "CLIENT_DISCONNECTED_WIRED_2",
    event: "CLIENT_DISCONNECTED_WIRED",
    title: "Wired Client Disconnected",
    message: "{CLIENT} disconnected from {DEVICE_WITH_PORT} after {DURATION}.",
    ..WIRED
};
pub static IP_CONFLICT: Kind = Kind {
    key: "CLIENT_IP_CONFLICT",
    event: "CLIENT_IP_CONFLICT",
    subcategory: "CLIENT_DEVICES_IP_CONFLICT",
    severities: &["MEDIUM"],
    title: "IP Address Conflict",
    message: "Several clients on {NETWORK} use the address {IP}.",
    ..CLIENT
};
pub static BLOCKED_CLIENT: Kind = Kind {
    key: "BLOCKED_CLIENT_TRIED_CONNECT_TO_NETWORK",
    event: "BLOCKED_CLIENT_TRIED_CONNECT_TO_NETWORK",
    severities: &["HIGH"],
    title: "Blocked Client Tried to Connect",
    message: "{CLIENT} is blocked and tried to join {NETWORK}.",
    ..CLIENT
};
/// A name no catalogue has yet; next year's console, sending as little as some do.
pub static FUTURE: Kind = Kind {
    key: "CLIENT_POSTURE_SCORE_CHANGED_V2",
    event: "",
    subcategory: "",
    severities: &[],
    target: "",
    class: "",
    title: "Client Posture Score Changed",
    message: "The posture score of {CLIENT} changed from {PREVIOUS_SCORE} to {SCORE} ({REASON}).",
    ..CLIENT
};
pub static UNREACHABLE: Kind = Kind {
    key: "DEVICE_UNREACHABLE",
    event: "DEVICE_UNREACHABLE",
    title: "Device Offline",
    message: "{DEVICE} cannot be reached.",
    ..DEVICE
};
pub static RECONNECTED: Kind = Kind {
    key: "DEVICE_RECONNECTED",
    event: "DEVICE_RECONNECTED",
    severities: &["LOW"],
    title: "Device Reconnected",
    message: "{DEVICE} is back after {DURATION}.",
    ..DEVICE
};
pub static POE_PORT: Kind = Kind {
    key: "POE_PORT_BUDGET_EXCEEDED",
    event: "POE_PORT_BUDGET_EXCEEDED",
    category: "POWER",
    subcategory: "POWER_POE",
    severities: &["VERY_HIGH"],
    class: "POWER",
    title: "PoE Port Budget Exceeded",
    message: "Port {PORT} of {DEVICE} was asked for more power than it can give.",
    ..DEVICE
};
pub static FIRMWARE: Kind = Kind {
    key: "FIRMWARE_UPDATE_AVAILABLE",
    event: "FIRMWARE_UPDATE_AVAILABLE",
    category: "SOFTWARE_UPDATES",
    subcategory: "SOFTWARE_UPDATES_DEVICES",
    severities: &["LOW"],
    class: "UPDATE",
    title: "Firmware Update Available",
    message: "Firmware {VERSION} is available for {DEVICE}.",
    ..DEVICE
};
pub static RADAR: Kind = Kind {
    key: "AP_DETECTED_RADAR_V2",
    event: "AP_DETECTED_RADAR",
    severities: &["MEDIUM"],
    title: "Radar Detected",
    message: "{DEVICE} heard radar on channel {CHANNEL} and had to leave it.",
    ..WIFI
};
pub static CHANNEL: Kind = Kind {
    key: "AP_CHANGED_CHANNELS",
    event: "AP_CHANGED_CHANNELS",
    title: "AP Changed Channels",
    message: "{DEVICE} moved from channel {PREVIOUS_CHANNEL} to {CHANNEL}.",
    ..WIFI
};
pub static CHANNEL_AI: Kind = Kind {
    key: "AP_CHANGED_CHANNELS_RADIO_AI",
    event: "AP_CHANGED_CHANNELS",
    title: "Channel Optimised",
    message: "The nightly optimisation moved {DEVICE} from channel {PREVIOUS_CHANNEL} to {CHANNEL}.",
    ..WIFI
};
pub static WAN_FAILED: Kind = Kind {
    key: "NETWORK_WAN_FAILED_2",
    event: "NETWORK_WAN_FAILED",
    title: "Internet Disconnected",
    message: "{WAN_NAME} ({ISP_NAME}) on {DEVICE} was down for {DURATION}.",
    ..INTERNET
};
pub static WAN_RESTORED: Kind = Kind {
    key: "NETWORK_WAN_RESTORED_2",
    event: "NETWORK_WAN_RESTORED",
    severities: &["HIGH"],
    title: "Internet Restored",
    message: "{WAN_NAME} ({ISP_NAME}) on {DEVICE} is back after {DURATION}.",
    ..INTERNET
};
pub static FAILED_OVER: Kind = Kind {
    key: "NETWORK_FAILED_OVER_TO_BACKUP_WAN_TEMPORARY_2",
    event: "NETWORK_FAILED_OVER_TO_BACKUP_WAN_TEMPORARY",
    severities: &["LOW"],
    title: "Temporary Failover",
    message: "Traffic moved to {WAN_NAME} ({ISP_NAME}) for {DURATION}.",
    ..INTERNET
};
pub static RETURNED: Kind = Kind {
    key: "NETWORK_RETURNED_FROM_BACKUP_WAN",
    event: "NETWORK_RETURNED_FROM_BACKUP_WAN",
    severities: &["LOW"],
    title: "Returned to Primary Internet",
    message: "Traffic is back on {WAN_NAME} after {DURATION}.",
    ..INTERNET
};
pub static LATENCY: Kind = Kind {
    key: "ISP_HIGH_LATENCY_2",
    event: "ISP_HIGH_LATENCY",
    subcategory: "INTERNET_QUALITY",
    severities: &["LOW", "MEDIUM"],
    title: "High Latency",
    message: "{ISP_NAME} on {WAN_NAME} answered slowly: {LATENCY} ms.",
    ..INTERNET
};
pub static INTRUSION: Kind = Kind {
    key: "THREAT_BLOCKED_V3",
    message: "A network intrusion attempt from {SRC_IP} to {DST_IP} has been detected and blocked.",
    ..THREAT
};
pub static OWN_CLIENT_THREAT: Kind = Kind {
    key: "THREAT_BLOCKED_KNOWN_SOURCE_CLIENT",
    message: "A network intrusion attempt from {SRC_CLIENT} to {DST_IP} has been detected and blocked.",
    ..THREAT
};
pub static FIREWALL: Kind = Kind {
    key: "TRAFFIC_BLOCKED_KNOWN_SOURCE_CLIENT",
    event: "BLOCKED_BY_FIREWALL",
    subcategory: "SECURITY_FIREWALL",
    severities: &["MEDIUM"],
    target: "TRIGGER",
    class: "CONTENT_FILTERING_AND_RESTRICTIONS",
    title: "Blocked by Firewall",
    message: "{SRC_CLIENT} was blocked from accessing {DST_IP} by the {TRIGGER} Firewall Policy.",
    ..THREAT
};
pub static SIGN_IN: Kind = Kind {
    key: "ADMIN_ACCESS",
    event: "ADMIN_ACCESS",
    title: "Admin Accessed UniFi Network",
    message: "{ADMIN} opened UniFi Network from {IP}.",
    ..AUDIT
};
pub static CHANGED: Kind = Kind {
    key: "CONFIG_MODIFIED",
    event: "CONFIG_MODIFIED",
    title: "Config Modified",
    message: "{ADMIN} changed {SETTING} in {SECTION}.",
    ..AUDIT
};
pub static VPN_IN: Kind = Kind {
    key: "VPN_CLIENT_CONNECTED",
    event: "VPN_CLIENT_CONNECTED",
    title: "VPN Client Connected",
    message: "{CLIENT} connected to {VPN} from {IP}.",
    ..VPN
};
pub static VPN_OUT: Kind = Kind {
    key: "VPN_CLIENT_DISCONNECTED",
    event: "VPN_CLIENT_DISCONNECTED",
    title: "VPN Client Disconnected",
    message: "{CLIENT} disconnected from {VPN} after {DURATION}.",
    ..VPN
};
