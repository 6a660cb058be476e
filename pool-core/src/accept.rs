//! How jobs come in: what is accepted, what is counted, and what must wait for room.

pub(crate) mod admission;
pub(crate) mod gate;
pub(crate) mod ledger;
pub(crate) mod limit;
