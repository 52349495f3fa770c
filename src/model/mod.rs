//! The vocabulary: what an event, a device, a window, a finding and a report are.
//!
//! Imports nothing of ours and does no I/O; every other module speaks in these types.

pub mod attempt;
pub mod count;
pub mod coverage;
pub mod device;
pub mod digest;
pub mod event;
pub mod failure;
pub mod figures;
pub mod finding;
pub mod learned;
pub mod memory;
pub mod position;
pub mod quick;
pub mod report;
pub mod source;
pub mod tally;
pub mod text;
pub mod warning;
pub mod window;
pub mod zone;
