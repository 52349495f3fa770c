//! The UniFi world, until it is ours: consoles, their wire and the demo's own console.

pub mod demo;
