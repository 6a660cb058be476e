//! Where and with what it is measured.

use std::process::Command;
use std::{env, fs, thread};

use pool_benches::report::Setting;

/// As far as the system tells.
pub(crate) fn read() -> Setting {
    let unknown = || "unknown".to_owned();
    Setting {
        processor: processor().unwrap_or_else(unknown),
        parallelism: thread::available_parallelism().map_or(1, usize::from),
        system: system(),
        compiler: compiler().unwrap_or_else(unknown),
    }
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn system() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {} {}", env::consts::OS, env::consts::ARCH, release.trim()).trim().to_owned()
}

/// The one in use now, which is the one that has built this unless somebody copied it here.
fn compiler() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into())).arg("-V").output();
    let version = String::from_utf8(output.ok()?.stdout).ok()?;
    Some(version.trim().to_owned()).filter(|version| !version.is_empty())
}
