//! What became of a finding that was going on and is not among today's: over, unheard of, or no longer to be seen.
//!
//! It is over only where something that was read says so: a row, or a list in which the device is online.

use chrono::TimeDelta;

use crate::analyse::address::is_mac;
use crate::analyse::aftermath::{aftermath, next_time};
use crate::analyse::rules::{self, Kind, Rule};
use crate::analyse::scene::Scene;
use crate::analyse::words::{self, capitalised, uncapitalised};
use crate::model::device::Device;
use crate::model::digest::Way;
use crate::model::finding::{Finding, Severity, Trend};
use crate::model::memory::Remembered;

/// An outage nobody has heard of for so long is told a last time.
const SILENT: TimeDelta = TimeDelta::days(7);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Seen to be over.
    Over,
    /// Nothing was heard of it: as far as is known it goes on.
    Quiet,
    /// The same for too long: told a last time.
    Lapsed,
    /// The console's list no longer has the device: nobody can see how it is.
    Unlisted,
    /// The operator switched the device off.
    Disabled,
    /// Where one would see it was not read this time.
    Unseen,
    /// Told under another name.
    Dropped,
}

impl Fate {
    /// As far as is known it is not over.
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Quiet | Self::Unseen)
    }
}

pub fn fate(earlier: &Remembered, findings: &[Finding], scene: &Scene<'_>) -> Fate {
    let told_otherwise = findings.iter().any(|finding| {
        finding.rule.starts_with("device-")
            && earlier.rule.starts_with("device-")
            && finding.site == earlier.site
            && finding.subject.id == earlier.subject.id
    });
    if told_otherwise {
        return Fate::Dropped;
    }
    let coverage = scene.evidence.coverage;
    let mut asked = coverage.iter().filter(|source| source.site() == earlier.site);
    let is_left_out = !coverage.is_empty() && asked.clone().next().is_none();
    let site = scene.site(&earlier.site);
    let devices = site.and_then(|site| site.devices.as_deref());
    let rule = rules::find(&earlier.rule);
    let is_outage = rule.kind == Kind::Outage || rule.id == "device-flapping";
    match (rule.id, devices) {
        ("coverage", _) if asked.clone().next().is_none() => Fate::Unseen,
        ("coverage", _) if asked.all(|source| source.is_covered(coverage)) => Fate::Over,
        ("coverage", _) => Fate::Dropped,
        ("health", _) if site.is_some_and(|site| site.health.is_some()) => Fate::Over,
        ("health", _) => Fate::Unseen,
        _ if is_left_out => Fate::Unseen,
        (_, Some(devices)) if !is_outage => state_of_affairs(earlier, devices),
        (_, None) if !is_outage => Fate::Unseen,
        ("device-flapping", _) if has_returned(earlier, scene) => Fate::Over,
        ("device-down" | "device-flapping" | "on-battery" | "mass-outage", Some(devices)) => {
            presence(earlier, devices).unwrap_or_else(|| silence(earlier, scene))
        }
        ("wan-outage", Some(devices)) if are_lines_up(devices) => Fate::Over,
        _ => silence(earlier, scene),
    }
}

/// Of what only the list tells: gone with the device, unless this is busy with something else.
fn state_of_affairs(earlier: &Remembered, devices: &[Device]) -> Fate {
    match find(earlier, devices).map(|device| (device.state, device.disabled)) {
        Some((Some(1) | None, _) | (_, true)) | None => Fate::Over,
        // The next report will know.
        Some(_) => Fate::Unseen,
    }
}

/// What the list says of a device that was away; `None` if nothing, as of one that is being updated.
fn presence(earlier: &Remembered, devices: &[Device]) -> Option<Fate> {
    // Of several at once: those still missing are told one by one.
    if matches!(earlier.subject.id.as_str(), "" | "*") {
        let mut wanted = devices.iter().filter(|device| !device.disabled);
        return Some(if wanted.all(|device| device.state == Some(1)) {
            Fate::Over
        } else {
            Fate::Dropped
        });
    }
    match find(earlier, devices) {
        Some(device) if device.disabled => Some(Fate::Disabled),
        Some(device) if device.state == Some(1) => Some(Fate::Over),
        None if is_mac(&earlier.subject.id) => Some(Fate::Unlisted),
        _ => None,
    }
}

/// By its MAC, or by its name where rows told nothing else.
fn find<'a>(earlier: &Remembered, devices: &'a [Device]) -> Option<&'a Device> {
    let id = &earlier.subject.id;
    let has_name = |device: &Device| !id.is_empty() && device.name.to_lowercase() == *id;
    let is_it = |device: &&Device| device.mac.eq_ignore_ascii_case(id) || has_name(device);
    devices.iter().find(is_it)
}

