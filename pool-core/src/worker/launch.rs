//! A worker's life around its work: start, set-up, end.

use std::any::Any;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use crate::config::Hook;
use crate::error::{StartCause, StartError};
use crate::handle::Handle;
use crate::job::{Job, JobId};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::shared::Shared;
use crate::sink::{Completed, ResultSink, flush_quietly};
use crate::sync::{Mutex, lock};
use crate::worker::Worker;
use crate::worker::current;

/// Tells the maker of a worker's handler for which worker it is.
///
/// See [`ThreadPoolBuilder::build_with`](crate::ThreadPoolBuilder::build_with).
pub struct WorkerContext<J, Q> {
    index: usize,
    handle: Handle<J, Q>,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> WorkerContext<J, Q> {
    /// The worker's index, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the worker's thread.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.handle.shared.config.names[self.index]
    }

    /// A handle to the pool, by which jobs can submit jobs.
    #[must_use]
    pub fn handle(&self) -> Handle<J, Q> {
        self.handle.clone()
    }
}

/// Is a worker, from its set-up to its end; erases the types of handler and sink.
pub(crate) trait Launch<J, Q>: Send + Sync {
    /// Returns the panic if the set-up panicked.
    fn work(&self, context: &WorkerContext<J, Q>) -> Result<(), Panic>;

    /// Brings an outcome to the sink from a thread that is no worker: an `Option<Completed<R>>` with
    /// the `R` of the pool, which is taken. How many outcomes the sink did not take.
    fn deliver(&self, outcome: &mut dyn Any) -> u64;

    /// Tells the sink that this job has no outcome for it.
    fn skip(&self, id: JobId);
}

/// Makes workers with handlers from `M` and clones of the sink `S`.
pub(crate) struct Launcher<M, S, R> {
    make_handler: M,
    /// Under a lock, so that a sink need not be `Sync`.
    sink: Mutex<S>,
    result: PhantomData<fn() -> R>,
}

impl<M, S, R> Launcher<M, S, R> {
    pub(crate) fn new(make_handler: M, sink: S) -> Self {
        Self { make_handler, sink: Mutex::new(sink), result: PhantomData }
    }
}

impl<J, Q, M, H, S, R> Launch<J, Q> for Launcher<M, S, R>
where
    J: Send + 'static,
    Q: WorkQueue<Job<J>>,
    M: Fn(&WorkerContext<J, Q>) -> H + Send + Sync,
    H: FnMut(J) -> R,
    R: 'static,
    S: ResultSink<R> + Clone + Send,
{
    fn work(&self, context: &WorkerContext<J, Q>) -> Result<(), Panic> {
        let shared = &context.handle.shared;
        let call = |hook: &Option<Hook>| {
            guarded(|| {
                if let Some(hook) = hook {
                    hook(context.index);
                }
            })
        };
        call(&shared.config.on_thread_start).map_err(Panic::new)?;
        let set_up = guarded(|| ((self.make_handler)(context), lock(&self.sink).clone()));
        let worked = set_up.map_err(Panic::new).map(|(handler, sink)| {
            shared.hub.sleep.started(context.index, &shared.hub.ledger);
            work(shared, context.index, handler, sink);
        });
        // It answers the start hook, whatever happened in between.
        let _ = call(&shared.config.on_thread_stop).map_err(drop_quietly);
        worked
    }

    fn deliver(&self, outcome: &mut dyn Any) -> u64 {
        let Some(outcome) = outcome.downcast_mut::<Option<Completed<R>>>() else {
            return 1;
        };
        // To a clone, so that a sink that blocks or submits jobs does so without the lock.
        let put = guarded(|| {
            let mut sink = lock(&self.sink).clone();
            let refused = outcome.take().is_some_and(|outcome| sink.put(outcome).is_err());
            u64::from(refused) + flush_quietly(&mut sink)
        });
        put.map_err(drop_quietly).unwrap_or(1)
    }

    fn skip(&self, id: JobId) {
        let _ = guarded(|| lock(&self.sink).skip(id)).map_err(drop_quietly);
    }
}

/// Works until the pool needs this worker no more.
fn work<J, Q, H, S, R>(shared: &Arc<Shared<J, Q>>, index: usize, mut handler: H, mut sink: S)
where
    J: Send + 'static,
    Q: WorkQueue<Job<J>>,
    H: FnMut(J) -> R,
    S: ResultSink<R>,
{
    let worked = guarded(|| {
        let worker = Rc::new(Worker::new(Arc::clone(shared), index));
        current::set_worker(Some(Rc::clone(&worker) as Rc<_>));
        worker.run(&mut handler, &mut sink)
    });
    // From here on, what this thread submits comes from outside.
    let local = guarded(|| current::set_worker(None));
    if let Err(payload) = worked.and_then(|worked| worked).and(local) {
        // Whatever jobs and sinks threw was dealt with, so this came from the queue.
        drop_quietly(payload);
        shared.hub.give_up(index);
    }
    drop_quietly(handler);
    shared.hub.ledger.worker(index).undelivered.add(flush_quietly(&mut sink));
    drop_quietly(sink);
}

/// A worker that a thread was asked for and that did not start yet.
pub(crate) struct Starting<J: Send + 'static, Q: WorkQueue<Job<J>>> {
    /// Taken when it starts. If this is dropped before, the worker did not start.
    shared: Option<Arc<Shared<J, Q>>>,
    index: usize,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Starting<J, Q> {
    pub(crate) fn new(shared: Arc<Shared<J, Q>>, index: usize) -> Self {
        Self { shared: Some(shared), index }
    }

    /// The whole life of a worker thread.
    pub(crate) fn run(mut self) {
        let (Some(shared), index) = (self.shared.take(), self.index) else {
            return;
        };
        current::join_pool(shared.address(), index);
        let context = WorkerContext { index, handle: Handle { shared: Arc::clone(&shared) } };
        // The launcher is there while the pool is not over, which it is not while this worker is.
        let Some(launcher) = shared.launcher() else {
            return;
        };
        let worked = launcher.work(&context);
        drop(launcher);
        current::leave();
        match worked {
            Ok(()) => {
                if shared.hub.sleep.gone(index, &shared.hub.ledger) {
                    shared.finish_if_over();
                }
                shared.notify_if_work();
            }
            Err(panic) => fail(&shared, index, StartCause::Panicked(Arc::new(panic))),
        }
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Drop for Starting<J, Q> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            fail(&shared, self.index, StartCause::Factory);
        }
    }
}

/// A worker did not start. It counted as a searcher, so others may have relied on it.
fn fail<J, Q>(shared: &Arc<Shared<J, Q>>, index: usize, cause: StartCause)
where
    J: Send + 'static,
    Q: WorkQueue<Job<J>>,
{
    shared.hub.sleep.start_failed(index, StartError::new(index, cause), &shared.hub.ledger);
    shared.finish_if_over();
    shared.notify_if_work();
}
