//! A channel with `sites`: the part of the report that is of these, and nothing of any other site.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::archive;
use crate::console::Site;
use crate::console::fault::{Fault, What};
use crate::firm::{ACME, ALL, BOREALIS, CUMULUS, Customer, Firm, nothing_of_others, rows};
use crate::receiver::Receiver;

/// A part is that of these customers, complete, and adds up.
#[track_caller]
fn is_part(part: &Value, customers: &[&Customer]) {
    let mut sites: Vec<&str> = customers.iter().map(|customer| customer.site).collect();
    sites.sort_unstable();
    assert_eq!(part["part"], json!(sites));
    nothing_of_others(&part.to_string(), customers);
    archive::conserved(part);
    let counts = &part["counts"];
    assert_eq!(counts["events"], rows(customers));
    let sum = |name: &str, of: &str| -> u64 {
        let items = part[name].as_array().unwrap().iter();
        items.map(|item| item[of].as_u64().unwrap()).sum()
    };
    assert_eq!(counts["routine"], sum("routine", "count"));
    let of_severities = ["severe", "medium", "low", "info"].map(|severity| sum("timeline", severity));
    assert_eq!(of_severities.iter().sum::<u64>(), rows(customers));
    let categories = counts["by_category"].as_object().unwrap().values();
    assert_eq!(categories.filter_map(Value::as_u64).sum::<u64>(), rows(customers));
    for customer in customers {
        let text = part.to_string().to_lowercase();
        for word in [customer.site, customer.mark, customer.mac, customer.address] {
            assert!(text.contains(word), "{word} of {} is missing", customer.site);
        }
        let attic = format!("{} attic", customer.mark);
        let findings = part["findings"].as_array().unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding["subject"]["name"] == attic.as_str())
        );
    }
    let threats: u64 = customers.iter().map(|customer| customer.rows.div_ceil(4)).sum();
    assert_eq!(part["threats"]["blocked"], threats);
    assert_eq!(part["devices"].as_array().unwrap().len(), 2 * customers.len());
    assert_eq!(part["unknown_keys"].as_array().unwrap().len(), customers.len());
    let titles = part["routine"].as_array().unwrap().iter();
    assert!(
        titles
            .map(|key| &key["title"])
            .all(|title| title.as_str().is_some_and(|title| !title.is_empty()))
    );
}

#[test]
fn each_channel_is_sent_the_part_of_its_sites_and_nothing_of_any_other() {
    let firm = Firm::new();
    // A console whose clock is off concerns its own sites.
    firm.msp.advance(TimeDelta::minutes(10));
    let receivers: [Receiver; 6] = std::array::from_fn(|_| Receiver::start());
    let [ops, acme, borealis, cumulus, msp, both] = &receivers;
    firm.sends(&[
        ("ops", ops, &[]),
        ("acme", acme, &["acme/default"]),
        ("borealis", borealis, &["msp/default"]),
        ("cumulus", cumulus, &["Cumulus Ltd"]),
        ("msp", msp, &["msp/Borealis", "branch01", "msp/default"]),
        ("both", both, &["Acme", "msp/branch01"]),
    ]);
    firm.scenario.run().exits(0);
    let mut whole = firm.scenario.newest_report();
    whole.as_object_mut().unwrap().remove("digest").unwrap();
    assert_eq!(ops.got()[0].body["reports"], json!([whole]));
    assert_eq!(whole["counts"]["events"], rows(&ALL));
    for (receiver, customers) in [
        (acme, [&ACME].as_slice()),
        (borealis, &[&BOREALIS]),
        (cumulus, &[&CUMULUS]),
        (msp, &[&BOREALIS, &CUMULUS]),
        (both, &[&ACME, &CUMULUS]),
    ] {
        let got = receiver.got();
        assert_eq!(receiver.runs(), [[1]]);
        nothing_of_others(&got[0].raw, customers);
        let part = &got[0].body["reports"][0];
        is_part(part, customers);
        assert_eq!(part["report_id"], whole["report_id"]);
        let warnings = part["warnings"].to_string();
        let is_of_msp = customers.iter().any(|customer| customer.site.starts_with("msp"));
        assert_eq!(warnings.contains("clock"), is_of_msp, "{warnings}");
        assert!(
            warnings.contains("more to say") && !warnings.contains("first report"),
            "{warnings}"
        );
    }
    archive::audit(&firm.scenario.reports);
    let shown = firm.scenario.does(&["config", "show"]).exits(0);
    shown.says("sites = [\"Cumulus Ltd\"]");
}

