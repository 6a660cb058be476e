//! A worker's life around its work: start, set-up, end.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use crate::borrow::fork;
use crate::config::Hook;
use crate::error::{StartCause, StartError};
use crate::handle::Handle;
use crate::job::{Job, JobId};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::shared::Shared;
use crate::sink::{Completed, ResultSink, flush_quietly};
use crate::sleep::threads::Start;
use crate::worker::Worker;
use crate::worker::current;
use crate::worker::ended::Ended;
use crate::worker::sinks::{Message, Sinks};

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
    /// Returns the panic if the set-up panicked. `start` learns that it did not.
    fn work(&self, context: &WorkerContext<J, Q>, start: &Start) -> Result<(), Panic>;

    /// Brings an outcome to the sink from a thread that is no worker: an `Option<Completed<R>>` with
    /// the `R` of the pool, which is taken. How many outcomes the sink did not take.
    fn deliver(&self, outcome: &mut dyn Any) -> u64;

    /// Tells the sink that these jobs have no outcome for it.
    fn skip(&self, ids: Vec<JobId>);
}

/// Makes workers with handlers from `M` and clones of the sink `S`.
pub(crate) struct Launcher<M, S, R> {
    make_handler: M,
    sinks: Sinks<S, R>,
}

impl<M, S: ResultSink<R> + Clone, R: 'static> Launcher<M, S, R> {
    /// For a pool of so many workers.
    pub(crate) fn new(make_handler: M, sink: S, workers: usize) -> Self {
        Self { make_handler, sinks: Sinks::new(sink, workers) }
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
    fn work(&self, context: &WorkerContext<J, Q>, start: &Start) -> Result<(), Panic> {
        let shared = &context.handle.shared;
        let call = |hook: &Option<Hook>| {
            guarded(|| {
                if let Some(hook) = hook {
                    hook(context.index);
                }
            })
        };
        call(&shared.config.on_thread_start).map_err(Panic::new)?;
        let set_up = guarded(|| {
            let handler = (self.make_handler)(context);
            let (sink, lost) = self.sinks.clone_for_worker();
            shared.hub.ledger.worker(context.index).undelivered.add(lost);
            // Should the clone have failed, the handler is dropped in here.
            sink.map(|sink| (handler, sink))
        });
        let worked = set_up.and_then(|set_up| set_up).map_err(Panic::new).map(|(handler, sink)| {
            shared.hub.sleep.started(context.index, start, &shared.hub.ledger);
            work(shared, context.index, handler, sink);
        });
        // It answers the start hook, whatever happened in between.
        let _ = call(&shared.config.on_thread_stop).map_err(drop_quietly);
        worked
    }

    fn deliver(&self, outcome: &mut dyn Any) -> u64 {
        match outcome.downcast_mut::<Option<Completed<R>>>() {
            Some(outcome) => outcome.take().map_or(0, |done| self.sinks.tell(Message::Put(done))),
            None => 1,
        }
    }

    fn skip(&self, ids: Vec<JobId>) {
        self.sinks.tell(Message::Skip(ids));
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
    fork::forget_pool();
    if let Err(payload) = worked.and_then(|worked| worked).and(local) {
        // Whatever jobs and sinks threw was dealt with, so this came from the queue.
        drop_quietly(payload);
        shared.hub.give_up(Some(index));
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
    start: Arc<Start>,
    ended: Ended,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Starting<J, Q> {
    pub(crate) fn new(
        shared: Arc<Shared<J, Q>>,
        index: usize,
        start: Arc<Start>,
        ended: Ended,
    ) -> Self {
        Self { shared: Some(shared), index, start, ended }
    }

    /// The whole life of a worker thread.
    pub(crate) fn run(mut self) {
        let (Some(shared), index) = (self.shared.take(), self.index) else {
            return;
        };
        // First of all, see there.
        self.ended.clone().of_this_thread();
        current::join_pool(shared.id(), index);
        let context = WorkerContext { index, handle: Handle { shared: Arc::clone(&shared) } };
        // The launcher is there while the pool is not over, which it is not while this worker is.
        let Some(launcher) = shared.launcher() else {
            return;
        };
        let worked = launcher.work(&context, &self.start);
        drop(launcher);
        current::leave();
        match worked {
            Ok(()) => {
                if shared.hub.sleep.gone(index, &shared.hub.ledger) {
                    shared.hub.finish_if_over();
                }
                shared.notify_if_work();
            }
            Err(panic) => self.fail(&shared, StartCause::Panicked(Arc::new(panic))),
        }
    }

    /// The worker did not start. It counted as a searcher, so others may have relied on it.
    fn fail(&self, shared: &Arc<Shared<J, Q>>, cause: StartCause) {
        let error = StartError::new(self.index, cause);
        shared.hub.sleep.start_failed(self.index, &self.start, error, &shared.hub.ledger);
        shared.hub.finish_if_over();
        shared.notify_if_work();
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Drop for Starting<J, Q> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            self.fail(&shared, StartCause::Factory);
        }
    }
}
