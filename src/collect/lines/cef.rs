//! CEF, the SIEM export of Network, UniFi OS and Protect. Consoles do not escape what they should, so a value ends
//! only where the next key begins that we know (facts: unifi-api.md section 2.10).

use memchr::{memchr, memchr_iter, memrchr};

use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::content::{Content, Field};
use crate::collect::lines::{Line, Said, find};

const MARK: &[u8] = b"CEF:";
/// No key is longer.
const LONGEST_KEY: usize = 40;

/// Where in the line CEF begins, behind whatever a log server wrote before it.
pub fn begins(line: &[u8]) -> Option<usize> {
    let at = find(line, MARK)?;
    let version = line.get(at + MARK.len()..)?;
    version
        .strip_prefix(b" ")
        .unwrap_or(version)
        .starts_with(b"0|")
        .then_some(at)
}

/// Reads the line from there on. Its time is the console's own where it tells it, else that of the log server.
pub fn read(line: &[u8], at: usize, calendar: &mut Calendar, content: &mut Content) -> Line {
    let (before, cef) = line.split_at_checked(at).unwrap_or((line, b""));
    let cef = cef.get(MARK.len()..).unwrap_or_default();
    let mut rest = cef.strip_prefix(b" ").unwrap_or(cef);
    let mut field = || {
        let (field, after) = cut(rest)?;
        rest = after;
        Some(field)
    };
    let header = [(); 5].map(|()| field());
    let [Some(_), Some(vendor), Some(product), Some(_version), Some(id)] = header else {
        return Line::Malformed;
    };
    if !vendor.eq_ignore_ascii_case(b"Ubiquiti") {
        return Line::Told(None, Said::Foreign);
    }
    let Some(sixth) = field() else {
        return Line::Malformed;
    };
    // UniFi OS 4.3 leaves the name out.
    let is_severity = (1..=2).contains(&sixth.len()) && sixth.iter().all(u8::is_ascii_digit);
    let (name, severity) = if is_severity {
        (&b""[..], Some(sixth))
    } else {
        (sixth, field())
    };
    let Some(severity) = severity else {
        return Line::Malformed;
    };
    let mark = content_of(rest, content);
    key(product, id, content);
    content.say(Field::Event, name);
    content.say(Field::Title, name);
    content.say(Field::Severity, severity);
    let time = mark.and_then(|utc| calendar.iso(utc)).map(|(time, _)| time);
    match time.or_else(|| stamp(before, calendar)) {
        Some(time) => Line::Told(Some(time), Said::Event),
        None => Line::Malformed,
    }
}

/// The text up to the next `|` that is not escaped, and what follows it.
fn cut(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr_iter(b'|', text)
        .find(|at| at.checked_sub(1).and_then(|before| text.get(before)) != Some(&b'\\'))
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
}

/// The time a log server wrote before it: a whole one wherever it stands, else that of RFC 3164.
fn stamp(before: &[u8], calendar: &mut Calendar) -> Option<chrono::DateTime<chrono::Utc>> {
    let whole = memchr_iter(b'T', before).find_map(|at| {
        let text = before.get(at.checked_sub(10)?..)?;
        calendar.iso(text).map(|(time, _)| time)
    });
    whole.or_else(|| {
        let text = match before {
            [b'<', ..] => before.get(memchr(b'>', before)? + 1..)?,
            text => text,
        };
        calendar.rfc3164(text).map(|(time, _)| time)
    })
}

/// The key of the catalogue: numbers of Network stand alone, those of other products have its name before them.
fn key(product: &[u8], id: &[u8], content: &mut Content) {
    // UniFi OS 4 has words in the place of numbers.
    let is_worded = product == b"UniFi OS" && id.iter().all(u8::is_ascii_lowercase);
    let message = content
        .value(Field::Message)
        .filter(|_| is_worded)
        .unwrap_or_default();
    let signed_in = find(message, b"signed in").is_some();
    let available = find(message, b"available").is_some();
    let mut say = |before: &[u8], id: &[u8]| content.say_joined(Field::Key, &[MARK, before, id]);
    match (product, id) {
        (b"UniFi Network", id) => say(b"", id),
        (b"UniFi OS", b"admins") if signed_in => say(b"OS-", b"1000"),
        (b"UniFi OS", b"admins") => say(b"OS-", b"1005"),
        (b"UniFi OS", b"updates") if available => say(b"OS-", b"1100"),
        (b"UniFi OS", b"updates") => say(b"OS-", b"1102"),
        (b"UniFi OS", id) => say(b"OS-", id),
        (product, id) => {
            let short = product.strip_prefix(b"UniFi ").unwrap_or(product);
            say(&[&short.to_ascii_uppercase(), &b"-"[..]].concat(), id);
        }
    }
}

