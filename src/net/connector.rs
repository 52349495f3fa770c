//! How a connection comes about: names, TCP, then TLS by our own configuration.
//!
//! ureq has no hook for a certificate verifier, so the last link of its chain is replaced. There is no proxy in
//! the chain: a console stands in the operator's own network, and `HTTPS_PROXY` is meant for the others.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use thiserror::Error;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, TcpConnector, Transport,
    TransportAdapter,
};
use ureq::{Agent, config};

/// An agent that connects by our TLS configuration.
pub fn agent(settings: config::Config, tls: Option<Tls>) -> Agent {
    Agent::with_parts(
        settings,
        ().chain(TcpConnector::default()).chain(TlsConnector(tls)),
        Names::default(),
    )
}

/// What a TLS connection needs: whom to believe, and the name asked for.
#[derive(Clone)]
pub struct Tls {
    pub config: Arc<ClientConfig>,
    pub name: ServerName<'static>,
}

/// The handshake failed: no byte of a request has left.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Handshake(pub ureq::Error);

struct TlsConnector(Option<Tls>);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let (Some(transport), true, Some(tls)) = (&chained, details.needs_tls(), &self.0) else {
            return Ok(chained.map(Either::A));
        };
        if transport.is_tls() {
            return Ok(chained.map(Either::A));
        }
        let Some(transport) = chained else { return Ok(None) };
        let mut connection =
            ClientConnection::new(Arc::clone(&tls.config), tls.name.clone()).map_err(ureq::Error::Rustls)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(left_for_handshake(details));
        while connection.is_handshaking() {
            connection
                .complete_io(&mut socket)
                .map_err(|error| match ureq::Error::from(error) {
                    late @ ureq::Error::Timeout(_) => late,
                    other => ureq::Error::Other(Box::new(Handshake(other))),
                })?;
        }
        let settings = details.config;
        let buffers = LazyBuffers::new(settings.input_buffer_size(), settings.output_buffer_size());
        let stream = StreamOwned::new(connection, socket);
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// TCP and TLS share one budget.
fn left_for_handshake(details: &ConnectionDetails) -> NextTimeout {
    let mut timeout = details.timeout;
    if let (Duration::Exact(budget), Instant::Exact(began)) = (timeout.after, details.now) {
        timeout.after = budget.saturating_sub(began.elapsed()).into();
    }
    timeout
}

struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// How long an address is believed: ureq asks for it before each request, also where a connection is open.
const FRESH: std::time::Duration = std::time::Duration::from_secs(60);

/// ureq's own resolver, with a failed lookup told apart from a failed connection, and one lookup a minute.
#[derive(Debug, Default)]
struct Names {
    resolver: DefaultResolver,
    known: Mutex<Option<Known>>,
}

/// The addresses of the one host that an agent speaks to.
#[derive(Debug)]
struct Known {
    scheme: Option<Scheme>,
    host: Option<Authority>,
    since: std::time::Instant,
    addresses: Vec<SocketAddr>,
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_host = |known: &&Known| {
            (known.scheme.as_ref(), known.host.as_ref()) == (uri.scheme(), uri.authority())
                && known.since.elapsed() < FRESH
        };
        if let Some(known) = known.as_ref().filter(is_host) {
            let mut addresses = self.resolver.empty();
            known
                .addresses
                .iter()
                .for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let found = self.resolver.resolve(uri, config, timeout);
        let found = found.map_err(|error| match error {
            ureq::Error::Io(_) => ureq::Error::HostNotFound,
            other => other,
        })?;
        *known = Some(Known {
            scheme: uri.scheme().cloned(),
            host: uri.authority().cloned(),
            since: std::time::Instant::now(),
            addresses: found.to_vec(),
        });
        Ok(found)
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_for_a_minute_and_for_its_own_host_only() {
        let asked = |names: &Names, uri: &str| {
            let settings = Agent::config_builder().build();
            names
                .resolve(&uri.parse().unwrap(), &settings, NextTimeout::default())
                .unwrap()
                .to_vec()
        };
        let names = Names::default();
        assert_eq!(
            asked(&names, "http://127.0.0.1:81/a"),
            ["127.0.0.1:81".parse().unwrap()]
        );
        let elsewhere: SocketAddr = "192.0.2.7:81".parse().unwrap();
        let moved = |ago| {
            let mut known = names.known.lock().unwrap();
            let known = known.as_mut().unwrap();
            known.addresses = vec![elsewhere];
            known.since = std::time::Instant::now().checked_sub(ago).unwrap();
        };
        moved(FRESH / 2);
        assert_eq!(asked(&names, "http://127.0.0.1:81/b"), [elsewhere]);
        assert_ne!(asked(&names, "http://127.0.0.1:82/b"), [elsewhere]);
        assert_ne!(
            asked(&names, "http://127.0.0.1:81/b"),
            [elsewhere],
            "the last host is known, no other"
        );
        moved(FRESH * 2);
        assert_ne!(asked(&names, "http://127.0.0.1:81/b"), [elsewhere]);
    }
}
