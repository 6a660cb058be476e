//! The pool and the channel on which its results arrive.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;

use pool::{BuildError, Completed, JobId, Pool, SubmitError, ThreadPoolBuilder};

use crate::args::Args;
use crate::print::Printer;
use crate::progress::Progress;
use crate::work::{Found, Queue, Work, Worker};

/// So many results may wait for the printer. A slow reader of our output then holds up the workers
/// instead of filling the memory.
const RESULTS: usize = 1024;

/// What becomes of a job.
pub(crate) type Done = Completed<Found>;

/// A pool at work. Dropped early, it ends soon: the remaining jobs return at once.
pub(crate) struct Crew {
    stop: Arc<AtomicBool>,
    /// Before the pool, because fields are dropped in this order: the drop of the pool waits for
    /// its workers, and they must not wait for us to receive.
    results: Receiver<Done>,
    pool: Pool<Work, Found, Queue>,
}

impl Crew {
    pub(crate) fn start(args: &Args, progress: &Progress) -> Result<Self, BuildError> {
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        let stop = Arc::new(AtomicBool::new(false));
        let (sink, results) = sync_channel(RESULTS);
        let (stopped, progress) = (Arc::clone(&stop), progress.clone());
        let pool = ThreadPoolBuilder::new()
            .backend(args.backend)
            .num_threads(args.threads.unwrap_or_else(processors))
            .thread_name(|worker| format!("checksum-{worker}"))
            .sink(sink)
            .build_with(move |context| {
                let (stop, progress) = (Arc::clone(&stopped), progress.clone());
                let mut worker = Worker::new(context.handle(), stop, progress);
                move |work| worker.perform(work)
            })?;
        Ok(Self { stop, results, pool })
    }

    pub(crate) fn submit(&self, work: Work) -> Result<JobId, SubmitError<Work>> {
        self.pool.submit(work)
    }

    /// All jobs were submitted, except those that jobs submit.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// The next result; `None` after the last of a closed pool. While there is none, whatever was
    /// printed so far is shown.
    pub(crate) fn next(&self, printer: &mut Printer) -> io::Result<Option<Done>> {
        match self.results.try_recv() {
            Ok(done) => Ok(Some(done)),
            Err(TryRecvError::Disconnected) => Ok(None),
            Err(TryRecvError::Empty) => {
                printer.flush()?;
                // It ends when the last worker has left and taken its sender along.
                Ok(self.results.recv().ok())
            }
        }
    }

    /// After the last result: whether there was one for each job.
    pub(crate) fn is_complete(&self) -> bool {
        let books = self.pool.shutdown();
        books.unfinished == 0 && books.undelivered == 0
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
