//! The gateway's own log, read by the system's OpenSSH from a real `sshd` on loopback, beside a fake console.

mod world;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;

use chrono::TimeDelta;
use serde_json::json;

use crate::console::{PASSWORD, PATIENCE, USERNAME};
use crate::gateway::world::{OUTSIDE, SIGNATURE, World, alert, child_of, other, put};
use crate::{outside, said};

#[test]
fn a_threat_says_what_the_gateway_recognised_and_is_asked_about_once() {
    let Some(mut world) = World::new("a threat that only the gateway's log explains") else {
        return;
    };
    // The key of the README: it can do nothing but this.
    let file = world.path("threat.log");
    world.authorise(&format!(
        "restrict,command=\"tail -c 16777216 -- '{}'\"",
        file.display()
    ));
    let first = world.threat();
    let at = world.threat();
    let lines = [
        alert(first, OUTSIDE, SIGNATURE),
        other(first),
        "half a line\n".to_owned(),
        alert(at, OUTSIDE, SIGNATURE),
        alert(at, "203.0.113.80", "ET INFO Other Address"),
        alert(at + TimeDelta::minutes(1), OUTSIDE, "ET INFO Other Time"),
    ];
    put(&file, lines.concat());
    world.run(0);
    world.told(true);
    let (report, line) = (world.report(), world.line());
    assert_eq!(
        [
            &line["outcome"],
            &line["records"],
            &line["events"],
            &line["malformed"]
        ],
        [&json!("complete"), &json!(4), &json!(0), &json!(1)]
    );
    assert_eq!(report["counts"]["events"], 2);
    let told = report["findings"].to_string();
    assert!(
        told.contains("A Network Trojan was detected") && !told.contains("ET INFO"),
        "{told}"
    );
    let checked = said(&world.command("check").output().unwrap());
    assert!(checked.contains("4 alerts in "), "{checked}");
    world.console.advance(TimeDelta::hours(1));
    world.run(0);
    assert!(!world.report()["sources"].to_string().contains("gateway-log"));
    assert_eq!(
        world.log.lock().unwrap().matches("Accepted publickey").count(),
        2,
        "one by the run, one by the check"
    );
}

#[test]
fn a_host_key_is_believed_only_where_it_is_known_and_the_fix_that_is_told_works() {
    let Some(mut world) = World::new("a gateway whose host key is unknown") else {
        return;
    };
    put(&world.path("known_hosts"), "");
    let known = world.path("known_hosts").display().to_string();
    let fix = format!("ssh-keyscan -p {} 127.0.0.1", world.port);
    world.refused(3, "failed", &fix);
    assert!(world.line()["reason"].as_str().unwrap().contains(&known));
    world.trust("other_host");
    world.refused(
        3,
        "failed",
        &format!("ssh-keygen -R '[127.0.0.1]:{}' -f {known}", world.port),
    );
    let scanned = outside("/bin/sh", world.temp.path())
        .args(["-c", &fix])
        .output()
        .unwrap();
    put(&world.path("known_hosts"), scanned.stdout);
    let at = world.threat();
    put(&world.path("threat.log"), alert(at, OUTSIDE, SIGNATURE));
    world.run(0);
    world.told(true);
}

#[test]
fn a_key_or_a_file_that_is_of_no_use_costs_only_what_was_recognised() {
    let Some(mut world) = World::new("keys that a gateway does not take") else {
        return;
    };
    world.refused(3, "failed", "has no ");
    put(&world.path("threat.log"), "<html>\nno such page\n");
    world.refused(3, "failed", "none of its 2 lines");
    let key = world.path("key");
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    world.refused(3, "failed", &format!("chmod 600 {}", key.display()));
    mode(0o600);
    let mine = fs::read(&key).unwrap();
    put(&key, "no key");
    world.refused(3, "failed", "not a private key");
    put(&key, fs::read(world.path("other_key")).unwrap());
    world.refused(0, "denied", "does not take the key");
    put(&key, mine);
    // Whatever the gateway runs instead: what it sends is bounded.
    world.authorise("restrict,command=\"head -c 20000000 /dev/zero\"");
    world.refused(3, "failed", "16 MiB");
}

#[test]
fn of_a_long_log_the_newest_part_is_read_and_what_lies_before_is_told() {
    let Some(mut world) = World::new("a long log of a gateway") else {
        return;
    };
    let early = world.threat();
    let late = world.threat();
    let mut text = alert(early, OUTSIDE, SIGNATURE);
    let filler = other(early + TimeDelta::minutes(1));
    text.push_str(&filler.repeat(17 * 1024 * 1024 / filler.len()));
    text.push_str(&alert(late, OUTSIDE, SIGNATURE));
    put(&world.path("threat.log"), text);
    world.run(3);
    let line = world.line();
    assert_eq!(
        (&line["outcome"], &line["records"]),
        (&json!("partial"), &json!(1))
    );
    world.told(true);
}

#[test]
fn a_gateway_that_hangs_is_cut_off_and_is_never_told_the_consoles_password() {
    let Some(mut world) = World::new("a gateway that hangs") else {
        return;
    };
    let fifo = world.path("threat.log");
    let made = outside("mkfifo", world.temp.path()).arg(&fifo).status().unwrap();
    assert!(made.success());
    for (request_timeout, max_runtime, exit, part) in
        [("3s", "60s", 3, "within 3s"), ("60s", "6s", 124, "--max-runtime")]
    {
        world.configure(&format!("request_timeout = \"{request_timeout}\""));
        world.threat();
        let scan = world
            .command("run")
            .env_remove("UNIFI_API_KEY")
            .env("UNIFI_USERNAME", USERNAME)
            .env("UNIFI_PASSWORD", PASSWORD)
            .args(["--max-runtime", max_runtime])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // That opens when the other end is opened: `tail` runs on the gateway, and gets nothing.
        let (opened, opens) = mpsc::channel();
        let path = fifo.clone();
        thread::spawn(move || opened.send(OpenOptions::new().write(true).open(path)));
        let mut writer = opens.recv_timeout(PATIENCE).unwrap().unwrap();
        let ssh = child_of(scan.id());
        let environment = fs::read(format!("/proc/{ssh}/environ")).unwrap();
        assert_eq!(environment, b"", "{}", String::from_utf8_lossy(&environment));
        let arguments = String::from_utf8(fs::read(format!("/proc/{ssh}/cmdline")).unwrap()).unwrap();
        assert!(
            arguments.contains("BatchMode=yes") && !arguments.contains(PASSWORD),
            "{arguments}"
        );
        let output = scan.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{}", said(&output));
        assert!(
            !Path::new(&format!("/proc/{ssh}")).exists(),
            "ssh {ssh} was left behind"
        );
        let line = world.line();
        assert!(line["reason"].as_str().unwrap().contains(part), "{line:#}");
        world.told(false);
        // Nobody is left to read it.
        drop(writer.write_all(b"\n"));
    }
    drop(OpenOptions::new().write(true).custom_flags(0o4000).open(&fifo));
}
