//! Where a console lies: a port of its own, a path behind a proxy, a page in front that is not its own.

use chrono::TimeDelta;

use crate::console::fault::{Fault, What};
use crate::console::row::Row;
use crate::console::{API_KEY, Console, PASSWORD, USERNAME};
use crate::scenario::Scenario;

#[test]
fn a_console_is_read_wherever_it_lies() {
    // UniFi OS Server listens on a port of its own.
    let server = Console::start_at("127.0.0.11:11443");
    let plain = || Scenario::new().env("UNIFI_API_KEY", API_KEY);
    let of_server = plain()
        .env("UNIFI_HOST", "http://127.0.0.11")
        .env("UNIFI_PORT", "11443");
    // A reverse proxy has a page of its own where consoles say what they are.
    let behind = Console::start();
    "/unifi/home".clone_into(&mut behind.state().base_path);
    let under = |console: &Console, path: &str| format!("http://127.0.0.1:{}{path}", console.port());
    let of_proxy = plain().env("UNIFI_HOST", &under(&behind, "/unifi/home/"));
    let classic = Console::start();
    {
        let mut state = classic.state();
        "/controller".clone_into(&mut state.base_path);
        state.classic = true;
    }
    let of_classic = Scenario::new()
        .env("UNIFI_HOST", &under(&classic, "/controller"))
        .env("UNIFI_USERNAME", USERNAME)
        .env("UNIFI_PASSWORD", PASSWORD);
    for (scenario, console) in [(of_server, &server), (of_proxy, &behind), (of_classic, &classic)] {
        console.add([Row::new(1, console.now() - TimeDelta::hours(1))]);
        scenario.run().exits(0);
        scenario.told_exactly(console);
        let base = console.state().base_path.clone();
        assert!(console.hits().iter().all(|hit| hit.path.starts_with(&base)));
    }
}

#[test]
fn in_front_of_a_classic_controller_a_proxy_that_answers_for_itself_needs_the_flavour() {
    let console = Console::start();
    console.state().classic = true;
    console.fault(Fault::on(
        "/",
        What::html(200, "<!doctype html><title>Welcome</title>"),
    ));
    console.add([Row::new(1, console.now() - TimeDelta::hours(1))]);
    let scenario = Scenario::new().controller(&console).password();
    scenario.run().exits(78).says("UNIFI_FLAVOUR=classic");
    assert!(console.state().logins <= 1);
    let scenario = scenario.env("UNIFI_FLAVOUR", "classic");
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}
