//! Work that borrows from the stack of the one who waits for it.

pub(crate) mod children;
pub(crate) mod fork;
mod install;
mod loan;
pub(crate) mod scope;
