//! What those who are measured are called.

/// What the names of ours begin with.
const OURS: &str = "pool/";

/// What stands in the place of a contestant where nothing but the work of the jobs is done.
pub const WORK_ALONE: &str = "(the work alone)";

/// Whether a contestant is one of ours.
#[must_use]
pub fn is_ours(contestant: &str) -> bool {
    contestant.starts_with(OURS)
}

/// Whether a contestant is written in another language: it has the language before the stroke.
#[must_use]
pub fn is_foreign(contestant: &str) -> bool {
    contestant.contains('/') && !is_ours(contestant)
}

/// Whether a contestant is somebody else's, and in the same language.
#[must_use]
pub fn is_peer(contestant: &str) -> bool {
    !is_ours(contestant) && !is_foreign(contestant)
}

/// The name of the bare channel of the same kind as one of ours: of the standard library's, if ours has none
/// of its own name.
#[must_use]
pub fn own_channel(contestant: &str) -> Option<String> {
    let backend = contestant.strip_prefix(OURS)?.split(' ').next()?;
    let backend = if matches!(backend, "channel" | "priority") { "std" } else { backend };
    Some(format!("{backend} channel"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::Workload;

    #[test]
    fn ours_have_a_channel_of_their_kind() {
        assert_eq!(own_channel("pool/std join_or_run").as_deref(), Some("std channel"));
        assert_eq!(own_channel("pool/channel").as_deref(), Some("std channel"));
        assert_eq!(own_channel("rayon"), None);
    }

    #[test]
    fn who_is_foreign() {
        let names = ["pool/std", "rayon", "java/ForkJoinPool"];
        assert_eq!(names.map(is_ours), [true, false, false]);
        assert_eq!(names.map(is_peer), [false, true, false]);
        assert_eq!(names.map(is_foreign), [false, false, true]);
    }

    #[test]
    fn the_channels_take_part() {
        for workload in [Workload::Ext, Workload::Results, Workload::RoundTrip] {
            let entries = workload.entries(1, 1);
            let names: Vec<&str> = entries.iter().map(|entry| entry.contestant).collect();
            let ours = names.iter().filter(|name| is_ours(name));
            let channels: Vec<String> = ours.filter_map(|name| own_channel(name)).collect();
            assert!(channels.len() >= 3, "{channels:?}");
            assert!(channels.iter().all(|name| names.contains(&name.as_str())), "{channels:?}");
        }
    }
}
