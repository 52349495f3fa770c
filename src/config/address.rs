//! Where a console is reached, as people write it: an address, a host with a port, a pasted URL.
//! Plain HTTP is refused for every host but this one, because credentials would travel in clear.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::setting::{Remarks, Setting};
use crate::config::{BaseUrl, Flavour};

/// Pages of the console's own web interface: a URL copied from the browser, not an address.
const PAGES: [&str; 6] = ["/network", "/manage", "/proxy", "/login", "/dashboard", "/api"];

/// The address, or a problem that names the setting and what to write instead.
pub fn parse(
    host: &Setting,
    port: Option<&Setting>,
    flavour: Flavour,
    remarks: &mut Remarks,
) -> Option<BaseUrl> {
    let written = match split(host.text.trim()) {
        Ok(written) => written,
        Err(why) => {
            remarks.problem(format!("{}: {why}", host.at));
            return None;
        }
    };
    if !written.https && !is_loopback(&written.host) {
        remarks.problem(format!(
            "{}: http:// would send the credentials in clear; write https:// (http is for 127.0.0.1 only)",
            host.at
        ));
        return None;
    }
    let separate = match port {
        Some(port) => Some((
            port,
            port.number("a port", 1, 65535, remarks)
                .and_then(|n| u16::try_from(n).ok())?,
        )),
        None => None,
    };
    if let (Some(inside), Some((setting, separate))) = (written.port, separate)
        && inside != separate
    {
        remarks.problem(format!(
            "{} says port {inside} and {} says port {separate}: remove one of them",
            host.at, setting.at
        ));
        return None;
    }
    let usual = match (written.https, written.scheme, flavour) {
        (false, ..) => 80,
        (true, false, Flavour::Classic) => 8443,
        (true, ..) => 443,
    };
    Some(BaseUrl {
        https: written.https,
        host: written.host,
        port: separate.map(|(_, port)| port).or(written.port).unwrap_or(usual),
        path: written.path,
    })
}

struct Written {
    https: bool,
    /// Whether `https://` or `http://` was there.
    scheme: bool,
    host: String,
    port: Option<u16>,
    path: String,
}

fn split(text: &str) -> Result<Written, String> {
    let lower = text.to_ascii_lowercase();
    let (https, scheme, rest) = if lower.starts_with("https://") {
        (true, true, text.get(8..).unwrap_or(""))
    } else if lower.starts_with("http://") {
        (false, true, text.get(7..).unwrap_or(""))
    } else if let Some((other, _)) = text.split_once("://") {
        return Err(format!(
            "`{}://` is not spoken here: write https://",
            shown(other)
        ));
    } else {
        (true, false, text)
    };
    // First of all: what stands before an `@` may be a password and is never shown.
    if rest.contains('@') {
        return Err(
            "an `@` has no place here: write the address alone, the credentials have their own settings"
                .to_owned(),
        );
    }
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(cut) => rest.split_at(cut),
        None => (rest, ""),
    };
    let (host, port) = host_and_port(authority)?;
    Ok(Written {
        https,
        scheme,
        host,
        port,
        path: base_path(path)?,
    })
}

pub fn host_and_port(authority: &str) -> Result<(String, Option<u16>), String> {
    if let Ok(address) = authority.parse::<Ipv6Addr>() {
        return Ok((address.to_string(), None));
    }
    if let Some(inside) = authority.strip_prefix('[') {
        let (address, after) = inside
            .split_once(']')
            .ok_or("the `]` after the IPv6 address is missing")?;
        let address: Ipv6Addr = address
            .parse()
            .map_err(|_| format!("`{}` is not an IPv6 address", shown(address)))?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port_number(port)?),
            None if after.is_empty() => None,
            None => return Err("after `]` only a `:` and a port may follow".to_owned()),
        };
        return Ok((address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port_number(port)?)),
        None => (authority, None),
    };
    Ok((host_name(host)?, port))
}

