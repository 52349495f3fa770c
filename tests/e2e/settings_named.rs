//! Failures name what to change where it is written: a variable of the environment, or the key of the file.

use std::net::TcpListener;

use chrono::TimeDelta;

use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::console::{API_KEY, Console, Site};
use crate::scenario::Scenario;

/// A port nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// A world whose file says this.
fn world(file: &str) -> Scenario {
    let scenario = Scenario::new();
    let file = scenario.file("unifi.toml", file);
    scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap())
}

/// A `[[controller]]` of this name that asks once.
fn entry(name: &str, host: &str) -> String {
    format!(
        "[[controller]]\nname = \"{name}\"\nhost = \"{host}\"\napi_key = \"{API_KEY}\"\nrequest_timeout = \"1s\"\n"
    )
}

#[test]
fn a_pin_that_cannot_be_one_is_told_with_the_way_to_the_right_one() {
    let console = Console::start_tls();
    let zeros = "0".repeat(64);
    for (pin, why) in [("abc", "3 hex digits"), (zeros.as_str(), "placeholder")] {
        let scenario = Scenario::new()
            .controller(&console)
            .env("UNIFI_TLS_FINGERPRINT", pin);
        for command in ["check", "run"] {
            scenario
                .does(&[command])
                .exits(78)
                .says_all(&[why, "remove it and run `unifi-scan check`"])
                .never_says("has changed");
        }
        let scenario = scenario.without("UNIFI_TLS_FINGERPRINT");
        scenario.does(&["check"]).exits(77).says(console.pin().unwrap());
    }
}

#[test]
fn a_controller_of_the_file_has_its_keys_named_and_one_of_the_environment_its_variables() {
    let tls = Console::start_tls();
    let (port, down) = (tls.port(), free_port());
    let file =
        entry("shop", &format!("127.0.0.1:{port}")) + &entry("home", &format!("http://127.0.0.1:{down}"));
    let scenario = world(&file);
    let pin = format!(
        "set trust = {{ pin = \"{}\" }} (of [[controller]] \"shop\")",
        tls.pin().unwrap()
    );
    let told = [pin.as_str(), "is `port` right? (of [[controller]] \"home\")"];
    for command in ["check", "run"] {
        scenario
            .does(&[command])
            .exits(77)
            .says_all(&told)
            .never_says("UNIFI_");
    }
    // What the file is told to say works.
    let trust = format!("trust = {{ pin = \"{}\" }}\n", tls.pin().unwrap());
    world(&(entry("shop", &format!("127.0.0.1:{port}")) + &trust))
        .run()
        .exits(0);

    let console = Console::start();
    console.state().classic = true;
    let login = format!(
        "[[controller]]\nname = \"shop\"\nhost = \"http://127.0.0.1:{}\"\nusername = \"scan-reader\"\n\
         password = \"p4ss\"\nflavour = \"unifi-os\"\n",
        console.port()
    );
    world(&login)
        .run()
        .says("set flavour = \"classic\" (of [[controller]] \"shop\")")
        .never_says("UNIFI_FLAVOUR");
    // The environment stands over the file.
    let scenario = world(&login).env("UNIFI_FLAVOUR", "unifi-os");
    scenario
        .run()
        .says("UNIFI_FLAVOUR=classic")
        .never_says("set flavour");
}

#[test]
fn only_causes_are_told_and_one_line_of_a_console_that_is_down() {
    let (good, bad) = (Console::start(), Console::start());
    good.state().has_log = false;
    "7.5.187".clone_into(&mut good.state().version);
    bad.state()
        .sites
        .push(Site::new("5dcadb04f8cd8804ddee7c00", "branch01", "Branch"));
    let host = |console: &Console| format!("http://127.0.0.1:{}", console.port());
    let file = entry("home", &host(&good)) + &entry("shop", &host(&bad)) + "sites = \"all\"\n";
    let scenario = world(&file);
    scenario.run().exits(0);
    bad.fault(Fault::on("", What::bad_gateway()));
    scenario
        .does(&["run", "--quiet", "--site", "home/default"])
        .exits(3)
        .says("unifi-scan: shop: the Network application is down");
    let block = |scenario: &Scenario| {
        let ran = scenario.does(&["run", "--quiet"]).exits(3);
        let lines = ran.stderr.lines().filter(|line| line.starts_with("unifi-scan: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let told = block(&scenario);
    let of_shop: Vec<_> = told
        .iter()
        .filter(|line| line.contains("bad gateway") || line.contains("502"))
        .collect();
    assert_eq!(of_shop.len(), 1, "{told:#?}");
    assert!(of_shop[0].starts_with("unifi-scan: shop failed: "), "{told:#?}");
    assert!(!told.iter().any(|line| line.contains("unsupported")), "{told:#?}");

    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        5,
        console.now() - TimeDelta::hours(2),
        TimeDelta::minutes(5),
    ));
    console.fault(Fault::on("/admin-activity", What::forbidden()));
    console.fault(Fault::on("stat/device", What::Garbage));
    let told = block(&scenario);
    assert!(
        told[0].starts_with("unifi-scan: unifi/default/devices failed: "),
        "{told:#?}"
    );
    assert!(!told.iter().any(|line| line.contains("denied")), "{told:#?}");
}

#[test]
fn a_console_that_takes_no_key_and_what_is_no_console_are_told_as_what_they_are() {
    let (scenario, console) = Scenario::with_console();
    let page = "<!doctype html><title>HTTP Status 404 – Not Found</title>";
    console.fault(Fault::on("self/sites", What::html(404, page)));
    let words = ["before 9 take no API key", "UNIFI_USERNAME"];
    scenario
        .run()
        .exits(78)
        .says_all(&words)
        .never_says("starting up");
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("", What::html(501, "<h1>Unsupported method</h1>")));
    let words = ["does not look like a UniFi console", "UNIFI_HOST", "UNIFI_PORT"];
    let at_login = Console::start();
    at_login.fault(Fault::on(
        "/api/auth/login",
        What::html(501, "<h1>Unsupported method</h1>"),
    ));
    for scenario in [
        scenario.password(),
        Scenario::new().controller(&console),
        Scenario::new().controller(&at_login).password(),
    ] {
        scenario
            .run()
            .exits(76)
            .says_all(&words)
            .never_says("starting up");
    }
}

#[test]
fn check_leaves_a_console_alone_that_limits_logins_and_says_until_when() {
    let console = Console::start();
    console.fault(Fault::on("/api/auth/login", What::login_limit()));
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(69);
    let until = scenario.checkpoint()["controllers"]["unifi"]["not_before"].clone();
    let until = until.as_str().unwrap()[..19].replace('T', " ");
    let asked = console.hits().len();
    scenario.does(&["check"]).exits(69).says(&until);
    assert_eq!(console.hits().len(), asked, "nobody was asked");
}
