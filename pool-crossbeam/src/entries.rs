//! The entries of a deque: jobs, or boxes with jobs if these are large.

/// The maximum size in bytes of a job that is not boxed while it lies in a deque. A deque always has room
/// for 64 entries: sixteen idle workers would keep megabytes for jobs of some kilobytes.
pub(crate) const LARGE: usize = 512;

/// The entries of a deque, of a kind that depends on the type of the jobs alone.
#[derive(Debug, Clone)]
pub(crate) enum Entries<I, B> {
    /// The jobs.
    Inline(I),
    /// Boxes with the jobs, which are large.
    Boxed(B),
}

/// Does the same with entries of either kind, but compiles to code for one kind only: code for two was too
/// much to be inlined where jobs submit jobs.
///
/// A job that comes in is `forget`ten in the unreachable branch: to be dropped there, it would have to be
/// copied first.
macro_rules! entries {
    (
        $entries:expr, jobs of $job:ty $(, forget $forgotten:ident)?;
        Inline($inline:pat) => $with_jobs:expr,
        Boxed($boxed:pat) => $with_boxes:expr,
    ) => {
        if const { size_of::<$job>() > $crate::entries::LARGE } {
            match $entries {
                $crate::entries::Entries::Boxed($boxed) => $with_boxes,
                $crate::entries::Entries::Inline(_) => {
                    $(std::mem::forget($forgotten);)?
                    unreachable!("large jobs are boxed")
                }
            }
        } else {
            match $entries {
                $crate::entries::Entries::Inline($inline) => $with_jobs,
                $crate::entries::Entries::Boxed(_) => {
                    $(std::mem::forget($forgotten);)?
                    unreachable!("small jobs are not boxed")
                }
            }
        }
    };
}
pub(crate) use entries;
