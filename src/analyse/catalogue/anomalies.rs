//! Hours of bad connections (`stat/anomalies`). In the order of their folded form.

use crate::analyse::catalogue::{Entry, entry};
use crate::model::finding::Category::{Performance, Wireless};
use crate::model::finding::Severity::{Info, Low, Medium};

#[rustfmt::skip]
pub const ENTRIES: &[Entry] = &[
    entry("AP_HIGH_UTILISATION", "ANOMALY", "the air was full on its channel", Medium, Wireless, "ap-anomaly", ""),
    entry("AP_LONG_MAX_ASSOCIATION_TIME", "ANOMALY", "joining the WiFi took long", Medium, Wireless, "ap-anomaly", ""),
    entry("USER_DNS_LATENCY", "ANOMALY", "names were looked up slowly", Low, Performance, "client-anomaly", "USER_HIGH_DNS_LATENCY"),
    entry("USER_DNS_TIMEOUT", "ANOMALY", "names could not be looked up", Low, Performance, "shared-anomaly", ""),
    entry("USER_HIGH_DNS_LATENCY", "ANOMALY", "names were looked up slowly", Low, Performance, "client-anomaly", ""),
    entry("USER_HIGH_TCP_LATENCY", "ANOMALY", "answers came slowly", Low, Performance, "shared-anomaly", ""),
    entry("USER_HIGH_TCP_PACKET_LOSS", "ANOMALY", "data was lost on the way", Medium, Performance, "client-anomaly", ""),
    entry("USER_HIGH_WIFI_LATENCY", "ANOMALY", "it waited long for its turn on the air", Low, Wireless, "client-anomaly", ""),
    entry("USER_HIGH_WIFI_RETRIES", "ANOMALY", "much had to be sent again", Low, Wireless, "client-anomaly", ""),
    entry("USER_LOW_PHY_RATE", "ANOMALY", "its radio link was slow", Low, Wireless, "client-anomaly", ""),
    entry("USER_POOR_STREAM_EFF", "ANOMALY", "its radio used few streams", Info, Wireless, "client-connectivity", ""),
    entry("USER_SIGNAL_STRENGTH_FAILURES", "ANOMALY", "the signal was too weak", Low, Wireless, "client-anomaly", ""),
    entry("USER_SLEEPY_CLIENT", "ANOMALY", "it slept too deeply to hear everything", Info, Wireless, "client-connectivity", ""),
];
