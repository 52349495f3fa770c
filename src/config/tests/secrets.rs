//! Secrets and trust: where they may come from, and that they go nowhere else.

use std::io::Write as _;

use super::*;

/// A new file of this content.
fn written(path: &Path, text: &[u8]) {
    let mut file = std::fs::File::create(path).expect("created");
    file.write_all(text).expect("written");
}

#[test]
fn a_pin_may_be_written_as_tools_print_it() {
    let colons = PIN
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair))
        .collect::<Vec<_>>()
        .join(":");
    let spellings = [
        PIN.to_owned(),
        PIN.to_uppercase(),
        format!("sha256:{PIN}"),
        format!("SHA256:{}", colons.to_uppercase()),
        format!("sha256 Fingerprint={colons}"),
    ];
    for spelling in spellings {
        let config = enough(&[("UNIFI_TLS_FINGERPRINT", &spelling)]).expect(&spelling);
        assert!(
            matches!(config.controllers[0].trust, Trust::Pin(pin) if pin[..3] == [0, 0x11, 0x22]),
            "{spelling}"
        );
    }
    let sha1 = &PIN[..40];
    refused(
        enough(&[("UNIFI_TLS_FINGERPRINT", sha1)]),
        &["SHA-1", "64", "`unifi-scan check`"],
    );
    refused(enough(&[("UNIFI_TLS_FINGERPRINT", "not a pin")]), &["hex digits"]);
}

#[test]
fn two_ways_to_trust_are_one_too_many() {
    let pin = ("UNIFI_TLS_FINGERPRINT", PIN);
    refused(
        enough(&[pin, ("UNIFI_VERIFY_SSL", "false")]),
        &["UNIFI_VERIFY_SSL and UNIFI_TLS_FINGERPRINT are set together"],
    );
    refused(
        enough(&[pin, ("UNIFI_CA_FILE", "/x")]),
        &["UNIFI_TLS_FINGERPRINT and UNIFI_CA_FILE"],
    );
    assert!(enough(&[pin, ("UNIFI_VERIFY_SSL", "true")]).is_ok());
    let unverified = enough(&[("UNIFI_VERIFY_SSL", "0")]).expect("valid");
    assert_eq!(unverified.controllers[0].trust, Trust::Unverified);
    warned(&unverified, &["not verified"]);
}

#[test]
fn a_secret_comes_from_one_place() {
    refused(
        enough(&[("UNIFI_API_KEY_FILE", "/x")]),
        &["UNIFI_API_KEY and UNIFI_API_KEY_FILE are both set"],
    );
    let key_and_login = [("UNIFI_USERNAME", "u"), ("UNIFI_PASSWORD_FILE", "/x")];
    refused(
        enough(&key_and_login),
        &["UNIFI_API_KEY and UNIFI_USERNAME, UNIFI_PASSWORD_FILE are both set"],
    );
}

#[test]
fn a_secret_file_is_read_without_its_line_end_and_its_troubles_are_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let login = |password: &str| {
        let set = [
            ("REPORTS_DIR", "/srv/r"),
            ("UNIFI_HOST", "192.0.2.1"),
            ("UNIFI_USERNAME", "u"),
            ("UNIFI_PASSWORD_FILE", password),
        ];
        with_file(&set, None, &Wish::default())
    };
    let write = |name: &str, text: &[u8]| written(Path::new(&path(name)), text);
    write("good", b" pass word\r\n");
    write("empty", b"\n");
    write("two", b"hunter2\nmore\n");
    write("binary", b"\xff\xfe");
    write("big", &vec![b'x'; 70_000]);
    let config = login(&path("good")).expect("valid");
    assert!(
        matches!(&config.controllers[0].credentials, Credentials::Password { password, .. } if password.expose() == " pass word")
    );
    for (name, part) in [
        ("empty", "is empty"),
        ("two", "more than one line"),
        ("binary", "UTF-8"),
        ("big", "larger than 64 KiB"),
        ("missing", "no such file"),
        ("", "is a directory"),
    ] {
        let problems = login(&path(name)).expect_err(name).join("\n");
        assert!(
            problems.starts_with("UNIFI_PASSWORD_FILE (") && problems.contains(part),
            "{name}: {problems}"
        );
        assert!(!problems.contains("hunter2"), "{problems}");
    }
}

#[test]
fn a_secret_that_everybody_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key");
    written(&path, b"k3y\n");
    for (mode, warnings) in [(0o644, 1), (0o640, 0)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        let text = format!("[[controller]]\nname = \"home\"\nhost = \"192.0.2.1\"\napi_key_file = {path:?}");
        assert_eq!(file(&text).expect("valid").warnings.len(), warnings, "{mode:o}");
    }
}

#[test]
fn what_is_shown_has_no_secret_and_reads_back_as_the_same() {
    let text = format!(
        "reports_dir = \"/srv/r\"\ntimezone = \"Europe/Berlin\"\ninitial_lookback_hours = 48\n[archive]\nevents = true\n\
         [sources]\nrequired = [\"system-log\"]\n[exit]\nzero_on = [\"recovered\", \"locked\"]\n\
         [[controller]]\nname = \"home\"\nhost = \"[2001:db8::1]:8443\"\napi_key = \"hunter2\"\nsites = \"all\"\n\
         trust = {{ pin = \"{PIN}\" }}\n[[controller]]\nname = \"a \\\"b\\\"\"\nhost = \"unifi.example.com\"\nusername = \"u\"\n\
         password = \"hunter3\"\nsites = [\"default\"]\nflavour = \"unifi-os\"\nconnect_timeout = 5\nrequest_timeout = \"2m\"\n\
         [controller.ssh]\nkey_file = \"/k\"\nknown_hosts_file = \"/h\"\nfile = \"/var/log/eve.json\"\n\
         [[channel]]\nkind = \"file\"\nrequired = false"
    );
    let config = file(&text).expect("valid");
    let shown = show::redacted(&config);
    assert!(
        !shown.contains("hunter") && !format!("{config:?}").contains("hunter"),
        "{shown}"
    );
    assert!(
        shown.contains("host = \"unifi.example.com\"\nport = 22\nkey_file"),
        "{shown}"
    );
    let again = with_file(&[], Some(&shown), &Wish::default()).expect("reads back");
    assert_eq!(show::redacted(&again), shown);
}
