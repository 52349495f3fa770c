//! Who this console is, which of its sites are wanted, and what it is able to tell.

pub mod sites;

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::console::{self, Console};
use crate::collect::session::answers::NoRows;
use crate::collect::verdict::{self, length, shown};
use crate::collect::wire::{self, SiteRow, Sysinfo};
use crate::collect::{Known, Wanted};
use crate::config::{Credentials, Sites};
use crate::model::coverage::SourceCoverage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{SiteName, SourceId, SourceKind, UNKNOWN_SITE};

/// A difference of clocks worth a sentence.
pub const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A console that may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// As the console tells it.
    pub uuid: Option<String>,
    /// What its sources are stored under.
    pub stored_under: String,
    pub sites: Vec<SiteRow>,
    /// Wanted by the configuration, but not by `--site`.
    pub not_asked: Vec<SiteRow>,
    /// What the first site's `sysinfo` said.
    pub first: Sysinfo,
}

impl Identity {
    /// What a source of a site is stored under.
    pub fn source(&self, site: &SiteRow, kind: SourceKind) -> SourceId {
        SourceId {
            controller: self.stored_under.clone(),
            site: site.id.clone(),
            kind,
        }
    }
}

/// Lists the sites, chooses the wanted ones and makes sure that it is the console it was before.
pub fn identify(wanted: &Wanted<'_>, console: &mut Console<'_>) -> Result<Identity, Failure> {
    let name = &wanted.controller.name;
    let body = console
        .get("/api/self/sites", "the list of sites")
        .map_err(|no_rows| whole(wanted, no_rows))?;
    let visible = wire::sites(&body).map_err(|why| protocol(name, "the list of sites", &why))?;
    let (sites, not_asked) = sites::choose(name, &visible, &wanted.controller.sites, wanted.sites_filter)?;
    let first = match sites.first().or(visible.first()) {
        None => Sysinfo::default(),
        Some(site) => match sysinfo(&site.name, console) {
            Ok(sysinfo) => sysinfo,
            Err(NoRows::Failed(failure)) => return Err(failure),
            // An account that may not read this may still read the log.
            Err(NoRows::Absent(_) | NoRows::Denied(_)) => Sysinfo::default(),
        },
    };
    let known = wanted.known.unwrap_or_default();
    let uuid = first.uuid.clone();
    if let (Some(told), Some(before)) = (&uuid, known.uuid)
        && told != before
        && !wanted.adopt
    {
        return Err(stranger(name, told, before));
    }
    let stored_under = uuid
        .clone()
        .or_else(|| known.uuid.map(str::to_owned))
        .unwrap_or_else(|| stable(&visible, name));
    Ok(Identity {
        uuid,
        stored_under,
        sites,
        not_asked,
        first,
    })
}

pub fn sysinfo(site: &str, console: &mut Console<'_>) -> Result<Sysinfo, NoRows> {
    let what = "the console's own description";
    let body = console.get(&format!("/api/s/{site}/stat/sysinfo"), what)?;
    wire::sysinfo(&body).map_err(|why| console::unreadable(what, &why))
}

/// What a missing source means: a console that is starting up also misses what it has, so it must answer
/// otherwise in the same run.
pub fn believed_absent(site: &str, kind: SourceKind, why: &str, console: &mut Console<'_>) -> NoRows {
    match sysinfo(site, console) {
        Ok(_) if kind == SourceKind::SystemLog => {
            NoRows::Absent(format!("{why}; its older lists of events are read instead"))
        }
        Ok(_) => NoRows::Absent(why.to_owned()),
        Err(_) => NoRows::Failed(Failure::new(
            FailureKind::Unavailable,
            format!("the console does not answer as a ready one would ({why}); it may be starting up"),
        )),
    }
}

