//! The embedded console behind `run --demo`: a small office whose days go on, served over real HTTP.
//!
//! Everything it says follows from a seed, a start and an hour; it reads no clock and no file.

#[cfg(test)]
mod client;
mod day;
mod devices;
mod dice;
mod flows;
mod http;
mod kinds;
mod office;
mod parties;
mod people;
mod portal;
mod rows;
mod server;
mod sessions;
mod site;
mod story;
mod system_log;
mod world;

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use chrono::{DateTime, Datelike as _, Duration, DurationRound as _, TimeDelta, Utc};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::collect::demo::portal::Portal;
use crate::collect::demo::server::Server;
use crate::collect::demo::sessions::Sessions;
use crate::collect::demo::world::World;
use crate::config::BaseUrl;

/// A running console. Dropping it closes its port and every connection.
#[derive(Debug)]
pub struct Console {
    server: Server,
    https: bool,
}

impl Console {
    /// A console on a free port of 127.0.0.1 which has lived through the demo's first day and `hours` more.
    /// `start` counts in whole seconds, so that the `Date` header tells [`Console::now`] exactly.
    pub fn start(seed: u64, start: DateTime<Utc>, hours: u64) -> anyhow::Result<Self> {
        let server = Server::start(portal(seed, start, hours)?, None, 0)?;
        Ok(Self { server, https: false })
    }

    /// The same with TLS on `port`, for other clients than ours.
    pub fn serve_tls(
        (seed, start, hours): (u64, DateTime<Utc>, u64),
        certificates: &[u8],
        key: &[u8],
        port: u16,
    ) -> anyhow::Result<Self> {
        let tls = tls_config(certificates, key)?;
        let server = Server::start(portal(seed, start, hours)?, Some(Arc::new(tls)), port)?;
        Ok(Self { server, https: true })
    }

    pub fn base_url(&self) -> BaseUrl {
        let (host, port) = ("127.0.0.1".to_owned(), self.server.port());
        BaseUrl {
            https: self.https,
            host,
            port,
            path: String::new(),
        }
    }

    /// The demo's clock: start + 24 h + the hours. It stands still while the console is served.
    pub fn now(&self) -> DateTime<Utc> {
        self.server.portal().now
    }

    /// Serves until the process ends.
    pub fn wait(self) {
        self.server.wait();
    }
}

fn portal(seed: u64, start: DateTime<Utc>, hours: u64) -> anyhow::Result<Portal> {
    let now = i64::try_from(hours)
        .ok()
        .and_then(|hours| start.checked_add_signed(Duration::try_hours(hours.checked_add(24)?)?))
        .filter(|now| (1_970..=9_000).contains(&start.year()) && now.year() <= 9_000)
        .with_context(|| format!("the demo cannot go on for {hours} hours from {start}"))?;
    let second = TimeDelta::seconds(1);
    let (start, now) = (start.duration_trunc(second)?, now.duration_trunc(second)?);
    Ok(Portal {
        world: World { seed, start },
        now,
        sessions: Mutex::new(Sessions::new()?),
    })
}

fn tls_config(certificates: &[u8], key: &[u8]) -> anyhow::Result<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .context("reading the demo console's certificate (PEM)")?;
    let key = PrivateKeyDer::from_pem_slice(key).context("reading the demo console's key (PEM)")?;
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .context("the demo console cannot use this certificate with this key")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::collect::demo::client::{KEY, ask, connect, console, request};

    #[test]
    fn the_date_is_the_demos_own_and_the_connection_stays_open() {
        let console = console(5);
        let mut stream = connect(&console);
        for _ in 0..3 {
            let reply = ask(
                &mut stream,
                "GET",
                "/proxy/network/api/s/default/stat/sysinfo",
                &[KEY],
                "",
            );
            assert_eq!(reply.header("Date"), Some("Sat, 21 Nov 2026 11:00:00 GMT"));
            assert_eq!(reply.json()["data"][0]["timezone"], "Europe/London");
        }
        assert_eq!(console.now().to_rfc3339(), "2026-11-21T11:00:00+00:00");
    }

    #[test]
    fn tls_is_served_with_the_given_certificate() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let start = "2026-11-20T06:00:00Z".parse().unwrap();
        let console = Console::serve_tls((7, start, 0), certificate.as_bytes(), key.as_bytes(), 0).unwrap();
        assert!(console.base_url().https);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        let session =
            rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, connect(&console));
        let sent = request(
            "GET",
            "/proxy/network/api/self/sites",
            &[KEY, ("Connection", "close")],
            "",
        );
        stream.write_all(sent.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("Alder Lane Vets"));
        assert!(Console::serve_tls((7, start, 0), b"no", key.as_bytes(), 0).is_err());
    }

    #[test]
    fn an_impossible_time_is_refused() {
        let start = |time: DateTime<Utc>, hours| Console::start(1, time, hours).is_err();
        assert!(start(DateTime::<Utc>::MAX_UTC, 0) && start(DateTime::<Utc>::MIN_UTC, 0));
        assert!(
            start(DateTime::<Utc>::UNIX_EPOCH, u64::MAX) && start(DateTime::<Utc>::UNIX_EPOCH, 99_999_999)
        );
        assert!(!start(DateTime::<Utc>::UNIX_EPOCH, 0));
    }
}
