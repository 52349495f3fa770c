//! Every event key we know: what it means, how bad a single one is by our own judgement, and which rule it
//! belongs to. Spellings nobody has shown live are in here too: knowing them costs nothing.

mod anomalies;
mod cef;
mod devices;
mod people;
mod system_log;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::analyse::rules::{self, Rule};
use crate::model::finding::{Category, Severity};
use crate::model::quick::Seeded;

/// One key of the catalogue. `SYSLOG2:` and `CEF:` are namespaces of the catalogue, not part of live keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: &'static str,
    /// `AP`, `SW`, `GW` …: whose event it is.
    pub family: &'static str,
    /// What happened, in plain words.
    pub what: &'static str,
    /// How bad one such row is.
    pub severity: Severity,
    pub category: Category,
    /// The id of the rule it belongs to.
    pub rule: &'static str,
    /// The key it is another spelling of, or empty.
    pub alias: &'static str,
}

/// A key explained, for `rules explain`.
#[derive(Debug)]
pub struct Explanation {
    /// `None`: not in the catalogue; what follows is the default of its family.
    pub entry: Option<&'static Entry>,
    pub rule: &'static Rule,
    pub severity: Severity,
    pub category: Category,
}

const TABLES: [&[Entry]; 5] = [
    system_log::ENTRIES,
    devices::ENTRIES,
    people::ENTRIES,
    cef::ENTRIES,
    anomalies::ENTRIES,
];

/// Every entry, table by table, each in the order of its folded key.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    TABLES.into_iter().flatten()
}

/// What is known about a key, whatever its case, underscores, namespace or version suffix.
pub fn explain(key: &str) -> Explanation {
    let entry = find(key);
    let rule = rules::find(entry.map_or(rules::UNKNOWN_KEYS, |entry| entry.rule));
    Explanation {
        entry,
        rule,
        severity: entry.map_or(Severity::Low, |entry| entry.severity),
        category: entry.map_or_else(|| category_of_family(key), |entry| entry.category),
    }
}

/// The entry of a row: by its key as it stands, by its base event, then by both without version suffix. The
/// key comes first because it says more: `THREAT_BLOCKED_KNOWN_SOURCE_CLIENT` is a `THREAT_BLOCKED`.
pub fn entry_of(key: &str, event: &str) -> Option<&'static Entry> {
    [key, event]
        .into_iter()
        .find_map(exact)
        .or_else(|| find(event))
        .or_else(|| find(key))
}

/// The category an unknown key has by the prefix of its family.
pub fn category_of_family(key: &str) -> Category {
    let upper = key.to_ascii_uppercase();
    let family = upper.strip_prefix("EVT_").unwrap_or(&upper);
    match family.split('_').next().unwrap_or_default() {
        "AP" | "BB" | "WU" | "WG" | "CF" | "WC" => Category::Wireless,
        "SW" | "LU" | "LG" | "LC" | "GW" | "XG" | "DM" | "LTE" | "ULTE" | "WAN" | "NETWORK" | "INTERNET" => {
            Category::Connectivity
        }
        "IPS" | "IDS" | "THREAT" | "HONEYPOT" | "FW" | "VPN" => Category::Security,
        "AD" | "USP" | "UPS" | "DEVICE" | "FIRMWARE" => Category::System,
        _ => Category::Uncategorized,
    }
}

pub const fn entry(
    key: &'static str,
    family: &'static str,
    what: &'static str,
    severity: Severity,
    category: Category,
    rule: &'static str,
    alias: &'static str,
) -> Entry {
    Entry {
        key,
        family,
        what,
        severity,
        category,
        rule,
        alias,
    }
}

impl Entry {
    /// The key as a console sends it: without the catalogue's namespace.
    pub fn live_key(&self) -> &'static str {
        bare(self.key)
    }
}

fn find(key: &str) -> Option<&'static Entry> {
    exact(key)
        .or_else(|| exact(without_version(key)?))
        .or_else(|| exact(&key.to_ascii_uppercase().replacen("EVT_ULTE_", "EVT_LTE_", 1)))
        .or_else(|| by_base(key))
        .or_else(|| wildcard(key))
}

/// Base events are known by their versions: `CLIENT_ROAMED` by `CLIENT_ROAMED_2`.
fn by_base(key: &str) -> Option<&'static Entry> {
    let stem = without_version(key).unwrap_or(key);
    system_log::ENTRIES.iter().find(|entry| {
        without_version(entry.live_key()).is_some_and(|base| compare(base, stem) == Ordering::Equal)
    })
}

/// The entries of each folded key, table by table.
static BY_FOLDED: LazyLock<HashMap<String, Vec<&'static [Entry]>>> = LazyLock::new(|| {
    let mut known: HashMap<String, Vec<&'static [Entry]>> = HashMap::new();
    for table in TABLES {
        for same in table.chunk_by(|a, b| compare(a.key, b.key) == Ordering::Equal) {
            let folded = same
                .first()
                .map_or_else(String::new, |entry| fold(entry.key).collect());
            known.entry(folded).or_default().push(same);
        }
    }
    known
});

/// What keys that are written as in a table come to, so that they need no folding.
static AS_WRITTEN: LazyLock<HashMap<&'static str, &'static Entry, Seeded>> = LazyLock::new(|| {
    let written = all().flat_map(|entry| [entry.key, entry.live_key()]);
    written.filter_map(|key| Some((key, by_folded(key)?))).collect()
});

