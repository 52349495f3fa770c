//! What the fakes show of themselves over TLS: certificates nobody knows, or an authority that a test may name.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub struct Identity {
    pub config: Arc<rustls::ServerConfig>,
    /// The certificate's SHA-256 in hex.
    pub pin: String,
    /// The certificate that whoever trusts this one has to name.
    pub authority: String,
}

impl Identity {
    /// Signed by itself, as consoles come.
    pub fn fresh() -> Self {
        let made = rcgen::generate_simple_self_signed(["unifi.local".to_owned()]).unwrap();
        let pem = made.cert.pem();
        Self::of(made.cert.der(), &made.signing_key, pem)
    }

    /// For 127.0.0.1, signed by an authority of its own.
    pub fn signed() -> Self {
        let mut wish = CertificateParams::new(["An Authority".to_owned()]).unwrap();
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = wish.self_signed(&key).unwrap().pem();
        let authority = Issuer::new(wish, key);
        let key = KeyPair::generate().unwrap();
        let wish = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        Self::of(wish.signed_by(&key, &authority).unwrap().der(), &key, pem)
    }

    /// An authority's own certificate where a receiver's should be: what `openssl req -x509` makes.
    pub fn authority_alone() -> Self {
        let mut wish = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = wish.self_signed(&key).unwrap();
        Self::of(made.der(), &key, made.pem())
    }

    fn of(certificate: &CertificateDer<'static>, key: &KeyPair, authority: String) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let pin = digest
            .as_ref()
            .iter()
            .fold(String::new(), |pin, byte| format!("{pin}{byte:02x}"));
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.clone()], key)
                .unwrap();
        Self {
            config: Arc::new(config),
            pin,
            authority,
        }
    }
}
