//! Which sites of a report the operator means by a word.

use std::collections::BTreeMap;

use crate::model::report::Report;
use crate::model::source::UNKNOWN_SITE;

/// The sites that a report knows of, asked or not, with what people call them.
pub fn known(report: &Report) -> BTreeMap<&str, &str> {
    let asked = report.sources.iter().map(|line| (line.site(), ""));
    let told = report.sites.iter();
    asked
        .chain(told.map(|(site, of_site)| (site.as_str(), of_site.label.as_str())))
        .collect()
}

/// Whether a report knows a site that this word names, or may be one that could not be asked for its name.
pub fn is_known(report: &Report, word: &str) -> bool {
    let known = known(report);
    let unasked = |site: &str| site.ends_with(&format!("/{UNKNOWN_SITE}"));
    !named(&known, word).is_empty() || !word.contains('/') && known.keys().any(|site| unasked(site))
}

/// The sites that a word of the operator names: `default` or `home/default`, by the site's name or, where none is
/// called so, by a label that only one site of its console has. A site whose name is not known yet may be any of those
/// its console is named with.
pub fn named<'a>(known: &BTreeMap<&'a str, &'a str>, word: &str) -> Vec<&'a str> {
    let (console, wanted) = match word.split_once('/') {
        Some((console, wanted)) => (Some(console), wanted),
        None => (None, word),
    };
    let mut by_name = Vec::new();
    let mut by_label: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (site, label) in known {
        let Some((of, name)) = site.split_once('/') else {
            continue;
        };
        if console.is_some_and(|console| console != of) {
            continue;
        }
        if name == wanted || name == UNKNOWN_SITE && console.is_some() {
            by_name.push((of, *site));
        } else if *label == wanted && !wanted.is_empty() {
            by_label.entry(of).or_default().push(site);
        }
    }
    for (of, _) in &by_name {
        by_label.remove(of);
    }
    let labelled = by_label.into_values().filter(|sites| sites.len() == 1);
    let by_name = by_name.into_iter().map(|(_, site)| site);
    by_name.chain(labelled.flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_site_by_its_name_or_by_a_label_that_only_one_has() {
        let known = BTreeMap::from([
            ("home/default", "Default"),
            ("home/ab12cd34", "Shop"),
            ("home/ef56gh78", "Shop"),
            ("office/default", "Default"),
            ("office/shop1", "default"),
            ("barn/?", ""),
            ("files/syslog", ""),
            ("input", ""),
        ]);
        for (word, sites) in [
            ("default", ["home/default", "office/default"].as_slice()),
            ("home/default", &["home/default"]),
            ("Default", &["home/default", "office/default"]),
            ("office/Default", &["office/default"]),
            ("Shop", &[]),
            ("home/Shop", &[]),
            ("syslog", &["files/syslog"]),
            ("barn/default", &["barn/?"]),
            ("barn", &[]),
            ("input", &[]),
            ("", &[]),
            ("home/", &[]),
        ] {
            assert_eq!(named(&known, word), sites, "{word}");
        }
    }
}
