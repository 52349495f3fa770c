//! Why a request brought no answer, in words an operator can act on, and what may be done about it.

use std::io::ErrorKind;
use std::time::Duration;

use thiserror::Error;
use ureq::Timeout;

use crate::config::BaseUrl;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text;
use crate::net::connector::Handshake;
use crate::net::refusal::{self, Refusal};

/// Who is spoken to: the settings that messages name are other ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Console,
    /// Where a channel's messages go.
    Receiver,
}

impl Peer {
    fn address(self) -> &'static str {
        match self {
            Self::Console => "UNIFI_HOST",
            Self::Receiver => "the channel's URL",
        }
    }

    fn port(self) -> &'static str {
        match self {
            Self::Console => "UNIFI_PORT",
            Self::Receiver => "the port in the channel's URL",
        }
    }
}

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{failure}")]
pub struct Unanswered {
    pub failure: Failure,
    /// Asking once more may help: the trouble is of the kind that passes.
    pub again: bool,
    /// The request may have arrived: the connection stood, so nobody knows what was done with it.
    pub reached: bool,
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        unanswered.failure
    }
}

/// The wait was given up, by a signal or because its time is over.
pub fn given_up(base: &BaseUrl, reason: FailureKind) -> Unanswered {
    let why = why_given_up(reason);
    Unanswered {
        failure: Failure::new(reason, format!("{base} was not waited for any longer: {why}")),
        again: false,
        reached: true,
    }
}

pub fn why_given_up(reason: FailureKind) -> &'static str {
    match reason {
        FailureKind::Timeout => "the time of this run is over (--max-runtime)",
        FailureKind::Unavailable => {
            "it had its share of the time of this run (--max-runtime), and other consoles were waiting"
        }
        _ => "a signal asked for the end",
    }
}

/// The answer is larger than anyone should send.
pub fn too_large(base: &BaseUrl, limit: u64) -> Unanswered {
    let limit = size(limit);
    Unanswered {
        failure: Failure::new(
            FailureKind::Protocol,
            format!("{base} sent an answer of more than {limit}; it was not read to its end"),
        ),
        again: false,
        reached: true,
    }
}

/// The answer broke off in its body.
pub fn broke_off(
    base: &BaseUrl,
    peer: Peer,
    after: usize,
    within: Duration,
    error: ureq::Error,
) -> Unanswered {
    let mut unanswered = unanswered(base, peer, within, error);
    let after = size(after.try_into().unwrap_or(u64::MAX));
    unanswered.failure.message = format!(
        "{} (its answer broke off after {after})",
        unanswered.failure.message
    );
    unanswered.reached = true;
    unanswered
}

/// What ureq's error means; `within` is the time the request had.
pub fn unanswered(base: &BaseUrl, peer: Peer, within: Duration, error: ureq::Error) -> Unanswered {
    use FailureKind::{Protocol, Unavailable};
    let within = seconds(within);
    let (address, port) = (peer.address(), peer.port());
    let (kind, message, again, reached) = match error {
        ureq::Error::HostNotFound => (
            Unavailable,
            format!("{base} cannot be found: its name has no address; check {address} and the name server"),
            true,
            false,
        ),
        ureq::Error::Timeout(Timeout::Resolve) => (
            Unavailable,
            format!("the name server did not answer for {base}; check {address}, or use an address"),
            true,
            false,
        ),
        ureq::Error::Timeout(Timeout::Connect) => (
            Unavailable,
            format!("{base} cannot be reached: no connection in time; is it on, and is nothing between?"),
            true,
            false,
        ),
        ureq::Error::Timeout(_) => (
            Unavailable,
            format!("{base} did not answer completely within {within}"),
            true,
            true,
        ),
        ureq::Error::Rustls(error) => return untrusted(base, peer, &error),
        ureq::Error::Other(inner) => match inner.downcast::<Handshake>() {
            Ok(handshake) => return no_handshake(base, peer, handshake.0),
            Err(other) => (
                Protocol,
                format!("{base} could not be asked: {other}"),
                false,
                true,
            ),
        },
        ureq::Error::Io(error) => {
            if let Some(tls) = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            {
                return untrusted(base, peer, tls);
            }
            match error.kind() {
                ErrorKind::ConnectionRefused => (
                    Unavailable,
                    format!("{base} refuses the connection; is it on, and is {port} right?"),
                    true,
                    false,
                ),
                ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => (
                    Unavailable,
                    format!("there is no way to {base} ({error}); check the network of this host"),
                    true,
                    false,
                ),
                _ => (
                    Unavailable,
                    format!("{base} broke the connection off ({error})"),
                    true,
                    true,
                ),
            }
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => (
            FailureKind::Config,
            format!("{base} cannot be asked: not a valid address; check {address}"),
            false,
            false,
        ),
        other => (
            Protocol,
            format!(
                "{base} does not answer in HTTP that can be understood ({}); is {port} right?",
                text::clean(&other.to_string(), text::KEY)
            ),
            false,
            true,
        ),
    };
    Unanswered {
        failure: Failure::new(kind, message),
        again,
        reached,
    }
}

fn no_handshake(base: &BaseUrl, peer: Peer, error: ureq::Error) -> Unanswered {
    let mut unanswered = unanswered(base, peer, Duration::ZERO, error);
    unanswered.reached = false;
    unanswered
}

fn untrusted(base: &BaseUrl, peer: Peer, error: &rustls::Error) -> Unanswered {
    let (kind, what) = match (refusal::refusal(error), error) {
        (Some(Refusal::Untrusted { reason, .. }), _) if peer == Peer::Receiver => (
            FailureKind::Auth,
            format!(
                "its certificate is not trusted ({reason}); ca_file names the authority of a private one"
            ),
        ),
        (Some(Refusal::SelfSigned { .. } | Refusal::NoAuthority { .. }), _) if peer == Peer::Receiver => (
            FailureKind::Auth,
            "it shows an authority's own certificate, which cannot be a receiver's: have that authority issue one for \
             it, and name the authority by ca_file"
                .to_owned(),
        ),
        (Some(refusal), _) => (FailureKind::Auth, refusal.to_string()),
        (None, rustls::Error::InvalidCertificate(reason)) => (
            FailureKind::Auth,
            format!(
                "it showed a certificate without proving that it holds the key ({}); something may stand between",
                refusal::plain(reason)
            ),
        ),
        (None, rustls::Error::InvalidMessage(_)) => (
            FailureKind::Protocol,
            format!("it does not speak TLS; is {} an https port?", peer.port()),
        ),
        (None, other) => (
            FailureKind::Protocol,
            format!("no TLS connection comes about ({other})"),
        ),
    };
    Unanswered {
        failure: Failure::new(kind, format!("{base}: {what}")),
        again: false,
        reached: false,
    }
}

fn seconds(duration: Duration) -> String {
    if duration < Duration::from_secs(2) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

impl From<Failure> for Unanswered {
    /// A request that could not even be written.
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            again: false,
            reached: false,
        }
    }
}
