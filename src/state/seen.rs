//! The ids of rows already counted, kept in a sidecar `.seen-<generation>` that is never changed once written.
//!
//! An id is 72 bits of its SHA-256. Where ids are missing (too many of them, a sidecar lost or damaged) the hours
//! concerned are known as incomplete, so that nobody takes "not seen" for "new" there.

mod join;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};

use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::disk::random::hex;
use crate::model::source::SourceId;
use crate::state::schema::{Checkpoint, Sidecar};
use crate::state::shelf::{Entered, Id, Shelf, decode, encode, short};
use crate::state::traces::within;

/// Ids kept for one controller; the oldest hours go first.
pub const MOST: usize = 250_000;

const PREFIX: &str = ".seen-";
const HEADER: &str = "unifi-scan seen 1";
/// A sidecar of sixteen full controllers; a longer one was not written by us.
pub const LIMIT: u64 = 64 * 1024 * 1024;
const HOUR: i64 = 3600;

/// A family is what ids are unique in: `<controller>/<site>/sl`.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// By controller, the part of a family before the first `/`.
    shelves: BTreeMap<String, Shelf>,
    /// Below a path (`<controller>`, `<controller>/<site>` or a family) ids are missing in the hours before this one.
    complete_from: BTreeMap<String, i64>,
    /// The file this was read from, while it still says the same.
    unchanged: Option<Sidecar>,
    /// Why ids are missing that should be there.
    pub trouble: Option<String>,
}

impl Seen {
    /// Reads the sidecar the checkpoint names. One that is lost or damaged is no error: what was read before is
    /// then incomplete, and `trouble` says so.
    pub fn load(dir: &Dir, checkpoint: &Checkpoint) -> Self {
        Self::load_from(checkpoint, |sidecar| Self::read(dir, sidecar))
    }

    /// The same from wherever the sidecar is to be had.
    pub fn load_from(checkpoint: &Checkpoint, read: impl FnOnce(&Sidecar) -> Result<Self, String>) -> Self {
        let Some(sidecar) = &checkpoint.sidecar else {
            return Self::default();
        };
        let trouble = match read(sidecar) {
            Ok(seen) => return seen,
            Err(why) => why,
        };
        let mut lost = Self {
            trouble: Some(trouble),
            ..Self::default()
        };
        for source in checkpoint
            .sources
            .iter()
            .filter(|source| source.id.kind.has_events())
        {
            let position = &source.position;
            let counted = [position.watermark, position.newest, position.lagging_until];
            if let Some(last) = counted.into_iter().flatten().max() {
                lost.missing_before(
                    &format!("{}/{}", source.id.controller, source.id.site),
                    hour_of(last) + 1,
                );
            }
        }
        lost
    }

    /// The sidecar as it was written, or why it is not.
    pub fn read(dir: &Dir, sidecar: &Sidecar) -> Result<Self, String> {
        let name = &sidecar.name;
        match dir.read(name, LIMIT) {
            Ok(Some(bytes)) => {
                let seen = Self::open(&bytes, sidecar)?;
                Ok(Self {
                    unchanged: Some(sidecar.clone()),
                    ..seen
                })
            }
            Ok(None) => Err(format!("the seen ids in {name} are gone")),
            Err(error) => Err(format!("the seen ids in {name} cannot be read: {error}")),
        }
    }

    /// The ids in these bytes, which must be those that the checkpoint names.
    pub fn open(bytes: &[u8], sidecar: &Sidecar) -> Result<Self, String> {
        let seen = checked(bytes, sidecar).and_then(Self::parse);
        seen.map_err(|why| format!("the seen ids in {} {why}", sidecar.name))
    }

    #[cfg(test)]
    pub fn contains(&self, family: &str, id: &str) -> bool {
        let known = self
            .shelves
            .get(controller_of(family))
            .and_then(|shelf| shelf.families.get(family));
        known.is_some_and(|ids| ids.contains_key(&short(id)))
    }

