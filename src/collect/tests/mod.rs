//! The collection against a console in memory.

mod endless;
mod files;
mod lines;
mod log;
mod lost;
mod sessions;
mod slices;
mod source;
mod totals;
mod windows;
