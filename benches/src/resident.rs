//! The memory of this process, as the system counts it.

use std::fs;

/// How many bytes it has now. Zero where the system does not tell in the way of Linux.
#[must_use]
pub fn now() -> u64 {
    bytes("VmRSS:")
}

/// The most bytes that it ever had. Zero where the system does not tell in the way of Linux.
#[must_use]
pub fn most() -> u64 {
    bytes("VmHWM:")
}

fn bytes(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"));
    value.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        assert!(0 < now() && now() <= most());
    }
}
