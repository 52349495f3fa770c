//! `rules explain` and `rules list`: what the program knows about event keys.

use std::fmt::Write as _;

use serde_json::json;

use crate::analyse::catalogue::{self, Entry};
use crate::cli::RulesCommand;
use crate::exit::Exit;
use crate::model::text::{KEY, clean};
use crate::print;

pub fn rules(command: &RulesCommand) -> Exit {
    match command {
        RulesCommand::Explain { key } => print::put(explain(key).as_bytes()),
        RulesCommand::List { json } => print::put(list(*json).as_bytes()),
    }
    Exit::Ok
}

fn explain(key: &str) -> String {
    let explained = catalogue::explain(key);
    let mut text = format!("{}\n", clean(key, KEY));
    match explained.entry {
        Some(entry) => {
            let _ = writeln!(text, "  {}", entry.what);
            if !entry.alias.is_empty() {
                let _ = writeln!(text, "  another spelling of {}", entry.alias);
            }
        }
        None => text.push_str(
            "  not in the catalogue: it is counted, listed in the report, and judged by its family\n",
        ),
    }
    let _ = writeln!(
        text,
        "  category {}, a single row is {}",
        explained.category.name(),
        explained.severity
    );
    let rule = explained.rule;
    let _ = writeln!(text, "\nrule {}\n  {}", rule.id, rule.explanation);
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
