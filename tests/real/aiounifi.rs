//! The demo's console before a client that is not ours: `aiounifi` from `PyPI` logs in over TLS with user and password
//! and lists what the demo's own report tells of. It proves the demo a faithful console.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::Value;

use crate::{UNIFI_SCAN, outside, published, said};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/lists_devices.py");
const PINNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/aiounifi.txt");

/// Where the pinned packages lie, installed below `target/` if they are not there yet. Without them the test fails: a
/// console nobody else has talked to is not proved faithful.
#[expect(
    clippy::disallowed_methods,
    reason = "half of the packages must not be taken for all"
)]
fn aiounifi() -> PathBuf {
    let python = outside("python3", Path::new("/"))
        .arg("--version")
        .output()
        .expect("aiounifi needs python3 with pip, and there is no python3");
    let mut hasher = DefaultHasher::new();
    (&python.stdout, fs::read(PINNED).unwrap()).hash(&mut hasher);
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let packages = tools.join(format!("aiounifi-{:016x}", hasher.finish()));
    if packages.is_dir() {
        return packages;
    }
    let fetched = tempfile::tempdir_in(tools).unwrap();
    // Where packages come from is the caller's own setting.
    let output = Command::new("timeout")
        .args(["-k", "5", "300", "python3", "-m", "pip", "install", "--quiet"])
        .args([
            "--no-input",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
        ])
        .args(["--requirement", PINNED, "--target"])
        .arg(fetched.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "aiounifi cannot be had from PyPI: {}",
        said(&output)
    );
    fs::rename(fetched.keep(), &packages).unwrap();
    packages
}

/// A console of the demo over TLS, ended with the test.
struct Console {
    child: Child,
    port: String,
    /// The authority that signed its certificate, PEM.
    authority: PathBuf,
}

impl Console {
    /// At the moment of the demo's first report, which is a day after the office's first day began.
    fn start(home: &Path, now: DateTime<Utc>) -> Self {
        let put = |name: &str, pem: String| {
            let path = home.join(name);
            File::create(&path).unwrap().write_all(pem.as_bytes()).unwrap();
            path
        };
        let mut wish = CertificateParams::new(["An Authority".to_owned()]).unwrap();
        // Whose name equals its issuer's is taken for one that signed itself.
        wish.distinguished_name.push(DnType::CommonName, "An Authority");
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        wish.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        let authority = put("authority.pem", wish.self_signed(&key).unwrap().pem());
        let issuer = Issuer::new(wish, key);
        let key = KeyPair::generate().unwrap();
        let mut wish = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        wish.use_authority_key_identifier_extension = true;
        let certificate = put("console.pem", wish.signed_by(&key, &issuer).unwrap().pem());
        let mut child = Command::new(UNIFI_SCAN)
            .env_clear()
            .arg("demo-console")
            .args(["--start", &(now - TimeDelta::days(1)).to_rfc3339()])
            .arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(put("console.key", key.serialize_pem()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        let port = url.trim_end().strip_prefix("https://127.0.0.1:").expect(&url);
        Self {
            child,
            port: port.to_owned(),
            authority,
        }
    }

    fn listed_by(&self, packages: &Path, password: &str, authority: Option<&Path>) -> Output {
        outside("timeout", packages)
            .env("PYTHONPATH", packages)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .args(["-k", "5", "120", "python3", SCRIPT, &self.port, "demo", password])
            .args(authority)
            .output()
            .unwrap()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// MAC to name, model, version and whether it is there.
type Devices = BTreeMap<String, (String, String, String, bool)>;

/// What a list of devices says, by what its fields are called.
fn devices<'d>(each: impl Iterator<Item = (&'d str, &'d Value)>, online: &str) -> Devices {
    let text = |device: &Value, field: &str| device[field].as_str().unwrap().to_owned();
    each.map(|(mac, device)| {
        // `8.2.17.18064` is shown to people as `8.2.17`.
        let version = text(device, "version")
            .split('.')
            .take(3)
            .collect::<Vec<_>>()
            .join(".");
        let facts = (text(device, "name"), text(device, "model"), version);
        let is_there = device["state"] == online;
        (mac.to_owned(), (facts.0, facts.1, facts.2, is_there))
    })
    .collect()
}

#[test]
fn another_client_logs_in_over_tls_and_lists_the_devices_of_the_demos_report() {
    let packages = aiounifi();
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(UNIFI_SCAN)
        .env_clear()
        .args(["run", "--demo", "--quiet", "--reports-dir"])
        .arg(home.path().join("reports"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let report = published(&home.path().join("reports")).expect("a published report");
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let console = Console::start(
        home.path(),
        report["generated_at"].as_str().unwrap().parse().unwrap(),
    );

    let output = console.listed_by(&packages, "demo", Some(&console.authority));
    assert!(output.status.success(), "{}", said(&output));
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["is_unifi_os"], true, "{listed}");
    assert_eq!(listed["sites"], serde_json::json!(["default"]), "{listed}");
    assert_eq!(listed["versions"], serde_json::json!(["10.3.58"]), "{listed}");
    assert_ne!(listed["clients"], 0, "{listed}");
    let told = report["devices"].as_array().unwrap().iter();
    let told = devices(
        told.map(|device| (device["mac"].as_str().unwrap(), device)),
        "online",
    );
    let seen = listed["devices"].as_object().unwrap().iter();
    let seen = devices(seen.map(|(mac, device)| (mac.as_str(), device)), "CONNECTED");
    assert_eq!(seen, told);
    assert!(
        seen.len() > 5 && seen.values().any(|device| !device.3),
        "{seen:?}"
    );

    for (password, authority, why) in [
        ("wrong", Some(console.authority.as_path()), "Forbidden"),
        ("demo", None, "CERTIFICATE_VERIFY_FAILED"),
    ] {
        let output = console.listed_by(&packages, password, authority);
        assert!(
            !output.status.success() && said(&output).contains(why),
            "{why}: {}",
            said(&output)
        );
    }
}
