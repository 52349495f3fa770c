//! A secret: it has no `Display`, its `Debug` says nothing, and it is read from a value or a small file.
//! It refuses what could never work, such as an API key with a line break, without ever showing it.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::config::setting::{Given, Remarks};

/// A key or password. [`Secret::expose`] is called where it meets the wire and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Largest secret file read.
const LARGEST: u64 = 64 * 1024;

/// What a given secret is, or a problem that names its place and the fix.
pub fn resolve(given: &Given, remarks: &mut Remarks) -> Option<Secret> {
    let (text, at) = match given {
        Given::Here(setting) => (setting.text.clone(), setting.at.clone()),
        Given::File(setting) => {
            let path = setting.path(remarks)?;
            let at = format!("{} ({})", setting.at, path.display());
            let read = read_small(&path, LARGEST);
            let (text, metadata) = read.map_err(|why| remarks.problem(format!("{at}: {why}"))).ok()?;
            if metadata.permissions().mode() & 0o004 != 0 {
                remarks.warning(format!(
                    "{at}: every user of this host can read this secret: chmod o-rwx {}",
                    path.display()
                ));
            }
            (text, at)
        }
    };
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(&text)
        .trim_end_matches(['\r', '\n']);
    let fault = if text.trim().is_empty() {
        "is empty: put the secret there, or remove the setting"
    } else if text.contains(['\r', '\n']) {
        "has more than one line: the secret must stand there alone"
    } else if text.contains('\0') {
        "contains a NUL character: it is no text file"
    } else {
        return Some(Secret::new(text));
    };
    remarks.problem(format!("{at}: {fault}"));
    None
}

/// An API key, which travels in a header and must fit there.
pub fn api_key(given: &Given, remarks: &mut Remarks) -> Option<Secret> {
    let secret = resolve(given, remarks)?;
    let key = secret.expose().trim();
    if key.chars().all(|c| c.is_ascii_graphic()) {
        return Some(Secret::new(key));
    }
    remarks.problem(format!(
        "{}: an API key has no spaces and no letters beyond ASCII: copy it again from the console",
        given.at()
    ));
    None
}

/// A regular file of at most `limit` bytes as text, or why not and what to do.
pub fn read_small(path: &Path, limit: u64) -> Result<(String, Metadata), String> {
    let cannot = |why: std::io::Error| match why.kind() {
        std::io::ErrorKind::NotFound => "there is no such file: create it, or correct the path".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "may not be read by this user: change its owner or mode, or run as the user it belongs to"
                .to_owned()
        }
        _ => format!("cannot be read: {why}"),
    };
    // Looked at before it is opened: opening a pipe nobody writes to would wait for ever.
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if metadata.is_dir() {
        return Err(
            "is a directory (a container runtime makes one where the file to mount is missing): name a file"
                .to_owned(),
        );
    }
    if !metadata.is_file() {
        return Err("is not a regular file: name one".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > limit {
        return Err(format!(
            "is larger than {} KiB: this cannot be the right file",
            limit / 1024
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text: save it as UTF-8".to_owned())?;
    Ok((text, metadata))
}
