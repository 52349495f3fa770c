//! What a text is, by its looks: an address, an id, a number, a word of the console's own, or something else.

use std::net::{IpAddr, Ipv4Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `02:00:5e:00:53:01`, also with dashes, also twelve digits alone.
    Mac,
    Address(IpAddr),
    /// `192.0.2.0/24`
    Network(IpAddr, u8),
    /// 24 hexadecimal digits.
    ObjectId,
    Uuid,
    /// Numbers and what is written like them: `-65`, `10.3.58`, `99.2%`.
    Number,
    /// `2026-11-20T06:00:00Z`, `1m 6s`
    Time,
    /// `CLIENT_CONNECTED_WIRELESS`: at least two parts of capitals and digits.
    Shouted,
    /// One word as programs name their fields.
    Word,
    Other,
}

pub fn of(text: &str) -> Form {
    if is_mac(text) {
        return Form::Mac;
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Form::Address(address);
    }
    if let Some((address, length)) = text.split_once('/')
        && let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u8>())
    {
        return Form::Network(address, length);
    }
    let hexadecimal = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.len() == 24 && hexadecimal(text) {
        return Form::ObjectId;
    }
    let parts: Vec<&str> = text.split('-').collect();
    if parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| hexadecimal(part))
    {
        return Form::Uuid;
    }
    if text.len() <= 20
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'%'))
    {
        return Form::Number;
    }
    if is_time(text) {
        return Form::Time;
    }
    let is = |also: fn(u8) -> bool| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'_' || also(byte))
    };
    if text.contains('_') && text.len() >= 6 && is(|byte| byte.is_ascii_uppercase()) {
        return Form::Shouted;
    }
    let begins_well = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if begins_well && text.len() <= 64 && is(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'.'))
    {
        return Form::Word;
    }
    Form::Other
}

/// Addresses that many networks have, and that lead nowhere from outside: RFC 1918, RFC 6598, loopback, link-local,
/// multicast, documentation, 0.0.0.0 and broadcast.
pub fn is_private(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || address.is_unspecified()
        || address.is_broadcast()
        || (a == 100 && (64..128).contains(&b))
}

fn is_mac(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parted = |by: char| {
        let parts: Vec<&str> = text.split(by).collect();
        parts.len() == 6 && parts.iter().all(|part| part.len() == 2 && digits(part))
    };
    // Twelve decimal digits are rather a number.
    let bare = text.len() == 12 && digits(text) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    parted(':') || parted('-') || bare
}

fn is_time(text: &str) -> bool {
    if chrono::DateTime::parse_from_rfc3339(text).is_ok() {
        return true;
    }
    let mut units = 0;
    text.len() <= 24
        && text.split(' ').all(|part| {
            let number = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
            let unit = part.get(number.len()..).unwrap_or_default();
            units += 1;
            !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
                && matches!(unit, "d" | "h" | "m" | "s" | "ms" | "min")
        })
        && units <= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_by_their_looks() {
        for (text, form) in [
            ("02:00:5e:00:53:01", Form::Mac),
            ("02-00-5E-00-53-01", Form::Mac),
            ("02005e0053ab", Form::Mac),
            ("203.0.113.7", Form::Address("203.0.113.7".parse().unwrap())),
            ("2001:db8::1", Form::Address("2001:db8::1".parse().unwrap())),
            ("192.0.2.0/24", Form::Network("192.0.2.0".parse().unwrap(), 24)),
            ("5dcadb04f8cd8804ddee7b9b", Form::ObjectId),
            ("7c1e64a0-5f3b-4c0e-9d57-02f1a3b4c5d6", Form::Uuid),
            ("-65", Form::Number),
            ("10.3.58", Form::Number),
            ("2026-11-20T06:00:00Z", Form::Time),
            ("1m 6s", Form::Time),
            ("CLIENT_CONNECTED_WIRELESS", Form::Shouted),
            ("threatManagement", Form::Word),
            ("Bob's phone", Form::Other),
            ("ünal", Form::Other),
        ] {
            assert_eq!(of(text), form, "{text}");
        }
    }
}
