//! Random names, and bytes as hex digits.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::disk::error::DiskError;

/// `n` random bytes as hex digits.
pub fn random_hex(n: usize) -> Result<String, DiskError> {
    let mut bytes = vec![0; n];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| DiskError::refusal("asking", "/dev/urandom", "the system gives no random numbers"))?;
    Ok(hex(&bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
