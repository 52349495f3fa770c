//! Which way a row turned something: gone, back, gone and back already, or gone on purpose.

use crate::analyse::place::party;
use crate::analyse::rules::{Kind, Rule};
use crate::model::digest::{Turn, Way};
use crate::model::event::{Event, Party};

/// Which way a row turned its subject, for rules that care.
pub fn turn(rule: &Rule, event: &Event) -> Option<Turn> {
    if !matches!(rule.kind, Kind::Planned | Kind::Outage) {
        return None;
    }
    let key: String = format!("{}/{}", event.key, event.event)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '/')
        .collect::<String>()
        .to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| key.contains(word));
    let seconds = party(event, &["DURATION", "REPORTED_DURATION"]).and_then(|party| seconds(party.label()));
    let way = match rule.kind {
        Kind::Planned => Way::Planned,
        Kind::Outage => {
            if has(&[
                "SEVERALTIMES",
                "MULTIPLETIMES",
                "MULTIPLEINTERNET",
                "MULTIPLEDEVICERECONN",
            ]) {
                return None;
            } else if has(&["TEMPORARY", "GWFAILOVER", "WANFAILOVER", "CEF105"]) {
                Way::Blip
            } else if has(&["TRANSITION", "INTERNETACCESS"]) {
                told(event)?
            } else if has(&["NOTCONNECTED", "NOTREGISTERED", "DISCONNECT"]) {
                Way::Down
            } else if has(&[
                "CONNECTED",
                "RESTORED",
                "RETURNED",
                "WANUP",
                "VPNUP",
                "REGISTEREDTO",
                "CEF107",
                "CEF216",
                "CEF513",
                "PROTECT2168",
            ]) {
                Way::Up
            } else if seconds.is_some() {
                Way::Blip
            } else {
                Way::Down
            }
        }
        _ => return None,
    };
    Some(Turn(event.time.timestamp_millis(), way, seconds))
}

/// What a row that only says "changed state" tells in its fields or words.
fn told(event: &Event) -> Option<Way> {
    let state = party(event, &["STATE", "WAN_STATE"]).map_or(event.message.as_str(), Party::label);
    let state = state.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| state.contains(word));
    if has(&[
        "offline",
        "down",
        "disconnect",
        "fail",
        "lost",
        "unreachable",
        "inactive",
    ]) {
        Some(Way::Down)
    } else if has(&["online", "up", "connected", "restored", "active"]) {
        Some(Way::Up)
    } else {
        None
    }
}

/// `1m 6s`, `2 hours 5 minutes`, `90` (seconds).
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut number: Option<u64> = None;
    let mut unit_read = false;
    for c in text.chars().take(64) {
        if let Some(digit) = c.to_digit(10) {
            let value = number.unwrap_or(0);
            number = Some(value.checked_mul(10)?.checked_add(u64::from(digit))?);
            unit_read = false;
        } else if c.is_alphabetic() && !unit_read {
            let unit = match c.to_ascii_lowercase() {
                'd' => 86_400,
                'h' => 3600,
                'm' => 60,
                's' => 1,
                _ => return None,
            };
            total = total.checked_add(number.take()?.checked_mul(unit)?)?;
            unit_read = true;
        }
    }
    let bare = number.unwrap_or(0);
    let sum = total.checked_add(bare)?;
    (sum > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_consoles_write_them() {
        for (text, expected) in [
            ("1m 6s", Some(66)),
            ("2 hours 5 minutes", Some(7500)),
            ("90", Some(90)),
            ("1d", Some(86_400)),
            ("soon", None),
            ("", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
