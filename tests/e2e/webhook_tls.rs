//! A receiver behind HTTPS: by whose word it is trusted, and what is told of one that is not.

use chrono::{TimeDelta, Utc};

use crate::console::Console;
use crate::console::identity::Identity;
use crate::console::row::series;
use crate::receiver::{QUERY, Receiver, TOKEN};
use crate::scenario::Scenario;

/// A console with some rows and a receiver with this certificate, trusted by nothing but its public roots.
fn world(identity: &Identity) -> (Scenario, Console, Receiver) {
    let (scenario, console) = Scenario::with_console();
    let since = console.now() - TimeDelta::minutes(50);
    console.add(series(0, 5, since, TimeDelta::minutes(2)));
    let receiver = Receiver::start_tls(identity);
    let scenario = scenario
        .env("UNIFI_WEBHOOK_URL", &receiver.url())
        .secret(TOKEN)
        .secret(QUERY);
    (scenario, console, receiver)
}

fn trusting(scenario: Scenario, authority: &str) -> Scenario {
    scenario.file("authority.pem", authority);
    let channel = "[[channel]]\nkind = \"webhook\"\nname = \"pager\"\nca_file = \"authority.pem\"\n";
    let file = scenario.file("unifi.toml", channel);
    scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap())
}

#[test]
fn a_receiver_with_a_private_certificate_is_trusted_by_its_ca_file() {
    let identity = Identity::signed();
    let (scenario, console, receiver) = world(&identity);
    assert!(receiver.url().starts_with("https://"));
    let scenario = trusting(scenario, &identity.authority);
    scenario.does(&["check"]).exits(0).says("channel pager");
    scenario.run().exits(0);
    assert_eq!(receiver.runs(), [[1]]);
    assert_eq!(receiver.got()[0].body["channel"], "pager");
    scenario.told_exactly(&console);
}

#[test]
fn a_certificate_nobody_vouches_for_is_a_definite_refusal_and_the_next_message_holds_both_runs() {
    let identity = Identity::signed();
    let (scenario, console, receiver) = world(&identity);
    let words = ["channel webhook", "its certificate is not trusted", "ca_file"];
    scenario
        .run()
        .exits(3)
        .says_all(&words)
        .never_says("UNIFI_TLS_FINGERPRINT");
    scenario.does(&["check"]).exits(77).says_all(&words);
    scenario
        .does(&["history", "gaps"])
        .exits(0)
        .says("webhook: run 1 owed")
        .never_says("may have arrived");
    assert!(receiver.got().is_empty(), "something was sent to a stranger");
    // What waiting rarely mends is tried again after six hours.
    console.advance(TimeDelta::hours(7));
    scenario.file("authority.pem", &identity.authority);
    let channel = "[[channel]]\nkind = \"webhook\"\nca_file = \"authority.pem\"\n";
    let file = scenario.file("unifi.toml", channel);
    let scenario = scenario.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap());
    let later = (Utc::now() + TimeDelta::hours(7)).to_rfc3339();
    scenario.does(&["run", "--now", &later]).exits(0);
    assert_eq!(receiver.runs(), [[1, 2]]);
    scenario.told_exactly(&console);
}

#[test]
fn another_authority_and_a_certificate_that_is_its_own_authority_are_told_with_the_fix_of_a_channel() {
    for (identity, authority, words) in [
        (Identity::signed(), Identity::signed().authority, "not trusted"),
        (Identity::fresh(), Identity::signed().authority, "not trusted"),
        (
            Identity::authority_alone(),
            Identity::signed().authority,
            "an authority's own",
        ),
    ] {
        let (scenario, _console, receiver) = world(&identity);
        let scenario = trusting(scenario, &authority);
        scenario
            .run()
            .exits(3)
            .says_all(&["channel pager", words, "ca_file"])
            .never_says("UNIFI_");
        assert!(receiver.got().is_empty());
    }
    let identity = Identity::authority_alone();
    let (scenario, _console, receiver) = world(&identity);
    let scenario = trusting(scenario, &identity.authority);
    let said = ["channel pager", "an authority's own", "ca_file"];
    scenario.run().exits(3).says_all(&said).never_says("UNIFI_");
    assert!(receiver.got().is_empty());
}
