//! Certificates over real handshakes: trusted, pinned, changed, and with another key.

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
        let pin = hex(&pin_of(&identity.certificate));
        assert!(message.contains(words) && message.contains(&pin), "{message}");
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
