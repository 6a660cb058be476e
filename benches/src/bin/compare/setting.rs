//! Where and with what it is measured.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs, thread};

use pool_benches::line;
use pool_benches::report::{Cache, Setting};

/// Where Linux tells of each logical core.
const CORES: &str = "/sys/devices/system/cpu";

/// As far as the system tells.
pub(crate) fn read() -> Setting {
    let unknown = || "unknown".to_owned();
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let family_and_model = ["cpu family", "model"].map(|name| field(&info, name));
    Setting {
        processor: field(&info, "model name").unwrap_or_else(unknown),
        model: family_and_model.into_iter().collect::<Option<Vec<_>>>().map(|both| both.join("-")),
        parallelism: thread::available_parallelism().map_or(1, usize::from),
        cores: cores(),
        caches: caches(&Path::new(CORES).join("cpu0/cache")),
        lines: line::times(|one, other| place(one).is_some_and(|at| place(other) == Some(at))),
        system: system(),
        compiler: compiler().unwrap_or_else(unknown),
    }
}

/// What `/proc/cpuinfo` says of the first core.
fn field(info: &str, name: &str) -> Option<String> {
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.trim() == name)?;
    Some(value.trim().to_owned())
}

/// Which package and which of its physical cores a logical core belongs to.
fn place(core: usize) -> Option<[String; 2]> {
    let topology = Path::new(CORES).join(format!("cpu{core}/topology"));
    Some([read_line(&topology.join("physical_package_id"))?, read_line(&topology.join("core_id"))?])
}

/// How many physical cores there are.
fn cores() -> Option<usize> {
    let logical = count(&read_line(&Path::new(CORES).join("online"))?)?;
    // Some numbers are left out where cores are offline.
    let places: BTreeSet<_> = (0..4 * logical).filter_map(place).collect();
    Some(places.len()).filter(|&cores| cores > 0)
}

/// The caches in a folder of the system's that hold data.
fn caches(folder: &Path) -> Vec<Cache> {
    (0..)
        .map(|index| folder.join(format!("index{index}")))
        .take_while(|folder| folder.exists())
        .filter(|folder| read_line(&folder.join("type")).is_some_and(|kind| kind != "Instruction"))
        .filter_map(|folder| {
            Some(Cache {
                level: read_line(&folder.join("level"))?.parse().ok()?,
                kibibytes: read_line(&folder.join("size"))?.strip_suffix('K')?.parse().ok()?,
                shared_by: count(&read_line(&folder.join("shared_cpu_list"))?)?,
            })
        })
        .collect()
}

/// How many numbers a list of Linux's has, as in `0-3,8`.
fn count(list: &str) -> Option<usize> {
    let range = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        (last.parse::<usize>().ok()? + 1).checked_sub(first.parse().ok()?)
    };
    list.split(',').map(range).sum()
}

fn read_line(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_counted() {
        assert_eq!(["0", "0-1", "0-3,8,10-11"].map(count), [Some(1), Some(2), Some(7)]);
        assert_eq!(["", "a", "3-1"].map(count), [None; 3]);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let info = "model\t\t: 207\nmodel name\t: A: B\n";
        assert_eq!(field(info, "model name").as_deref(), Some("A: B"));
        assert_eq!(field(info, "model").as_deref(), Some("207"));
        assert_eq!(field(info, "name"), None);
    }

    #[test]
    fn what_the_system_does_not_tell_is_unknown() {
        assert_eq!(caches(Path::new("no such folder")), []);
        assert_eq!(place(usize::MAX), None);
    }
}
