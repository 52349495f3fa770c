//! What the gateway's own log would tell of threats, over SSH: how it is configured, and what it costs where nothing
//! answers. Read from a real `sshd` it is among the tests with real components.

use std::net::TcpListener;
use std::path::Path;

use chrono::TimeDelta;
use serde_json::json;

use crate::console::Console;
use crate::console::row::Row;
use crate::scenario::{Scenario, source};

/// A world whose controller has this `[controller.ssh]`.
fn world(console: &Console, ssh: &str) -> Scenario {
    let scenario = Scenario::new().controller(console);
    let file = format!("[[controller]]\nname = \"unifi\"\n[controller.ssh]\n{ssh}");
    let file = scenario.file("ssh.toml", file);
    scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap())
}

#[test]
fn every_mistake_is_told_at_once_before_the_console_is_asked() {
    let console = Console::start();
    let ran = world(&console, "port = 22\n").run().exits(78);
    for key in ["key_file", "known_hosts_file", "file"] {
        assert!(ran.stderr.contains(&format!("no {key} ")), "{}", ran.stderr);
    }
    let bad = "user = \"-oProxyCommand=touch\"\nhost = \"-192.0.2.1\"\nport = 0\nkey_file = \"/etc/a b\"\n\
               known_hosts_file = \"/etc/k;reboot\"\nfile = \"/var/log/eve'$(reboot)'.json\"\nfille = \"/x\"\n";
    let ran = world(&console, bad).run().exits(78);
    for key in ["user", "host", "port", "key_file", "known_hosts_file", "file"] {
        let named = format!("controller.ssh.{key} (ssh.toml line ");
        assert_eq!(ran.stderr.matches(&named).count(), 1, "{key}: {}", ran.stderr);
    }
    assert!(ran.stderr.contains("did you mean `file`?"), "{}", ran.stderr);
    for file in [
        "var/log/eve.json",
        "-c",
        "/var/log/%h",
        "/var/log/~root",
        "/var/\\u0007log",
        "/var/log/é",
        "/var/log/`id`",
    ] {
        let ssh = format!("key_file = \"/k\"\nknown_hosts_file = \"/h\"\nfile = \"{file}\"\n");
        let ran = world(&console, &ssh).run().exits(78);
        assert!(
            ran.stderr.contains("controller.ssh.file"),
            "{file}: {}",
            ran.stderr
        );
        assert_eq!(console.hits().len(), 0, "{file}");
    }
}

#[test]
fn a_gateway_that_cannot_be_asked_costs_only_what_was_recognised() {
    let console = Console::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let at = console.now() - TimeDelta::hours(2);
    let ssh = |key: &str| {
        format!(
            "port = {port}\nkey_file = \"{key}\"\nknown_hosts_file = \"known_hosts\"\nfile = \"/var/log/eve.json\"\n"
        )
    };
    let scenario = world(&console, &ssh("key"));
    // Without a threat nobody is asked.
    scenario.run().exits(0);
    assert!(
        !scenario.newest_report()["sources"]
            .to_string()
            .contains("gateway-log")
    );

    console.advance(TimeDelta::hours(1));
    console.add([Row::threat(
        1,
        at + TimeDelta::hours(2),
        "192.168.3.62",
        "198.51.100.7",
    )]);
    let programs = ["/usr/bin/ssh", "/bin/ssh", "/usr/local/bin/ssh"];
    let has_ssh = programs.iter().any(|place| Path::new(place).exists());
    for (has_key, told) in [(false, "ssh-keygen -t ed25519"), (true, "refuses the connection")] {
        if has_key {
            scenario.file("key", "not read before there is a connection");
        }
        let ran = scenario.does(&["check"]);
        let told = if has_ssh { told } else { "openssh-client" };
        assert!(
            ran.stdout.contains("gateway log unifi") && ran.stdout.contains(told),
            "{}",
            ran.stdout
        );
        scenario.run().exits(3);
        let report = scenario.newest_report();
        let line = source(&report, "/gateway-log");
        assert_eq!(
            (&line["outcome"], &line["events"]),
            (&json!("failed"), &json!(null))
        );
        let reason = line["reason"].as_str().unwrap();
        assert!(
            reason.contains(told) && reason.contains("told without"),
            "{reason}"
        );
        assert_eq!(source(&report, "/system-log")["outcome"], "complete");
        assert_eq!(report["counts"]["events"], 1);
        scenario.told_exactly(&console);
        console.advance(TimeDelta::hours(1));
        console.add([Row::threat(
            2,
            console.now() - TimeDelta::minutes(9),
            "192.168.3.62",
            "198.51.100.7",
        )]);
    }
}
