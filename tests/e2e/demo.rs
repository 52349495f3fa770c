//! `run --demo`: what a newcomer sees first.

use crate::archive;
use crate::scenario::Scenario;

#[test]
fn the_demo_shows_a_report_and_goes_on_where_it_ended() {
    let scenario = Scenario::new()
        .without("REPORTS_DIR")
        .without("UNIFI_ARCHIVE_EVENTS");
    let directory = scenario.home().join("unifi-scan-demo");
    let first = scenario.does(&["run", "--demo"]).exits(0);
    assert!(first.summary().starts_with("run 1: "), "{first}");
    assert!(first.summary().contains(" findings ("), "{first}");
    assert!(first.summary().ends_with(".html"), "{first}");
    let second = scenario.does(&["run", "--demo"]).exits(0);
    assert!(second.summary().starts_with("run 2: "), "{second}");
    let reports = archive::reports(&directory);
    let events = |run: u64| reports[&run]["counts"]["events"].as_u64().unwrap();
    assert!(
        events(1) > 100 && events(2) < events(1) / 2,
        "{} then {}",
        events(1),
        events(2)
    );
    assert!(reports.values().all(|report| report["demo"] == true));
    assert!(reports[&2]["window"]["since"].as_str() >= reports[&1]["window"]["since"].as_str());
    archive::audit(&directory);
}

#[test]
fn demo_runs_tell_every_row_once() {
    let scenario = Scenario::new();
    for _ in 0..4 {
        scenario.does(&["run", "--demo"]).exits(0);
    }
    let told = scenario.told();
    assert!(told.len() > 100);
    assert!(
        told.windows(2).all(|two| two[0] != two[1]),
        "a row was told twice"
    );
    archive::audit(&scenario.reports);
}

#[test]
fn a_killed_demo_run_is_repeated_exactly() {
    let (killed, whole) = (Scenario::new(), Scenario::new());
    for scenario in [&killed, &whole] {
        scenario.does(&["run", "--demo"]).exits(0);
    }
    killed
        .start(&["run", "--demo"])
        .kill_after(std::time::Duration::from_millis(20));
    for scenario in [&killed, &whole] {
        scenario.does(&["run", "--demo"]).exits(0);
        archive::audit(&scenario.reports);
    }
    let told = killed.told();
    assert!(
        told.windows(2).all(|two| two[0] != two[1]),
        "a row was told twice"
    );
}

#[test]
fn the_demo_and_real_consoles_do_not_share_a_directory() {
    let (scenario, _console) = Scenario::with_console();
    scenario.run().exits(0);
    let before = scenario.photograph();
    scenario.does(&["run", "--demo"]).exits(78).says("demo");
    assert!(scenario.photograph().get(".last_run.json") == before.get(".last_run.json"));

    let (scenario, console) = Scenario::with_console();
    scenario.does(&["run", "--demo"]).exits(0);
    scenario.run().exits(78).says("demo");
    assert!(console.hits().is_empty());
}

#[test]
fn the_demo_ignores_the_settings_of_a_real_console() {
    let (scenario, console) = Scenario::with_console();
    let scenario = scenario
        .env("UNIFI_PORT", "not a number")
        .env("UNIFI_TLS_FINGERPRINT", "zz");
    scenario.does(&["run", "--demo"]).exits(0);
    assert!(console.hits().is_empty());
}
