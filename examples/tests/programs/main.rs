//! The examples, run as programs: `checksum` beside `find` and `sha256sum`, `seed`, and `interrupt`.

#[cfg(target_os = "linux")]
mod checksum;
mod interrupt;
#[cfg(target_os = "linux")]
mod limits;
mod program;
mod seed;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod tree;
mod usage;
