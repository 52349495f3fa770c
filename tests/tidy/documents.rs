//! Rules about README and examples: they say what the code does, and what schedulers can read.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{nothing, read, top};

/// The exit codes of the contract.
const EXIT_CODES: &[&str] = &[
    "0", "1", "2", "3", "4", "65", "69", "70", "73", "74", "75", "76", "77", "78", "124", "129", "130", "143",
];

/// Commands of which the second word is a command too.
const NESTED: &[&str] = &["state", "report", "history", "rules", "config"];

/// Names of environment variables in a text.
fn variables(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| *word == "REPORTS_DIR" || (word.starts_with("UNIFI_") && !word.ends_with('_')))
        .collect()
}

/// What stands between quotation marks on a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

#[test]
fn the_first_screen_of_the_readme_has_exactly_two_commands() {
    let readme = read("README.md");
    let screen = readme.split("\n## ").next().unwrap_or_default();
    let blocks: Vec<&str> = screen
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(blocks, ["cargo run --release -- run --demo\n", "cargo test\n"]);
    assert!(
        screen.contains("<!-- report:begin") && screen.contains("<!-- report:end -->"),
        "no picture of the report"
    );
}

#[test]
fn the_readme_explains_every_exit_code_and_no_other() {
    let readme = read("README.md");
    let section = readme
        .split("\n## Exit codes\n")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next());
    let first = |line: &str| {
        line.strip_prefix("| ")
            .and_then(|row| row.split(" |").next())
            .map(str::to_owned)
    };
    let cells = section
        .expect("the section")
        .lines()
        .filter_map(first)
        .filter(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
    let codes: Vec<String> = cells
        .flat_map(|cell| cell.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(codes, EXIT_CODES);
    if top().join("src/exit.rs").exists() {
        let source = read("src/exit.rs");
        let numbers: BTreeSet<&str> = source.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let missing: Vec<_> = EXIT_CODES
            .iter()
            .filter(|code| !numbers.contains(**code) && code.len() < 3)
            .collect();
        assert!(missing.is_empty(), "not in src/exit.rs: {missing:?}");
    }
}

#[test]
fn readme_and_examples_name_the_variables_that_exist() {
    let source = read("src/config/environment.rs");
    let known: BTreeSet<&str> = variables(&source);
    let readme = read("README.md");
    assert_eq!(
        variables(&readme),
        known,
        "left README, right src/config/environment.rs"
    );
    for example in ["crontab.example", "ofelia.ini", "deploy/config.example.toml"] {
        let text = read(example);
        let unknown: Vec<_> = variables(&text).difference(&known).copied().collect::<Vec<_>>();
        assert!(unknown.is_empty(), "{example}: {unknown:?}");
    }
}

#[test]
fn the_example_configuration_has_every_key_and_no_other() {
    let schema = read("src/config/schema.rs");
    let reads = [
        ".text(",
        ".number(",
        ".flag(",
        ".list(",
        ".duration(",
        ".secret(",
        ".table(",
        ".tables(",
    ];
    let reading = schema
        .lines()
        .filter(|line| reads.iter().any(|read| line.contains(read)));
    let known: BTreeSet<String> = reading.flat_map(quoted).map(str::to_owned).collect();
    let example = read("deploy/config.example.toml");
    let mut written = BTreeSet::new();
    for line in example.lines() {
        let line = line
            .strip_prefix('#')
            .filter(|rest| !rest.starts_with(' '))
            .unwrap_or(line);
        if let Some(section) = line.strip_prefix('[') {
            let name = section.trim_matches(['[', ']']);
            written.insert(name.rsplit('.').next().unwrap_or(name).to_owned());
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            written.insert(key.to_owned());
            let inner = value
                .split_once("{ ")
                .and_then(|(_, inner)| inner.split_once(" = "));
            written.extend(inner.map(|(key, _)| key.to_owned()));
        }
    }
    assert_eq!(written, known, "left the example, right src/config/schema.rs");
    toml::from_str::<toml::Table>(&example).expect("TOML");
}

#[test]
fn a_job_for_ofelia_has_six_fields_a_user_and_no_dot_in_its_name() {
    let mut faults = Vec::new();
    let ini = read("ofelia.ini")
        .lines()
        .map(|line| line.strip_prefix(';').unwrap_or(line).to_owned() + "\n")
        .collect::<String>();
    let mut jobs = 0;
    for job in ini.split("\n[job-").skip(1) {
        jobs += 1;
        let name = quoted(job).next().unwrap_or_default();
        let value = |key: &str| {
            job.lines()
                .find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix("= "))
        };
        if name.is_empty() || name.contains('.') {
            faults.push(format!("`{name}`: not a job name that labels can carry"));
        }
        if value("schedule").is_none_or(|spec| spec.split(' ').count() != 6) {
            faults.push(format!("`{name}`: six fields, five are read as something else"));
        }
        if !job.starts_with("local") && value("user").is_none() {
            faults.push(format!("`{name}`: no user"));
        }
        if value("no-overlap") != Some("true") {
            faults.push(format!("`{name}`: may overlap"));
        }
    }
    assert!(jobs > 0, "no job in ofelia.ini");
    let readme = read("README.md");
    for label in readme
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ofelia.job-"))
    {
        let (key, value) = label.split_once(": ").unwrap_or_default();
        let spec = value.trim_matches('"');
        if key.split('.').count() != 3 || (key.ends_with(".schedule") && spec.split(' ').count() != 6) {
            faults.push(format!("README: ofelia.job-{label}"));
        }
    }
    nothing(&faults);
}

