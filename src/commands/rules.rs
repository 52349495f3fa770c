//! `rules explain` and `rules list`: what the program knows about event keys.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::analyse::catalogue::{self, Entry};
use crate::analyse::rules::{Rule, all};
use crate::cli::{Common, RulesCommand};
use crate::collect::Slice;
use crate::collect::files::{self, FilesError};
use crate::commands::fail;
use crate::config::nearest::nearest;
use crate::exit::Exit;
use crate::model::count::counted;
use crate::model::text::{KEY, clean};
use crate::model::zone::Zone;
use crate::print;
use crate::run::order::Clock;

pub fn rules(command: &RulesCommand, common: &Common) -> Exit {
    match command {
        RulesCommand::Explain { key } if key.trim().is_empty() => {
            return fail(
                Exit::Usage,
                "name a key, such as EVT_AP_Lost_Contact, or a rule, such as device-down",
            );
        }
        RulesCommand::Explain { key } => print::put(explain(key).as_bytes()),
        RulesCommand::List {
            json,
            unknown_from: None,
        } => print::put(list(*json).as_bytes()),
        RulesCommand::List {
            json,
            unknown_from: Some(file),
        } => match unknown(file, *json, Clock::of(common).now()) {
            Ok(text) => print::put(text.as_bytes()),
            Err(error) => return fail(exit_of(&error), &error.to_string()),
        },
    }
    Exit::Ok
}

/// Keys in a file that the catalogue does not have, most frequent first.
fn unknown(file: &Path, json: bool, now: DateTime<Utc>) -> Result<String, FilesError> {
    let mut rows: BTreeMap<String, u64> = BTreeMap::new();
    let files = [file.to_owned()];
    let stdin = &mut std::io::stdin().lock();
    files::read(&files, stdin, &Zone::utc(), now, &mut |slice: Slice| {
        for (at, event) in slice.rows.iter().enumerate() {
            if catalogue::entry_of(&event.key, &event.event).is_none() {
                let again = slice.again.get(at).map_or(0, Vec::len);
                let count = u64::try_from(1 + again).unwrap_or(u64::MAX);
                *rows.entry(clean(&event.key, KEY)).or_default() += count;
            }
        }
        Ok(())
    })?;
    let mut rows: Vec<(String, u64)> = rows.into_iter().collect();
    rows.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    let mut text = String::new();
    for (key, count) in &rows {
        if json {
            let row = json!({ "key": key, "rows": count });
            let _ = writeln!(text, "{row}");
        } else {
            let _ = writeln!(text, "{key:<52} {}", counted(*count, "row"));
        }
    }
    if rows.is_empty() && !json {
        text.push_str("every key in it is in the catalogue\n");
    }
    Ok(text)
}

fn exit_of(error: &FilesError) -> Exit {
    match error {
        FilesError::Unreadable(_) => Exit::Usage,
        FilesError::Unusable(_) => Exit::Protocol,
        FilesError::Taking(_) => Exit::Failed,
    }
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
