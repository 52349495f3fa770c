//! What an operator writes goes in, a configuration or all of its problems come out.

mod file;
mod secrets;

use super::*;

/// A pin in the shortest spelling.
const PIN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment::new(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

fn with_file(pairs: &[(&str, &str)], file: Option<&str>, wish: &Wish) -> Result<Config, Vec<String>> {
    let document = file.map(|text| Document {
        path: PathBuf::from("/etc/unifi-scan/unifi.toml"),
        text: text.to_owned(),
        world_readable: false,
    });
    assemble(&environment(pairs), document.as_ref(), wish, Remarks::default()).map_err(|errors| errors.0)
}

/// The environment that needs no file, with more beside it.
fn enough(more: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let base = [
        ("REPORTS_DIR", "/srv/r"),
        ("UNIFI_HOST", "192.0.2.1"),
        ("UNIFI_API_KEY", "k3y"),
    ];
    with_file(&[&base, more].concat(), None, &Wish::default())
}

fn file(text: &str) -> Result<Config, Vec<String>> {
    with_file(&[("REPORTS_DIR", "/srv/r")], Some(text), &Wish::default())
}

#[track_caller]
fn refused(result: Result<Config, Vec<String>>, parts: &[&str]) {
    let problems = result.expect_err("refused");
    for part in parts {
        assert!(
            problems.iter().any(|problem| problem.contains(part)),
            "`{part}` not in {problems:#?}"
        );
    }
}

#[track_caller]
fn warned(config: &Config, parts: &[&str]) {
    for part in parts {
        assert!(
            config.warnings.iter().any(|it| it.contains(part)),
            "`{part}` not in {:#?}",
            config.warnings
        );
    }
}

#[test]
fn one_controller_needs_no_file() {
    let config = enough(&[]).expect("valid");
    assert_eq!(config.reports_dir, Path::new("/srv/r"));
    assert_eq!(config.initial_lookback, chrono::Duration::hours(24));
    assert!(config.timezone.is_none() && !config.archive_events && !config.in_image);
    assert_eq!(config.warnings, [""; 0]);
    let [controller] = config.controllers.as_slice() else {
        panic!("{:?}", config.controllers)
    };
    assert_eq!(
        (controller.name.as_str(), controller.base.to_string().as_str()),
        ("unifi", "https://192.0.2.1")
    );
    assert_eq!(
        (&controller.sites, &controller.trust),
        (&Sites::Only, &Trust::Public)
    );
    assert!(matches!(&controller.credentials, Credentials::ApiKey(key) if key.expose() == "k3y"));
    let [channel] = config.channels.as_slice() else {
        panic!("{:?}", config.channels)
    };
    assert_eq!(
        (channel.name.as_str(), &channel.kind, channel.required),
        ("file", &ChannelKind::File, true)
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_name_and_fix() {
    let wrong = [
        ("UNIFI_HOST", "192.0.2.300"),
        ("UNIFI_API_KEY", "a"),
        ("UNIFI_PASSWORD", "b"),
        ("UNIFI_TIMEZONE", "Berlin"),
        ("UNIFI_INITIAL_LOOKBACK_HOURS", "721"),
        ("UNIFI_ARCHIVE_EVENTS", "maybe"),
        ("UNIFI_FLAVOUR", "clasic"),
        ("UNIFI_TLS_FINGERPRINT", "abc"),
        ("UNIFI_CONNECT_TIMEOUT", "soon"),
        ("UNIFI_SMTP_HOST", "mail.example.com"),
    ];
    let result = with_file(&wrong, None, &Wish::default());
    let problems = result.clone().expect_err("refused");
    assert_eq!(problems.len(), 10, "{problems:#?}");
    refused(
        result,
        &[
            "UNIFI_HOST: `192.0.2.300` is not an IPv4 address",
            "UNIFI_API_KEY and UNIFI_PASSWORD are both set",
            "UNIFI_TIMEZONE: `Berlin` is not a time zone; did you mean Europe/Berlin?",
            "UNIFI_INITIAL_LOOKBACK_HOURS: `721`",
            "UNIFI_ARCHIVE_EVENTS: `maybe` is neither true nor false",
            "did you mean `classic`?",
            "UNIFI_TLS_FINGERPRINT: 3 hex digits",
            "UNIFI_CONNECT_TIMEOUT: `soon`",
            "nothing would be sent: remove UNIFI_SMTP_HOST",
            "REPORTS_DIR=/var/lib/unifi-scan",
        ],
    );
}

#[test]
fn nothing_configured_says_which_lines_to_add() {
    let nothing = || with_file(&[], None, &Wish::default());
    refused(
        nothing(),
        &[
            "UNIFI_HOST=",
            "UNIFI_API_KEY_FILE=",
            "run --demo",
            "add REPORTS_DIR=",
        ],
    );
    let no_credentials = [("REPORTS_DIR", "/srv/r"), ("UNIFI_HOST", "192.0.2.1")];
    refused(
        with_file(&no_credentials, None, &Wish::default()),
        &["no credentials: add UNIFI_API_KEY_FILE=/etc/unifi-scan/api_key, or both UNIFI_USERNAME="],
    );
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let config = enough(&[
        ("UNIFI_PASSWORD", ""),
        ("UNIFI_PORT", " "),
        ("UNIFI_TIMEZONE", ""),
        ("UNIFI_SMTP_HOST", ""),
    ]);
    assert_eq!(config.expect("valid").controllers[0].base.port, 443);
}

#[test]
fn a_misspelt_variable_is_a_warning_that_suggests() {
    let config = enough(&[("UNIFI_PASSWROD", "hunter2"), ("UNIFI_COLOUR_OF_MONDAY", "x")]).expect("valid");
    warned(
        &config,
        &[
            "UNIFI_PASSWROD is not a variable",
            "did you mean UNIFI_PASSWORD?",
            "UNIFI_COLOUR_OF_MONDAY",
        ],
    );
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn what_kubernetes_sets_for_a_service_called_unifi_is_no_port() {
    let set = [
        ("UNIFI_PORT", "tcp://198.51.100.7:8443"),
        ("UNIFI_PORT_8443_TCP_ADDR", "198.51.100.7"),
    ];
    let config = enough(&set).expect("valid");
    assert_eq!(config.controllers[0].base.port, 443);
    warned(&config, &["enableServiceLinks: false"]);
    assert_eq!(config.warnings.len(), 1);
}

#[test]
fn a_demo_needs_nothing_and_is_not_disturbed_by_real_settings() {
    let wish = Wish {
        demo: true,
        ..Wish::default()
    };
    let set = [
        ("UNIFI_HOST", "http://nowhere"),
        ("UNIFI_API_KEY", "a"),
        ("UNIFI_PASSWORD", "b"),
        ("UNIFI_SMTP_HOST", "m"),
    ];
    let config = with_file(&set, None, &wish).expect("valid");
    assert_eq!(
        (config.controllers.len(), config.reports_dir.as_path()),
        (0, Path::new("./unifi-scan-demo"))
    );
    let text = "reports_dir = \"here\"\n[[controller]]\nnonsense = 1";
    let config = with_file(&[], Some(text), &wish).expect("valid");
    assert_eq!(
        config.reports_dir,
        Path::new("/etc/unifi-scan/here"),
        "relative paths start beside the file"
    );
}

#[test]
fn reading_files_needs_no_controller_but_a_directory() {
    let wish = Wish {
        offline: true,
        ..Wish::default()
    };
    refused(with_file(&[], None, &wish), &["REPORTS_DIR"]);
    assert!(with_file(&[("REPORTS_DIR", "/srv/r")], None, &wish).is_ok());
}

#[test]
fn paths_nobody_expands_are_refused() {
    for path in ["~/reports", "$HOME/reports"] {
        refused(
            with_file(&[("REPORTS_DIR", path)], None, &Wish::default()),
            &["write the full path"],
        );
    }
    warned(
        &with_file(
            &[("REPORTS_DIR", "r")],
            None,
            &Wish {
                offline: true,
                ..Wish::default()
            },
        )
        .expect("valid"),
        &["full path"],
    );
}

#[test]
fn quotation_marks_of_an_env_file_are_told() {
    refused(
        enough(&[("REPORTS_DIR", "'/srv/r'")]),
        &["REPORTS_DIR: the value begins"],
    );
    refused(
        enough(&[("UNIFI_SITE", "\"default\"")]),
        &["UNIFI_SITE: the value begins and ends with a quotation mark"],
    );
    warned(
        &enough(&[("UNIFI_API_KEY", "'k3y'")]).expect("valid"),
        &["part of the secret"],
    );
}
