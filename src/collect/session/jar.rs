//! What a console hands out at login and renews as it likes: cookies and the token against forged requests.
//!
//! Read leniently (attributes like `Partitioned` have broken stricter readers), kept in memory only, shown nowhere.

use serde_json::Value;

use crate::net::answer::Answer;
use crate::net::http::Method;

/// The cookies and the token of one session.
#[derive(Default)]
pub struct Jar {
    cookies: Vec<(String, String)>,
    csrf: Option<String>,
}

/// No console needs more; a hostile one would.
const MOST_COOKIES: usize = 16;
const LONGEST: usize = 8192;

impl Jar {
    /// Takes over what an answer sets. An answer 401 hands out anonymous cookies and is passed by.
    pub fn absorb(&mut self, answer: &Answer) {
        if answer.status == 401 {
            return;
        }
        let mut claimed = None;
        for line in answer.headers("set-cookie") {
            let Some((name, value)) = cookie(line) else {
                continue;
            };
            claimed = claim(value)
                .or_else(|| (name == "csrf_token").then(|| value.to_owned()))
                .or(claimed);
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() && self.cookies.len() < MOST_COOKIES {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let told = |name| {
            answer
                .header(name)
                .map(str::trim)
                .filter(|token| is_plain(token) && !token.is_empty())
        };
        let renewed = told("x-updated-csrf-token")
            .or_else(|| told("x-csrf-token"))
            .map(str::to_owned);
        if let Some(token) = renewed.or(claimed) {
            self.csrf = Some(token);
        }
    }

    /// What nobody may see.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let cookies = self.cookies.iter().map(|(_, value)| value.as_str());
        cookies.chain(self.csrf.as_deref())
    }

    /// The headers the next request carries. Only a POST needs the token.
    pub fn headers(&self, method: Method) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            headers.push(("cookie".to_owned(), pairs.join("; ")));
        }
        if let (Method::Post, Some(token)) = (method, &self.csrf) {
            headers.push(("x-csrf-token".to_owned(), token.clone()));
        }
        headers
    }

    /// No cookie was ever handed out: there is no session.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }
}

/// `name=value` of a `Set-Cookie` line; whatever follows is for browsers.
fn cookie(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split(';').next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && name.len() <= 256 && name.bytes().all(|b| b.is_ascii_graphic());
    (is_name && is_plain(value)).then_some((name, value))
}

fn is_plain(value: &str) -> bool {
    value.len() <= LONGEST && value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The claim `csrfToken` in the payload of a JSON web token: what POSTs are compared with.
fn claim(token: &str) -> Option<String> {
    let payload: Value = serde_json::from_slice(&base64url(token.split('.').nth(1)?)?).ok()?;
    let claimed = payload.get("csrfToken")?.as_str()?;
    (is_plain(claimed) && !claimed.is_empty()).then(|| claimed.to_owned())
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: Vec::new(),
            date: None,
            date_seen: Instant::now(),
            took: Duration::ZERO,
        }
    }

    fn token(jar: &Jar) -> Option<String> {
        jar.headers(Method::Post)
            .into_iter()
            .find(|(name, _)| name == "x-csrf-token")
            .map(|(_, token)| token)
    }

    // {"csrfToken":"from-claim"}
    const JWT: &str =
        "TOKEN=eyJhbGciOiJIUzI1NiJ9.eyJjc3JmVG9rZW4iOiJmcm9tLWNsYWltIn0.sig; Path=/; HttpOnly; Partitioned";

    #[test]
    fn the_updated_token_wins_over_the_plain_one_and_that_over_the_claim() {
        let mut jar = Jar::default();
        jar.absorb(&answer(200, &[("set-cookie", JWT)]));
        assert_eq!(token(&jar).as_deref(), Some("from-claim"));
        jar.absorb(&answer(200, &[("set-cookie", JWT), ("x-csrf-token", "plain")]));
        assert_eq!(token(&jar).as_deref(), Some("plain"));
        jar.absorb(&answer(
            200,
            &[("x-csrf-token", "plain"), ("x-updated-csrf-token", "updated")],
        ));
        assert_eq!(token(&jar).as_deref(), Some("updated"));
        jar.absorb(&answer(200, &[]));
        assert_eq!(token(&jar).as_deref(), Some("updated"));
    }

    #[test]
    fn a_cookie_is_replaced_by_name_and_its_attributes_are_ignored() {
        let mut jar = Jar::default();
        jar.absorb(&answer(
            200,
            &[
                ("set-cookie", "unifises=abc; Path=/; Secure"),
                ("set-cookie", "csrf_token=t1"),
            ],
        ));
        jar.absorb(&answer(
            200,
            &[("set-cookie", "unifises=def;Partitioned;SameSite=None")],
        ));
        let cookies = jar.headers(Method::Get);
        assert_eq!(
            cookies,
            [("cookie".to_owned(), "csrf_token=t1; unifises=def".to_owned())]
        );
        assert_eq!(token(&jar).as_deref(), Some("t1"));
    }

    #[test]
    fn the_anonymous_cookie_of_a_401_does_not_replace_the_session() {
        let mut jar = Jar::default();
        jar.absorb(&answer(
            200,
            &[("set-cookie", "TOKEN=mine"), ("x-csrf-token", "mine")],
        ));
        jar.absorb(&answer(
            401,
            &[("set-cookie", "TOKEN=anonymous"), ("x-csrf-token", "other")],
        ));
        assert_eq!(
            jar.headers(Method::Get),
            [("cookie".to_owned(), "TOKEN=mine".to_owned())]
        );
        assert_eq!(token(&jar).as_deref(), Some("mine"));
    }

    #[test]
    fn what_could_not_be_a_header_is_not_kept() {
        let mut jar = Jar::default();
        jar.absorb(&answer(
            200,
            &[
                ("set-cookie", "A=b\r\nX: y"),
                ("set-cookie", "=v"),
                ("set-cookie", "none"),
            ],
        ));
        assert!(jar.is_empty());
    }
}
