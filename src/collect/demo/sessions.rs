//! Who is signed in at the demo console: cookies as JSON web tokens, and the CSRF token inside each.

use std::collections::VecDeque;

use anyhow::anyhow;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;

/// More than any client needs; the oldest makes room.
const MOST: usize = 64;
/// How long a session lives without `rememberMe`, in seconds.
const LIFETIME: i64 = 7_200;

#[derive(Debug)]
pub struct Sessions {
    random: SystemRandom,
    key: hmac::Key,
    open: VecDeque<Session>,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub token: String,
    pub csrf: String,
}

impl Sessions {
    pub fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &random)
            .map_err(|_| anyhow!("the system gave no random numbers for the demo console"))?;
        Ok(Self {
            random,
            key,
            open: VecDeque::new(),
        })
    }

    /// A token which nobody is signed in with: consoles hand one to every visitor of their first page.
    pub fn stranger(&self, now: i64) -> Option<Session> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).ok()?;
        let digits = format!("{:032x}", u128::from_be_bytes(bytes));
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("");
        let csrf = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        let claims = json!({ "userId": "65f0c0ffee0000000000a002", "csrfToken": csrf, "iat": now, "exp": now + LIFETIME });
        let signed = format!(
            "{}.{}",
            base64url(json!({ "alg": "HS256", "typ": "JWT" }).to_string().as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let signature = base64url(hmac::sign(&self.key, signed.as_bytes()).as_ref());
        Some(Session {
            token: format!("{signed}.{signature}"),
            csrf,
        })
    }

    pub fn sign_in(&mut self, now: i64) -> Option<Session> {
        let session = self.stranger(now)?;
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        self.open.push_back(session.clone());
        Some(session)
    }

    pub fn find(&self, token: &str) -> Option<Session> {
        self.open.iter().find(|session| session.token == token).cloned()
    }

    pub fn sign_out(&mut self, token: &str) {
        self.open.retain(|session| session.token != token);
    }
}

impl Session {
    pub fn cookie(&self) -> String {
        format!("TOKEN={}; Path=/; HttpOnly; Secure; SameSite=Strict", self.token)
    }
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, at| {
            (group << 8) | usize::from(chunk.get(at).copied().unwrap_or(0))
        });
        for place in 0..=chunk.len() {
            let digit = DIGITS
                .get((group >> (18 - 6 * place)) & 63)
                .copied()
                .unwrap_or(b'A');
            text.push(char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_no_padding_and_knows_the_rfc_examples() {
        let known = [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
        ];
        for (plain, coded) in known {
            assert_eq!(base64url(plain.as_bytes()), coded);
        }
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn a_token_is_good_until_it_is_signed_out_or_crowded_out() {
        let mut sessions = Sessions::new().unwrap();
        let first = sessions.sign_in(0).unwrap();
        assert_eq!(sessions.find(&first.token).unwrap().csrf, first.csrf);
        assert!(sessions.find(&sessions.stranger(0).unwrap().token).is_none());
        for _ in 0..MOST {
            sessions.sign_in(0).unwrap();
        }
        assert!(sessions.find(&first.token).is_none(), "the oldest makes room");
        let last = sessions.sign_in(0).unwrap();
        sessions.sign_out(&last.token);
        assert!(sessions.find(&last.token).is_none());
    }
}
