//! Cells that make no sense, each with the reason.

use crate::setup::Variant;

struct Exclusion {
    place: &'static str,
    variant: Option<Variant>,
    threads: Option<usize>,
}

const fn all(place: &'static str) -> Exclusion {
    Exclusion { place, variant: None, threads: None }
}

const EXCLUDED: &[Exclusion] = &[
    // Whoever would fill the queue waits for the first worker's start.
    Exclusion { variant: Some(Variant::Full), ..all("maker_at_the_build") },
    Exclusion { variant: Some(Variant::Full), ..all("maker_at_a_slow_build") },
    // The queue is full while the workers are busy, and this pool is paused.
    Exclusion { variant: Some(Variant::Full), ..all("captures_of_an_expired_job") },
    // Whoever would fill the queue waits until the only thread that the pool may have has left.
    single_leaving("stop_hook_leaving"),
    single_leaving("handlers_drop_leaving"),
    single_leaving("states_drop_leaving"),
    single_leaving("sink_last_flush_leaving"),
    single_leaving("sink_drop_leaving"),
    single_leaving("observer_of_one_that_left"),
];

const fn single_leaving(place: &'static str) -> Exclusion {
    Exclusion { variant: Some(Variant::Full), threads: Some(1), ..all(place) }
}

/// There is no pool yet, and so nobody who owns it.
fn has_no_owner(place: &str) -> bool {
    matches!(place, "maker_at_the_build" | "maker_at_a_slow_build")
}

/// Whether the cell is one of those.
pub(crate) fn excluded(place: &str, call: &str, variant: Variant, threads: usize) -> bool {
    let is_for_the_owner = call.starts_with("shutdown") || call == "drop";
    let is_excluded = |cell: &Exclusion| {
        cell.place == place
            && cell.variant.is_none_or(|excluded| excluded == variant)
            && cell.threads.is_none_or(|excluded| excluded == threads)
    };
    is_for_the_owner && has_no_owner(place) || EXCLUDED.iter().any(is_excluded)
}
