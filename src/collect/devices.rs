//! The picture of a site: `stat/device` and `stat/health`. Neither can cost the other.

use chrono::{DateTime, Utc};

use crate::collect::console::Console;
use crate::collect::session::answers::NoRows;
use crate::collect::verdict;
use crate::collect::wire::device;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::device::SiteSnapshot;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{SiteName, SourceId, SourceKind};

/// Asks for both and says how that went. `observed_at` is the console's clock.
pub fn snapshot(
    site: &SiteName,
    ids: impl Fn(SourceKind) -> SourceId,
    version: &str,
    observed_at: DateTime<Utc>,
    console: &mut Console<'_>,
) -> (SiteSnapshot, [SourceCoverage; 2]) {
    let mut one = |kind, path: &str, what| {
        let body = console.get(&format!("/api/s/{}/stat/{path}", site.site), what);
        (verdict::line(&ids(kind), site), body)
    };
    let (line, body) = one(SourceKind::Devices, "device", "the list of devices");
    let (devices, devices_line) = picture(line, body, device::devices);
    let (line, body) = one(SourceKind::Health, "health", "the health of the site");
    let (health, health_line) = picture(line, body, device::health);
    let snapshot = SiteSnapshot {
        site: site.clone(),
        observed_at,
        version: version.to_owned(),
        devices,
        health,
    };
    (snapshot, [devices_line, health_line])
}

type Decoded<T> = Result<(Vec<T>, u64), String>;

fn picture<T>(
    mut line: SourceCoverage,
    body: Result<Vec<u8>, NoRows>,
    decode: fn(&[u8]) -> Decoded<T>,
) -> (Option<Vec<T>>, SourceCoverage) {
    let body = match body {
        Ok(body) => body,
        Err(no_rows) => return (None, verdict::refused(line, &no_rows)),
    };
    match decode(&body) {
        Ok((records, malformed)) => {
            line.records = u64::try_from(records.len()).unwrap_or(u64::MAX);
            line.malformed = malformed;
            line.outcome = if records.is_empty() {
                Outcome::Empty
            } else {
                Outcome::Complete
            };
            (Some(records), line)
        }
        Err(why) => (
            None,
            verdict::failed(line, &Failure::new(FailureKind::Protocol, why)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::console::Question;

    #[test]
    fn one_that_fails_costs_only_itself() {
        let mut answer = |question: &Question<'_>| match question.path {
            "/api/s/default/stat/device" => {
                Err(NoRows::Failed(Failure::new(FailureKind::Unavailable, "HTTP 502")))
            }
            _ => Ok(br#"{"meta":{"rc":"ok"},"data":[{"subsystem":"www","status":"ok"}]}"#.to_vec()),
        };
        let site = SiteName {
            controller: "home".into(),
            site: "default".into(),
        };
        let id = |kind| SourceId {
            controller: "u".into(),
            site: "1".into(),
            kind,
        };
        let (picture, [devices, health]) = snapshot(
            &site,
            id,
            "10.3.58",
            DateTime::default(),
            &mut Console::new(&mut answer),
        );
        assert_eq!((devices.outcome, devices.code), (Outcome::Failed, 69));
        assert_eq!(devices.reason.as_deref(), Some("HTTP 502"));
        assert_eq!((health.outcome, health.records), (Outcome::Complete, 1));
        assert!(picture.devices.is_none() && picture.health.is_some());
    }
}
