//! How jobs come in: what is accepted, what is counted, and what must wait for room; and what is over
//! before its turn has come.

pub(crate) mod admission;
pub(crate) mod expiring;
pub(crate) mod gate;
pub(crate) mod ledger;
pub(crate) mod limit;
pub(crate) mod stale;
