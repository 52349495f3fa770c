//! What a log server writes before a message: RFC 3164, RFC 5424, or what UniFi devices make of them.

use chrono::{DateTime, Utc};
use memchr::memchr;

use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::cef;

/// A line as it was framed.
pub struct Framed<'l> {
    pub time: DateTime<Utc>,
    /// `hostapd`, without its pid; empty where the message begins at once.
    pub program: &'l [u8],
    pub message: &'l [u8],
    /// It is written as only UniFi devices write it: MAC and model before the message, or the host's name twice.
    pub is_unifi: bool,
}

/// Whether this is a line for log servers: CEF, or one that begins as RFC 3164 or RFC 5424 has it.
pub fn is_line(line: &[u8]) -> bool {
    if line.starts_with(b"{") || line.starts_with(b"[") {
        return false;
    }
    let begins = line.get(..80).unwrap_or(line);
    let stamped = |text: &[u8]| {
        let mut calendar = Calendar::of_nobody();
        calendar.rfc3164(text).is_some() || calendar.iso(text).is_some()
    };
    cef::begins(line).is_some()
        || after_priority(line).is_some()
        || stamped(begins)
        || after_model(begins).is_some_and(stamped)
}

/// Takes the frame off; `None` if there is none.
pub fn open<'l>(line: &'l [u8], calendar: &mut Calendar) -> Option<Framed<'l>> {
    let text = after_priority(line).unwrap_or(line);
    if let Some((time, rest)) = calendar.rfc3164(text) {
        return Some(relayed(time, rest));
    }
    // ECS switches say who they are before they say when.
    if let Some(dated) = after_model(text) {
        let (time, rest) = calendar.rfc3164(dated)?;
        return Some(Framed {
            is_unifi: true,
            ..relayed(time, rest)
        });
    }
    if let Some(dated) = text.strip_prefix(b"1 ")
        && let Some((time, rest)) = calendar.iso(dated)
    {
        return structured(time, rest);
    }
    let (time, rest) = calendar.iso(text)?;
    Some(relayed(time, rest))
}

/// ` HOST [HOST] [MAC,MODEL:] [daemon.info] program[pid]: message`
fn relayed(time: DateTime<Utc>, rest: &[u8]) -> Framed<'_> {
    let (host, mut rest) = word(trimmed(rest));
    let mut is_unifi = false;
    if let (again, after) = word(rest)
        && again == host
        && !host.is_empty()
    {
        (is_unifi, rest) = (true, after);
    }
    if let (device, after) = word(rest)
        && device.ends_with(b":")
        && is_model(device)
    {
        (is_unifi, rest) = (true, after);
    }
    if let (facility, after) = word(rest)
        && matches!(
            facility.split(|byte| *byte == b'.').nth(1),
            Some(b"info" | b"notice" | b"warn" | b"warning" | b"err" | b"debug" | b"crit")
        )
    {
        rest = after;
    }
    let (program, message) = tag(rest);
    Framed {
        time,
        program,
        message,
        is_unifi,
    }
}

/// ` HOST APP PROCID MSGID STRUCTURED-DATA message` of RFC 5424.
fn structured(time: DateTime<Utc>, rest: &[u8]) -> Option<Framed<'_>> {
    let (_host, rest) = word(trimmed(rest));
    let (app, rest) = word(rest);
    let (_process, rest) = word(rest);
    let (_message_id, rest) = word(rest);
    let message = match rest {
        [b'-', rest @ ..] => rest,
        // `]` stands escaped inside of a value.
        [b'[', ..] => {
            let mut ends = memchr::memchr_iter(b']', rest);
            let end = ends
                .find(|at| rest.get(at.wrapping_sub(1)) != Some(&b'\\') && rest.get(at + 1) != Some(&b'['))?;
            rest.get(end + 1..)?
        }
        _ => return None,
    };
    let message = trimmed(message);
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    if app == b"-" {
        let (program, message) = tag(message);
        return Some(Framed {
            time,
            program,
            message,
            is_unifi: false,
        });
    }
    Some(Framed {
        time,
        program: app,
        message,
        is_unifi: is_model(app),
    })
}

