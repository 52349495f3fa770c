//! The collection against a console in memory.

mod endless;
mod files;
mod lines;
mod log;
mod lost;
mod pages;
mod sessions;
mod several_sites;
mod slices;
mod source;
mod totals;
mod windows;