/// A row says that a device which kept dropping out came back last.
fn has_returned(earlier: &Remembered, scene: &Scene<'_>) -> bool {
    scene
        .group("device-down", &earlier.site, &earlier.subject.id)
        .and_then(|group| group.turns.iter().max())
        .is_some_and(|turn| matches!(turn.1, Way::Up | Way::Blip))
}

fn are_lines_up(devices: &[Device]) -> bool {
    let mut lines = devices.iter().flat_map(|device| &device.wans).peekable();
    lines.peek().is_some() && lines.all(|wan| wan.up == Some(true) || wan.enabled == Some(false))
}

fn silence(earlier: &Remembered, scene: &Scene<'_>) -> Fate {
    if scene.now() - earlier.last_seen > SILENT {
        Fate::Lapsed
    } else {
        Fate::Quiet
    }
}

/// The earlier finding told once more, if there is something to tell.
pub fn again(fingerprint: &str, earlier: &Remembered, scene: &Scene<'_>, fate: Fate) -> Option<Finding> {
    let rule = rules::find(&earlier.rule);
    let severity = match fate {
        Fate::Over => Severity::Info,
        Fate::Quiet => earlier.severity,
        Fate::Lapsed | Fate::Unlisted | Fate::Disabled => Severity::Low.min(earlier.severity),
        Fate::Unseen | Fate::Dropped => return None,
    };
    let (over, now) = (fate == Fate::Over, scene.now_at(&earlier.site));
    Some(Finding {
        fingerprint: fingerprint.to_owned(),
        rule: earlier.rule.clone(),
        severity,
        category: earlier.category,
        title: capitalised(title(earlier, rule, fate).trim()),
        explanation: explanation(earlier, rule, scene, fate),
        remediation: steps(rule, fate),
        subject: earlier.subject.clone(),
        site: earlier.site.clone(),
        first_seen: earlier.first_seen,
        last_seen: if over { now } else { earlier.last_seen },
        count: 0,
        occurrences: 1,
        trend: if over { Trend::Resolved } else { Trend::Quiet },
        days: earlier.days,
        ongoing: fate.goes_on(),
        examples: Vec::new(),
    })
}

fn title(earlier: &Remembered, rule: &Rule, fate: Fate) -> String {
    let name = words::name(&earlier.subject);
    let is_one = !matches!(earlier.subject.id.as_str(), "" | "*") && !name.is_empty();
    let who = match rule.id {
        "wan-failover" => "main internet line".to_owned(),
        "wan-outage" => format!("internet connection {name}"),
        "vpn-tunnel" => format!("VPN tunnel {name}"),
        _ if is_one => name,
        _ => uncapitalised(&earlier.title),
    };
    let who = who.trim();
    match (fate, rule.id) {
        (Fate::Over, "device-down" | "device-flapping") if is_one => format!("{who} is back online"),
        (Fate::Over, "wan-outage" | "vpn-tunnel") => format!("{who} works again"),
        (Fate::Over, "coverage") => "everything could be read again".to_owned(),
        (Fate::Over, _) => format!("solved: {}", earlier.title),
        (Fate::Unlisted, _) => {
            format!("{who} is no longer in the console's list of devices, and nothing says that it came back")
        }
        (Fate::Disabled, _) => format!("{who} is switched off in the console now"),
        (Fate::Lapsed, _) => format!(
            "{who}: nothing heard since {}",
            earlier.last_seen.format("%-d %B")
        ),
        _ => format!("{who}: still no sign that it is back"),
    }
}

fn explanation(earlier: &Remembered, rule: &Rule, scene: &Scene<'_>, fate: Fate) -> String {
    match fate {
        Fate::Over => over_now(earlier, rule, scene),
        Fate::Unlisted => {
            "An earlier report told that it was away. Since then it has been removed or forgotten in \
                           the console, so nobody can see from here whether it works. This is told once."
                .to_owned()
        }
        Fate::Disabled => {
            "An earlier report told that it was away. Somebody has disabled it in the console since, \
                           so it is not expected to be online. This is told once."
                .to_owned()
        }
        Fate::Lapsed => format!(
            "An earlier report told of this, and in more than {} no message has said that it is over, or that it \
             is not. It is not brought up again until something is heard of it. {}",
            words::duration(SILENT.num_seconds().unsigned_abs()),
            rule.explanation
        ),
        _ => format!(
            "An earlier report told of this, and nothing that was read since says that it is over. {}",
            rule.explanation
        ),
    }
}

