//! How a fake console bends the rules of paging.

/// How the console bends the rules of its own paging.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a quirk of its own; a console may have any of them"
)]
pub struct Manner {
    /// It never sends more rows than this on a page.
    pub page_cap: Option<usize>,
    pub ignores_page_number: bool,
    pub ignores_bounds: bool,
    pub bounds: Bounds,
    /// Rows without the envelope that tells totals.
    pub bare_arrays: bool,
    pub oldest_first: bool,
    /// The first row of every page is sent twice.
    pub doubles: bool,
    /// Every answer claims this many rows more than the one before.
    pub totals_grow: usize,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Bounds {
    #[default]
    Inclusive,
    Exclusive,
}
