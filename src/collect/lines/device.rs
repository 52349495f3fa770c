//! What access points, switches and gateways tell a log server of their own accord, as far as it is judged: what the
//! firewall and the threat detection stopped or saw, and who joined or left the Wi-Fi.

use memchr::{memchr, memchr_iter, memrchr};

use crate::collect::lines::content::{Content, Field};
use crate::collect::lines::frame::Framed;
use crate::collect::lines::{Said, find};

/// Programs that write on UniFi devices and hardly anywhere else.
const OURS: [&[u8]; 11] = [
    b"coredns",
    b"dnsmasq-dhcp",
    b"earlyoom",
    b"hostapd",
    b"mca-monitor",
    b"mcad",
    b"stahtd",
    b"suricata",
    b"switch",
    b"ubios-udapi-server",
    b"ubnt-idsips-daemon",
];

/// What the message tells.
pub fn read(framed: &Framed<'_>, content: &mut Content) -> Said {
    content.clear();
    let said = match framed.program {
        b"" | b"kernel" => firewall(framed.message, content),
        b"suricata" => threat(framed.message, content),
        b"hostapd" => station(framed.message, content),
        _ => None,
    };
    said.unwrap_or_else(|| {
        if framed.is_unifi || OURS.contains(&framed.program) {
            Said::Nothing
        } else {
            Said::Foreign
        }
    })
}

/// `[WAN_LOCAL-D-2147483647] DESCR="…" IN=eth8 OUT= MAC=… SRC=… DST=… PROTO=TCP SPT=80 DPT=22 …`: an event where the
/// letter says dropped or rejected.
fn firewall(message: &[u8], content: &mut Content) -> Option<Said> {
    let (chain, rest) = bracket(message)?;
    // The kernel's own clock stands before it on older firmware.
    let (chain, rest) = if chain
        .iter()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' '))
    {
        bracket(rest)?
    } else {
        (chain, rest)
    };
    let (policy, rest) = match rest.strip_prefix(b"DESCR=\"") {
        Some(named) => {
            let end = memchr(b'"', named)?;
            (named.get(..end)?, named.get(end + 1..)?.trim_ascii_start())
        }
        None => (chain, rest),
    };
    let mut rest = rest.strip_prefix(b"IN=")?;
    let mut parts = chain.rsplit(|byte| *byte == b'-');
    let stops = parts.any(|part| matches!(part, b"D" | b"R"));
    if !stops || !chain.contains(&b'-') {
        return Some(Said::Nothing);
    }
    content.say(Field::Key, b"CEF:203");
    content.say(Field::Title, b"Blocked by the firewall");
    content.say(Field::Policy, policy);
    while let Some(space) = memchr(b' ', rest) {
        rest = rest.get(space + 1..).unwrap_or_default();
        let wanted = match rest {
            [b'S', b'R', b'C', b'=', value @ ..] => (Field::Source, value),
            [b'D', b'S', b'T', b'=', value @ ..] => (Field::Destination, value),
            [b'D', b'P', b'T', b'=', value @ ..] => (Field::DestinationPort, value),
            [b'P', b'R', b'O', b'T', b'O', b'=', value @ ..] => (Field::Protocol, value),
            _ => continue,
        };
        let (field, value) = wanted;
        let end = memchr(b' ', value).unwrap_or(value.len());
        content.say(field, value.get(..end).unwrap_or_default());
        if field == Field::DestinationPort {
            break;
        }
    }
    Some(Said::Event)
}

/// `[Drop] [**] [1:2027865:3] ET INFO … [**] [Classification: …] [Priority: 2] {UDP} 192.0.2.55:50222 -> 1.1.1.1:53`
fn threat(message: &[u8], content: &mut Content) -> Option<Said> {
    let dropped = find(message, b"[Drop]").is_some();
    let open = find(message, b"[1:").or_else(|| message.starts_with(b"[").then_some(0))?;
    let (number, rest) = bracket(message.get(open..)?)?;
    let sid = number.split(|byte| *byte == b':').nth(1)?;
    if sid.is_empty() || !sid.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let ends = find(rest, b" [")?;
    let (signature, rest) = (rest.get(..ends)?, rest.get(ends..)?);
    let protocol = rest.get(memchr(b'{', rest)? + 1..)?;
    let closed = memchr(b'}', protocol)?;
    let (protocol, ends) = (protocol.get(..closed)?, protocol.get(closed + 1..)?.trim_ascii());
    let arrow = find(ends, b" -> ")?;
    let (source, _) = address(ends.get(..arrow)?);
    let (destination, port) = address(ends.get(arrow + 4..)?);
    let (key, title): (&[u8], &[u8]) = if dropped {
        (b"THREAT_BLOCKED", b"Threat Detected and Blocked")
    } else {
        (b"THREAT_DETECTED", b"Threat Detected")
    };
    content.say(Field::Key, key);
    content.say(Field::Title, title);
    content.say(Field::Signature, signature);
    content.say(Field::SignatureId, sid);
    content.say(Field::Protocol, protocol);
    content.say(Field::Source, source);
    content.say(Field::Destination, destination);
    content.say(Field::DestinationPort, port);
    Some(Said::Event)
}

