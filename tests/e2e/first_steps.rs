//! What somebody meets who sets it up: the table of `check`, names that are not there, settings where they are written.

use crate::console::fault::{Fault, What};
use crate::console::{API_KEY, Console, Site};
use crate::scenario::Scenario;

/// A line of `check` with this name.
#[track_caller]
fn row<'a>(table: &'a str, name: &str) -> &'a str {
    let found = table.lines().find(|line| line.starts_with(name));
    found.unwrap_or_else(|| panic!("no row {name} in {table}"))
}

/// A `[[controller]]` of this name.
fn entry(name: &str, console: &Console) -> String {
    let port = console.port();
    format!(
        "[[controller]]\nname = \"{name}\"\nhost = \"http://127.0.0.1:{port}\"\napi_key = \"{API_KEY}\"\n"
    )
}

#[test]
fn a_source_that_misses_nothing_is_in_order_in_the_words_of_the_report() {
    let (scenario, console) = Scenario::with_console();
    let refused = r#"{"errorCode":403,"message":"api.err.NoPermission"}"#;
    console.fault(Fault::on("/admin-activity", What::json(403, refused)));
    let ran = scenario.does(&["check"]).exits(0);
    let line = row(&ran.stdout, "unifi/default/admin-activity");
    assert!(
        line.contains("  denied  ")
            && line.contains("(HTTP 403: api.err.NoPermission); the system log")
            && !line.contains("View-Only"),
        "{line}"
    );

    let (scenario, console) = Scenario::with_console();
    console.state().has_log = false;
    "7.5.187".clone_into(&mut console.state().version);
    let ran = scenario.does(&["check"]).exits(0);
    let line = row(&ran.stdout, "unifi/default/system-log");
    assert!(
        line.contains("  unsupported  ")
            && line.contains("does not offer the system log (HTTP 404")
            && line.contains("older lists of events are read instead")
            && !line.contains("no v2 system log"),
        "{line}"
    );

    // The log itself stands for nothing, and what was asked for has to be there.
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("system-log/all", What::forbidden()));
    let ran = scenario.does(&["check"]).exits(3);
    let line = row(&ran.stdout, "unifi/default/system-log");
    assert!(
        line.contains("  denied  ") && line.contains("View-Only role"),
        "{line}"
    );
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("/admin-activity", What::forbidden()));
    let file = scenario.file("required.toml", "[sources]\nrequired = [\"admin-activity\"]\n");
    let file = file.to_str().unwrap();
    scenario.does(&["check", "--config", file]).exits(3);
}

#[test]
fn files_for_ssh_lie_beside_the_configuration_wherever_that_was_named_from() {
    let (scenario, _console) = Scenario::with_console();
    let ssh = "[[controller]]\nname = \"unifi\"\n[controller.ssh]\nkey_file = \"key\"\n\
               known_hosts_file = \"known_hosts\"\nfile = \"/var/log/threat.log\"\n";
    scenario.file("ssh.toml", ssh);
    let ran = scenario
        .does(&["config", "show", "--config", "ssh.toml"])
        .exits(0);
    for (key, name) in [("key_file", "key"), ("known_hosts_file", "known_hosts")] {
        let whole = scenario.home().join(name);
        let line = format!("{key} = \"{}\"", whole.display());
        assert!(ran.stdout.contains(&line), "{line}: {}", ran.stdout);
    }
}

#[test]
fn a_site_that_is_not_there_is_78_and_every_one_that_is_gets_named() {
    let (scenario, console) = Scenario::with_console();
    for typo in ["shop", "nope/default"] {
        scenario
            .does(&["run", "--site", typo])
            .exits(78)
            .says("unifi/default (Default)")
            .never_says("no source was collected");
    }
    // Consoles with one site and with several, and files of a log server.
    let other = Console::start();
    other
        .state()
        .sites
        .push(Site::new("5dcadb04f8cd8804ddee7c00", "branch01", "Branch"));
    let log = scenario.file("gw.log", "");
    let written = format!(
        "{}{}sites = \"all\"\n[[file_source]]\nname = \"gw\"\npath = \"{}\"\n",
        entry("home", &console),
        entry("shop", &other),
        log.display()
    );
    let file = scenario.file("several.toml", written);
    let scenario = scenario.without("UNIFI_HOST").without("UNIFI_API_KEY");
    for typo in ["nowhere", "nope/default", "files/nope"] {
        scenario
            .does(&["run", "--config", file.to_str().unwrap(), "--site", typo])
            .exits(78)
            .says_all(&[
                "home/default",
                "shop/default",
                "shop/branch01 (Branch)",
                "files/gw",
            ]);
    }
    // One that has to be chosen among.
    let scenario = scenario.controller(&other);
    scenario.does(&["run", "--site", "nowhere"]).exits(78).says_all(&[
        "--site names no site",
        "unifi/default",
        "unifi/branch01 (Branch)",
    ]);
    assert!(scenario.reports().is_empty(), "{}", scenario.listing());
}

#[test]
fn a_controller_to_adopt_that_is_not_there_is_78_and_nobody_is_asked() {
    let (scenario, console) = Scenario::with_console();
    scenario
        .does(&["run", "--adopt", "nothing"])
        .exits(78)
        .says_all(&["--adopt nothing", "there are: unifi"]);
    assert_eq!(console.hits().len(), 0);
    scenario.does(&["run", "--adopt", "unifi"]).exits(0);
}
