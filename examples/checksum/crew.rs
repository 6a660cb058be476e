//! The pool and the channel on which its results arrive.

use std::hint::black_box;
use std::io;
use std::io::ErrorKind::OutOfMemory;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use drainpool::{
    Completed, JobId, JoinHandle, Pool, StdThreads, SubmitError, SubmitOptions, ThreadFactory as _,
    ThreadPoolBuilder, WorkerThread,
};

use crate::args::Args;
use crate::descriptors::Descriptors;
use crate::fatal::Fatal;
use crate::print::Printer;
use crate::progress::Progress;
use crate::timeline::Recording;
use crate::watch::{self, Watch};
use crate::work::{Found, PIECE, Queue, Work, Worker};

/// So many results may wait for the printer. A slow reader of our output then holds up the workers
/// instead of filling the memory.
const RESULTS: usize = 1024;

/// The stack of a worker, which neither recurses nor has large variables.
const STACK: usize = 256 * 1024;

/// How many bytes of memory are left to the jobs, the results and the output.
const SPARE: usize = 8 * 1024 * 1024;

/// What becomes of a job.
pub(crate) type Done = Completed<Found>;

/// A pool at work. Dropped early, it ends soon: the remaining jobs return at once.
pub(crate) struct Crew {
    /// Shows the pool until the end.
    _watch: Option<Watch>,
    stop: Arc<AtomicBool>,
    /// Before the pool, because fields are dropped in this order: the drop of the pool waits for
    /// its workers, and they must not wait for us to receive.
    results: Receiver<Done>,
    pool: Pool<Work, Found, Queue>,
}

impl Crew {
    pub(crate) fn start(
        args: &Args,
        progress: &Progress,
        recording: &Recording,
    ) -> Result<Self, Fatal> {
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        let stop = Arc::new(AtomicBool::new(false));
        let (sink, results) = sync_channel(RESULTS);
        let (stopped, progress) = (Arc::clone(&stop), progress.clone());
        let descriptors = Arc::new(Descriptors::default());
        let watched = args.watch;
        let builder = ThreadPoolBuilder::new();
        let builder = if watched { builder.track_jobs() } else { builder };
        let builder = builder
            .backend(args.backend)
            .num_threads(args.threads.unwrap_or_else(processors))
            // The others start when there is work for them. If one cannot, the pool does without.
            .core_threads(1)
            .thread_keep_alive(Duration::MAX)
            .thread_name(|worker| format!("checksum-{worker}"))
            .stack_size(STACK)
            .thread_factory(start_if_roomy)
            .sink(sink);
        let pool = recording.of(builder).build_with(move |context| {
            let (stop, progress) = (Arc::clone(&stopped), progress.clone());
            let descriptors = Arc::clone(&descriptors);
            let mut worker = Worker::new(context.handle(), stop, descriptors, progress);
            move |work: Work| {
                if watched {
                    watch::label(&work);
                }
                worker.perform(work)
            }
        })?;
        let watch = watched.then(|| Watch::start(&pool)).transpose()?;
        Ok(Self { _watch: watch, stop, results, pool })
    }

    pub(crate) fn submit(&self, work: Work) -> Result<JobId, SubmitError<Work>> {
        let options = SubmitOptions::new().label(work.label());
        self.pool.with(options).submit(work)
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

/// Starts a thread if there is memory for what it needs, and for the work itself. If a thread does not
/// start, the others do its work; memory that runs out later aborts the program.
fn start_if_roomy(worker: WorkerThread) -> io::Result<JoinHandle<()>> {
    // The first one is indispensable. Of the others' buffers all may still have to be allocated.
    if worker.index() > 0 {
        let mut room: Vec<u8> = Vec::new();
        room.try_reserve_exact(SPARE + worker.index() * PIECE).map_err(|_| OutOfMemory)?;
        // Otherwise the compiler could do without the memory, and so without the error.
        black_box(&mut room);
    }
    StdThreads.start(worker)
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