/// `hostapd[10034]: message`; a message that begins with a bracket has no program before it.
fn tag(text: &[u8]) -> (&[u8], &[u8]) {
    if text.starts_with(b"[") {
        return (b"", text);
    }
    let (first, _) = word(text);
    match memchr(b':', first) {
        Some(colon) if colon + 1 == first.len() => {
            let name = first
                .get(..memchr(b'[', first).unwrap_or(colon))
                .unwrap_or_default();
            (name, trimmed(text.get(colon + 1..).unwrap_or_default()))
        }
        _ => (b"", text),
    }
}

/// What follows `<0>` to `<191>`.
fn after_priority(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"<")?;
    let end = rest.iter().take(4).position(|byte| *byte == b'>')?;
    let (number, rest) = rest.split_at_checked(end)?;
    let is_number = (1..=3).contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    rest.strip_prefix(b">").filter(|_| is_number)
}

/// What follows `0200000000bb,ECS-Aggregation-3.0.2+821 `.
fn after_model(text: &[u8]) -> Option<&[u8]> {
    let (device, rest) = word(text);
    (is_model(device) && !rest.is_empty()).then_some(rest)
}

/// A MAC without colons, a comma, a model.
fn is_model(word: &[u8]) -> bool {
    word.split_first_chunk::<12>().is_some_and(|(mac, rest)| {
        rest.starts_with(b",") && rest.len() > 2 && mac.iter().all(u8::is_ascii_hexdigit)
    })
}

/// The text up to the next space, and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr(b' ', text).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    (word, trimmed(rest))
}

fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::zone::Zone;

    #[test]
    fn lines_for_log_servers_are_told_from_everything_else() {
        for line in [
            "<4>Mar  5 13:08:27 gw kernel: x",
            "<13>1 2026-11-20T06:00:00Z gw app - - - x",
            "2026-11-20T06:00:00+01:00 gw app: x",
            "Jul 15 04:17:21 gw CEF:0|Ubiquiti|UniFi Network|9.3.33|544|x|1|",
            "Jul  5 04:17:21 gw hello",
            "CEF:0|Ubiquiti|UniFi Network|9.3.33|544|x|1|",
            "0200000000bb,ECS-Aggregation-3.0.2+821 Mar  5 13:08:35 ecs daemon.info x[34]: y",
        ] {
            assert!(is_line(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "<html>",
            "<4",
            "<4444>x",
            "Mar",
            "March 5 was a nice day for everybody",
            "Mar 5 13:0",
            r#"{"msg":"CEF:0|x"}"#,
            r#"[{"msg":"CEF:0|x"}]"#,
        ] {
            assert!(!is_line(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn whoever_relayed_it_the_message_is_found() {
        for (line, program, message, is_unifi) in [
            (
                "<4>Mar  5 13:08:27 gw [WAN-D-1] IN=a",
                "",
                "[WAN-D-1] IN=a",
                false,
            ),
            (
                "<30>Mar  5 13:08:30 gw gw dnsmasq-dhcp[38]: DHCPACK(br4)",
                "dnsmasq-dhcp",
                "DHCPACK(br4)",
                true,
            ),
            (
                "<14>Mar  5 13:08:31 ap3 0200000000aa,U6-Lite-6.7.17+15512: hostapd[1]: a b",
                "hostapd",
                "a b",
                true,
            ),
            (
                "0200000000bb,ECS-3.0.2+821 Mar  5 13:08:35 ecs daemon.info dhcp_relay#d[34]: ACK",
                "dhcp_relay#d",
                "ACK",
                true,
            ),
            (
                "<14>1 2026-03-05T13:08:31Z ap3 hostapd 10034 - [a b=\"\\]\"][c] a b",
                "hostapd",
                "a b",
                false,
            ),
            (
                "<14>1 2026-03-05T13:08:31Z ap3 - - - - hostapd[1]: a b",
                "hostapd",
                "a b",
                false,
            ),
            ("2026-03-05T13:08:31.5+01:00 gw kernel: up", "kernel", "up", false),
        ] {
            let mut calendar = Calendar::new(
                Zone::named("UTC").unwrap(),
                "2026-11-21T06:00:00Z".parse().unwrap(),
            );
            let framed = open(line.as_bytes(), &mut calendar).unwrap();
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(
                (text(framed.program), text(framed.message), framed.is_unifi),
                (program.to_owned(), message.to_owned(), is_unifi),
                "{line}"
            );
        }
    }
}
