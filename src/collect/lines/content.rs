//! What a line says apart from when it was written: a flat list of fields in a buffer that is used again for the
//! next line, so that lines which say the same are found without making an [`Event`] of each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::collect::wire::fields;
use crate::model::event::{Event, Party};
use crate::model::text::{self, KEY, NAME, SENTENCE};

/// Bytes kept of one value: no sentence has room for more.
const LONGEST: usize = SENTENCE * 4;

/// What a value is. Those of a party say its role in [`role`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    Key,
    Event,
    Category,
    Subcategory,
    Severity,
    Title,
    Message,
    Source,
    Destination,
    DestinationPort,
    Protocol,
    Action,
    ClientName,
    ClientHost,
    ClientMac,
    ClientIp,
    DeviceName,
    DeviceMac,
    DeviceIp,
    DeviceModel,
    Wan,
    BackupWan,
    Isp,
    Duration,
    Admin,
    Section,
    Signature,
    SignatureId,
    Policy,
    Wifi,
    Channel,
    PriorChannel,
    Network,
    User,
    ConflictIp,
    Bssid,
    Port,
}

const FIELDS: [Field; 37] = [
    Field::Key,
    Field::Event,
    Field::Category,
    Field::Subcategory,
    Field::Severity,
    Field::Title,
    Field::Message,
    Field::Source,
    Field::Destination,
    Field::DestinationPort,
    Field::Protocol,
    Field::Action,
    Field::ClientName,
    Field::ClientHost,
    Field::ClientMac,
    Field::ClientIp,
    Field::DeviceName,
    Field::DeviceMac,
    Field::DeviceIp,
    Field::DeviceModel,
    Field::Wan,
    Field::BackupWan,
    Field::Isp,
    Field::Duration,
    Field::Admin,
    Field::Section,
    Field::Signature,
    Field::SignatureId,
    Field::Policy,
    Field::Wifi,
    Field::Channel,
    Field::PriorChannel,
    Field::Network,
    Field::User,
    Field::ConflictIp,
    Field::Bssid,
    Field::Port,
];

/// Which part of a party a value is.
enum Part {
    /// A MAC or address that it is known by.
    Id,
    Name,
    Host,
    Ip,
    Model,
    /// An address, which is all that is known of it.
    Address,
}

/// The role of a party that rows of the system log give it, and which part of it this is.
fn role(field: Field) -> Option<(&'static str, Part)> {
    Some(match field {
        Field::Source => ("SRC_IP", Part::Address),
        Field::Destination => ("DST_IP", Part::Address),
        Field::DestinationPort => ("DST_PORT", Part::Name),
        Field::Protocol => ("PROTOCOL", Part::Name),
        Field::Action => ("ACTION", Part::Name),
        Field::ClientName => ("CLIENT", Part::Name),
        Field::ClientHost => ("CLIENT", Part::Host),
        Field::ClientMac => ("CLIENT", Part::Id),
        Field::ClientIp => ("CLIENT", Part::Ip),
        Field::DeviceName => ("DEVICE", Part::Name),
        Field::DeviceMac => ("DEVICE", Part::Id),
        Field::DeviceIp => ("DEVICE", Part::Ip),
        Field::DeviceModel => ("DEVICE", Part::Model),
        Field::Wan => ("WAN_NAME", Part::Name),
        Field::BackupWan => ("BACKUP_WAN_NAME", Part::Name),
        Field::Isp => ("ISP_NAME", Part::Name),
        Field::Duration => ("DURATION", Part::Name),
        Field::Admin => ("ADMIN", Part::Name),
        Field::Section => ("SETTINGS_SECTION", Part::Name),
        Field::Signature => ("IPS_SIGNATURE", Part::Name),
        Field::SignatureId => ("IPS_SIGNATURE_ID", Part::Name),
        Field::Policy => ("TRIGGER", Part::Name),
        Field::Wifi => ("SSID", Part::Name),
        Field::Channel => ("CHANNEL", Part::Name),
        Field::PriorChannel => ("PREVIOUS_CHANNEL", Part::Name),
        Field::Network => ("NETWORK", Part::Name),
        Field::User => ("VPN_USER", Part::Name),
        Field::ConflictIp => ("IP", Part::Address),
        Field::Bssid => ("BSSID", Part::Id),
        Field::Port => ("PORT", Part::Name),
        _ => return None,
    })
}

/// The fields of one line, in the order they were said.
#[derive(Debug, Default)]
pub struct Content(Vec<u8>);

impl Content {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Nothing is said by an empty value or by `null`.
    pub fn say(&mut self, field: Field, value: &[u8]) {
        let value = value.get(..LONGEST).unwrap_or(value);
        if value.is_empty() || value == b"null" {
            return;
        }
        let [high, low] = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
        self.0.extend_from_slice(&[field as u8, high, low]);
        self.0.extend_from_slice(value);
    }

    /// The same in several pieces.
    pub fn say_joined(&mut self, field: Field, pieces: &[&[u8]]) {
        let begins = self.0.len();
        self.0.extend_from_slice(&[field as u8, 0, 0]);
        for piece in pieces {
            self.0.extend_from_slice(piece);
        }
        self.0.truncate(begins + 3 + LONGEST);
        let length = u16::try_from(self.0.len() - begins - 3)
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        if let Some(place) = self.0.get_mut(begins + 1..begins + 3) {
            place.copy_from_slice(&length);
        }
    }

