//! Guards against panics of foreign code, as in `pool-core`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs foreign code. Returns the payload of its panic, if it panicked.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(code))
}

/// Drops a foreign value whose drop may panic, with a payload whose drop may panic in turn: that second
/// payload is leaked, because there is no end to it otherwise.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = guarded(|| drop(value))
        && let Err(another) = guarded(|| drop(payload))
    {
        std::mem::forget(another);
    }
}
