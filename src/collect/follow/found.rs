//! The files of a log server: those a pattern names, and what its rotation makes of them.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{SHA256, digest};

use crate::collect::lines::plain;

/// Bytes a file is known again by.
pub const HEAD: usize = 1024;
/// A file that nobody wrote to for so long is not written to any more.
const QUIET: TimeDelta = TimeDelta::days(1);

/// A file as it is now.
#[derive(Debug)]
pub struct Found {
    pub path: PathBuf,
    pub device: u64,
    pub inode: u64,
    /// In bytes, as it lies on the disk.
    pub size: u64,
    pub written: DateTime<Utc>,
    pub is_gzip: bool,
    /// The first bytes of its text, [`HEAD`] at most.
    pub head: Vec<u8>,
}

/// What lies there: files in the order they were last written, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Search {
    pub found: Vec<Found>,
    pub troubles: Vec<String>,
}

/// Looks for everything that the pattern names, and for its rotated companions: `gw.log.1`, `gw.log-20261120.gz`.
pub fn search(pattern: &str) -> Search {
    let mut search = Search::default();
    let mut paths: Vec<PathBuf> = Vec::new();
    for (pattern, rotated) in [(pattern.to_owned(), false), (format!("{pattern}[.-]*"), true)] {
        let Ok(matches) = glob::glob(&pattern) else {
            continue;
        };
        for path in matches {
            match path {
                Ok(path) if !rotated || is_rotated(&path) => paths.push(path),
                Ok(_) => {}
                Err(error) => search.troubles.push(trouble(error.path(), error.error())),
            }
        }
    }
    paths.sort();
    paths.dedup();
    for path in paths {
        match look(&path) {
            Ok(found) => search.found.extend(found),
            // It was rotated away since: the next run finds it under its new name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => search.troubles.push(trouble(&path, &error)),
        }
    }
    search
        .found
        .sort_by(|a, b| (a.written, &a.path).cmp(&(b.written, &b.path)));
    search
}

fn look(path: &Path) -> io::Result<Option<Found>> {
    // Asked before it is opened: opening a pipe would wait for whoever writes to it.
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let plain = plain::open(file)?;
    let mut head = Vec::new();
    let begins = u64::try_from(HEAD).unwrap_or(u64::MAX);
    plain.bytes.take(begins).read_to_end(&mut head)?;
    Ok(Some(Found {
        path: path.to_owned(),
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        written: written(&metadata),
        is_gzip: plain.was_gzip,
        head,
    }))
}

pub fn written(metadata: &Metadata) -> DateTime<Utc> {
    metadata.modified().map_or(DateTime::UNIX_EPOCH, DateTime::from)
}

/// What could not be done with which file, and what to do about it.
pub fn trouble(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    if error.kind() == io::ErrorKind::PermissionDenied {
        return format!(
            "{shown} may not be read by this user: add it to the group that may (`usermod -aG adm USER`), or set the mode of the log server's files"
        );
    }
    format!("{shown} cannot be read: {error}")
}

impl Found {
    /// Nothing is written to it any more.
    pub fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        self.is_gzip || now - self.written > QUIET
    }

    /// The log server has gone on to another file.
    pub fn is_closed(&self, now: DateTime<Utc>) -> bool {
        self.is_quiet(now) || is_rotated(&self.path)
    }

    /// 32 hex digits of the first bytes' SHA-256, if it has so many.
    pub fn head_of(&self, length: u64) -> Option<String> {
        let length = usize::try_from(length).ok()?;
        Some(hash(self.head.get(..length)?))
    }

    /// One of the two is the beginning of the other: a copy that rotation made, or is making.
    pub fn is_copy_of(&self, other: &Self) -> bool {
        let length = self.head.len().min(other.head.len());
        length > 0 && self.head.get(..length) == other.head.get(..length)
    }

    /// What ids of its rows begin with: its first line tells it from others, whatever it is called.
    pub fn name(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        hash(line).get(..16).unwrap_or_default().to_owned()
    }
}

pub fn hash(bytes: &[u8]) -> String {
    let hash = digest(&SHA256, bytes);
    let bytes = hash.as_ref().iter().take(16);
    let digits = bytes.flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// `gw.log.1`, `gw.log-20261120`, and the same packed.
fn is_rotated(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let packed = [".gz", ".xz", ".zst", ".bz2"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    let bare = packed.unwrap_or(&name);
    let number = bare.rsplit(['.', '-']).next().unwrap_or_default();
    packed.is_some()
        || (number.len() < bare.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rotation_makes_is_told_from_other_files() {
        for (name, expected) in [
            ("gw.log.1", true),
            ("gw.log-20261120", true),
            ("gw.log.2.gz", true),
            ("gw.log", false),
            ("gw.log.bak", false),
            ("1", false),
        ] {
            assert_eq!(is_rotated(Path::new(name)), expected, "{name}");
        }
    }
}