/// Says what the extension holds and is of use; gives back its time in UTC, if it tells one. `msg` comes last and holds
/// whatever it likes.
fn content_of<'l>(extension: &'l [u8], content: &mut Content) -> Option<&'l [u8]> {
    content.clear();
    let mut utc = None;
    // The value being read: what it is, and where it begins.
    let mut open: Option<(Use, usize)> = None;
    for equals in memchr_iter(b'=', extension) {
        let from = open.as_ref().map_or(0, |(_, from)| *from);
        let before = extension
            .get(from.max(equals.saturating_sub(LONGEST_KEY))..equals)
            .unwrap_or_default();
        let space = memrchr(b' ', before);
        if space.is_none() && open.is_some() {
            continue;
        }
        let key = space.map_or(before, |at| before.get(at + 1..).unwrap_or_default());
        let Some(known) = use_of(key) else {
            continue;
        };
        let end = equals - key.len();
        close(
            open.take(),
            extension.get(..end.saturating_sub(1)),
            content,
            &mut utc,
        );
        let is_last = known == Use::Say(Field::Message);
        open = Some((known, equals + 1));
        if is_last {
            break;
        }
    }
    close(open, Some(extension), content, &mut utc);
    utc
}

fn close<'l>(
    open: Option<(Use, usize)>,
    until: Option<&'l [u8]>,
    content: &mut Content,
    utc: &mut Option<&'l [u8]>,
) {
    let (Some((known, from)), Some(text)) = (open, until) else {
        return;
    };
    let value = text.get(from..).unwrap_or_default();
    match known {
        Use::Say(field) => content.say(field, value),
        Use::Utc => *utc = Some(value),
        Use::Skip => {}
    }
}

/// What becomes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Say(Field),
    Utc,
    /// It ends the value before it; nothing here is judged by it.
    Skip,
}

