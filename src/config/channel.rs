//! Where reports go: the file channel, which is always there, and what the file or the environment adds.

use crate::config::environment::Environment;
use crate::config::schema::ChannelEntry;
use crate::config::setting::{Remarks, Setting};
use crate::config::{Channel, ChannelKind, When, Wish, webhook};
use crate::model::finding::Severity;

/// The longest name.
const NAME: usize = 64;

/// Every channel, `file` first. The demo takes none from the environment: it is about real consoles.
pub fn channels(
    environment: &Environment,
    mut entries: Vec<ChannelEntry>,
    wish: &Wish,
    remarks: &mut Remarks,
) -> Vec<Channel> {
    if !wish.demo {
        webhook::overlay(&mut entries, environment, remarks);
    }
    let mut file = None;
    let mut others: Vec<Channel> = Vec::new();
    for entry in &entries {
        let Some(kind) = &entry.kind else {
            remarks.problem(format!("{}: no kind: add kind = \"webhook\"", entry.at));
            continue;
        };
        match kind.text.trim() {
            "file" if file.is_some() => remarks.problem(format!(
                "{}: there is one file channel, and it is written already",
                entry.at
            )),
            "file" => file = file_channel(entry, remarks),
            "webhook" => others.extend(webhook::channel(entry, remarks)),
            _ => remarks.problem(format!(
                "{}: this version knows the kinds file and webhook, nothing would be sent to {}: remove this \
                 [[channel]]",
                kind.at,
                kind.shown()
            )),
        }
    }
    let file = file.unwrap_or_else(|| Channel {
        name: "file".to_owned(),
        kind: ChannelKind::File,
        required: true,
        when: When::Always,
        min_severity: None,
        sites: Vec::new(),
    });
    let mut channels = vec![file];
    for channel in others {
        if channels.iter().any(|known| known.name == channel.name) {
            remarks.problem(format!(
                "[[channel]]: two channels are called `{}`: give each its own name, it is what they are remembered by",
                channel.name
            ));
        }
        channels.push(channel);
    }
    channels
}

/// What all kinds have in common. A name is given once and for ever: the ledger is kept under it.
pub fn common(entry: &ChannelEntry, kind: ChannelKind, remarks: &mut Remarks) -> Option<Channel> {
    let whens = [When::Always, When::Findings, When::Severe].map(|when| (when.name(), when));
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    let when = entry
        .when
        .as_ref()
        .map_or(Some(When::Always), |setting| setting.choice(&whens, remarks));
    let min_severity = entry
        .min_severity
        .as_ref()
        .and_then(|setting| setting.choice(&severities, remarks));
    let required = entry
        .required
        .as_ref()
        .map_or(Some(true), |setting| setting.flag(remarks));
    let name = entry
        .name
        .as_ref()
        .map_or(kind.name(), |name| name.text.trim())
        .to_owned();
    if name.chars().count() > NAME || name.chars().any(|c| c.is_control() || c == '/') {
        remarks.problem(format!(
            "{}: this cannot be a channel's name: at most {NAME} characters, none of them `/`",
            entry.at
        ));
        return None;
    }
    Some(Channel {
        name,
        kind,
        required: required?,
        when: when?,
        min_severity,
        sites: entry
            .sites
            .iter()
            .map(|site| site.text.trim().to_owned())
            .collect(),
    })
}

fn file_channel(entry: &ChannelEntry, remarks: &mut Remarks) -> Option<Channel> {
    let channel = common(entry, ChannelKind::File, remarks)?;
    let limited = entry.when.as_ref().filter(|_| channel.when != When::Always);
    refuse(
        [limited, entry.min_severity.as_ref(), entry.sites.first()],
        "every report is written to the file channel",
        remarks,
    );
    let sent = [&entry.url, &entry.secret].map(|given| given.as_ref().map(|given| given.at().to_owned()));
    let aimed = [&entry.timeout, &entry.give_up_after, &entry.ca_file]
        .map(|given| given.as_ref().map(|given| given.at.clone()));
    for at in sent.into_iter().chain(aimed).flatten() {
        remarks.problem(format!(
            "{at}: the file channel has no such setting: remove this line"
        ));
    }
    Some(channel)
}

/// Settings that a channel of this kind cannot obey.
pub fn refuse<'a>(settings: impl IntoIterator<Item = Option<&'a Setting>>, why: &str, remarks: &mut Remarks) {
    for setting in settings.into_iter().flatten() {
        remarks.problem(format!("{}: {why}: remove this line", setting.at));
    }
}
