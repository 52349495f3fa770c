//! Rules about the sources and what lies beside them.

use std::path::{Path, PathBuf};

use crate::{nothing, read, top};

/// Who may import whom; everybody may speak in `model`'s words and import from itself.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    (
        "main",
        &[
            "cli", "exit", "config", "run", "commands", "idle", "log_line", "print",
        ],
    ),
    ("log_line", &["cli", "config"]),
    ("print", &[]),
    (
        "run",
        &[
            "cli", "exit", "config", "state", "disk", "net", "collect", "analyse", "report", "deliver",
            "print",
        ],
    ),
    (
        "commands",
        &[
            "cli", "exit", "config", "state", "disk", "net", "collect", "analyse", "report", "deliver",
            "run", "print",
        ],
    ),
    ("cli", &["exit", "config"]),
    ("exit", &[]),
    ("idle", &["exit", "state"]),
    ("config", &[]),
    ("net", &["config"]),
    ("collect", &["config", "net"]),
    ("analyse", &[]),
    ("report", &[]),
    ("state", &["disk"]),
    ("disk", &[]),
    ("deliver", &["config", "net", "disk", "report"]),
    ("model", &[]),
];

/// Lines a file may have.
const LONGEST: usize = 350;
/// Longer on purpose: the table of rules, and that of the demo's equipment and people.
const MAY_BE_LONGER: &[&str] = &["src/analyse/catalogue", "src/collect/demo/office.rs"];

/// What a run leaves behind and nobody may commit.
const RUNTIME_FILES: &[&str] = &[
    "/unifi-scan-demo/",
    "/reports/",
    ".last_run.*",
    ".seen-*",
    ".run.json",
    ".outbox/",
    ".state-backups/",
    "failures.jsonl",
    "history.jsonl",
];

/// Every Rust file below `folder` with its path from the top, in order.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut folders = vec![top().join(folder)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no sources below {folder}");
    let name = |path: &Path| {
        path.strip_prefix(top())
            .expect("below the top")
            .to_string_lossy()
            .into_owned()
    };
    files.into_iter().map(|path| (name(&path), read(&path))).collect()
}

/// The lines of code with their numbers: comments left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(at, line)| (at + 1, line))
}

#[test]
fn a_module_imports_only_what_lies_below_it() {
    let mut faults = Vec::new();
    for (path, text) in sources("src") {
        let module = path
            .trim_start_matches("src/")
            .split(['/', '.'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{path}: the module `{module}` has no line in MAY_IMPORT"));
            continue;
        };
        for (at, line) in code(&text) {
            for rest in line.split("crate::").skip(1) {
                let target = rest
                    .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .next()
                    .unwrap_or_default();
                let fine = target == module || target == "model" || allowed.contains(&target);
                if !fine && !target.is_empty() {
                    faults.push(format!("{path}:{at}: `{module}` may not import `{target}`"));
                }
            }
        }
    }
    nothing(&faults);
}

#[test]
fn a_file_is_short_and_says_first_what_it_is_for() {
    let mut faults = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let lines = text.lines().count();
        if lines > LONGEST && !MAY_BE_LONGER.iter().any(|longer| path.starts_with(longer)) {
            faults.push(format!(
                "{path}: {lines} lines, {LONGEST} at most: split it by noun"
            ));
        }
        if !text.starts_with("//! ") {
            faults.push(format!("{path}: does not begin with `//!`"));
        }
    }
    nothing(&faults);
}

#[test]
fn no_source_is_unfinished_or_hides_where_a_name_comes_from() {
    // In two pieces, so that this file does not find itself.
    let everywhere = [
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("thread::", "sleep"),
    ];
    let outside_tests = ["super::", "::*;", "pub use "];
    let names = ["Manager", "Helper", "Util"];
    let mut faults = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        let testing = path.starts_with("tests/") || path.contains("/tests");
        let tests_begin = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let tests_line = text.get(..tests_begin).unwrap_or_default().lines().count();
        for (at, line) in code(&text) {
            let sleeps_by_right = path.starts_with("src/net/retry") || path == "src/state/lock.rs";
            let unfinished = everywhere
                .iter()
                .filter(|mark| line.contains(**mark) && !sleeps_by_right);
            let hidden = outside_tests
                .iter()
                .filter(|mark| line.contains(**mark) && !testing && at <= tests_line);
            let vague = names
                .iter()
                .filter(|name| line.contains(&format!("{name} {{")) && line.contains("struct "));
            for mark in unfinished.chain(hidden).chain(vague) {
                faults.push(format!("{path}:{at}: `{mark}`"));
            }
        }
    }
    nothing(&faults);
}

#[test]
fn what_a_run_leaves_behind_is_ignored_by_name() {
    let text = read(".gitignore");
    let lines: Vec<&str> = text.lines().collect();
    let missing: Vec<_> = RUNTIME_FILES
        .iter()
        .filter(|name| !lines.contains(name))
        .collect();
    assert!(missing.is_empty(), "not in .gitignore: {missing:?}");
    assert!(
        !lines.iter().any(|line| line.ends_with("*.json")),
        "`*.json` would hide fixtures and schemas"
    );
}
