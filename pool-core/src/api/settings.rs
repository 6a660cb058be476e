//! The settings of a pool, and the check of their ranges.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::error::{BuildError, StartCause, StartError};
use crate::observer::Observer;
use crate::panics::{Panic, PanicPolicy, guarded};
use crate::parts::capacity::Capacity;
use crate::runtime::config::{Config, Hook, OnDrop, StateMaker};
use crate::thread_factory::{StdThreads, ThreadFactory};

/// The maximum number of threads of one pool.
pub const MAX_THREADS: usize = u16::MAX as usize;

/// The maximum [`capacity`](crate::ThreadPoolBuilder::capacity) of a pool: more jobs than memory can hold.
pub const MAX_CAPACITY: usize = usize::MAX / 4;

/// The settings that a builder collects, without queue and sink, whose types change.
pub(crate) struct Settings {
    pub(crate) num_threads: Option<usize>,
    pub(crate) max_threads: Option<usize>,
    pub(crate) core_threads: Option<usize>,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) paused: bool,
    pub(crate) capacity: Option<usize>,
    pub(crate) thread_name: Box<dyn Fn(usize) -> String>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) worker_state: Option<StateMaker>,
    pub(crate) panic_policy: PanicPolicy,
    pub(crate) factory: Box<dyn ThreadFactory>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) on_drop: OnDrop,
    pub(crate) tracks_jobs: bool,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    /// The number of contexts that were set, which are a part of the backend.
    pub(crate) contexts: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            num_threads: None,
            max_threads: None,
            core_threads: None,
            keep_alive: None,
            paused: false,
            capacity: None,
            thread_name: Box::new(|worker| format!("pool-worker-{worker}")),
            stack_size: None,
            on_thread_start: None,
            on_thread_stop: None,
            worker_state: None,
            panic_policy: PanicPolicy::default(),
            factory: Box::new(StdThreads),
            clock: Box::new(SystemClock),
            on_drop: OnDrop::default(),
            tracks_jobs: false,
            observers: Vec::new(),
            contexts: 0,
        }
    }
}

impl Settings {
    /// The number of threads, and its maximum.
    pub(crate) fn sizes(&self) -> Result<(usize, usize), BuildError> {
        let max = self.max_threads.unwrap_or(MAX_THREADS);
        let default = || std::thread::available_parallelism().map_or(1, NonZero::get).min(max);
        let size = self.num_threads.unwrap_or_else(default);
        if size == 0 {
            return Err(BuildError::ZeroThreads);
        }
        let largest = self.max_threads.unwrap_or(size).max(size);
        if largest > MAX_THREADS {
            return Err(BuildError::TooManyThreads { requested: largest, max: MAX_THREADS });
        }
        if size > max {
            return Err(BuildError::MaxThreads { max, num_threads: size });
        }
        Ok((size, largest))
    }

    /// The number of workers that the build starts, and that then stay.
    pub(crate) fn core(&self, size: usize) -> Result<usize, BuildError> {
        match (self.core_threads, self.keep_alive) {
            (Some(core), _) if core > size => {
                Err(BuildError::CoreThreads { core, num_threads: size })
            }
            (_, None) => Ok(size),
            (core, Some(_)) => Ok(core.unwrap_or(0)),
        }
    }

    pub(crate) fn capacity(&self) -> Result<Option<Capacity>, BuildError> {
        match self.capacity {
            Some(0) => Err(BuildError::ZeroCapacity),
            Some(capacity) if capacity > MAX_CAPACITY => {
                Err(BuildError::CapacityTooLarge { requested: capacity, max: MAX_CAPACITY })
            }
            capacity => Ok(capacity.map(Capacity::new)),
        }
    }

    fn names(&self, size: usize) -> Result<Box<[String]>, BuildError> {
        let name = |worker| {
            let name = guarded(|| (self.thread_name)(worker)).map_err(|payload| {
                let cause = StartCause::Panicked(Arc::new(Panic::new(payload)));
                BuildError::Start(StartError::new(worker, cause))
            })?;
            if name.contains('\0') {
                return Err(BuildError::ThreadName { worker, name });
            }
            Ok(name)
        };
        (0..size).map(name).collect()
    }

    /// Checks the stack size: no object is larger than `isize::MAX`, and beyond it the standard library's
    /// rounding up to whole pages would overflow.
    fn checked_stack_size(&self) -> Result<Option<usize>, BuildError> {
        match self.stack_size {
            Some(bytes) if bytes > isize::MAX as usize => Err(BuildError::StackSize { bytes }),
            size => Ok(size),
        }
    }

    pub(crate) fn into_config(self, size: usize) -> Result<(Config, Box<dyn Clock>), BuildError> {
        let config = Config {
            names: self.names(size)?,
            stack_size: self.checked_stack_size()?,
            on_thread_start: self.on_thread_start,
            on_thread_stop: self.on_thread_stop,
            worker_state: self.worker_state,
            panic_policy: self.panic_policy,
            factory: self.factory,
            on_drop: self.on_drop,
        };
        Ok((config, self.clock))
    }
}
