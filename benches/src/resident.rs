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
    kib(&status, key).unwrap_or_default() * 1024
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found() {
        let status = "Name:\tbench\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kib(status, "VmRSS:"), Some(1024));
        assert_eq!(kib(status, "VmHWM:"), Some(2048));
        assert_eq!(kib(status, "VmSwap:"), None);
    }
}