#[test]
fn a_line_for_cron_has_five_fields_and_a_user() {
    let text = read("crontab.example");
    assert!(text.ends_with('\n'), "cron ignores a last line without its end");
    let mut jobs = 0;
    for line in text.lines().map(|line| line.strip_prefix('#').unwrap_or(line)) {
        let fields: Vec<&str> = line.split(' ').collect();
        let is_time = |field: &&str| {
            field.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)) && !field.is_empty()
        };
        if fields.first().is_none_or(|field| !is_time(field)) {
            continue;
        }
        jobs += 1;
        assert_eq!(
            fields.iter().take_while(|field| is_time(field)).count(),
            5,
            "{line}"
        );
        assert_eq!(fields.get(5), Some(&"unifi-scan"), "{line}");
        assert!(!line.replace("\\%", "").contains('%'), "{line}");
    }
    assert!(jobs > 0, "no job in crontab.example");
}

#[test]
fn every_command_that_is_documented_exists() {
    if !top().join("src/cli.rs").exists() {
        return;
    }
    let mut faults = BTreeSet::new();
    for document in ["README.md", "crontab.example", "ofelia.ini"] {
        let text = read(document);
        let spoken = text
            .split("unifi-scan ")
            .skip(1)
            .chain(text.split("cargo run --release -- ").skip(1));
        for words in spoken.filter_map(|rest| rest.split(['`', '\n', '>', '|', ';', ',']).next()) {
            let words: Vec<&str> = words
                .split_whitespace()
                .map(|word| word.trim_end_matches(['.', '"']))
                .collect();
            let is_word = |word: &&&str| {
                word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-')
            };
            let nested = words.first().is_some_and(|first| NESTED.contains(first));
            let command: Vec<&&str> = words
                .iter()
                .take_while(is_word)
                .take(1 + usize::from(nested))
                .collect();
            let flags: Vec<&&str> = words.iter().filter(|word| word.starts_with("--")).collect();
            if command.is_empty() || (flags.is_empty() && !nested) {
                continue;
            }
            let help = Command::new(env!("CARGO_BIN_EXE_unifi-scan"))
                .args(&command)
                .arg("--help")
                .output()
                .expect("started");
            let shown = String::from_utf8_lossy(&help.stdout);
            let known = |flag: &str| {
                shown
                    .split(|c: char| !(c.is_alphanumeric() || c == '-'))
                    .any(|word| word == flag)
            };
            if !help.status.success() {
                faults.insert(format!("{document}: unifi-scan {command:?} is not a command"));
            }
            for flag in flags.into_iter().filter(|flag| !known(flag)) {
                faults.insert(format!("{document}: unifi-scan {command:?} has no {flag}"));
            }
        }
    }
    nothing(&faults.into_iter().collect::<Vec<_>>());
}