#[test]
fn a_run_that_asked_none_of_its_sites_is_not_due_and_owes_nothing() {
    let firm = Firm::new();
    let (acme, cumulus) = (Receiver::start(), Receiver::start());
    firm.sends(&[
        ("acme", &acme, &["acme/default"]),
        ("cumulus", &cumulus, &["Cumulus Ltd"]),
    ]);
    let alone = ["run", "--site", "acme/default", "--json"];
    let record = firm.scenario.does(&alone).exits(0).json();
    let outcomes = |record: &Value| -> Vec<String> {
        let channels = record["channels"].as_array().unwrap().iter();
        channels
            .map(|channel| channel["outcome"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(outcomes(&record), ["accepted", "accepted", "not due"]);
    firm.an_hour(1);
    let record = firm.scenario.does(&["run", "--json"]).exits(0).json();
    assert_eq!(outcomes(&record), ["accepted", "accepted", "accepted"]);
    assert_eq!(
        (acme.runs(), cumulus.runs()),
        (vec![vec![1], vec![2]], vec![vec![2]])
    );
    let first = &acme.got()[0];
    nothing_of_others(&first.raw, &[&ACME]);
    is_part(&first.body["reports"][0], &[&ACME]);
    let checkpoint = firm.scenario.checkpoint();
    assert_eq!(checkpoint["ledgers"]["cumulus"]["last_contiguous"], 2);
    assert_eq!(
        checkpoint["last_successful_run"],
        firm.scenario.newest_report()["generated_at"]
    );
    firm.scenario.does(&["history", "gaps"]).exits(0).says("no gaps");
    firm.scenario.does(&["retry"]).exits(0).says("nothing is owed");
}

#[test]
fn when_and_min_severity_look_at_the_part() {
    let firm = Firm::new();
    let (acme, borealis) = (Receiver::start(), Receiver::start());
    // Only Borealis has a device that is offline.
    firm.acme.state().devices.clear();
    firm.sends(&[
        ("borealis", &borealis, &["msp/default"]),
        ("acme", &acme, &["acme/default"]),
    ]);
    let file = firm.scenario.home().join("firm.toml");
    let written = std::fs::read_to_string(&file).unwrap();
    let severe = written.replace("kind = \"webhook\"\n", "kind = \"webhook\"\nwhen = \"severe\"\n");
    firm.scenario.file("firm.toml", severe);
    firm.scenario.run().exits(0);
    assert_eq!((borealis.runs().len(), acme.runs().len()), (1, 0));
}

#[test]
fn a_console_that_cannot_be_read_is_told_to_those_whose_site_it_is_and_names_no_other() {
    for sites in ["[\"default\", \"branch01\"]", "[\"Borealis\", \"Cumulus Ltd\"]"] {
        println!("{sites}");
        let mut firm = Firm::new();
        firm.consoles("\"all\"", sites);
        let (acme, borealis, cumulus) = (Receiver::start(), Receiver::start(), Receiver::start());
        firm.sends(&[
            ("acme", &acme, &["acme/default"]),
            ("borealis", &borealis, &["msp/default"]),
            ("cumulus", &cumulus, &["msp/Cumulus Ltd"]),
        ]);
        firm.scenario.run().exits(0);
        // The console shows one of the sites no more, and the reason lists what else there is.
        firm.msp.state().sites[1] = Site::new("5dcadb04f8cd8804ddee7c09", "dormer77", "Dormer & Sons");
        firm.an_hour(1);
        firm.scenario.run().exits(3).says("dormer77");
        for (receiver, customer) in [(&borealis, &BOREALIS), (&cumulus, &CUMULUS)] {
            let got = &receiver.got()[1];
            nothing_of_others(&got.raw, &[customer]);
            assert!(!got.raw.to_lowercase().contains("dormer"), "{}", got.raw);
            let part = &got.body["reports"][0];
            assert_eq!(part["part"], json!([customer.site]));
            assert_eq!(part["sources"][0]["outcome"], "failed");
            let findings = part["findings"].as_array().unwrap();
            assert!(
                findings.iter().any(|finding| finding["rule"] == "coverage"),
                "{findings:#?}"
            );
            assert!(part["counts"]["events"].is_null() && part["timeline"].is_null());
        }
        is_part(&acme.got()[1].body["reports"][0], &[&ACME]);
        assert!(!acme.got()[1].raw.contains("msp"));
    }
}

#[test]
fn a_console_that_never_told_its_sites_is_told_to_those_that_name_it() {
    let firm = Firm::new();
    firm.msp.fault(Fault::on("/api/self/sites", What::Garbage));
    let (acme, cumulus) = (Receiver::start(), Receiver::start());
    firm.sends(&[
        ("acme", &acme, &["acme/default"]),
        ("cumulus", &cumulus, &["msp/Cumulus Ltd"]),
    ]);
    firm.scenario.run().exits(3).never_says("saw no such site");
    let part = &cumulus.got()[0].body["reports"][0];
    assert_eq!(part["part"], json!(["msp/?"]));
    assert_eq!(part["sources"][0]["outcome"], "failed");
    nothing_of_others(&part.to_string(), &[&CUMULUS]);
    nothing_of_others(&acme.got()[0].raw, &[&ACME]);
}

#[test]
fn a_site_that_is_not_there_is_told_by_every_run_and_one_that_cannot_be_is_refused() {
    let firm = Firm::new();
    let receiver = Receiver::start();
    firm.sends(&[("gone", &receiver, &["msp/gone"])]);
    let ran = firm.scenario.run().exits(0);
    ran.says("Channel gone").says("saw no such site");
    assert!(
        firm.scenario.newest_report()["warnings"]
            .to_string()
            .contains("msp/gone")
    );
    assert!(receiver.got().is_empty());
    for (words, why) in [
        ("office/default", "no controller has the name"),
        ("msp/", "names no site"),
    ] {
        firm.sends(&[("gone", &receiver, &[words])]);
        firm.scenario.run().exits(78).says(why);
    }
    assert_eq!(firm.scenario.reports().len(), 1);
}

#[test]
fn an_ad_hoc_report_is_sent_in_parts_too_and_files_are_of_no_site() {
    let firm = Firm::new();
    let (acme, cumulus) = (Receiver::start(), Receiver::start());
    firm.sends(&[
        ("acme", &acme, &["acme/default"]),
        ("cumulus", &cumulus, &["msp/branch01"]),
    ]);
    firm.scenario
        .does(&["run", "--since", "5h", "--deliver"])
        .exits(0);
    is_part(&acme.got()[0].body["reports"][0], &[&ACME]);
    is_part(&cumulus.got()[0].body["reports"][0], &[&CUMULUS]);
    let page = crate::input::page(&crate::input::rows());
    let file = firm.scenario.file("default", page);
    let order = ["run", "--input", file.to_str().unwrap(), "--deliver", "--json"];
    let record = firm.scenario.does(&order).exits(0).json();
    assert_eq!(record["channels"][0]["outcome"], "not due", "{record:#}");
    assert_eq!((acme.got().len(), cumulus.got().len()), (1, 1));
}

#[test]
fn a_log_server_is_a_site_as_well() {
    let mut firm = Firm::new();
    let time = (Utc::now() - TimeDelta::hours(1)).format("%Y-%m-%dT%H:%M:%S%.3fZ");
    let line = format!(
        "{time} gw [LAN_IN-D-1]IN=br0 OUT=eth8 SRC=192.0.2.77 DST=198.51.100.1 PROTO=TCP SPT=1 DPT=443\n"
    );
    let log = firm.scenario.file("gw.log", line.repeat(3));
    let followed = format!(
        "[[file_source]]\nname = \"gw\"\npath = \"{}\"\n[[controller]]",
        log.display()
    );
    firm.consoles = firm.consoles.replacen("[[controller]]", &followed, 1);
    let (acme, lines) = (Receiver::start(), Receiver::start());
    firm.sends(&[
        ("acme", &acme, &["acme/default"]),
        ("lines", &lines, &["files/gw"]),
    ]);
    firm.scenario.run().exits(0);
    is_part(&acme.got()[0].body["reports"][0], &[&ACME]);
    assert!(!acme.got()[0].raw.contains("192.0.2.77"));
    let part = &lines.got()[0].body["reports"][0];
    nothing_of_others(&part.to_string(), &[]);
    assert_eq!(
        (&part["part"], &part["counts"]["events"]),
        (&json!(["files/gw"]), &json!(3))
    );
    archive::conserved(part);
}
