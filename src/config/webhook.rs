//! A webhook as it is written: `UNIFI_WEBHOOK_URL`, or a `[[channel]]` of this kind. Its URL is a secret, so
//! no problem quotes any part of it.

use crate::config::environment::Environment;
use crate::config::schema::ChannelEntry;
use crate::config::secret::{Secret, resolve};
use crate::config::setting::{Given, Remarks, Setting};
use crate::config::{BaseUrl, Channel, ChannelKind, Trust, Webhook, address, channel, controller};

const KIND: &str = "webhook";
/// How long a receiver may take, in seconds: usually, and at most.
const USUAL: u64 = 30;
const MOST: u64 = 300;
/// When a message that is never taken is given up, in seconds: usually, and at most.
const GIVE_UP: u64 = 7 * 86_400;
const GIVE_UP_MOST: u64 = 365 * 86_400;

/// Puts the environment's webhook over the file's, or makes it one of its own.
pub fn overlay(entries: &mut Vec<ChannelEntry>, environment: &Environment, remarks: &mut Remarks) {
    let url = environment.secret("UNIFI_WEBHOOK_URL", remarks);
    let secret = environment.secret("UNIFI_WEBHOOK_SECRET", remarks);
    let Some(at) = url
        .as_ref()
        .or(secret.as_ref())
        .map(|given| given.at().to_owned())
    else {
        return;
    };
    let mut written = entries.iter_mut().filter(|entry| is_one(entry));
    match (written.next(), written.next()) {
        (Some(_), Some(_)) => remarks.problem(format!(
            "the file names several webhooks, and it is not clear which of them {at} is about: remove it, or write it \
             in the file"
        )),
        (Some(entry), None) => {
            entry.url = url.or(entry.url.take());
            entry.secret = secret.or(entry.secret.take());
        }
        (None, _) if url.is_none() => remarks.problem(format!(
            "{at} is set, but there is no webhook it could sign for: add UNIFI_WEBHOOK_URL_FILE, or remove it"
        )),
        (None, _) => entries.push(ChannelEntry {
            kind: Some(Setting {
                text: KIND.to_owned(),
                at: at.clone(),
                beside: None,
            }),
            at,
            url,
            secret,
            ..ChannelEntry::default()
        }),
    }
}

fn is_one(entry: &ChannelEntry) -> bool {
    entry.kind.as_ref().is_some_and(|kind| kind.text.trim() == KIND)
}

/// The channel, once all of its entry is valid.
pub fn channel(entry: &ChannelEntry, remarks: &mut Remarks) -> Option<Channel> {
    let timeout = controller::duration(entry.timeout.as_ref(), USUAL, MOST, remarks);
    let give_up_after = controller::duration(entry.give_up_after.as_ref(), GIVE_UP, GIVE_UP_MOST, remarks);
    let trust = match &entry.ca_file {
        Some(setting) => controller::ca_file(setting, remarks).map(Trust::CaFile),
        None => Some(Trust::Public),
    };
    let secret = match &entry.secret {
        Some(given) => resolve(given, remarks).map(Some),
        None => Some(None),
    };
    let Some(given) = &entry.url else {
        remarks.problem(format!(
            "{}: no URL: add url_file = \"/etc/unifi-scan/webhook_url\"",
            entry.at
        ));
        return None;
    };
    let (base, target) = url(given, remarks)?;
    let hook = Webhook {
        base,
        target,
        secret: secret?,
        timeout: timeout?,
        give_up_after: give_up_after?,
        trust: trust?,
    };
    channel::common(entry, ChannelKind::Webhook(hook), remarks)
}

fn url(given: &Given, remarks: &mut Remarks) -> Option<(BaseUrl, Secret)> {
    let url = resolve(given, remarks)?;
    match split(url.expose().trim()) {
        Ok((base, target)) => {
            if !base.https && !address::is_loopback(&base.host) {
                remarks.warning(format!(
                    "{}: http:// sends the reports, and the token in this URL, in clear: use https:// if the receiver \
                     has it",
                    given.at()
                ));
            }
            Some((base, Secret::new(target)))
        }
        Err(why) => {
            remarks.problem(format!("{}: {why}", given.at()));
            None
        }
    }
}

/// What may be shown of a URL, and the rest of it. The reasons say nothing of what stands in it.
fn split(url: &str) -> Result<(BaseUrl, String), &'static str> {
    let scheme = |name: &str| {
        let start = url.get(..name.len())?;
        start
            .eq_ignore_ascii_case(name)
            .then(|| url.get(name.len()..).unwrap_or_default())
    };
    let (https, rest) = match (scheme("https://"), scheme("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Err("this is no URL: it begins with https://"),
    };
    let (authority, target) = match rest.find(['/', '?', '#']) {
        Some(cut) => rest.split_at(cut),
        None => (rest, ""),
    };
    if authority.contains('@') {
        return Err("credentials before an `@` are not sent: use a receiver whose URL holds its token");
    }
    if target.contains('#') {
        return Err("`#` has no place in the URL of a webhook: remove it and what follows");
    }
    if !target.chars().all(|c| c.is_ascii_graphic()) {
        return Err("the URL holds spaces or letters beyond ASCII: copy it again, percent-encoded");
    }
    let (host, port) = address::host_and_port(authority)
        .map_err(|_| "its host is not a name or an address, or its port not a number from 1 to 65535")?;
    let slash = if target.starts_with('/') { "" } else { "/" };
    let base = BaseUrl {
        https,
        host,
        port: port.unwrap_or(if https { 443 } else { 80 }),
        path: String::new(),
    };
    Ok((base, format!("{slash}{target}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_parted_into_what_may_be_shown_and_what_may_not() {
        for (url, shown, hidden) in [
            (
                "https://hooks.example.com/s/T0K3N",
                "https://hooks.example.com",
                "/s/T0K3N",
            ),
            (
                "HTTPS://Hooks.Example.com:8443?k=T0K3N",
                "https://hooks.example.com:8443",
                "/?k=T0K3N",
            ),
            ("http://127.0.0.1:9", "http://127.0.0.1:9", "/"),
            (
                "https://[2001:db8::1]:81/a?b=c%20d",
                "https://[2001:db8::1]:81",
                "/a?b=c%20d",
            ),
        ] {
            let (base, target) = split(url).expect(url);
            assert_eq!((base.to_string().as_str(), target.as_str()), (shown, hidden));
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_shown() {
        for url in [
            "hooks.example.com/T0K3N",
            "ftp://hooks.example.com/T0K3N",
            "https://user:T0K3N@hooks.example.com/",
            "https://hooks.example.com/a#T0K3N",
            "https://hooks.example.com/T0K3N ü",
            "https://T0K3N!/x",
            "https://hooks.example.com:T0K3N/x",
            "https:///T0K3N",
            "é",
        ] {
            let why = split(url).expect_err(url);
            assert!(!why.contains("T0K3N"), "{why}");
        }
    }
}
