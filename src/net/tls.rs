//! Whom to believe: public roots, a named authority, one pinned certificate, or, if the operator insists, anybody.
//!
//! A pin is the SHA-256 of the certificate a console shows. Name, chain and expiry do not matter then, but the
//! signature of the handshake does: a certificate is public, only the signature proves the key.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

use crate::config::{BaseUrl, Trust};
use crate::model::failure::{Failure, FailureKind};
use crate::net::connector::Handshake;
use crate::net::refusal::{Refusal, carried, pin_of, refused, unproved};
use crate::net::roots;
use crate::net::stop::Stop;
use crate::net::trouble::{self, Peer};

/// The one configuration every TLS connection to `host` uses. ring is named, never the process's default.
pub fn client_config(trust: &Trust, host: &str) -> Result<Arc<ClientConfig>, Failure> {
    let rule = match trust {
        Trust::Public => Rule::Chain(roots::public(host)?, Vec::new()),
        Trust::CaFile(path) => {
            let (chain, own) = roots::of_file(path, host)?;
            Rule::Chain(chain, own)
        }
        Trust::Pin(pin) => Rule::Pin(*pin),
        Trust::Unverified => Rule::Anybody,
    };
    config_for(rule, host)
}

/// The pin of whatever certificate the console shows, once it has proved that it holds the key.
pub fn peer_pin(base: &BaseUrl, timeout: Duration) -> Result<[u8; 32], Failure> {
    if !base.https {
        return Err(Failure::new(
            FailureKind::Config,
            format!("{base} is not https and has no certificate"),
        ));
    }
    let config = config_for(Rule::AnyHolder, &base.host)?;
    let name = server_name(&base.host)?;
    let deadline = Instant::now() + timeout;
    let wanted = base.clone();
    Stop::new(deadline)
        .aside(move || shown_certificate(&wanted, config, name, deadline))
        .unwrap_or(Err(ureq::Error::Timeout(ureq::Timeout::Connect)))
        .map_err(|error| trouble::unanswered(base, Peer::Console, timeout, error).failure)
}

/// Whether a channel's receiver is there and may be believed: a connection and a handshake, no message.
pub fn reach(base: &BaseUrl, trust: &Trust, timeout: Duration) -> Result<(), Failure> {
    let config = client_config(trust, &base.host)?;
    let name = server_name(&base.host)?;
    let deadline = Instant::now() + timeout;
    let wanted = base.clone();
    Stop::new(deadline)
        .aside(move || {
            if wanted.https {
                shown_certificate(&wanted, config, name, deadline).map(drop)
            } else {
                connected(&wanted, deadline).map(drop)
            }
        })
        .unwrap_or(Err(ureq::Error::Timeout(ureq::Timeout::Connect)))
        .map_err(|error| trouble::unanswered(base, Peer::Receiver, timeout, error).failure)
}

/// The name of a host as TLS wants it.
pub fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(bare(host).to_owned()).map_err(|_| {
        Failure::new(
            FailureKind::Config,
            format!("{host} is not a host name or an address; check UNIFI_HOST"),
        )
    })
}

#[derive(Debug)]
enum Rule {
    /// An authority vouches; the pins of those the operator named.
    Chain(Arc<WebPkiServerVerifier>, Vec<[u8; 32]>),
    Pin([u8; 32]),
    /// Any certificate whose key the other side holds.
    AnyHolder,
    Anybody,
}

#[derive(Debug)]
struct Verifier {
    rule: Rule,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let seen = pin_of(leaf);
        match &self.rule {
            Rule::Chain(chain, own) => chain
                .verify_server_cert(leaf, intermediates, name, ocsp, now)
                .map_err(|error| refused(&error, seen, own)),
            Rule::Pin(pinned) if *pinned != seen => Err(carried(Refusal::Changed {
                pinned: *pinned,
                seen,
            })),
            Rule::Pin(_) | Rule::AnyHolder | Rule::Anybody => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if matches!(self.rule, Rule::Anybody) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        crypto::verify_tls12_signature(message, leaf, signed, &self.algorithms)
            .map_err(|error| unproved(error, leaf))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if matches!(self.rule, Rule::Anybody) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        crypto::verify_tls13_signature(message, leaf, signed, &self.algorithms)
            .map_err(|error| unproved(error, leaf))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn config_for(rule: Rule, host: &str) -> Result<Arc<ClientConfig>, Failure> {
    let provider = provider();
    let verifier = Verifier {
        rule,
        algorithms: provider.signature_verification_algorithms,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            Failure::new(
                FailureKind::Config,
                format!("{host}: TLS cannot be set up: {error}"),
            )
        })?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// ring, by name.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(crypto::ring::default_provider())
}

fn shown_certificate(
    base: &BaseUrl,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    deadline: Instant,
) -> Result<[u8; 32], ureq::Error> {
    let mut socket = connected(base, deadline)?;
    socket.set_read_timeout(Some(left(deadline)))?;
    let mut connection = ClientConnection::new(config, name).map_err(ureq::Error::Rustls)?;
    while connection.is_handshaking() {
        connection
            .complete_io(&mut socket)
            .map_err(|error| ureq::Error::Other(Box::new(Handshake(error.into()))))?;
    }
    let shown = connection.peer_certificates().and_then(<[_]>::first).map(pin_of);
    shown.ok_or(ureq::Error::Tls("the console shows no certificate"))
}

/// A connection to the first of the host's addresses that takes one.
fn connected(base: &BaseUrl, deadline: Instant) -> Result<TcpStream, ureq::Error> {
    let addresses = (bare(&base.host), base.port)
        .to_socket_addrs()
        .map_err(|_| ureq::Error::HostNotFound)?;
    let mut connected = Err(ureq::Error::HostNotFound);
    for address in addresses {
        connected = TcpStream::connect_timeout(&address, left(deadline)).map_err(ureq::Error::Io);
        if connected.is_ok() {
            break;
        }
    }
    connected
}

fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

/// An IPv6 address without the brackets it wears in a URL.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests;
