//! A console, or a proxy before it, may echo what it was sent: no secret of ours is ever quoted back.

/// Shorter ones would make gaps in innocent words.
const SHORTEST: usize = 4;

/// `text` without any of the secrets in it.
pub fn hushed<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    secrets
        .into_iter()
        .filter(|secret| secret.len() >= SHORTEST)
        .fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_password_is_not_quoted() {
        assert_eq!(
            hushed("bad login scan:hunter2!", ["hunter2!", ""]),
            "bad login scan:[secret]"
        );
    }
}
