//! A controller with several sites.

use chrono::TimeDelta;

use crate::collect::Wanted;
use crate::collect::console::Question;
use crate::collect::tests::sessions::{ask, controller, down, wanted};
use crate::config::Sites;
use crate::model::coverage::Outcome;

#[test]
fn every_site_is_read_and_one_that_fails_costs_only_itself() {
    let home = controller(Sites::All);
    let filter = ["home/default".to_owned(), "Shop".to_owned()];
    let mut instead = |question: &Question<'_>| {
        let two = br#"{"data":[{"_id":"s1","name":"default"},{"_id":"s2","name":"shop1","desc":"Shop"},{"_id":"s3","name":"barn"}]}"#;
        match question.path {
            "/api/self/sites" => Some(Ok(two.to_vec())),
            "/api/s/shop1/stat/sysinfo" => Some(Err(down())),
            _ => None,
        }
    };
    let wanted = Wanted {
        sites_filter: Some(&filter),
        ..wanted(&home, None)
    };
    let (gathered, _) = ask(&wanted, TimeDelta::zero(), &mut instead);
    let failed: Vec<_> = gathered
        .coverage
        .iter()
        .map(|line| (line.id.site.as_str(), line.outcome == Outcome::Failed))
        .collect();
    assert_eq!(
        failed,
        [
            ("s1", false),
            ("s1", false),
            ("s1", false),
            ("s1", false),
            ("s1", false),
            ("s2", true),
            ("s2", true),
            ("s2", true)
        ]
    );
    assert_eq!(
        gathered
            .not_asked
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["home/barn"]
    );
}
