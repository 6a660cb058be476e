//! Plain parts, each to be read and tested by itself. They know neither the jobs' type nor the queue's.

pub(crate) mod awaiting;
pub(crate) mod backoff;
pub(crate) mod capacity;
pub(crate) mod context;
pub(crate) mod end_wakers;
pub(crate) mod expiring;
pub(crate) mod gate;
pub(crate) mod latch;
pub(crate) mod ledger;
pub(crate) mod observers;
pub(crate) mod parker;
pub(crate) mod poll_pacing;
pub(crate) mod running;
pub(crate) mod sleep;
pub(crate) mod stale;
pub(crate) mod thread_end;
pub(crate) mod thread_number;
pub(crate) mod waiters;
pub(crate) mod watchers;
