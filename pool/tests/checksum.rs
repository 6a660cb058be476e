//! The example `checksum`, run as a program and compared with `find` and `sha256sum`; and what the
//! example `seed` has in common with it.

#[cfg(target_os = "linux")]
#[path = "checksum/check.rs"]
mod check;
#[cfg(target_os = "linux")]
#[path = "checksum/limits.rs"]
mod limits;
#[cfg(target_os = "linux")]
#[path = "checksum/output.rs"]
mod output;
#[path = "checksum/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "checksum/tree.rs"]
mod tree;
#[cfg(target_os = "linux")]
#[path = "checksum/unreadable.rs"]
mod unreadable;
#[path = "checksum/usage.rs"]
mod usage;
#[cfg(target_os = "linux")]
#[path = "checksum/walk.rs"]
mod walk;
