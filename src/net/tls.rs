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
mod tests {
    use rustls::SupportedProtocolVersion;
    use rustls::version::{TLS12, TLS13};

    use super::*;
    use crate::net::fake::{Fake, Identity, Reply};
    use crate::net::http::{Client, Method, Request};
    use crate::net::refusal::hex;

    const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];
    const PATIENT: Duration = Duration::from_secs(20);

    fn ask(fake: &Fake, trust: &Trust) -> Result<u16, Failure> {
        let stop = Stop::new(Instant::now() + PATIENT);
        let mut client = Client::new(&fake.base, trust, PATIENT, PATIENT)?;
        let request = Request {
            method: Method::Get,
            path: "/",
            headers: &[],
            body: None,
            limit: 1000,
        };
        Ok(client.send(&request, &stop)?.status)
    }

    fn console(shown: &Identity, signer: &Identity, version: &'static SupportedProtocolVersion) -> Fake {
        Fake::tls(shown.server(&signer.key, version), |_| Reply::json(200, "{}"))
    }

    fn failed(fake: &Fake, trust: &Trust) -> String {
        let failure = ask(fake, trust).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Auth, "{failure}");
        assert!(fake.asked().is_empty(), "a request left: {:?}", fake.lines());
        failure.message
    }

    #[test]
    fn the_pinned_certificate_is_accepted_under_a_wrong_name() {
        for version in VERSIONS {
            let identity = Identity::new("other.example");
            let fake = console(&identity, &identity, version);
            assert_eq!(ask(&fake, &Trust::Pin(pin_of(&identity.certificate))), Ok(200));
        }
    }

    #[test]
    fn another_certificate_than_the_pinned_is_refused_and_both_pins_are_named() {
        for version in VERSIONS {
            let (identity, other) = (Identity::new("a.example"), Identity::new("a.example"));
            let fake = console(&other, &other, version);
            let message = failed(&fake, &Trust::Pin(pin_of(&identity.certificate)));
            for pin in [&identity, &other].map(|shown| hex(&pin_of(&shown.certificate))) {
                assert!(message.contains(&pin), "{message}");
            }
            assert!(message.contains("shows in a browser"), "{message}");
        }
    }

    #[test]
    fn the_pinned_certificate_with_another_key_is_refused() {
        for version in VERSIONS {
            let (identity, thief) = (Identity::new("a.example"), Identity::new("a.example"));
            let fake = console(&identity, &thief, version);
            let pin = pin_of(&identity.certificate);
            assert!(failed(&fake, &Trust::Pin(pin)).contains("without proving"));
            assert_eq!(peer_pin(&fake.base, PATIENT).unwrap_err().kind, FailureKind::Auth);
        }
    }

    #[test]
    fn an_untrusted_certificate_is_refused_and_its_pin_and_the_setting_are_named() {
        let identity = Identity::new("127.0.0.1");
        let fake = console(&identity, &identity, &TLS13);
        let message = failed(&fake, &Trust::Public);
        let setting = format!("UNIFI_TLS_FINGERPRINT={}", hex(&pin_of(&identity.certificate)));
        assert!(message.contains(&setting), "{message}");
    }

    #[test]
    fn a_certificate_is_accepted_by_its_authority_file_and_only_under_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let [right, wrong] = ["127.0.0.1", "a.example"].map(|name| {
            let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            let path = directory.path().join(name);
            let mut file = std::fs::File::create(&path).unwrap();
            std::io::Write::write_all(&mut file, made.cert.pem().as_bytes()).unwrap();
            let identity = Identity {
                certificate: made.cert.der().clone(),
                key: made.signing_key,
            };
            (console(&identity, &identity, &TLS13), Trust::CaFile(path))
        });
        assert_eq!(ask(&right.0, &right.1), Ok(200));
        assert!(failed(&wrong.0, &wrong.1).contains("not valid for name"));
        assert_eq!(ask(&wrong.0, &Trust::Unverified), Ok(200));
        let missing = ask(&right.0, &Trust::CaFile(directory.path().join("missing"))).unwrap_err();
        assert_eq!(missing.kind, FailureKind::Config);
    }

    #[test]
    fn a_certificate_a_console_made_for_itself_is_told_in_plain_words() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wish = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        wish.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let made = wish.self_signed(&key).unwrap();
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut file, made.pem().as_bytes()).unwrap();
        let certificate = made.der().clone();
        let identity = Identity { certificate, key };
        let fake = console(&identity, &identity, &TLS13);
        for (trust, words) in [
            (Trust::Public, "its certificate is self-signed"),
            (
                Trust::CaFile(path),
                "this is the console's own certificate, not a CA: use UNIFI_TLS_FINGERPRINT=",
            ),
        ] {
            let message = failed(&fake, &trust);
            assert!(message.contains(words), "{message}");
            assert!(
                message.contains(&hex(&pin_of(&identity.certificate))),
                "{message}"
            );
            assert!(!message.contains("Other"), "{message}");
        }
    }

    #[test]
    fn the_pin_that_is_shown_is_the_one_that_is_accepted_later() {
        for version in VERSIONS {
            let identity = Identity::new("a.example");
            let fake = console(&identity, &identity, version);
            assert_eq!(peer_pin(&fake.base, PATIENT), Ok(pin_of(&identity.certificate)));
        }
    }

    #[test]
    fn a_version_1_certificate_asks_for_a_version_3_one() {
        let key = rcgen::KeyPair::generate().unwrap();
        let identity = Identity {
            certificate: Identity::version_1(&key),
            key,
        };
        for version in VERSIONS {
            let fake = console(&identity, &identity, version);
            for trust in [Trust::Public, Trust::Pin(pin_of(&identity.certificate))] {
                let message = failed(&fake, &trust);
                assert!(message.contains("issue a v3 certificate"), "{message}");
            }
        }
    }
}
