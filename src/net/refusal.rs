//! Why a certificate was refused, and the pins an operator needs to decide about it.

use std::fmt::Write as _;
use std::sync::Arc;

use ring::digest;
use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, OtherError};
use thiserror::Error;

/// A pin as people write it: 64 lower-case hexadecimal digits.
pub fn hex(pin: &[u8; 32]) -> String {
    pin.iter().fold(String::with_capacity(64), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a string takes whatever is written");
        digits
    })
}

/// Why a certificate was refused, with what an operator needs to decide. Travels inside a rustls error.
#[derive(Clone, Debug, Error)]
pub enum Refusal {
    #[error(
        "its certificate is not trusted ({reason}); if it is the console's own, make sure of that and set \
         UNIFI_TLS_FINGERPRINT={}",
        hex(seen)
    )]
    Untrusted { seen: [u8; 32], reason: String },
    #[error(
        "its certificate is self-signed; make sure that it is the console's own and set UNIFI_TLS_FINGERPRINT={}",
        hex(seen)
    )]
    SelfSigned { seen: [u8; 32] },
    #[error(
        "UNIFI_CA_FILE must name a CA: this is the console's own certificate, not a CA: use \
         UNIFI_TLS_FINGERPRINT={} instead",
        hex(seen)
    )]
    NoAuthority { seen: [u8; 32] },
    #[error(
        "its certificate has changed: pinned is {}, shown is {}; consoles renew it with their firmware, but whoever \
         stands between looks the same, also to `unifi-scan check`: compare the new pin with the SHA-256 fingerprint \
         of the certificate that the console's own page shows in a browser, then set UNIFI_TLS_FINGERPRINT to it",
        hex(pinned),
        hex(seen)
    )]
    Changed { pinned: [u8; 32], seen: [u8; 32] },
    #[error(
        "its certificate (pin {}) is of X.509 version 1, whose key cannot be checked; issue a v3 certificate",
        hex(seen)
    )]
    Version1 { seen: [u8; 32] },
}

/// The refusal inside a rustls error, if it is one of ours.
pub fn refusal(error: &rustls::Error) -> Option<&Refusal> {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => inner.downcast_ref(),
        _ => None,
    }
}

/// What identifies a certificate: the SHA-256 of its DER form.
pub fn pin_of(leaf: &CertificateDer<'_>) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, leaf);
    <[u8; 32]>::try_from(digest.as_ref()).expect("SHA-256 has 32 bytes")
}

/// The refusal of a certificate by its chain. `own` are the pins of what the operator's authority file holds.
pub fn refused(error: &rustls::Error, seen: [u8; 32], own: &[[u8; 32]]) -> rustls::Error {
    if is_version_1(error) {
        return carried(Refusal::Version1 { seen });
    }
    // An authority's certificate at the console's place is what most consoles make themselves.
    if says(error, "CaUsedAsEndEntity") {
        return carried(if own.contains(&seen) {
            Refusal::NoAuthority { seen }
        } else {
            Refusal::SelfSigned { seen }
        });
    }
    let reason = match error {
        rustls::Error::InvalidCertificate(reason) => plain(reason),
        other => other.to_string(),
    };
    carried(Refusal::Untrusted { seen, reason })
}

/// What is wrong with a certificate, in words; rustls knows none for most of it.
pub fn plain(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "its issuer is unknown, as with every console that signs its own",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; are both clocks right?"
        }
        CertificateError::BadSignature => "its signature does not hold",
        CertificateError::NotValidForNameContext { .. } => return reason.to_string(),
        CertificateError::NotValidForName => "it is not valid for the name asked for",
        _ => "it is of a form that cannot be checked",
    }
    .to_owned()
}

/// The refusal of a handshake whose signature does not hold.
pub fn unproved(error: rustls::Error, leaf: &CertificateDer<'_>) -> rustls::Error {
    if is_version_1(&error) {
        return carried(Refusal::Version1 { seen: pin_of(leaf) });
    }
    error
}

/// webpki's own error type is not ours to name, its text is; a test holds it.
fn is_version_1(error: &rustls::Error) -> bool {
    says(error, "UnsupportedCertVersion")
}

fn says(error: &rustls::Error, name: &str) -> bool {
    format!("{error:?}").contains(name)
}

/// A refusal in the clothes of a rustls error.
pub fn carried(refusal: Refusal) -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(refusal))).into()
}
