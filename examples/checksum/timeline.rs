//! The timeline of `--timeline`, for a program that was built with the feature of that name.

use std::ffi::OsStr;
use std::io;

use drainpool::PoolBuilder;

/// What is written beside the work, if anything.
pub(crate) struct Recording {
    #[cfg(feature = "timeline")]
    timeline: Option<drainpool::Timeline>,
}

#[cfg(feature = "timeline")]
impl Recording {
    pub(crate) fn to(file: Option<&OsStr>) -> io::Result<Self> {
        Ok(Self { timeline: file.map(drainpool::Timeline::create).transpose()? })
    }

    /// Has the pool observed.
    pub(crate) fn of<B, S>(&self, builder: PoolBuilder<B, S>) -> PoolBuilder<B, S> {
        match &self.timeline {
            Some(timeline) => builder.observer(timeline.clone()),
            None => builder,
        }
    }

    pub(crate) fn finish(&self) -> io::Result<()> {
        self.timeline.as_ref().map_or(Ok(()), drainpool::Timeline::finish)
    }
}

#[cfg(not(feature = "timeline"))]
impl Recording {
    pub(crate) fn to(file: Option<&OsStr>) -> io::Result<Self> {
        match file {
            None => Ok(Self {}),
            Some(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "built without it; `cargo run --release -p pool-examples --features timeline --example checksum -- \
                 --timeline FILE PATH` has it",
            )),
        }
    }

    pub(crate) fn of<B, S>(&self, builder: PoolBuilder<B, S>) -> PoolBuilder<B, S> {
        builder
    }

    pub(crate) fn finish(&self) -> io::Result<()> {
        Ok(())
    }
}
