//! Authorities: those compiled in, or those the operator names.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::model::failure::{Failure, FailureKind};
use crate::net::{refusal, tls};

/// The roots browsers trust.
pub fn public(host: &str) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    chain(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), host)
}

/// Only the certificates of a PEM file, and their pins.
pub fn of_file(path: &Path, host: &str) -> Result<(Arc<WebPkiServerVerifier>, Vec<[u8; 32]>), Failure> {
    let (roots, pins) = authorities(path)?;
    Ok((chain(roots, host)?, pins))
}

fn chain(roots: RootCertStore, host: &str) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider())
        .build()
        .map_err(|error| {
            Failure::new(
                FailureKind::Config,
                format!("{host}: no authority to trust: {error}"),
            )
        })
}

fn authorities(path: &Path) -> Result<(RootCertStore, Vec<[u8; 32]>), Failure> {
    let wrong = |what: String| {
        let place = path.display();
        Failure::new(
            FailureKind::Config,
            format!("the authority file {place} (UNIFI_CA_FILE, ca_file) {what}"),
        )
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(format!("cannot be read as PEM certificates: {error}")))?;
    if certificates.is_empty() {
        return Err(wrong(
            "holds no PEM certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
        ));
    }
    let pins = certificates.iter().map(refusal::pin_of).collect();
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let added = roots.add(certificate);
        added.map_err(|error| wrong(format!("holds a certificate that cannot be used: {error}")))?;
    }
    Ok((roots, pins))
}