/// `wifi2ap6: STA 02:00:00:00:00:66 IEEE 802.11: associated (aid 1)` or `…: AP-STA-DISCONNECTED 02:00:00:00:00:66`
fn station(message: &[u8], content: &mut Content) -> Option<Said> {
    let after = |mark: &[u8]| {
        Some(
            message
                .get(find(message, mark)? + mark.len()..)?
                .trim_ascii_start(),
        )
    };
    let has = |words: &[u8]| find(message, words).is_some();
    let (joined, rest) = if let Some(rest) = after(b"AP-STA-CONNECTED ") {
        (true, rest)
    } else if let Some(rest) = after(b"AP-STA-DISCONNECTED ") {
        (false, rest)
    } else if has(b"IEEE 802.11: disassociated") || has(b"IEEE 802.11: deauthenticated") {
        (false, after(b"STA ")?)
    } else if has(b"IEEE 802.11: associated") {
        (true, after(b"STA ")?)
    } else {
        return None;
    };
    let mac = rest.get(..17)?;
    let (key, title): (&[u8], &[u8]) = if joined {
        (b"EVT_WU_Connected", b"Joined the Wi-Fi")
    } else {
        (b"EVT_WU_Disconnected", b"Left the Wi-Fi")
    };
    content.say(Field::Key, key);
    content.say(Field::Title, title);
    content.say(Field::ClientMac, mac);
    Some(Said::Event)
}

/// What stands between brackets at the beginning, and what follows.
fn bracket(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"[")?;
    let end = memchr(b']', inside)?;
    Some((inside.get(..end)?, inside.get(end + 1..)?.trim_ascii_start()))
}

/// `192.0.2.55:50222` or `[2001:db8::1]:53` as address and port; ICMP has none.
fn address(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some((address, port)) = bracket(text) {
        return (address, port.strip_prefix(b":").unwrap_or_default());
    }
    match memrchr(b':', text) {
        Some(colon) if memchr(b'.', text).is_some() || memchr_iter(b':', text).count() == 8 => {
            let port = text.get(colon + 1..).unwrap_or_default();
            (text.get(..colon).unwrap_or_default(), port)
        }
        _ => (text, b""),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::event::Event;

    fn told(program: &str, message: &str) -> (Said, Event) {
        let mut content = Content::default();
        let framed = Framed {
            time: DateTime::UNIX_EPOCH,
            program: program.as_bytes(),
            message: message.as_bytes(),
            is_unifi: false,
        };
        let said = read(&framed, &mut content);
        (said, content.event("x:0".to_owned(), DateTime::UNIX_EPOCH))
    }

    #[test]
    fn what_the_firewall_stopped_is_an_event_and_what_it_let_pass_is_none() {
        let (said, event) = told(
            "",
            r#"[WAN_LOCAL-D-2147483647] DESCR="[WAN_LOCAL]Block All Traffic" IN=eth8 OUT= MAC=02:00 SRC=198.51.100.7 DST=203.0.113.10 LEN=44 DF PROTO=TCP SPT=80 DPT=22 SEQ=0"#,
        );
        assert_eq!((said, event.key.as_str()), (Said::Event, "CEF:203"));
        assert_eq!(event.parties["TRIGGER"].label(), "[WAN_LOCAL]Block All Traffic");
        assert_eq!(
            event.message,
            "Blocked by the firewall from 198.51.100.7 to 203.0.113.10 port 22 by [WAN_LOCAL]Block All Traffic"
        );
        let (said, event) = told(
            "kernel",
            "[12345.6] [LAN_IN-default-D]IN=br0 OUT=eth8 SRC=192.0.2.1 DST=192.0.2.2 PROTO=ICMP",
        );
        assert_eq!(
            (said, event.parties["TRIGGER"].label()),
            (Said::Event, "LAN_IN-default-D")
        );
        for message in [
            r#"[LAN_CUSTOM1-A-10000] DESCR="Allow" IN=br4 OUT=eth8 SRC=192.0.2.1 DST=192.0.2.2"#,
            "[GUEST_WAN-30004]IN=br30 OUT=eth8 SRC=192.0.2.1 DST=192.0.2.2",
        ] {
            assert_eq!(told("", message).0, Said::Nothing, "{message}");
        }
        assert_eq!(
            told(
                "kernel",
                "[12345.678901] br0: port 1(eth0) entered forwarding state"
            )
            .0,
            Said::Foreign
        );
    }

    #[test]
    fn a_line_of_the_threat_detection_names_both_ends() {
        let line = "[1:2027865:3] ET INFO DNS Query [**] [Classification: Bad] [Priority: 2] {UDP} 192.0.2.55:50222 -> 198.51.100.1:53";
        let (said, event) = told("suricata", line);
        let label = |role: &str| event.parties[role].label();
        assert_eq!((said, event.key.as_str()), (Said::Event, "THREAT_DETECTED"));
        assert_eq!(
            (label("SRC_IP"), label("DST_IP"), label("DST_PORT")),
            ("192.0.2.55", "198.51.100.1", "53")
        );
        assert_eq!(
            (label("IPS_SIGNATURE"), label("IPS_SIGNATURE_ID")),
            ("ET INFO DNS Query", "2027865")
        );
        assert_eq!(
            told("suricata", &format!("[Drop] [**] {line}")).1.key,
            "THREAT_BLOCKED"
        );
        assert_eq!(told("suricata", "rules reloaded").0, Said::Nothing);
    }

    #[test]
    fn who_joins_and_leaves_the_wifi_is_known_by_its_mac() {
        for (message, key) in [
            (
                "wifi2ap6: STA 02:00:00:00:00:66 IEEE 802.11: associated (aid 1)",
                "EVT_WU_Connected",
            ),
            (
                "wifi2ap6: STA 02:00:00:00:00:66 IEEE 802.11: disassociated",
                "EVT_WU_Disconnected",
            ),
            (
                "wifi2ap6: AP-STA-DISCONNECTED 02:00:00:00:00:66",
                "EVT_WU_Disconnected",
            ),
        ] {
            let (said, event) = told("hostapd", message);
            assert_eq!(
                (said, event.key.as_str(), event.parties["CLIENT"].id.as_str()),
                (Said::Event, key, "02:00:00:00:00:66")
            );
        }
        assert_eq!(told("sshd", "Accepted publickey").0, Said::Foreign);
    }
}
