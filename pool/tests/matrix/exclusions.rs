//! Cells that make no sense, each with the reason.

use crate::world::Variant;

struct Exclusion {
    place: &'static str,
    /// `None` for all of them.
    call: Option<&'static str>,
    variant: Option<Variant>,
    threads: Option<usize>,
}

const fn all(place: &'static str) -> Exclusion {
    Exclusion { place, call: None, variant: None, threads: None }
}

const EXCLUDED: &[Exclusion] = &[
    // There is no pool yet, and so nobody who owns it.
    Exclusion { call: Some("shutdown"), ..all("maker_at_the_build") },
    Exclusion { call: Some("drop"), ..all("maker_at_the_build") },
];

/// Whether the cell is one of those.
pub(crate) fn excluded(place: &str, call: &str, variant: Variant, threads: usize) -> bool {
    EXCLUDED.iter().any(|cell| {
        cell.place == place
            && cell.call.is_none_or(|excluded| excluded == call)
            && cell.variant.is_none_or(|excluded| excluded == variant)
            && cell.threads.is_none_or(|excluded| excluded == threads)
    })
}
