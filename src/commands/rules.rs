//! `rules explain` and `rules list`: what the program knows about event keys.

use std::fmt::Write as _;

use serde_json::json;

use crate::analyse::catalogue::{self, Entry};
use crate::analyse::rules::{Rule, all};
use crate::cli::RulesCommand;
use crate::commands::fail;
use crate::config::nearest::nearest;
use crate::exit::Exit;
use crate::model::text::{KEY, clean};
use crate::print;

pub fn rules(command: &RulesCommand) -> Exit {
    match command {
        RulesCommand::Explain { key } if key.trim().is_empty() => {
            return fail(
                Exit::Usage,
                "name a key, such as EVT_AP_Lost_Contact, or a rule, such as device-down",
            );
        }
        RulesCommand::Explain { key } => print::put(explain(key).as_bytes()),
        RulesCommand::List { json } => print::put(list(*json).as_bytes()),
    }
    Exit::Ok
}

fn explain(key: &str) -> String {
    if let Some(rule) = all().find(|rule| rule.id == key) {
        return of_rule(rule);
    }
    let explained = catalogue::explain(key);
    let mut text = format!("{}\n", clean(key, KEY));
    if let Some(entry) = explained.entry {
        let _ = writeln!(text, "  {}", entry.what);
        if !entry.alias.is_empty() && !entry.alias.eq_ignore_ascii_case(key) {
            let _ = writeln!(text, "  another spelling of {}", entry.alias);
        }
    } else {
        text.push_str(
            "  not in the catalogue: it is counted, listed in the report, and judged by its family\n",
        );
        let known = catalogue::all()
            .map(Entry::live_key)
            .chain(all().map(|rule| rule.id));
        if let Some(near) = nearest(key, known) {
            let _ = writeln!(text, "  did you mean {near}?");
        }
    }
    let _ = writeln!(
        text,
        "  category {}, a single row is {}",
        explained.category.name(),
        explained.severity
    );
    text.push('\n');
    text.push_str(&of_rule(explained.rule));
    text
}

fn of_rule(rule: &Rule) -> String {
    let mut text = format!("rule {}\n  {}\n", rule.id, rule.explanation);
    for step in rule.advice {
        let _ = writeln!(text, "  - {step}");
    }
    text
}

fn list(json: bool) -> String {
    let mut text = String::new();
    for Entry {
        key,
        family,
        what,
        severity,
        category,
        rule,
        alias,
    } in catalogue::all()
    {
        if json {
            let row = json!({ "key": key, "family": family, "what": what, "severity": severity,
                "category": category, "rule": rule, "alias": alias });
            let _ = writeln!(text, "{row}");
        } else {
            let _ = writeln!(text, "{key:<52} {:<7} {rule:<22} {what}", severity.name());
        }
    }
    text
}
