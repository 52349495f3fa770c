//! What a console answers, made ours: bytes in, pages of rows and lists of records out. Lenient about
//! everything inside a row, strict about whether an answer is an answer at all.

pub mod anomalies;
pub mod device;
pub mod eve;
pub mod event;
pub mod fields;
pub mod flows;
pub mod json;
pub mod page;
pub mod parties;
mod skim;

use serde_json::Value;

use crate::collect::wire::fields::Object;
use crate::model::text::{NAME, SENTENCE};

/// What pages call the number of rows that match.
const TOTAL: &[&str] = &["total_element_count", "totalElementCount"];

/// A list of records as written, with what was said about it.
pub struct List<'a> {
    pub items: Vec<&'a [u8]>,
    pub bare: bool,
    said: Object,
}

impl<'a> List<'a> {
    /// Opens an answer: an array, or an object with an array named `data`. Anything else is an error, in words.
    pub fn open(body: &'a [u8]) -> Result<Self, String> {
        Self::open_looking(body, &mut |_| None)
    }

    /// The same, with a look at each record on the way.
    fn open_looking(body: &'a [u8], look: &mut json::Looking<'_>) -> Result<Self, String> {
        let body = json::trimmed(body);
        match body.first() {
            Some(b'[') => {
                let items = json::elements(body).ok_or("the answer is cut off or is no JSON")?;
                Ok(Self {
                    items,
                    bare: true,
                    said: Object::new(),
                })
            }
            Some(b'{') => Self::enveloped(body, look),
            Some(b'<') => Err("it answered with a web page instead of data".to_owned()),
            Some(_) => Err("the answer is no JSON".to_owned()),
            None => Err("the answer is empty".to_owned()),
        }
    }

    fn enveloped(body: &'a [u8], look: &mut json::Looking<'_>) -> Result<Self, String> {
        let (members, items) =
            json::members_and_list(body, "data", look).ok_or("the answer is cut off or is no JSON")?;
        let mut said = Object::new();
        for (name, raw) in members.into_iter().filter(|(name, _)| name != "data") {
            if let Some(value) = json::parse(raw) {
                said.insert(name, value);
            }
        }
        if let Some(message) = refusal(&said) {
            return Err(message);
        }
        let items = items.ok_or("the answer has no list named `data`")?;
        Ok(Self {
            items,
            bare: false,
            said,
        })
    }

    /// The list's records that are objects.
    pub fn objects(&self) -> impl Iterator<Item = Object> {
        self.items.iter().filter_map(|raw| match json::parse(raw) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        })
    }

    /// How many records match in all, by the answer's own header, and which family of answers counts like that.
    pub fn told(&self) -> Option<(&'static str, u64)> {
        let v2 = self.count(TOTAL).map(|total| ("v2", total));
        let legacy = || fields::count(fields::object(&self.said, "meta")?, "count");
        v2.or_else(|| legacy().map(|total| ("legacy", total)))
    }

    /// Whether it says so itself, outside of its records.
    pub fn says(&self, name: &str) -> bool {
        fields::truth(&self.said, name) == Some(true)
    }

    fn count(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| fields::count(&self.said, name))
    }
}

/// What the console says is wrong, if this is how it says so (in any of its three dialects, whatever the
/// HTTP status).
fn refusal(said: &Object) -> Option<String> {
    let meta = fields::object(said, "meta");
    let legacy = meta.filter(|meta| fields::text(meta, &["rc"], NAME) == "error");
    if let Some(meta) = legacy {
        return Some(format!("it answered {}", fields::text(meta, &["msg"], SENTENCE)));
    }
    let says = |name| said.get(name).is_some_and(|value| !is_nothing(value));
    if ["errorCode", "error", "errors", "statusCode"]
        .into_iter()
        .any(says)
    {
        let inner = fields::object(said, "error").unwrap_or(said);
        let words = fields::text(inner, &["message", "code", "errors", "errorCode"], SENTENCE);
        return Some(format!("it answered {words}"));
    }
    None
}

/// Some consoles name their errors in every answer, and mean none by it.
pub fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// One site as `self/sites` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRow {
    /// Its `_id`: what it is stored under.
    pub id: String,
    /// Short name, used in paths.
    pub name: String,
    /// The label people gave it; may be empty, need not be unique.
    pub label: String,
}

/// The sites an account may see, by name. A name that could change the path of a request is no site.
pub fn sites(body: &[u8]) -> Result<Vec<SiteRow>, String> {
    let list = List::open(body)?;
    let rows = list.objects().map(|row| SiteRow {
        id: fields::text(&row, &["_id", "id"], NAME),
        name: fields::text(&row, &["name"], NAME),
        label: fields::text(&row, &["desc"], NAME),
    });
    let in_path = |name: &str| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let mut sites: Vec<SiteRow> = rows
        .filter(|row| !row.name.is_empty() && in_path(&row.name))
        .collect();
    for site in sites.iter_mut().filter(|site| site.id.is_empty()) {
        site.id.clone_from(&site.name);
    }
    sites.sort_by(|a, b| a.name.cmp(&b.name));
    sites.dedup_by(|a, b| a.name == b.name);
    Ok(sites)
}

/// What `stat/sysinfo` says about the console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sysinfo {
    /// `10.3.58`; empty if it does not say.
    pub version: String,
    /// IANA name.
    pub timezone: Option<String>,
    pub retention_days: Option<u64>,
    pub uuid: Option<String>,
}

pub fn sysinfo(body: &[u8]) -> Result<Sysinfo, String> {
    let list = List::open(body)?;
    let row = list.objects().next().ok_or("`stat/sysinfo` holds no record")?;
    Ok(sysinfo_of(&row))
}

pub fn sysinfo_of(row: &Object) -> Sysinfo {
    let said = |names: &[&str]| Some(fields::text(row, names, NAME)).filter(|text| !text.is_empty());
    Sysinfo {
        version: said(&["version"]).unwrap_or_default(),
        timezone: said(&["timezone"]),
        retention_days: fields::count(row, "data_retention_days").filter(|days| *days > 0),
        uuid: said(&["anonymous_controller_id", "uuid"]).map(|uuid| uuid.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_site_name_cannot_change_a_path() {
        let body = br#"{"meta":{"rc":"ok"},"data":[{"_id":"1","name":"default","desc":"Office"},{"_id":"2","name":"../x"},{"name":"abc"}]}"#;
        let names: Vec<_> = sites(body)
            .unwrap()
            .into_iter()
            .map(|site| (site.id, site.name))
            .collect();
        assert_eq!(
            names,
            [
                ("abc".to_owned(), "abc".to_owned()),
                ("1".to_owned(), "default".to_owned())
            ]
        );
    }

    #[test]
    fn sysinfo_tells_version_zone_and_who_it_is() {
        let body = br#"{"meta":{"rc":"ok"},"data":[{"version":"10.3.58","timezone":"Europe/Berlin","data_retention_days":90,
            "anonymous_controller_id":"D0000000-0000-4000-8000-000000000001"}]}"#;
        let said = sysinfo(body).unwrap();
        assert_eq!(
            (said.version.as_str(), said.retention_days),
            ("10.3.58", Some(90))
        );
        assert_eq!(said.uuid.as_deref(), Some("d0000000-0000-4000-8000-000000000001"));
        assert!(sysinfo(br#"{"meta":{"rc":"ok"},"data":[]}"#).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop((page::Page::decode(&bytes), sites(&bytes), sysinfo(&bytes), device::devices(&bytes)));
        }
    }
}
