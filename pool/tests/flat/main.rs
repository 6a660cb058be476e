//! What is over takes no memory, no place and no time, however often it happens and whatever the workers
//! do meanwhile.
//!
//! Alone in its program, for the allocator's count, and one test at a time. `POOL_FLAT_ROUNDS` says how
//! often each operation is repeated: 2,000 times unless set, or 100,000 in an optimised build. All that
//! does not stay flat in one state of the workers is reported together, with its figures.
//!
//! ```text
//! cargo test -p drainpool --all-features --test flat memory::busy
//! ```
#![cfg(all(feature = "crossbeam", feature = "flume", feature = "std-only"))]

use peak_alloc::PeakAlloc;

#[path = "../setup/mod.rs"]
#[macro_use]
mod setup;

mod delay;
mod expiry;
mod level;
mod memory;
mod operations;
mod places;
mod pools;
mod results;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;