    /// Two lines say the same if and only if these are equal.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first value of a field.
    pub fn value(&self, wanted: Field) -> Option<&[u8]> {
        self.values()
            .find(|(field, _)| *field == wanted)
            .map(|(_, value)| value)
    }

    fn values(&self) -> impl Iterator<Item = (Field, &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let ([number, high, low], after) = rest.split_first_chunk::<3>()?;
            let (value, after) = after.split_at_checked(u16::from_be_bytes([*high, *low]).into())?;
            rest = after;
            Some((*FIELDS.get(usize::from(*number))?, value))
        })
    }

    /// The event these fields make. Of a field that is said twice, the first is believed.
    pub fn event(&self, id: String, time: DateTime<Utc>) -> Event {
        let one = |field, longest| {
            self.value(field)
                .map_or_else(String::new, |value| cleaned(value, longest))
        };
        let mut parties: BTreeMap<String, Party> = BTreeMap::new();
        for (field, value) in self.values() {
            if let Some((role, part)) = role(field) {
                add(
                    parties.entry(role.to_owned()).or_default(),
                    &part,
                    &cleaned(value, NAME),
                );
            }
        }
        let mut event = Event {
            id,
            time,
            key: one(Field::Key, KEY),
            event: one(Field::Event, KEY),
            category: one(Field::Category, KEY),
            subcategory: one(Field::Subcategory, KEY),
            severity: one(Field::Severity, KEY),
            title: one(Field::Title, SENTENCE),
            message: one(Field::Message, SENTENCE),
            parties,
        };
        name_sides(&mut event);
        if event.message.is_empty() {
            event.message = sentence(&event);
        }
        event
    }
}

fn add(party: &mut Party, part: &Part, value: &str) {
    let place = match part {
        Part::Id => &mut party.id,
        Part::Name => &mut party.name,
        Part::Host => &mut party.hostname,
        Part::Ip | Part::Address => &mut party.ip,
        Part::Model => &mut party.model,
    };
    if !place.is_empty() {
        return;
    }
    *place = fields::mac(value).unwrap_or_else(|| value.to_owned());
    if matches!(part, Part::Address) {
        party.id.clone_from(&party.ip);
        party.name.clone_from(&party.ip);
    }
}

/// The client of a threat is one of its two ends: which one, its address tells. Whoever touched the trap is the source.
fn name_sides(event: &mut Event) {
    let Some(client) = event
        .parties
        .get("CLIENT")
        .filter(|client| !client.id.is_empty())
        .cloned()
    else {
        return;
    };
    let is = |end: &str| event.parties.get(end).is_some_and(|party| party.ip == client.ip);
    let role = match event.key.as_str() {
        "CEF:202" => "SRC_CLIENT",
        "CEF:200" | "CEF:201" | "CEF:203" if is("SRC_IP") => "SRC_CLIENT",
        "CEF:200" | "CEF:201" | "CEF:203" if is("DST_IP") => "DST_CLIENT",
        _ => return,
    };
    event.parties.insert(role.to_owned(), client);
}

/// Lines of devices have no sentence of their own that would say anything to anybody.
fn sentence(event: &Event) -> String {
    let end = |role: &str| event.parties.get(role).map(Party::label);
    let mut words = event.title.clone();
    for (before, role) in [
        (" from ", "SRC_IP"),
        (" to ", "DST_IP"),
        (" port ", "DST_PORT"),
        (": ", "CLIENT"),
        (" by ", "TRIGGER"),
    ] {
        if let Some(label) = end(role) {
            words.extend([before, label]);
        }
    }
    text::clean(&words, SENTENCE)
}

/// Text made harmless; `\=`, `\|` and `\\` are how CEF writes these characters.
fn cleaned(value: &[u8], longest: usize) -> String {
    let said = String::from_utf8_lossy(value);
    if !said.contains('\\') {
        return text::clean(&said, longest);
    }
    let mut plain = String::with_capacity(said.len());
    let mut letters = said.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n' | 'r') => plain.push(' '),
                Some(other @ ('=' | '|' | '\\')) => plain.push(other),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
            _ => plain.push(letter),
        }
    }
    text::clean(&plain, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_own_number() {
        for (number, field) in FIELDS.into_iter().enumerate() {
            assert_eq!(field as usize, number);
        }
    }

    #[test]
    fn what_was_said_is_what_the_event_holds() {
        let mut content = Content::default();
        content.say(Field::Key, b"CEF:201");
        content.say(Field::Source, b"192.0.2.9");
        content.say(Field::Source, b"192.0.2.10");
        content.say(Field::ClientMac, b"02-00-00-00-00-AA");
        content.say(Field::ClientIp, b"192.0.2.9");
        content.say(Field::ClientName, br"a\=b\|c\\d");
        content.say(Field::Policy, b"null");
        let event = content.event("x:0".to_owned(), DateTime::UNIX_EPOCH);
        assert_eq!(event.parties["SRC_IP"].label(), "192.0.2.9");
        assert_eq!(event.parties["SRC_CLIENT"].id, "02:00:00:00:00:aa");
        assert_eq!(event.parties["CLIENT"].name, r"a=b|c\d");
        assert!(!event.parties.contains_key("TRIGGER"));
    }
}