fn steps(rule: &Rule, fate: Fate) -> Vec<String> {
    match fate {
        Fate::Over if rule.kind == Kind::Outage => vec![next_time(rule)],
        Fate::Over => Vec::new(),
        Fate::Unlisted | Fate::Disabled => vec![
            "If somebody did that on purpose: nothing to do. If not, adopt or enable it again in the console."
                .to_owned(),
        ],
        _ => rule.advice.iter().map(|step| (*step).to_owned()).collect(),
    }
}

/// How long it lasted at most: nobody saw it end, it was only seen to be over.
fn over_now(earlier: &Remembered, rule: &Rule, scene: &Scene<'_>) -> String {
    let lasted = (scene.now_at(&earlier.site) - earlier.first_seen).num_seconds();
    let lasted = lasted.max(0).unsigned_abs();
    match rule.kind {
        Kind::Outage if lasted >= 60 => format!(
            "An earlier report told of this. It is over now, after {} at most. {}",
            words::duration(lasted),
            aftermath(rule)
        ),
        _ => "An earlier report told of this. It is over now.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::Judgement;
    use crate::analyse::samples::{Case, answered, device, row, site, start};
    use crate::model::source::SiteName;

    const MAC: &str = "02:00:00:00:00:aa";

    fn lost() -> Judgement {
        let mut first = Case::of([row("EVT_AP_Lost_Contact", 0, &[("AP", MAC)])]);
        first.now = start() + TimeDelta::hours(1);
        first.judge()
    }

    fn later(days: i64, before: Judgement) -> Case {
        let mut next = Case::default().remembering(before.memory);
        next.now = start() + TimeDelta::days(days);
        next
    }

    #[test]
    fn a_device_nobody_heard_of_again_is_still_away_and_after_a_week_told_a_last_time() {
        let first = lost();
        let told = first.findings[0].clone();
        let second = later(2, first).judge();
        let quiet = &second.findings[0];
        assert_eq!(
            (&quiet.fingerprint, quiet.severity, quiet.count),
            (&told.fingerprint, told.severity, 0)
        );
        assert_eq!((quiet.trend, quiet.ongoing), (Trend::Quiet, true));
        assert_eq!(quiet.remediation, told.remediation);
        let last = later(8, later(6, second).judge()).judge();
        assert_eq!(
            (last.findings[0].severity, last.findings[0].ongoing),
            (Severity::Low, false)
        );
        let title = &last.findings[0].title;
        assert!(title.ends_with("nothing heard since 19 November"), "{title}");
        assert!(later(9, last).judge().findings.is_empty());
    }

    #[test]
    fn it_is_back_only_where_the_list_has_it_online() {
        let seen = |device: Option<Device>| {
            let run = later(1, lost()).seeing(device.into_iter().collect());
            let findings = run.judge().findings;
            (findings[0].trend, findings[0].severity, findings[0].ongoing)
        };
        let listed = |state| Device {
            state,
            ..device("uap", "Lobby", MAC)
        };
        assert_eq!(
            seen(Some(listed(Some(1)))),
            (Trend::Resolved, Severity::Info, false)
        );
        let away = (Trend::Quiet, lost().findings[0].severity, true);
        assert_eq!(seen(Some(listed(None))), away);
        assert_eq!(seen(Some(listed(Some(4)))), away, "being updated");
        assert_eq!(seen(None), (Trend::Quiet, Severity::Low, false));
        let disabled = Device {
            disabled: true,
            ..listed(Some(0))
        };
        assert_eq!(seen(Some(disabled)), (Trend::Quiet, Severity::Low, false));
    }

    #[test]
    fn one_that_kept_dropping_out_is_back_with_the_row_that_says_so() {
        let who = [("AP", MAC)];
        let rows = (0..7).map(|n| {
            let key = if n % 2 == 0 {
                "EVT_AP_Lost_Contact"
            } else {
                "EVT_AP_Connected"
            };
            row(key, n * 100, &who)
        });
        let first = Case::of(rows).judge();
        assert_eq!(first.findings[0].rule, "device-flapping");
        assert!(first.findings[0].ongoing);
        let quiet = later(3, first).judge();
        assert!(quiet.findings[0].ongoing);
        let mut back = later(3, quiet);
        back.fold(&[row("EVT_AP_Connected", 90_000, &who)]);
        let titles: Vec<_> = back.judge().findings.into_iter().map(|told| told.title).collect();
        assert_eq!(titles, [format!("{MAC} is back online")]);
    }

    #[test]
    fn a_site_that_was_not_asked_is_not_judged() {
        let mut next = later(1, lost());
        next.coverage = vec![answered(&SiteName {
            site: "other".to_owned(),
            ..site()
        })];
        let judged = next.judge();
        assert!(judged.findings.is_empty());
        assert!(judged.memory.findings.values().all(|earlier| earlier.ongoing));
    }
}