fn exact(key: &str) -> Option<&'static Entry> {
    AS_WRITTEN.get(key).copied().or_else(|| by_folded(key))
}

/// Looks a key up in every table; of several spellings that fold to one form, the one written the same wins.
fn by_folded(key: &str) -> Option<&'static Entry> {
    let namespaced = key.len() != bare(key).len();
    BY_FOLDED
        .get(&fold(key).collect::<String>())?
        .iter()
        .find_map(|same| {
            let mut same = same
                .iter()
                .filter(|entry| !namespaced || prefix(entry.key).eq_ignore_ascii_case(prefix(key)));
            let first = same.next()?;
            Some(same.find(|entry| bare(entry.key) == bare(key)).unwrap_or(first))
        })
}

/// Families of keys: `PORT_*_STORM`.
fn wildcard(key: &str) -> Option<&'static Entry> {
    let folded: String = fold(key).collect();
    system_log::ENTRIES.iter().find(|entry| {
        let pattern: String = fold(entry.key).collect();
        pattern.split_once('*').is_some_and(|(head, tail)| {
            folded.len() > head.len() + tail.len() && folded.starts_with(head) && folded.ends_with(tail)
        })
    })
}

fn compare(a: &str, b: &str) -> Ordering {
    fold(a).cmp(fold(b))
}

/// The letters and digits of a key in upper case, without namespace: what two spellings have in common.
fn fold(key: &str) -> impl Iterator<Item = char> + '_ {
    bare(key)
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '*')
        .map(|c| c.to_ascii_uppercase())
}

fn prefix(key: &str) -> &str {
    key.strip_suffix(bare(key)).unwrap_or_default()
}

fn bare(key: &str) -> &str {
    let bare = key.split_once(':').map_or(key, |(namespace, rest)| {
        match namespace.to_ascii_uppercase().as_str() {
            "SYSLOG2" | "CEF" => rest,
            _ => key,
        }
    });
    bare.strip_prefix("name=").unwrap_or(bare)
}

/// `CLIENT_ROAMED` of `CLIENT_ROAMED_2` and of `CLIENT_ROAMED_V2`.
fn without_version(key: &str) -> Option<&str> {
    let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == key.len() {
        return None;
    }
    stem.strip_suffix("_V")
        .or_else(|| stem.strip_suffix("_v"))
        .or_else(|| stem.strip_suffix('_'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::analyse::rules::Kind;

    #[test]
    fn the_catalogue_is_sorted_unique_and_complete() {
        for table in TABLES {
            for pair in table.windows(2) {
                let order = compare(pair[0].key, pair[1].key).then(pair[0].key.cmp(pair[1].key));
                assert_eq!(order, Ordering::Less, "{} {}", pair[0].key, pair[1].key);
            }
        }
        let keys: BTreeSet<_> = all().map(|entry| entry.key).collect();
        assert_eq!(keys.len(), 500);
        assert_eq!(all().count(), 500);
    }

    #[test]
    fn every_key_has_a_rule_and_every_event_rule_a_key() {
        let used: BTreeSet<_> = all().map(|entry| entry.rule).collect();
        for id in &used {
            assert!(rules::all().any(|rule| rule.id == *id), "no rule {id}");
        }
        for rule in rules::all() {
            let own = matches!(rule.kind, Kind::Derived | Kind::Snapshot | Kind::Report);
            assert_eq!(used.contains(rule.id), !own, "{}", rule.id);
        }
    }

    #[test]
    fn every_key_explains_itself_with_and_without_its_namespace() {
        for entry in all() {
            assert_eq!(explain(entry.key).entry.unwrap().key, entry.key);
            let live = explain(entry.live_key());
            assert!(live.entry.is_some(), "{}", entry.key);
            let lower = entry.live_key().to_lowercase().replace('_', "");
            assert_eq!(explain(&lower).rule.id, live.rule.id, "{lower}");
        }
    }

    #[test]
    fn spellings_of_one_key_are_one_key() {
        for (key, known) in [
            ("EVT_AP_LOST_CONTACT", "EVT_AP_Lost_Contact"),
            ("client_roamed_7", "SYSLOG2:CLIENT_ROAMED_2"),
            ("THREAT_DETECTED_V9", "SYSLOG2:THREAT_DETECTED"),
            ("PORT_BROADCAST_STORM", "SYSLOG2:PORT_*_STORM"),
            ("EVT_ULTE_HARD_LIMIT_USED", "EVT_LTE_HardLimitUsed"),
            ("CEF:201", "CEF:201"),
        ] {
            let found = explain(key).entry.map(|entry| entry.rule);
            assert_eq!(found, explain(known).entry.map(|entry| entry.rule), "{key}");
            assert!(found.is_some(), "{key}");
        }
    }

    #[test]
    fn an_unknown_key_has_the_category_of_its_family() {
        let unknown = explain("EVT_AP_Teleported");
        assert!(unknown.entry.is_none());
        assert_eq!(
            (unknown.severity, unknown.category),
            (Severity::Low, Category::Wireless)
        );
        assert_eq!(explain("WHATEVER_2").category, Category::Uncategorized);
    }
}
