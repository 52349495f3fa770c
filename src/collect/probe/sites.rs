//! Which of a console's sites are wanted. A site is never guessed: none or several that fit are an error
//! that lists what there is.

use crate::collect::wire::SiteRow;
use crate::config::Sites;
use crate::model::failure::{Failure, FailureKind};

/// The wanted sites in two lists: those to ask now, and those `--site` leaves out this time.
pub fn choose(
    controller: &str,
    visible: &[SiteRow],
    wanted: &Sites,
    filter: Option<&[String]>,
) -> Result<(Vec<SiteRow>, Vec<SiteRow>), Failure> {
    if visible.is_empty() {
        let message = format!("{controller}: this account sees no site; give it a View-Only role for one");
        return Err(Failure::new(FailureKind::Config, message));
    }
    let asked = |site: &SiteRow| filter.is_none_or(|filter| is_asked(controller, site, filter));
    let chosen = match wanted {
        Sites::All => visible.to_vec(),
        Sites::Named(names) => named(controller, visible, names)?,
        Sites::Only if visible.len() == 1 => visible.to_vec(),
        // `--site` says which one is meant.
        Sites::Only if visible.iter().any(asked) && filter.is_some() => {
            visible.iter().filter(|site| asked(site)).cloned().collect()
        }
        // It means none of these.
        Sites::Only if filter.is_some() => visible.to_vec(),
        Sites::Only => {
            let message = format!(
                "{controller}: this account sees {} sites and none is chosen; set UNIFI_SITE to one of them, or to \
                 `all`: {}",
                visible.len(),
                listed(visible)
            );
            return Err(Failure::new(FailureKind::Config, message));
        }
    };
    Ok(chosen.into_iter().partition(asked))
}

/// `--site` takes a short name, a label, or either behind the controller's name.
pub fn is_asked(controller: &str, site: &SiteRow, filter: &[String]) -> bool {
    filter.iter().any(|wanted| {
        let of_controller = wanted
            .strip_prefix(controller)
            .and_then(|rest| rest.strip_prefix('/'));
        [Some(wanted.as_str()), of_controller]
            .into_iter()
            .flatten()
            .any(|wanted| fits(site, wanted))
    })
}

fn named(controller: &str, visible: &[SiteRow], names: &[String]) -> Result<Vec<SiteRow>, Failure> {
    let mut chosen: Vec<SiteRow> = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        let by_name = visible.iter().filter(|site| site.name == *name);
        let by_label = visible.iter().filter(|site| site.label == *name);
        let by_name: Vec<&SiteRow> = by_name.collect();
        let found = if by_name.is_empty() {
            by_label.collect()
        } else {
            by_name
        };
        match found.as_slice() {
            [site] if chosen.contains(site) => {}
            [site] => chosen.push((*site).clone()),
            [] => problems.push(format!("no site `{name}` is visible to this account")),
            several => problems.push(format!("{} sites are labelled `{name}`", several.len())),
        }
    }
    if problems.is_empty() {
        return Ok(chosen);
    }
    let message = format!(
        "{controller}: {}; name a site by its short name, one of: {}",
        problems.join(", "),
        listed(visible)
    );
    Err(Failure::new(FailureKind::Config, message))
}

fn fits(site: &SiteRow, wanted: &str) -> bool {
    site.name == wanted || (!site.label.is_empty() && site.label == wanted)
}

fn listed(visible: &[SiteRow]) -> String {
    let shown = visible.iter().take(20).map(|site| match site.label.as_str() {
        "" => site.name.clone(),
        label => format!("{} ({label})", site.name),
    });
    let mut shown: Vec<String> = shown.collect();
    if visible.len() > shown.len() {
        shown.push(format!("and {} more", visible.len() - shown.len()));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(name: &str, label: &str) -> SiteRow {
        SiteRow {
            id: format!("id-{name}"),
            name: name.to_owned(),
            label: label.to_owned(),
        }
    }

    fn names(chosen: &[SiteRow]) -> Vec<&str> {
        chosen.iter().map(|site| site.name.as_str()).collect()
    }

    fn office() -> Vec<SiteRow> {
        vec![
            site("default", "Office"),
            site("ab12cd34", "Shop"),
            site("ef56gh78", "Shop"),
        ]
    }

    fn named(list: &[&str]) -> Sites {
        Sites::Named(list.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_site_is_named_by_its_short_name_or_its_exact_label() {
        let chosen =
            |wanted: &[&str]| choose("home", &office(), &named(wanted), None).map(|(chosen, _)| chosen);
        assert_eq!(names(&chosen(&["default"]).unwrap()), ["default"]);
        assert_eq!(
            names(&chosen(&["Office", "default", "ab12cd34"]).unwrap()),
            ["default", "ab12cd34"]
        );
        assert!(chosen(&["office"]).is_err());
    }

    #[test]
    fn none_or_several_that_fit_list_what_there_is() {
        for (wanted, word) in [
            (named(&["gone"]), "no site `gone`"),
            (named(&["Shop"]), "2 sites"),
            (Sites::Only, "3 sites"),
        ] {
            let failure = choose("home", &office(), &wanted, None).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Config);
            assert!(
                failure.message.contains(word) && failure.message.contains("ab12cd34 (Shop)"),
                "{failure}"
            );
        }
        assert!(choose("home", &[], &Sites::All, None).is_err());
    }

    #[test]
    fn the_only_site_needs_no_name() {
        let (chosen, left) = choose("home", &office()[..1], &Sites::Only, None).unwrap();
        assert_eq!((names(&chosen), left.len()), (vec!["default"], 0));
    }

    #[test]
    fn what_the_command_line_leaves_out_is_told() {
        let filter = ["home/default".to_owned(), "other/ab12cd34".to_owned()];
        let (chosen, left) = choose("home", &office(), &Sites::All, Some(&filter)).unwrap();
        assert_eq!(
            (names(&chosen), names(&left)),
            (vec!["default"], vec!["ab12cd34", "ef56gh78"])
        );
        let (chosen, _) = choose("home", &office(), &Sites::Only, Some(&filter)).unwrap();
        assert_eq!(names(&chosen), ["default"]);
    }
}