fn host_name(host: &str) -> Result<String, String> {
    let example = "write an address such as 192.0.2.1, or a name such as unifi.example.com";
    if host.is_empty() {
        return Err(format!("there is no host in it: {example}"));
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let labels = || host.split('.');
    if labels().all(|label| label.chars().all(|c| c.is_ascii_digit())) && host.parse::<Ipv4Addr>().is_err() {
        return Err(format!(
            "`{}` is not an IPv4 address: it has four numbers from 0 to 255",
            shown(&host)
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if labels().any(|label| label.is_empty() || label.len() > 63 || !label.chars().all(allowed))
        || host.len() > 253
    {
        return Err(format!("`{}` is not a host: {example}", shown(&host)));
    }
    Ok(host)
}

fn port_number(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| format!("`{}` is not a port: write a number from 1 to 65535", shown(text)))
}

fn base_path(path: &str) -> Result<String, String> {
    if path.contains(['?', '#']) {
        return Err("`?` and `#` have no place here: write the address alone".to_owned());
    }
    let path = path.trim_end_matches('/');
    let is_page = |page: &str| {
        path.strip_prefix(page)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(page) = PAGES.iter().find(|page| is_page(page)) {
        return Err(format!(
            "`{page}` is a page of the console, not part of its address: write the URL without it"
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if !path.chars().all(allowed) || path.contains("//") || path.split('/').any(|part| part == "..") {
        return Err(format!("`{}` is not a path a console can lie under", shown(path)));
    }
    Ok(path.to_owned())
}

pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn shown(text: &str) -> String {
    crate::model::text::clean(text, crate::model::text::NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Setting {
        Setting {
            text: text.to_owned(),
            at: "UNIFI_HOST".to_owned(),
            beside: None,
        }
    }

    fn read(text: &str) -> Result<String, String> {
        let mut remarks = Remarks::default();
        parse(&at(text), None, Flavour::Auto, &mut remarks)
            .map(|base| base.to_string())
            .ok_or_else(|| remarks.problems.join("\n"))
    }

    #[test]
    fn an_address_may_be_written_as_people_write_addresses() {
        for (written, url) in [
            ("192.0.2.1", "https://192.0.2.1"),
            ("192.0.2.1:443", "https://192.0.2.1"),
            ("Unifi.Example.com:8443", "https://unifi.example.com:8443"),
            ("https://192.0.2.1:8443/base/", "https://192.0.2.1:8443/base"),
            ("HTTPS://192.0.2.1/", "https://192.0.2.1"),
            ("[::1]", "https://[::1]"),
            ("2001:db8::1", "https://[2001:db8::1]"),
            ("https://[2001:DB8::1]:11443", "https://[2001:db8::1]:11443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
            ("http://[::1]:81", "http://[::1]:81"),
            ("  192.0.2.1\n", "https://192.0.2.1"),
        ] {
            assert_eq!(read(written).as_deref(), Ok(url), "{written}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        for (written, part) in [
            ("http://192.0.2.1", "in clear"),
            ("http://localhost.example.com", "in clear"),
            ("ftp://192.0.2.1", "write https://"),
            ("192.0.2.300", "four numbers"),
            ("192.0.2", "four numbers"),
            ("192.0.2.1:0", "1 to 65535"),
            ("192.0.2.1:https", "1 to 65535"),
            ("[::1", "missing"),
            ("[::1]443", "only a `:`"),
            ("https://", "no host"),
            ("my console", "not a host"),
            ("a..b", "not a host"),
            (
                "https://192.0.2.1/network/default/dashboard",
                "page of the console",
            ),
            ("https://192.0.2.1/?a=b", "address alone"),
            ("https://192.0.2.1/../x", "not a path"),
        ] {
            let problem = read(written).expect_err(written);
            assert!(
                problem.starts_with("UNIFI_HOST: ") && problem.contains(part),
                "{written}: {problem}"
            );
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_shown() {
        let problem = read("https://admin:hunter2@192.0.2.1").expect_err("refused");
        assert!(
            !problem.contains("hunter2") && problem.contains("own settings"),
            "{problem}"
        );
    }

    #[test]
    fn a_classic_controller_has_its_own_usual_port() {
        let mut remarks = Remarks::default();
        let mut port = |text| parse(&at(text), None, Flavour::Classic, &mut remarks).map(|base| base.port);
        assert_eq!(port("192.0.2.1"), Some(8443));
        assert_eq!(port("https://192.0.2.1"), Some(443));
    }

    #[test]
    fn two_ports_that_differ_are_both_named() {
        let mut remarks = Remarks::default();
        let port = Setting {
            at: "UNIFI_PORT".to_owned(),
            ..at("8443")
        };
        assert!(parse(&at("192.0.2.1:443"), Some(&port), Flavour::Auto, &mut remarks).is_none());
        assert_eq!(
            remarks.problems,
            ["UNIFI_HOST says port 443 and UNIFI_PORT says port 8443: remove one of them"]
        );
        let same = parse(&at("192.0.2.1:8443"), Some(&port), Flavour::Auto, &mut remarks);
        assert_eq!(same.map(|base| base.port), Some(8443));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same(text in "\\PC{0,40}") {
            if let Ok(url) = read(&text) {
                prop_assert_eq!(read(&url), Ok(url));
            }
        }
    }
}