/// The wanted sites as far as they are known without asking: what is not known of one is what it is called in the
/// configuration.
pub fn expected_sites(wanted: &Wanted<'_>) -> Vec<SiteRow> {
    let Known { sites: known, .. } = wanted.known.unwrap_or_default();
    let unknown = |name: &str| SiteRow {
        id: name.to_owned(),
        name: name.to_owned(),
        label: String::new(),
    };
    let chosen: Vec<SiteRow> = match &wanted.controller.sites {
        Sites::Named(names) => {
            let mut chosen: Vec<SiteRow> = Vec::new();
            for name in names {
                let by_name = known.iter().find(|site| site.name == *name);
                let remembered = by_name.or_else(|| known.iter().find(|site| site.label == *name));
                let site = remembered.cloned().unwrap_or_else(|| unknown(name));
                if !chosen.contains(&site) {
                    chosen.push(site);
                }
            }
            chosen
        }
        Sites::Only | Sites::All if known.is_empty() => vec![unknown(UNKNOWN_SITE)],
        Sites::Only | Sites::All => known.to_vec(),
    };
    let name = &wanted.controller.name;
    let asked = |site: &SiteRow| {
        wanted
            .sites_filter
            .is_none_or(|filter| site.name == UNKNOWN_SITE || sites::is_asked(name, site, filter))
    };
    chosen.into_iter().filter(asked).collect()
}

/// The lines of a site none of whose sources could be read.
pub fn unread_lines(
    id: &dyn Fn(SourceKind) -> SourceId,
    site: &SiteName,
    failure: &Failure,
) -> Vec<SourceCoverage> {
    [SourceKind::SystemLog, SourceKind::Devices, SourceKind::Health]
        .into_iter()
        .map(|kind| verdict::failed(verdict::line(&id(kind), site), failure))
        .collect()
}

pub fn clock_warning(wanted: &Wanted<'_>, console: Option<DateTime<Utc>>) -> Option<String> {
    let name = &wanted.controller.name;
    let Some(console) = console else {
        return Some(format!(
            "{name}: the console does not tell its time, so this host's clock was used; if they differ, events may come late"
        ));
    };
    let skew = console - wanted.now;
    if !wanted.judge_skew || skew.abs() <= SKEW {
        return None;
    }
    let direction = if skew > TimeDelta::zero() {
        "ahead of"
    } else {
        "behind"
    };
    Some(format!(
        "{name}: the console's clock ({}) is {} {direction} this host's; times in this report are the console's, and \
         one of the two needs NTP",
        shown(console),
        length(skew.abs())
    ))
}

pub fn too_early(name: &str, not_before: DateTime<Utc>) -> Failure {
    let message = format!(
        "{name}: not contacted, because the console limits logins and asked for none before {}; an API key has no such limit",
        shown(not_before)
    );
    Failure::new(FailureKind::Unavailable, message)
}

fn stranger(name: &str, told: &str, before: &str) -> Failure {
    let message = format!(
        "{name}: another console answers behind this name than before ({told}, known is {before}), so nothing was read; \
         if it was replaced or reset, run once with `--adopt {name}`, else check the address"
    );
    Failure::new(FailureKind::Config, message)
}

/// What stands for a uuid nobody tells: the oldest site's `_id` is made once and stays.
fn stable(visible: &[SiteRow], name: &str) -> String {
    let oldest = visible.iter().map(|site| &site.id).min();
    oldest.map_or_else(|| name.to_owned(), |id| format!("site-{id}"))
}

/// A reason that stands for the whole controller.
fn whole(wanted: &Wanted<'_>, no_rows: NoRows) -> Failure {
    let name = &wanted.controller.name;
    match no_rows {
        NoRows::Absent(why) if wanted.known.is_some_and(|known| known.uuid.is_some()) => {
            let text = format!("{name}: {why}, although it did before; it may be starting up");
            Failure::new(FailureKind::Unavailable, text)
        }
        // Every console has sites; a classic controller has them behind another path, and asks for a login there.
        NoRows::Absent(why) if matches!(wanted.controller.credentials, Credentials::ApiKey(_)) => {
            Failure::new(
                FailureKind::Config,
                format!(
                    "{name}: {why}; classic controllers and UniFi Network before 9 take no API key: set UNIFI_USERNAME and \
                 UNIFI_PASSWORD of a local account"
                ),
            )
        }
        NoRows::Failed(failure) => failure,
        NoRows::Denied(why) => {
            let message = format!("{name}: {why}; {}", verdict::VIEW_ONLY);
            Failure::new(FailureKind::Auth, message)
        }
        NoRows::Absent(why) => Failure::new(FailureKind::Protocol, format!("{name}: {why}")),
    }
}

fn protocol(name: &str, what: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Protocol,
        format!("{name}: {what} cannot be read: {why}"),
    )
}
