//! One request and its answer, on the thread that waits for it: the body unpacked and within its limit, or why not.

use std::io::Read as _;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;
use ureq::Agent;

use crate::net::answer::Answer;

/// The room made for a body because its length was told.
const AT_ONCE: u64 = 256 * 1024;

/// What went wrong on the thread of a request.
#[derive(Debug)]
pub enum Trouble {
    NoAnswer(ureq::Error),
    BrokeOff(usize, ureq::Error),
    TooLarge,
}

/// Sends one request and reads its answer to the end. Waits as long as the agent does.
pub fn exchange(
    agent: &Agent,
    parts: ureq::http::Request<Option<Vec<u8>>>,
    limit: u64,
) -> Result<Answer, Trouble> {
    let (parts, body) = parts.into_parts();
    let answered = match body {
        Some(body) => agent.run(ureq::http::Request::from_parts(parts, body)),
        None => agent.run(ureq::http::Request::from_parts(parts, ())),
    };
    let (head, body) = answered.map_err(Trouble::NoAnswer)?.into_parts();
    let date_seen = Instant::now();
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    // A status is an answer, whatever becomes of a body nobody asked for.
    let body = (limit > 0).then_some(body);
    let bytes = body.map_or(Ok(Vec::new()), |body| whole(body, limit))?;
    let mut answer = Answer {
        status: head.status.as_u16(),
        headers,
        body: unpacked(bytes, limit)?,
        date: None,
        date_seen,
        took: Duration::ZERO,
    };
    let date = answer
        .header("date")
        .and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    answer.date = date.map(|date| date.with_timezone(&Utc));
    Ok(answer)
}

fn whole(body: ureq::Body, limit: u64) -> Result<Vec<u8>, Trouble> {
    let told = body.content_length().unwrap_or(0).min(limit).min(AT_ONCE);
    let mut bytes = Vec::with_capacity(usize::try_from(told).unwrap_or(0));
    let mut reader = body.into_with_config().reader().take(limit.saturating_add(1));
    if let Err(error) = reader.read_to_end(&mut bytes) {
        return Err(Trouble::BrokeOff(bytes.len(), error.into()));
    }
    if exceeds(&bytes, limit) {
        return Err(Trouble::TooLarge);
    }
    Ok(bytes)
}

/// Some consoles send gzip without saying so. No JSON and no page begins with these two bytes.
fn unpacked(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, Trouble> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(limit.saturating_add(1));
    if let Err(error) = reader.read_to_end(&mut unpacked) {
        return Err(Trouble::BrokeOff(
            unpacked.len(),
            ureq::Error::Decompress("gzip", error),
        ));
    }
    if exceeds(&unpacked, limit) {
        return Err(Trouble::TooLarge);
    }
    Ok(unpacked)
}

fn exceeds(bytes: &[u8], limit: u64) -> bool {
    u64::try_from(bytes.len()).is_ok_and(|length| length > limit)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::net::fake::{Fake, Reply};

    fn ask(fake: &Fake, limit: u64) -> Result<Answer, Trouble> {
        let request = ureq::http::Request::get(fake.base.to_string())
            .body(None)
            .unwrap();
        exchange(&Agent::new_with_defaults(), request, limit)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_body_beyond_the_limit_is_refused_however_it_is_packed() {
        let fake = Fake::plain(|_| Reply::Say(200, vec![], vec![b' '; 100_000]));
        assert!(matches!(ask(&fake, 99_999), Err(Trouble::TooLarge)));
        assert_eq!(ask(&fake, 100_000).unwrap().body.len(), 100_000);
        for said in [vec![("Content-Encoding", "gzip".to_owned())], vec![]] {
            let bytes = packed(&vec![b' '; 100_000]);
            let fake = Fake::plain(move |_| Reply::Say(200, said.clone(), bytes.clone()));
            assert!(matches!(ask(&fake, 99_999), Err(Trouble::TooLarge)));
            assert_eq!(ask(&fake, 100_000).unwrap().body.len(), 100_000);
        }
    }

    #[test]
    fn what_only_looks_packed_breaks_off() {
        let fake = Fake::plain(|_| Reply::Say(200, vec![], vec![0x1f, 0x8b, 8, 0, 1]));
        assert!(matches!(ask(&fake, 1000), Err(Trouble::BrokeOff(0, _))));
    }

    #[test]
    fn what_goes_over_the_wire_cannot_be_logged() {
        // Beneath debug, ureq dumps requests with their keys and passwords: that level is compiled out.
        assert_eq!(log::STATIC_MAX_LEVEL, log::LevelFilter::Debug);
    }
}
