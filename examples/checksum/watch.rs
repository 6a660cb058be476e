//! The live view of `--watch`.

use drainpool::{Pool, label_job};

use crate::fatal::Fatal;
use crate::work::{Found, Queue, Work};
use pool_examples::names;

/// Shows the pool on the terminal until it is dropped.
pub(crate) struct Watch {
    #[cfg(feature = "watch")]
    _top: drainpool::Top,
}

impl Watch {
    #[cfg(feature = "watch")]
    pub(crate) fn start(pool: &Pool<Work, Found, Queue>) -> Result<Self, Fatal> {
        let top = drainpool::Top::builder().title("checksum").start(pool);
        Ok(Self { _top: top.map_err(Fatal::Watch)? })
    }

    #[cfg(not(feature = "watch"))]
    pub(crate) fn start(_pool: &Pool<Work, Found, Queue>) -> Result<Self, Fatal> {
        let text = "this build has no live view; build with `--features watch`";
        Err(Fatal::Watch(std::io::Error::new(std::io::ErrorKind::Unsupported, text)))
    }
}

/// Has the job that runs shown by its path.
pub(crate) fn label(work: &Work) {
    label_job(names::shown(work.path()).to_string());
}