    /// Whether every id counted in that hour (seconds since the epoch / 3600) is here.
    pub fn is_complete(&self, family: &str, hour: i64) -> bool {
        let covers = |path: &str| {
            family
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.complete_from
            .iter()
            .all(|(path, from)| hour >= *from || !covers(path))
    }

    /// Remembers an id; `false` if it was known.
    pub fn insert(&mut self, family: &str, id: &str, time: DateTime<Utc>) -> bool {
        self.enter(family, short(id), hour_of(time))
    }

    fn enter(&mut self, family: &str, id: Id, hour: i64) -> bool {
        let controller = controller_of(family);
        if !self.shelves.contains_key(controller) {
            self.shelves.insert(controller.to_owned(), Shelf::default());
        }
        let entered = self
            .shelves
            .get_mut(controller)
            .map_or(Entered::Known, |shelf| shelf.insert(family, id, hour));
        if entered != Entered::Known {
            self.unchanged = None;
        }
        if entered != Entered::New {
            return false;
        }
        while let Some(shelf) = self.shelves.get_mut(controller)
            && shelf.total > MOST
            && let Some(hour) = shelf.drop_oldest_hour()
        {
            self.missing_before(controller, hour + 1);
        }
        true
    }

    /// Forgets a family's ids of the hours that end before `before`. From then on nobody can say of a row in them
    /// that it was not counted.
    pub fn prune(&mut self, family: &str, before: DateTime<Utc>) {
        let first = hour_of(before);
        if let Some(shelf) = self.shelves.get_mut(controller_of(family))
            && shelf.retain(|name, hour| name != family || hour >= first)
        {
            self.unchanged = None;
            self.missing_before(family, first);
        }
    }

    /// A family goes on under another name, with all its ids.
    pub fn rename_family(&mut self, before: &str, after: &str) {
        let taken = self
            .shelves
            .get_mut(controller_of(before))
            .map(|shelf| shelf.take(before));
        let heir = self.shelves.entry(controller_of(after).to_owned()).or_default();
        for (id, hour) in taken.into_iter().flatten() {
            heir.insert(after, id, hour);
        }
        self.unchanged = None;
    }

    /// Forgets a family's ids of the hours from `time` on: their rows are to be counted again.
    pub fn forget_from(&mut self, family: &str, time: DateTime<Utc>) {
        let first = hour_of(time);
        if let Some(shelf) = self.shelves.get_mut(controller_of(family))
            && shelf.retain(|name, hour| name != family || hour < first)
        {
            self.unchanged = None;
        }
    }

    /// Forgets families nobody reads any more.
    pub fn keep_families(&mut self, wanted: impl Fn(&str) -> bool) {
        for shelf in self.shelves.values_mut() {
            if shelf.retain(|family, _| wanted(family)) {
                self.unchanged = None;
            }
        }
        self.shelves.retain(|_, shelf| shelf.total > 0);
    }

    /// How many ids are kept.
    pub fn len(&self) -> usize {
        self.shelves.values().map(|shelf| shelf.total).sum()
    }

    /// Writes the sidecar for the commit of `generation`, unless the file the checkpoint names says the same.
    pub fn write(&mut self, dir: &Dir, generation: u64) -> Result<Option<Sidecar>, DiskError> {
        if self.unchanged.is_some() {
            return Ok(self.unchanged.clone());
        }
        self.shelves.retain(|_, shelf| shelf.total > 0);
        if self.shelves.is_empty() && self.complete_from.is_empty() {
            return Ok(None);
        }
        let bytes = self.render().into_bytes();
        let sidecar = Sidecar {
            name: format!("{PREFIX}{generation}"),
            len: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: hex(digest(&SHA256, &bytes).as_ref()),
        };
        dir.replace(&sidecar.name, &bytes)?;
        self.unchanged = Some(sidecar.clone());
        Ok(Some(sidecar))
    }

    /// Ids of rows of this site before `time` are not known.
    pub fn lost_before(&mut self, source: &SourceId, time: DateTime<Utc>) {
        self.unchanged = None;
        self.missing_before(
            &format!("{}/{}", source.controller, source.site),
            hour_of(time) + 1,
        );
    }

    fn missing_before(&mut self, path: &str, hour: i64) {
        let from = self.complete_from.entry(path.to_owned()).or_insert(hour);
        *from = hour.max(*from);
    }

    /// A header, `?<TAB>path<TAB>hour` where ids are missing before an hour, then
    /// `family<TAB>hour<TAB>ids` with twelve characters an id. Sorted.
    fn render(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (path, hour) in &self.complete_from {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "?\t{}\t{hour}", escape(path));
        }
        for (family, ids) in self.shelves.values().flat_map(|shelf| &shelf.families) {
            let mut hours: BTreeMap<i64, Vec<&Id>> = BTreeMap::new();
            for (id, hour) in ids {
                hours.entry(*hour).or_default().push(id);
            }
            for (hour, mut ids) in hours {
                ids.sort_unstable();
                let _ = write!(text, "{}\t{hour}\t", escape(family));
                for id in ids {
                    encode(id, &mut text);
                }
                text.push('\n');
            }
        }
        text
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err("are in a form this version does not know".to_owned());
        }
        let mut seen = Self::default();
        for line in lines {
            seen.take_line(line).ok_or("cannot be understood")?;
        }
        Ok(seen)
    }

    fn take_line(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t');
        let first = fields.next()?;
        if first == "?" {
            let path = unescape(fields.next()?)?;
            self.complete_from.insert(path, fields.next()?.parse().ok()?);
            return Some(());
        }
        let family = unescape(first)?;
        let hour: i64 = fields.next()?.parse().ok()?;
        let ids = self.shelves.entry(controller_of(&family).to_owned()).or_default();
        for id in fields.next()?.as_bytes().chunks(12) {
            ids.insert(&family, decode(id)?, hour);
        }
        Some(())
    }
}

/// `.seen-812` → 812.
pub fn generation_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix(PREFIX)?;
    (!digits.is_empty()).then(|| within(digits)).flatten()
}

fn checked<'a>(bytes: &'a [u8], sidecar: &Sidecar) -> Result<&'a str, String> {
    let same = u64::try_from(bytes.len()) == Ok(sidecar.len)
        && hex(digest(&SHA256, bytes).as_ref()) == sidecar.sha256;
    if !same {
        return Err("are damaged".to_owned());
    }
    std::str::from_utf8(bytes).map_err(|_| "are not text".to_owned())
}

fn controller_of(family: &str) -> &str {
    family.split('/').next().unwrap_or(family)
}

fn hour_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(HOUR)
}

/// Keeps a name on its line and in its field.
fn escape(name: &str) -> String {
    name.replace('%', "%25")
        .replace('\t', "%09")
        .replace('\n', "%0A")
        .replace('\r', "%0D")
        .replace('?', "%3F")
}

fn unescape(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| {
        text.replace("%3F", "?")
            .replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%09", "\t")
            .replace("%25", "%")
    })
}
