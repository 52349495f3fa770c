//! The collection against a console in memory.

mod files;
mod log;
mod lost;
mod sessions;
mod slices;
mod source;
