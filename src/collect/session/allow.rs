//! What may be asked of a console. Nothing else ever leaves, whatever the rest of the program believes.

use crate::net::http::Method;

/// Where UniFi OS keeps the Network application.
pub const NETWORK: &str = "/proxy/network";

/// The one gate: is this method on this path among the reads, the login and the logout?
pub fn allowed(method: Method, path: &str) -> bool {
    let listed = |table: &[(Method, &str)], path: &str| {
        table
            .iter()
            .any(|(listed, pattern)| *listed == method && matches(pattern, path))
    };
    listed(CONSOLE, path) || listed(READS, path.strip_prefix(NETWORK).unwrap_or(path))
}

/// Of the console itself.
const CONSOLE: &[(Method, &str)] = &[
    (Method::Get, "/"),
    (Method::Post, "/api/auth/login"),
    (Method::Post, "/api/auth/logout"),
    (Method::Post, "/api/login"),
    (Method::Post, "/api/logout"),
];

/// Of the Network application, with or without its prefix. The POSTs read: they only carry a window.
const READS: &[(Method, &str)] = &[
    (Method::Get, "/status"),
    (Method::Get, "/api/self/sites"),
    (Method::Get, "/api/s/{site}/stat/sysinfo"),
    (Method::Get, "/api/s/{site}/stat/device"),
    (Method::Get, "/api/s/{site}/stat/health"),
    (
        Method::Get,
        "/api/s/{site}/stat/anomalies?scale=hourly&start={ms}&end={ms}",
    ),
    (Method::Get, "/api/s/{site}/list/alarm"),
    (Method::Post, "/api/s/{site}/stat/event"),
    (Method::Post, "/api/s/{site}/stat/ips/event"),
    (Method::Post, "/v2/api/site/{site}/system-log/all"),
    (Method::Post, "/v2/api/site/{site}/system-log/count"),
    (Method::Post, "/v2/api/site/{site}/system-log/admin-activity"),
    (Method::Post, "/v2/api/site/{site}/traffic-flows"),
];

fn matches(pattern: &str, path: &str) -> bool {
    let is_border = |c| matches!(c, '/' | '?' | '&' | '=');
    // The borders themselves must be the same ones in the same order.
    let borders = |text: &str| text.matches(is_border).map(str::to_owned).collect::<Vec<_>>();
    let mut wanted = pattern.split(is_border);
    let mut given = path.split(is_border);
    borders(pattern) == borders(path)
        && loop {
            match (wanted.next(), given.next()) {
                (None, None) => break true,
                (Some("{site}"), Some(site)) if is_site(site) => {}
                (Some("{ms}"), Some(ms)) if is_moment(ms) => {}
                (Some(wanted), Some(given)) if wanted == given && !wanted.starts_with('{') => {}
                _ => break false,
            }
        }
}

/// Milliseconds since the epoch.
fn is_moment(text: &str) -> bool {
    (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A site's short name as consoles make them. Dots, percent signs and the like could lead elsewhere.
fn is_site(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_scanner_reads_is_allowed_on_both_flavours() {
        for (method, path) in [
            (Method::Get, "/"),
            (Method::Post, "/api/auth/login"),
            (Method::Post, "/api/logout"),
            (Method::Get, "/proxy/network/status"),
            (Method::Get, "/api/self/sites"),
            (Method::Get, "/proxy/network/api/s/default/stat/device"),
            (Method::Get, "/api/s/n8pqv3xz/stat/health"),
            (Method::Post, "/proxy/network/v2/api/site/default/system-log/all"),
            (Method::Post, "/v2/api/site/my_site-2/system-log/count"),
            (
                Method::Post,
                "/proxy/network/v2/api/site/default/system-log/admin-activity",
            ),
            (Method::Post, "/v2/api/site/default/traffic-flows"),
            (
                Method::Get,
                "/api/s/default/stat/anomalies?scale=hourly&start=1778025600000&end=1778112000000",
            ),
        ] {
            assert!(allowed(method, path), "{method:?} {path}");
        }
    }

    #[test]
    fn nothing_that_writes_or_leads_elsewhere_is_allowed() {
        for (method, path) in [
            (Method::Get, ""),
            (Method::Post, "/"),
            (Method::Get, "/api/auth/login"),
            (Method::Get, "/api/auth/logout"),
            (Method::Post, "/proxy/network/api/auth/login"),
            (Method::Post, "/api/s/default/stat/device"),
            (Method::Get, "/proxy/network/proxy/network/status"),
            (Method::Get, "/proxy/protect/api/s/default/stat/device"),
            (Method::Post, "/api/s/default/cmd/evtmgr"),
            (Method::Post, "/api/s/default/cmd/devmgr"),
            (
                Method::Post,
                "/v2/api/site/default/system-log/critical/5/mark-as-read",
            ),
            (Method::Post, "/v2/api/site/default/system-log/threat-alert"),
            (Method::Get, "/v2/api/site/default/system-log/all"),
            (Method::Get, "/api/s/default/rest/setting"),
            (Method::Get, "/api/s/default/stat/anomalies"),
            (
                Method::Get,
                "/api/s/default/stat/anomalies?scale=hourly&start=1&end=1&x=1",
            ),
            (
                Method::Get,
                "/api/s/default/stat/anomalies?scale=hourly&start=&end=1",
            ),
            (
                Method::Get,
                "/api/s/default/stat/anomalies?scale=hourly/start=1&end=1",
            ),
            (Method::Post, "/v2/api/site/default/traffic-flows/filter-data"),
            (Method::Get, "/api/s/../stat/device"),
            (Method::Get, "/api/s/a%2f..%2fb/stat/device"),
            (Method::Get, "/api/s//stat/device"),
            (Method::Get, "/api/s/{site}/stat/device"),
            (Method::Get, "/api/s/default/stat/device/"),
            (Method::Get, "/api/s/default/stat/device?x=1"),
            (Method::Get, "/api/s/default/stat/device#x"),
            (Method::Get, "/API/self/sites"),
            (Method::Get, "//192.0.2.9/status"),
            (Method::Get, "/status\r\nX: y"),
        ] {
            assert!(!allowed(method, path), "{method:?} {path}");
        }
    }

    proptest! {
        /// Whatever is put together from the pieces of real paths: only the listed shapes pass.
        #[test]
        fn only_the_listed_shapes_pass(
            post in any::<bool>(),
            prefix in any::<bool>(),
            pieces in proptest::collection::vec(
                prop_oneof![
                    "api|auth|login|logout|self|sites|s|stat|device|sysinfo|health|v2|site|system-log|all|count|cmd|rest|status|default",
                    "[a-z.%?]{0,3}",
                ],
                0..6,
            ),
        ) {
            let below = format!("/{}", pieces.join("/"));
            let path = format!("{}{below}", if prefix { NETWORK } else { "" });
            let method = if post { Method::Post } else { Method::Get };
            let pieces: Vec<&str> = below.split('/').skip(1).collect();
            let named = |site: &str| !site.is_empty() && site.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            let expected = match (post, prefix, pieces.as_slice()) {
                (false, false, [""])
                | (true, false, ["api", "login" | "logout"] | ["api", "auth", "login" | "logout"])
                | (false, _, ["status"] | ["api", "self", "sites"]) => true,
                (false, _, ["api", "s", site, "stat", "sysinfo" | "device" | "health"])
                | (true, _, ["v2", "api", "site", site, "system-log", "all" | "count"]) => named(site),
                _ => false,
            };
            prop_assert_eq!(allowed(method, &path), expected, "{:?} {}", method, path);
        }
    }
}
