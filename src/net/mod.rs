//! Every socket but lettre's and the demo's listener, and the one program that opens one for us, `ssh`: deadlines, size
//! limits, trust, and a class for each failure.
//!
//! Knows nothing of UniFi, follows no redirect, keeps no cookie and reads no proxy from the environment.

pub mod answer;
pub mod http;
pub mod refusal;
pub mod retry;
pub mod ssh;
pub mod stop;
pub mod tls;
pub mod trouble;

mod connector;
mod exchange;
#[cfg(test)]
pub mod fake;
mod roots;
