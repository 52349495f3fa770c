//! What the key of a value says about it.

/// Keys that hold one of these words have secrets for values, or tell where a place is.
const SECRET_WORDS: &[&str] = &[
    "pass",
    "secret",
    "token",
    "auth",
    "cookie",
    "csrf",
    "fingerprint",
    "cert",
    "serial",
    "private",
    "latitude",
    "longitude",
    "hash",
    "anonymous",
    "address_line",
];
/// And those that have one of these for a part.
const SECRET_PARTS: &[&str] = &["x", "psk", "key", "pin", "lat", "lng", "geo"];
/// Keys that hold one of the words above and no secret.
const NO_SECRETS: &[&str] = &["key", "keys", "authentication_type", "wpa_mode"];
/// Keys whose values are the console's own words, not its owner's.
const OWN_WORDS: &[&str] = &[
    "key",
    "keys",
    "category",
    "subcategory",
    "ui_category",
    "severity",
    "type",
    "subtype",
    "status",
    "state",
    "event",
    "event_type",
    "action",
    "model",
    "model_in_eol",
    "model_in_lts",
    "shortname",
    "version",
    "required_version",
    "console_display_version",
    "radio",
    "proto",
    "protocol",
    "app_proto",
    "subsystem",
    "rc",
    "timezone",
    "signature",
    "inner_alert_signature",
    "inner_alert_category",
    "inner_alert_action",
    "catname",
    "title_raw",
    "message_raw",
    "direction",
    "risk",
    "policy_type",
    "anomaly",
    "datetime",
    "update_channel",
    "ubnt_device_type",
    "role",
    "verb",
    "inner_alert_severity",
    "target",
    "device_type",
    "wan_ip_type",
    "media",
    "name_raw",
];

/// The value is a secret, or tells where a place is.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let has_word = || SECRET_WORDS.iter().any(|word| key.contains(word));
    let has_part = || key.split(['_', '-']).any(|part| SECRET_PARTS.contains(&part));
    !NO_SECRETS.contains(&key.as_str()) && (has_word() || has_part())
}

/// The value is the console's own word.
pub fn is_own_words(key: &str) -> bool {
    OWN_WORDS.contains(&key.to_ascii_lowercase().as_str())
}

/// Keys under which owners name their things: a shouted name is still a name.
pub fn is_name(key: &str) -> bool {
    const NAMES: &[&str] = &[
        "name", "ssid", "label", "desc", "note", "user", "admin", "mail", "alias", "network", "wlan", "host",
        "title", "msg", "message", "text", "site", "domain", "org", "id",
    ];
    let key = key.to_ascii_lowercase();
    NAMES.iter().any(|name| key.contains(name))
}
