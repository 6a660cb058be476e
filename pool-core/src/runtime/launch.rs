//! The launch of a worker: hooks, set-up of handler and sink, work, leaving.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;

use crate::error::StartCause;
use crate::id::JobId;
use crate::panics::{Panic, drop_quietly, guarded};
use crate::parts::context;
use crate::parts::sleep::lifecycle::Start;
use crate::queue::WorkQueue;
use crate::runtime::config::{Hook, MakerError};
use crate::runtime::handler::Handler;
use crate::runtime::inner::{End, Inner, WorkerMain};
use crate::runtime::job::Job;
use crate::runtime::join::pending_joins::forget_pool;
use crate::runtime::sink_clones::{Message, SinkClones};
use crate::runtime::worker::Worker;
use crate::sink::{Completed, ResultSink, flush_quietly};

/// Makes workers with handlers from `M` and clones of the sink `S`.
pub(crate) struct Launcher<M, S> {
    make_handler: M,
    sinks: SinkClones<S>,
}

impl<M, S: ResultSink<Result: 'static> + Clone> Launcher<M, S> {
    /// Returns a launcher for a pool of this many workers.
    pub(crate) fn new(make_handler: M, sink: S, workers: usize) -> Self {
        Self { make_handler, sinks: SinkClones::new(sink, workers) }
    }
}

impl<J, Q, M, H, S, R> WorkerMain<J, R, Q> for Launcher<M, S>
where
    J: Send + 'static,
    Q: WorkQueue<Job<J>>,
    M: Fn(&Arc<Inner<J, R, Q>>, usize) -> Result<H, MakerError> + Send + Sync,
    H: Handler<J, R>,
    R: 'static,
    S: ResultSink<Result = R> + Clone + Send,
{
    fn work(
        &self,
        inner: &Arc<Inner<J, R, Q>>,
        index: usize,
        start: &Start,
    ) -> Result<End, StartCause> {
        context::set_running_slot(inner.state.running.slot(index).cloned());
        let call = |hook: &Option<Hook>| {
            guarded(|| {
                if let Some(hook) = hook {
                    hook(index);
                }
            })
        };
        call(&inner.config.on_thread_start).map_err(panicked)?;
        let set_up = guarded(|| {
            if let Some(make) = &inner.config.worker_state {
                let state = make(index).map_err(StartCause::State)?;
                drop_quietly(context::set_state(Some(state)));
            }
            let handler = (self.make_handler)(inner, index).map_err(StartCause::Handler)?;
            let (sink, lost) = self.sinks.clone_for_worker();
            inner.state.ledger.worker(index).undelivered.add(lost);
            match sink {
                Ok(sink) => Ok((handler, sink)),
                Err(payload) => {
                    // A panic of this drop must not take the payload with it.
                    drop_quietly(handler);
                    Err(panicked(payload))
                }
            }
        });
        let worked = set_up.map_err(panicked).and_then(|set_up| set_up).map(|(handler, sink)| {
            inner.state.observe(|observer| observer.worker_came(index));
            inner.state.sleep.started(index, start, &inner.state.ledger);
            let end = work(inner, index, handler, sink);
            inner.state.observe(|observer| observer.worker_left(index));
            end
        });
        drop_quietly(context::set_state(None));
        context::set_running_slot(None);
        // Once for each start hook that returned, whatever happened in between.
        let _ = call(&inner.config.on_thread_stop).map_err(drop_quietly);
        worked
    }

    fn deliver(&self, outcome: Completed<R>) -> u64 {
        self.sinks.tell(Message::Put(outcome))
    }

    fn skip(&self, ids: Vec<JobId>) {
        self.sinks.tell(Message::Skip(ids));
    }
}

/// The cause of a start that failed because foreign code panicked.
fn panicked(payload: Box<dyn Any + Send>) -> StartCause {
    StartCause::Panicked(Arc::new(Panic::new(payload)))
}

/// Works until the worker is to leave.
fn work<J, Q, H, S, R>(
    inner: &Arc<Inner<J, R, Q>>,
    index: usize,
    mut handler: H,
    mut sink: S,
) -> End
where
    J: Send + 'static,
    Q: WorkQueue<Job<J>>,
    R: 'static,
    H: Handler<J, R>,
    S: ResultSink<Result = R>,
{
    let worked = guarded(|| {
        let worker = Rc::new(Worker::new(Arc::clone(inner), index));
        context::set_worker(Some(Rc::clone(&worker) as Rc<_>));
        worker.run(&mut handler, &mut sink)
    });
    if let Some(slot) = inner.state.running.slot(index) {
        slot.end();
    }
    // From here on, what this thread submits comes from outside.
    let local = guarded(|| context::set_worker(None));
    forget_pool();
    let worked = worked.and_then(|worked| worked).and_then(|end| local.map(|()| end));
    let end = worked.unwrap_or_else(|payload| {
        // The panics of jobs and sinks were dealt with, so this one came from the queue.
        drop_quietly(payload);
        inner.state.give_up(Some(index));
        End::Spared
    });
    // It may have kept others from their jobs until it left, its end of the queue may have moved jobs when it
    // was dropped, and the foreign code below may take long.
    inner.notify_if_work();
    drop_quietly(handler);
    inner.state.ledger.worker(index).undelivered.add(flush_quietly(&mut sink));
    drop_quietly(sink);
    end
}
