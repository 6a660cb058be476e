//! What several of the example programs need.

pub mod names;
