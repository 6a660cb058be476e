//! The backend: a queue that is picked when the program runs.

use std::fmt;
use std::str::FromStr;

use pool_core::{LocalQueue, MakeQueue, Prioritized, PushError, WorkQueue};

/// Defines, from one list, everything that has an arm for each backend.
macro_rules! backends {
    ($($variant:ident, $name:literal, feature $feature:literal, $queue:ty, $local:ty;)*) => {
        /// A choice among the enabled queues, by name: for a command line, or to compare them on real work.
        ///
        /// A pool over a backend looks up its queue at every job. Where that costs too much, name the queue
        /// in the type.
        ///
        /// # Examples
        ///
        /// ```
        /// use drainpool::{Backend, ThreadPoolBuilder};
        ///
        /// let backend: Backend = Backend::available()[0].to_string().parse()?;
        /// let pool = ThreadPoolBuilder::new().backend(backend).build()?;
        /// pool.execute(move || println!("over {backend}"))?;
        ///
        /// let error = "abacus".parse::<Backend>().unwrap_err();
        /// assert!(error.to_string().starts_with("unknown backend \"abacus\"; available: "));
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Backend {
            $(
                #[cfg(feature = $feature)]
                #[doc = concat!("`", $name, "`, with the feature `", $feature, "`.")]
                $variant,
            )*
        }

        impl Backend {
            /// Returns the enabled backends, the strongest first.
            #[must_use]
            pub fn available() -> &'static [Self] {
                &[$(#[cfg(feature = $feature)] Self::$variant,)*]
            }

            /// The name of the backend, for [`str::parse`].
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant => $name,)*
                }
            }
        }

        impl<J: Prioritized + Send + 'static> MakeQueue<J> for Backend {
            type Queue = AnyQueue<J>;

            fn make_queue(self) -> AnyQueue<J> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant => AnyQueue::$variant(<$queue>::new()),)*
                }
            }
        }

        /// The queue of a [`Backend`].
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum AnyQueue<J> {
            $(
                #[cfg(feature = $feature)]
                #[doc = concat!("The queue of [`Backend::", stringify!($variant), "`].")]
                $variant($queue),
            )*
        }

        /// One worker's own end of an [`AnyQueue`].
        #[derive(Debug)]
        #[non_exhaustive]
        pub enum AnyLocal<J> {
            $(
                #[cfg(feature = $feature)]
                #[doc = concat!("The end of [`Backend::", stringify!($variant), "`].")]
                $variant($local),
            )*
        }

        impl<J: Prioritized + Send + 'static> WorkQueue<J> for AnyQueue<J> {
            type Local = AnyLocal<J>;

            fn local(&self, worker: usize) -> AnyLocal<J> {
                match self {
                    $(
                        #[cfg(feature = $feature)]
                        Self::$variant(queue) => AnyLocal::$variant(queue.local(worker)),
                    )*
                }
            }

            fn attach(&mut self, max_threads: usize) {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.attach(max_threads),)*
                }
            }

            fn stripes(&self) -> usize {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.stripes(),)*
                }
            }

            fn push(&self, job: J) -> Result<(), PushError<J>> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.push(job),)*
                }
            }

            fn push_batch(
                &self,
                jobs: &mut impl Iterator<Item = J>,
            ) -> Result<(), PushError<J>> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.push_batch(jobs),)*
                }
            }

            fn len(&self) -> usize {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.len(),)*
                }
            }

            fn is_empty(&self) -> bool {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.is_empty(),)*
                }
            }

            fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(queue) => queue.retain(keep),)*
                }
            }
        }

        impl<J: Prioritized + Send + 'static> LocalQueue<J> for AnyLocal<J> {
            fn push(&mut self, job: J) {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(local) => local.push(job),)*
                }
            }

            fn pop(&mut self) -> Option<J> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(local) => local.pop(),)*
                }
            }

            fn steal(&mut self) -> Option<J> {
                match self {
                    $(#[cfg(feature = $feature)] Self::$variant(local) => local.steal(),)*
                }
            }
        }
    };
}

// The strongest first: `DefaultQueue` follows the same order.
backends! {
    Crossbeam, "crossbeam", feature "crossbeam",
        pool_crossbeam::CrossbeamQueue<J>, pool_crossbeam::CrossbeamLocal<J>;
    Flume, "flume", feature "flume", pool_flume::FlumeQueue<J>, pool_flume::FlumeLocal<J>;
    Std, "std", feature "std-only", pool_std::StdQueue<J>, pool_std::StdLocal<J>;
    Channel, "channel", feature "std-only", pool_std::ChannelQueue<J>, pool_std::ChannelQueue<J>;
    Priority, "priority", feature "std-only",
        pool_std::PriorityQueue<J>, pool_std::PriorityQueue<J>;
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let known = Self::available().iter().find(|backend| backend.name() == name);
        known.copied().ok_or_else(|| UnknownBackend { name: name.to_owned() })
    }
}

/// The features of `drainpool` with which the backends come, for one that is not enabled.
const FEATURES: [(&str, &str); 5] = [
    ("crossbeam", "crossbeam"),
    ("flume", "flume"),
    ("std", "std-only"),
    ("channel", "std-only"),
    ("priority", "std-only"),
];

/// The error of a name that no enabled backend has. The message lists those that are enabled, and tells the
/// feature of one that is not.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownBackend {
    name: String,
}

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown backend {:?}; available:", self.name)?;
        for (place, backend) in Backend::available().iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma} {backend}")?;
        }
        match FEATURES.iter().find(|(backend, _)| *backend == self.name) {
            Some((_, feature)) => write!(f, "; it comes with the feature `{feature}`"),
            None => Ok(()),
        }
    }
}

/// As displayed: a `main` that returns the error prints this, and the list is what its user needs.
impl fmt::Debug for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for UnknownBackend {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_jobs_are_removed_whatever_the_queue() {
        for backend in Backend::available() {
            let queue: AnyQueue<usize> = backend.make_queue();
            let mut end = queue.local(0);
            for n in 0..100 {
                queue.push(n).unwrap();
                end.push(100 + n);
            }
            queue.retain(|n| n.is_multiple_of(50));
            assert_eq!(queue.len(), 4, "{backend}");
            let mut left: Vec<_> =
                std::iter::from_fn(|| end.pop().or_else(|| end.steal())).collect();
            left.sort_unstable();
            assert_eq!(left, [0, 50, 100, 150], "{backend}");
        }
    }
}
