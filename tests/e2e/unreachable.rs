//! Each way of not reaching a console has its own message and its own code, and moves no watermark.

use std::net::TcpListener;

use chrono::TimeDelta;

use crate::archive;
use crate::child::Ran;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::console::{Console, Site};
use crate::scenario::{Scenario, source};

/// After a run that reached nothing: no report and no watermark, but a record of the attempt, also on
/// the second time; and a run on a console that behaves begins with run 1 and loses nothing.
#[track_caller]
fn nothing_moved(scenario: &Scenario, ran: &Ran) {
    assert!(
        scenario.reports().is_empty(),
        "a report was written: {}",
        scenario.listing()
    );
    let checkpoint = scenario.checkpoint();
    for source in checkpoint["sources"].as_array().unwrap() {
        assert!(
            source["position"]["watermark"].is_null(),
            "a watermark moved: {source:#}"
        );
    }
    assert_eq!(checkpoint["consecutive_failures"], 1);
    assert!(checkpoint["last_successful_run"].is_null());
    let history = scenario.history();
    let last = history.last().unwrap();
    assert_eq!(last["exit_code"].as_i64(), ran.code().map(i64::from), "{last:#}");
    assert!(
        last["run"].is_null() && last["error"].as_str().is_some_and(|error| !error.is_empty()),
        "{last:#}"
    );
    assert!(!ran.stderr.trim().is_empty(), "it says nothing: {ran}");
    archive::audit(&scenario.reports);
}

