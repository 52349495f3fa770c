//! One file source: what its entry says, made into a [`FileSource`].

use crate::config::Controller;
use crate::config::schema::FileSourceEntry;
use crate::config::setting::Remarks;
use crate::config::validate::timezone;
use crate::model::text::{NAME, clean};
use crate::model::zone::Zone;

/// What a file source is called that has no name.
const UNNAMED: &str = "syslog";
/// What stands where a controller stands in the names of file sources.
pub const RESERVED: &str = "files";

/// Files of a log server that are followed as a console is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    /// Its identity in the checkpoint.
    pub name: String,
    /// A path, in which `*`, `?` and `[…]` stand for what they stand for in a shell.
    pub path: String,
    /// Of stamps that name none; `None`: the report's.
    pub timezone: Option<Zone>,
}

/// All file sources that are valid.
pub fn file_sources(
    entries: &[FileSourceEntry],
    controllers: &[Controller],
    remarks: &mut Remarks,
) -> Vec<FileSource> {
    if !entries.is_empty() && controllers.iter().any(|controller| controller.name == RESERVED) {
        remarks.problem(format!(
            "a controller cannot be called `{RESERVED}` beside a [[file_source]]: reports call those so"
        ));
    }
    let mut sources: Vec<FileSource> = Vec::new();
    for entry in entries {
        let Some(source) = file_source(entry, remarks) else {
            continue;
        };
        for other in &sources {
            if other.name == source.name {
                remarks.problem(format!(
                    "{}: another file source is called `{}` already: give each a `name`",
                    entry.at, other.name
                ));
            } else if other.path == source.path {
                remarks.problem(format!("{}: `{}` follows the same files", entry.at, other.name));
            }
        }
        sources.push(source);
    }
    sources
}

fn file_source(entry: &FileSourceEntry, remarks: &mut Remarks) -> Option<FileSource> {
    let name = entry.name.as_ref().map_or(UNNAMED, |name| name.text.trim());
    if name.contains('/') || clean(name, NAME) != name {
        remarks.problem(format!(
            "{}: a name of at most {NAME} characters without `/`",
            entry.at
        ));
    }
    let zone = entry.timezone.as_ref().map(|zone| timezone(zone, remarks));
    let Some(path) = &entry.path else {
        remarks.problem(format!(
            "{}: no path: add the files that the log server writes, path = \"/var/log/unifi/*.log\"",
            entry.at
        ));
        return None;
    };
    let whole = path.path(remarks)?;
    let Some(text) = whole.to_str() else {
        remarks.problem(format!("{}: {} is not text", path.at, path.shown()));
        return None;
    };
    if let Err(error) = glob::Pattern::new(text) {
        remarks.problem(format!(
            "{}: {} is no pattern: {}",
            path.at,
            path.shown(),
            error.msg
        ));
        return None;
    }
    Some(FileSource {
        name: name.to_owned(),
        path: text.to_owned(),
        timezone: zone.flatten(),
    })
}