/// What a key is for; `None`: no key, but part of a value.
fn use_of(key: &[u8]) -> Option<Use> {
    let Some(own) = key.strip_prefix(b"UNIFI") else {
        return Some(match key {
            b"src" => Use::Say(Field::Source),
            b"dst" => Use::Say(Field::Destination),
            b"dpt" => Use::Say(Field::DestinationPort),
            b"proto" => Use::Say(Field::Protocol),
            b"act" => Use::Say(Field::Action),
            b"msg" => Use::Say(Field::Message),
            b"suser" => Use::Say(Field::User),
            b"spt"
            | b"cnt"
            | b"app"
            | b"smac"
            | b"dmac"
            | b"duser"
            | b"shost"
            | b"dhost"
            | b"rt"
            | b"start"
            | b"end"
            | b"outcome"
            | b"reason"
            | b"request"
            | b"deviceInboundInterface"
            | b"deviceOutboundInterface" => Use::Skip,
            _ => return None,
        });
    };
    Some(Use::Say(match own {
        b"utcTime" => return Some(Use::Utc),
        b"category" => Field::Category,
        b"subCategory" => Field::Subcategory,
        b"clientAlias" => Field::ClientName,
        b"clientHostname" => Field::ClientHost,
        b"clientMac" => Field::ClientMac,
        b"clientIp" => Field::ClientIp,
        b"deviceName" => Field::DeviceName,
        b"deviceMac" => Field::DeviceMac,
        b"deviceIp" => Field::DeviceIp,
        b"deviceModel" => Field::DeviceModel,
        b"wanName" => Field::Wan,
        b"failoverWanName" => Field::BackupWan,
        b"wanIsp" => Field::Isp,
        b"reportedDuration" => Field::Duration,
        b"admin" => Field::Admin,
        b"settingsSection" => Field::Section,
        b"ipsSignature" => Field::Signature,
        b"ipsSignatureId" => Field::SignatureId,
        b"policyName" => Field::Policy,
        b"wifiName" => Field::Wifi,
        b"currentChannel" | b"wifiChannel" => Field::Channel,
        b"priorChannel" => Field::PriorChannel,
        b"networkName" => Field::Network,
        b"conflictIp" => Field::ConflictIp,
        _ if own.is_empty() || !own.iter().all(u8::is_ascii_alphanumeric) => return None,
        _ => return Some(Use::Skip),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Event;
    use crate::model::zone::Zone;

    fn event(line: &str) -> Option<Event> {
        let mut calendar = Calendar::new(
            Zone::named("UTC").unwrap(),
            "2026-11-21T06:00:00Z".parse().unwrap(),
        );
        let mut content = Content::default();
        match read(
            line.as_bytes(),
            begins(line.as_bytes())?,
            &mut calendar,
            &mut content,
        ) {
            Line::Told(Some(time), Said::Event) => Some(content.event("x:0".to_owned(), time)),
            _ => None,
        }
    }

    #[test]
    fn a_value_ends_only_where_the_next_known_key_begins() {
        let event = event(
            "Jul  5 04:18:30 gw CEF:0|Ubiquiti|UniFi Network|9.4.19|201|Threat Detected and Blocked|7|proto=UDP \
             src=198.51.100.24 spt=40000 dst=192.0.2.20 dpt=53 UNIFIutcTime=2025-07-05T04:18:30.114Z \
             UNIFIipsSignature=ET SCAN x = with equals and spaces UNIFIipsSignatureId=2027865 UNIFIflowId=null \
             msg=An attempt from a=b src=9.9.9.9",
        )
        .unwrap();
        let label = |role: &str| event.parties[role].label().to_owned();
        assert_eq!(
            (event.key.as_str(), event.title.as_str()),
            ("CEF:201", "Threat Detected and Blocked")
        );
        assert_eq!(event.time.to_rfc3339(), "2025-07-05T04:18:30.114+00:00");
        assert_eq!(
            (label("SRC_IP"), label("DST_IP"), label("DST_PORT")),
            (
                "198.51.100.24".to_owned(),
                "192.0.2.20".to_owned(),
                "53".to_owned()
            )
        );
        assert_eq!(label("IPS_SIGNATURE"), "ET SCAN x = with equals and spaces");
        assert_eq!(event.message, "An attempt from a=b src=9.9.9.9");
    }

    #[test]
    fn headers_as_consoles_spoil_them_are_read() {
        let os = event("Jul  5 04:21:44 gw CEF: 0|Ubiquiti|UniFi OS|4.3.5|admins|1|msg=ann signed in to UniFi OS. Source IP: 192.0.2.10").unwrap();
        assert_eq!((os.key.as_str(), os.severity.as_str()), ("CEF:OS-1000", "1"));
        let stray = event("Jul  5 04:18:02 gw 2025-07-05T04: 18:02.976Z gw CEF:0|Ubiquiti|UniFi Network|9.3.33|544|A|1|UNIFIadmin=ann").unwrap();
        assert_eq!(stray.time.to_rfc3339(), "2025-07-05T04:18:02.976+00:00");
        let protect = event("<14>1 2026-11-20T06:00:00Z gw - - - - CEF:0|Ubiquiti|UniFi Protect|5|2150|disconnect|3|UNIFIdeviceName=Yard").unwrap();
        assert_eq!(protect.key, "CEF:PROTECT-2150");
    }

    #[test]
    fn what_is_cut_or_has_no_time_is_no_event() {
        for line in [
            "CEF:0|Ubiquiti|UniFi Network|9.4|201|Threat|7|src=192.0.2.1",
            "Jul  5 04:18:30 gw CEF:0|Ubiquiti|UniFi Network|9.4",
            "Jul  5 04:18:30 gw CEF:0|Ubiquiti|UniFi Network|9.4|201|Threat",
            "Jul  5 04:18:30 gw CEF:0|Somebody|Thing|9.4|201|Threat|7|x=y",
            "Jul  5 04:18:30 gw CEF:1|Ubiquiti",
        ] {
            assert!(event(line).is_none(), "{line}");
        }
    }
}
