//! The names of a queue's keys.

/// The keys of one queue. All have its name in braces, the hash tag by which a cluster keeps them on one node.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    name: String,
    /// The stream of the jobs that have not ended.
    pub(crate) jobs: String,
    /// The stream of the outcomes.
    pub(crate) results: String,
    /// The stream of the jobs that ended without a result.
    pub(crate) dead: String,
    /// The hash with state, settings and counts.
    pub(crate) meta: String,
}

impl Keys {
    /// Returns the keys of the queue with this name, if it can be a hash tag.
    pub(crate) fn new(name: &str) -> Option<Self> {
        if name.is_empty() || name.contains(['{', '}']) {
            return None;
        }
        let key = |part| format!("{{{name}}}:{part}");
        let (jobs, results, dead, meta) = (key("jobs"), key("results"), key("dead"), key("meta"));
        Some(Self { name: name.to_owned(), jobs, results, dead, meta })
    }

    /// The key that knows a job that was pushed under a name of its own.
    pub(crate) fn once(&self, job: &str) -> String {
        format!("{{{}}}:once:{job}", self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The four keys, in the order in which the scripts expect them.
    pub(crate) fn all(&self) -> [&str; 4] {
        [&self.jobs, &self.results, &self.dead, &self.meta]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hash_tag_for_all() {
        let keys = Keys::new("thumbnails").unwrap();
        assert!(keys.all().iter().all(|key| key.starts_with("{thumbnails}:")));
        assert_eq!(keys.once("cat.png"), "{thumbnails}:once:cat.png");
        for odd in ["", "a{b", "a}b"] {
            assert!(Keys::new(odd).is_none());
        }
    }
}
