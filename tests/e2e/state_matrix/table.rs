//! What may lie in the checkpoint's place, and what a run makes of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use serde_json::{Value, json};

use crate::archive;

/// What a run makes of it.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    /// Goes back to the newest copy, or refuses where there is none; says this of what lay there.
    Damaged(&'static str),
    /// Refuses whatever copies there are, with this code and these words.
    Refused(i32, &'static [&'static str]),
    /// Goes on as if nothing had happened.
    Fine,
}

/// A line of the table: what happens to the checkpoint at this path, and what a run makes of it.
pub type Line = (&'static str, Box<dyn Fn(&Path)>, Fate);

/// The same bytes with another value in one field.
fn edited(field: &'static str, value: Value, seal: bool) -> Box<dyn Fn(&Path)> {
    Box::new(move |path| {
        let mut checkpoint = archive::json(path);
        checkpoint[field] = value.clone();
        let bytes = if seal {
            archive::sealed(checkpoint)
        } else {
            serde_json::to_vec_pretty(&checkpoint).unwrap()
        };
        fs::write(path, bytes).unwrap();
    })
}

fn holding(bytes: &'static [u8]) -> Box<dyn Fn(&Path)> {
    Box::new(move |path| fs::write(path, bytes).unwrap())
}

fn bytes(change: fn(&mut Vec<u8>)) -> Box<dyn Fn(&Path)> {
    Box::new(move |path| {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    })
}

fn replaced(put: fn(&Path)) -> Box<dyn Fn(&Path)> {
    Box::new(move |path| {
        fs::remove_file(path).unwrap();
        put(path);
    })
}

/// `strict`: modes are heeded, because this is not root.
pub fn table(strict: bool) -> Vec<Line> {
    use Fate::{Damaged, Fine, Refused};
    const LAST: &str = "last_successful_run";
    const SUM: &str = "its checksum does not match";
    let is_root = rustix::process::geteuid().is_root();
    let newer: &[&str] = &["3.0", "newer program", "state restore"];
    let heeded = |code, words| if strict { Refused(code, words) } else { Fine };
    vec![
        ("missing", replaced(|_| {}), Damaged("is lost")),
        ("empty", holding(b""), Damaged("it is empty")),
        ("zeros", holding(&[0; 4096]), Damaged("only zero bytes")),
        ("a list", holding(b"[]"), Damaged("no schema_version")),
        (
            "no JSON",
            holding(b"last_run: yesterday\n"),
            Damaged("it is not JSON"),
        ),
        ("null time", edited(LAST, Value::Null, false), Damaged(LAST)),
        ("null time, sealed", edited(LAST, Value::Null, true), Fine),
        ("number", edited(LAST, json!(1_779_000_000), false), Damaged(LAST)),
        (
            "number, sealed",
            edited(LAST, json!(1_779_000_000), true),
            Damaged("wrong field: last_successful_run"),
        ),
        (
            "naive time",
            edited(LAST, json!("2026-11-20T06:00:00"), false),
            Damaged(LAST),
        ),
        (
            "naive time, sealed",
            edited(LAST, json!("2026-11-20T06:00:00"), true),
            Damaged("wrong field: last_successful_run"),
        ),
        (
            "future date",
            edited(LAST, json!("2199-01-01T00:00:00Z"), false),
            Damaged(LAST),
        ),
        (
            "future date, sealed",
            edited(LAST, json!("2199-01-01T00:00:00Z"), true),
            Fine,
        ),
        (
            "1970",
            edited(LAST, json!("1970-01-01T00:00:00Z"), false),
            Damaged(LAST),
        ),
        (
            "1970, sealed",
            edited(LAST, json!("1970-01-01T00:00:00Z"), true),
            Fine,
        ),
        (
            "wrong schema",
            edited("schema_version", json!("first"), true),
            Damaged("schema_version is \"first\""),
        ),
        (
            "no schema",
            edited("schema_version", Value::Null, true),
            Damaged("no schema_version"),
        ),
        (
            "newer schema",
            edited("schema_version", json!("3.0"), true),
            Refused(65, newer),
        ),
        (
            "a directory",
            replaced(|path| fs::create_dir(path).unwrap()),
            Damaged("not a regular file"),
        ),
        ("a FIFO", replaced(fifo), Damaged("not a regular file")),
        (
            "a bit flipped at the start",
            bytes(|bytes| bytes[3] ^= 1),
            Damaged("it is not JSON"),
        ),
        (
            "a bit flipped in the middle",
            bytes(|bytes| {
                let half = bytes.len() / 2;
                bytes[half] ^= 1;
            }),
            Damaged("it "),
        ),
        (
            "a bit flipped at the end",
            bytes(|bytes| {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            }),
            Damaged("it "),
        ),
        (
            "cut in the middle",
            bytes(|bytes| bytes.truncate(bytes.len() / 2)),
            Damaged("it is not JSON"),
        ),
        (
            "the last byte cut",
            bytes(|bytes| {
                bytes.pop();
            }),
            Damaged(SUM),
        ),
        (
            "unreadable",
            Box::new(|path| chmod(path, 0)),
            heeded(65, &["Permission denied", "chmod"]),
        ),
        (
            "somebody else's",
            Box::new(move |path| {
                chmod(path, 0o600);
                if is_root {
                    chown(path, Some(0), Some(0)).unwrap();
                }
            }),
            if is_root {
                heeded(65, &["belongs to 0:0", "1000", "its owner"])
            } else {
                Fine
            },
        ),
        (
            "a read-only directory",
            Box::new(|path| chmod(path.parent().unwrap(), 0o550)),
            heeded(73, &["Permission denied", "reports"]),
        ),
    ]
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o640), 0).unwrap();
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
