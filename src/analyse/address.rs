//! Which way traffic went, judged by its addresses: from inside out, from outside in, or within.

use std::net::IpAddr;

/// Where an address lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A private network: yours.
    Inside,
    /// 100.64.0.0/10: used by carriers, and by VPNs such as Tailscale.
    Shared,
    /// The internet.
    Outside,
}

/// Where this text's address lives; `None` if it is no address.
pub fn side(text: &str) -> Option<Side> {
    let address: IpAddr = text.trim().parse().ok()?;
    let address = match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    let inside = match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if a == 100 && (64..128).contains(&b) {
                return Some(Side::Shared);
            }
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_unspecified()
        }
        IpAddr::V6(v6) => {
            let head = v6.segments().first().copied().unwrap_or_default();
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || head & 0xfe00 == 0xfc00
                || head & 0xffc0 == 0xfe80
        }
    };
    Some(if inside { Side::Inside } else { Side::Outside })
}

/// The text without IP and MAC addresses, for examples that may be passed on to strangers.
pub fn masked(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != ':');
            let bare = bare.trim_end_matches(':');
            let host = match bare.rsplit_once(':') {
                Some((host, port)) if host.contains('.') && port.bytes().all(|b| b.is_ascii_digit()) => host,
                _ => bare,
            };
            if host.parse::<IpAddr>().is_ok() {
                word.replace(host, "[address]")
            } else if is_mac(bare) {
                word.replace(bare, "[hardware address]")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

pub fn is_mac(text: &str) -> bool {
    let parts: Vec<_> = text.split([':', '-']).collect();
    parts.len() == 6
        && parts
            .iter()
            .all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_on_the_side_they_belong_to() {
        for (text, expected) in [
            ("192.168.3.62", Some(Side::Inside)),
            ("10.0.0.1", Some(Side::Inside)),
            ("172.31.0.1", Some(Side::Inside)),
            ("172.32.0.1", Some(Side::Outside)),
            ("169.254.1.1", Some(Side::Inside)),
            ("100.126.147.59", Some(Side::Shared)),
            ("100.128.0.1", Some(Side::Outside)),
            ("203.0.113.9", Some(Side::Outside)),
            ("fd00::1", Some(Side::Inside)),
            ("fe80::1", Some(Side::Inside)),
            ("2001:db8::1", Some(Side::Outside)),
            ("::ffff:10.0.0.1", Some(Side::Inside)),
            ("laptop", None),
        ] {
            assert_eq!(side(text), expected, "{text}");
        }
    }

    #[test]
    fn an_example_shows_no_addresses() {
        assert_eq!(
            masked("from 192.0.2.7:443 (02:00:00:00:00:01) to [2001:db8::1], at 12:30."),
            "from [address]:443 ([hardware address]) to [[address]], at 12:30."
        );
    }
}