/// A console with this fault on this path, read with the key.
#[track_caller]
fn gives(path: &str, what: What, code: i32, words: &[&str]) {
    let (scenario, console) = Scenario::with_console();
    let scenario = scenario.hasty();
    console.add(series(
        0,
        12,
        console.now() - TimeDelta::hours(3),
        TimeDelta::minutes(10),
    ));
    console.fault(Fault::on(path, what));
    let ran = scenario.run().exits(code).says_all(words);
    nothing_moved(&scenario, &ran);
    console.behave();
    console.advance(TimeDelta::hours(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

/// A login that is answered like this: one attempt, never a second.
#[track_caller]
fn login_gives(what: What, code: i32, words: &[&str]) {
    let console = Console::start();
    console.fault(Fault::on("/api/auth/login", what));
    let scenario = Scenario::new().controller(&console).password().hasty();
    let ran = scenario.run().exits(code).says_all(words);
    assert_eq!(console.asked("/api/auth/login"), 1, "one login attempt");
    nothing_moved(&scenario, &ran);
}

#[test]
fn a_gateway_that_is_down_is_69() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let scenario = Scenario::new()
        .env("UNIFI_HOST", &format!("http://{address}"))
        .env("UNIFI_API_KEY", "k3y")
        .hasty();
    let ran = scenario
        .run()
        .exits(69)
        .says(&address)
        .says("refuses the connection");
    nothing_moved(&scenario, &ran);
}

#[test]
fn a_name_that_does_not_resolve_is_69() {
    let scenario = Scenario::new()
        .env("UNIFI_HOST", "console.invalid")
        .env("UNIFI_API_KEY", "k3y")
        .hasty();
    let ran = scenario.run().exits(69).says("console.invalid");
    nothing_moved(&scenario, &ran);
}

#[test]
fn a_console_that_is_starting_up_is_69() {
    for what in [
        What::bad_gateway(),
        What::starting(502),
        What::starting(200),
        What::starting(503),
    ] {
        gives("", what, 69, &["start"]);
    }
}

#[test]
fn a_login_limit_is_69_and_is_waited_for() {
    login_gives(What::login_limit(), 69, &["limit"]);
    let console = Console::start();
    console.fault(Fault::on("/api/auth/login", What::login_limit()));
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(69);
    scenario.run().exits(69);
    assert_eq!(
        console.asked("/api/auth/login"),
        1,
        "the second run knows that it is too early"
    );
}

#[test]
fn wrong_credentials_are_77_after_one_attempt() {
    login_gives(What::wrong_password(), 77, &["password"]);
    login_gives(What::wrong_password_of_old(), 77, &["password"]);
    login_gives(What::second_factor(), 77, &["factor"]);
}

#[test]
fn a_starting_console_at_the_login_is_69() {
    login_gives(What::starting(200), 69, &["start"]);
    login_gives(What::bad_gateway(), 69, &[]);
}

#[test]
fn a_revoked_key_is_77() {
    let (scenario, console) = Scenario::with_console();
    console.state().key_is_good = false;
    let ran = scenario.run().exits(77).says("key");
    nothing_moved(&scenario, &ran);
}

#[test]
fn an_untrusted_certificate_is_77_and_names_its_pin_and_the_setting() {
    let console = Console::start_tls();
    let scenario = Scenario::new()
        .controller(&console)
        .without("UNIFI_TLS_FINGERPRINT");
    let ran = scenario
        .run()
        .exits(77)
        .says_all(&[console.pin().unwrap(), "UNIFI_TLS_FINGERPRINT"]);
    nothing_moved(&scenario, &ran);
    assert!(console.hits().is_empty(), "no request goes to a stranger");
}

#[test]
fn a_changed_certificate_is_77_and_names_both_pins() {
    let console = Console::start_tls();
    let old = "ab".repeat(32);
    let scenario = Scenario::new()
        .controller(&console)
        .env("UNIFI_TLS_FINGERPRINT", &old);
    let ran = scenario.run().exits(77).says_all(&[console.pin().unwrap(), &old]);
    nothing_moved(&scenario, &ran);
    assert!(console.hits().is_empty(), "no request goes to a stranger");
}

#[test]
fn a_pinned_console_is_read_over_tls() {
    let console = Console::start_tls();
    console.add(series(
        0,
        120,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(2),
    ));
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let state = console.state();
    assert_eq!((state.logins, state.logouts, state.sessions.len()), (1, 1, 0));
    drop(state);
}

#[test]
fn unverified_tls_works_and_every_report_warns() {
    let console = Console::start_tls();
    let scenario = Scenario::new()
        .controller(&console)
        .without("UNIFI_TLS_FINGERPRINT")
        .env("UNIFI_VERIFY_SSL", "false");
    scenario.run().exits(0);
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(
        warnings.contains("UNIFI_VERIFY_SSL") || warnings.to_lowercase().contains("certificate"),
        "{warnings}"
    );
}

#[test]
fn a_wrong_or_ambiguous_site_is_78_and_names_the_sites_there_are() {
    let console = Console::start();
    let scenario = Scenario::new().controller(&console).env("UNIFI_SITE", "nowhere");
    let ran = scenario.run().exits(78).says_all(&["nowhere", "default"]);
    nothing_moved(&scenario, &ran);
    console
        .state()
        .sites
        .push(Site::new("5dcadb04f8cd8804ddee7c00", "branch01", "Branch"));
    let scenario = Scenario::new().controller(&console);
    let ran = scenario.run().exits(78).says_all(&["default", "branch01"]);
    nothing_moved(&scenario, &ran);
}

#[test]
fn another_controller_behind_a_known_name_is_78_until_it_is_adopted() {
    let (scenario, console) = Scenario::with_console();
    scenario.run().exits(0);
    console.state().uuid = "11111111-2222-4333-8444-555555555555".to_owned();
    let ran = scenario.run().exits(78).says("--adopt");
    assert_eq!(scenario.reports().len(), 1, "{ran}");
}

#[test]
fn what_cannot_be_understood_is_76() {
    for what in [
        What::Garbage,
        What::json(200, "{\"meta\":{\"rc\":\"ok\"},\"data\":"),
        What::json(200, "{\"meta\":{\"rc\":\"ok\"},\"data\":7}"),
        What::json(200, ""),
        What::json(418, "{}"),
    ] {
        gives("self/sites", what, 76, &[]);
    }
}

#[test]
fn one_bad_controller_of_two_is_3_and_the_other_is_told() {
    let (good, bad) = (Console::start(), Console::start());
    good.add(series(
        0,
        25,
        good.now() - TimeDelta::hours(5),
        TimeDelta::minutes(10),
    ));
    bad.state().key_is_good = false;
    let scenario = Scenario::new();
    let entry = |name: &str, console: &Console| {
        let key = crate::console::API_KEY;
        format!(
            "[[controller]]\nname = \"{name}\"\nhost = \"http://127.0.0.1:{}\"\napi_key = \"{key}\"\n",
            console.port()
        )
    };
    let file = scenario.file(
        "unifi-scan.toml",
        format!("{}{}", entry("shop", &good), entry("home", &bad)),
    );
    let ran = scenario
        .does(&["run", "--json", "--config", file.to_str().unwrap()])
        .exits(3);
    assert_eq!(
        source(&ran.json(), "shop/default/system-log")["outcome"],
        "complete"
    );
    let sources = ran.json()["sources"].clone();
    let failed: Vec<_> = sources
        .as_array()
        .unwrap()
        .iter()
        .filter(|source| source["outcome"] == "failed")
        .collect();
    assert!(
        failed
            .iter()
            .any(|source| source["name"].as_str().unwrap().starts_with("home") && source["code"] == 77)
    );
    scenario.told_exactly(&good);
}
