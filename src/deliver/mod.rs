//! One attempt to hand a report to a channel, one answer: accepted, refused or unknown.

pub mod file;
