//! A worker: a pool whose jobs come from a queue in the server.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use pool_core::{Job, MAX_CAPACITY, MakeQueue, Pool, ThreadPoolBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Json};
use crate::delivery::{self, Delivery};
use crate::hand::Hand;
use crate::leases::{Leases, renew};
use crate::link::Link;
use crate::outcome::Kind;
use crate::puller::{Ended, Puller};
use crate::queue::RedisQueue;
use crate::report::{WorkerError, WorkerReport};
use crate::scripts::call;
use crate::settler::{BACKLOG, Outbox, Settled, Verdict, settle};
use crate::shared::Shared;
use crate::stop::Stop;

/// A worker process, or a part of one: an ordinary pool whose jobs come from a [`RedisQueue`], and whose outcomes go
/// there.
///
/// One thread fetches jobs, one brings outcomes, and one renews the leases; those of the pool run the jobs. It ends
/// when the queue is drained, or when it is told to [stop](Stopper::stop).
///
/// # Examples
///
/// See [the crate](crate).
pub struct Worker<J, R, C = Json> {
    queue: RedisQueue<J, R, C>,
    batch: usize,
    stop: Arc<Stop>,
}

/// Tells a [`Worker`] to stop, from any thread; made by [`Worker::stopper`].
#[derive(Debug, Clone)]
pub struct Stopper(Arc<Stop>);

impl Stopper {
    /// Has the worker leave: what runs is finished, and what has not started is given back to the queue, where
    /// other workers find it at once. The queue stays as it is. That is for a signal such as SIGTERM;
    /// [`RedisQueue::close`] ends the queue for all.
    pub fn stop(&self) {
        self.0.set();
    }
}

impl<J, R, C> Worker<J, R, C>
where
    J: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    C: Codec,
{
    /// Returns a worker for this queue. It does nothing before it is [run](Self::run).
    #[must_use]
    pub fn new(queue: &RedisQueue<J, R, C>) -> Self {
        Self { queue: queue.clone(), batch: 64, stop: Arc::default() }
    }

    /// The number of jobs that are fetched at a time: 64 by default. Besides those that run, one fewer may wait here. Short
    /// jobs want many, as each fetch costs a way to the server and back; of long ones, those that wait are kept from idle
    /// workers elsewhere: 1 is right for jobs of a second and more, and then none waits.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[must_use]
    pub fn batch(mut self, jobs: usize) -> Self {
        assert!(jobs > 0, "a worker fetches at least one job at a time");
        self.batch = jobs;
        self
    }

    /// Returns what tells this worker to stop.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Runs jobs until the queue is drained or deleted or the worker is to stop, and returns when the last outcome is with the
    /// server. `make_handler` is called once on each thread of the pool, with its index, and returns the handler there;
    /// see [`build_with`](ThreadPoolBuilder::build_with).
    ///
    /// The builder is that of any pool: threads, backend, hooks, observers, state, panic policy. Its sink and its
    /// capacity are replaced.
    ///
    /// # Errors
    ///
    /// [`WorkerError`]. A connection that breaks is none: the worker makes another one, and says so by
    /// [`on_reconnect`](crate::QueueOptions::on_reconnect).
    pub fn run<B, S, M, H>(
        self,
        builder: ThreadPoolBuilder<B, S>,
        make_handler: M,
    ) -> Result<WorkerReport, WorkerError>
    where
        B: MakeQueue<Job<Delivery>>,
        M: Fn(usize) -> H + Send + Sync + 'static,
        H: FnMut(J) -> R,
    {
        let (outbox, outcomes) = mpsc::sync_channel(BACKLOG);
        let hand = Arc::new(Hand::new(Arc::clone(&self.stop)));
        let outbox = Outbox { verdicts: outbox, hand: Arc::clone(&hand) };
        // What it has in hand is bounded by what it fetches.
        let builder = builder.sink(outbox).capacity(MAX_CAPACITY);
        let pool = builder
            .build_with(move |worker| handler_of::<J, R, C>(make_handler(worker.index())))
            .map_err(WorkerError::Build)?;
        let (shared, stop) = (&*self.queue.shared, &*self.stop);
        let name = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
        let (leases, settled) = (&Leases::default(), &Stop::default());
        let worker = &*name;
        thread::scope(|scope| {
            let spawn = |name: &str| thread::Builder::new().name(name.to_owned());
            // Set when this returns, however it does: the threads of the scope end by it.
            let _settled = SetOnDrop(settled);
            let renewer = spawn("redis-renewer");
            renewer
                .spawn_scoped(scope, move || renew(shared, worker, leases, settled))
                .map_err(WorkerError::Thread)?;
            let settler = spawn("redis-settler");
            let settler = settler
                .spawn_scoped(scope, move || settle(shared, &outcomes, leases, stop))
                .map_err(WorkerError::Thread)?;
            let at_a_time = (self.batch, pool.num_threads());
            let mut puller = Puller::new(shared, worker, at_a_time, &hand, leases, stop);
            // Nothing that waits is begun once it is to stop.
            let holds = pool.handle().clone();
            stop.call_when_set(Box::new(move || holds.pause()));
            let hooked = Hooked(stop);
            let ended = pull_apart(&mut puller, &pool)?;
            // From here on, a server that is away is waited for no longer than a lease.
            stop.set();
            drop(hooked);
            let released = self.leave(&pool, &mut puller, worker, leases);
            // The last outcome is in the channel when it returns, and with the pool goes the last sender.
            pool.shutdown();
            drop(pool);
            let Settled { done, panicked, undecodable, superseded, unsettled } =
                settler.join().unwrap_or_default();
            forget_worker(shared, worker);
            let end = match ended {
                Ended::As(end) => end,
                Ended::Server(error) => return Err(WorkerError::Server(error)),
                Ended::Pool(refused) => return Err(WorkerError::Pool(refused)),
                Ended::NoThread => return Err(WorkerError::NoThread),
            };
            Ok(WorkerReport {
                end,
                done,
                panicked,
                undecodable,
                superseded,
                reclaimed: puller.reclaimed,
                dead: puller.dead,
                released,
                lost_leases: leases.lost(),
                unsettled,
            })
        })
    }

    /// Gives back the jobs that have not started. Returns their number.
    fn leave<Q: pool_core::WorkQueue<Job<Delivery>>>(
        &self,
        pool: &Pool<Delivery, Verdict, Q>,
        puller: &mut Puller<'_>,
        worker: &str,
        leases: &Leases,
    ) -> u64 {
        let queued = pool.take_queued().into_iter().map(|(_, delivery)| delivery);
        let left: Vec<Delivery> = queued.chain(puller.left()).collect();
        if left.is_empty() {
            return 0;
        }
        leases.let_go(left.iter().map(Delivery::id));
        let shared = &*self.queue.shared;
        let mut arguments = vec![worker.to_owned(), shared.lease.as_millis().to_string()];
        for delivery in &left {
            arguments.extend([delivery.id().to_string(), delivery.deliveries().to_string()]);
        }
        let release = |connection: &mut redis::Connection| {
            call::<u64>(&shared.scripts.release, &shared.keys, &arguments, connection)
        };
        let told = shared.on_reconnect.as_ref();
        // If it fails, their leases end.
        Link::hasty(&shared.client).insist(&self.stop, AT_THE_END, told, release).unwrap_or(0)
    }
}

/// Fetches jobs on a thread of its own: a signal goes to the first thread of a program, and would break the connection
/// in the middle of an answer.
fn pull_apart<Q: pool_core::WorkQueue<Job<Delivery>>>(
    puller: &mut Puller<'_>,
    pool: &Pool<Delivery, Verdict, Q>,
) -> Result<Ended, WorkerError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("redis-puller".to_owned());
        let pulls =
            thread.spawn_scoped(scope, || puller.pull(pool)).map_err(WorkerError::Thread)?;
        Ok(pulls.join().unwrap_or_else(|panicked| resume_unwind(panicked)))
    })
}

/// How long a server that is away is waited for at the end, to spare others the time of a lease.
const AT_THE_END: Duration = Duration::from_secs(5);

/// Has the server forget a worker that has left no job behind. If it fails, the server keeps its name.
fn forget_worker(shared: &Shared, worker: &str) {
    let _ = Link::hasty(&shared.client)
        .call(|connection| call::<u64>(&shared.scripts.leave, &shared.keys, &[worker], connection));
}

/// Returns what decodes jobs, has them handled, and encodes the results, all on the thread of the handler.
fn handler_of<J, R, C>(mut handler: impl FnMut(J) -> R) -> impl FnMut(Delivery) -> Verdict
where
    J: DeserializeOwned,
    R: Serialize,
    C: Codec,
{
    move |delivery: Delivery| {
        let id = delivery.id();
        // First of all: a panic of the codec is the job's, too.
        delivery::begin(delivery.clone());
        let verdict = |kind, bytes| Verdict::new(id, kind, bytes);
        let Some(payload) = delivery.payload() else {
            let why = "the entry is no job of this version of the queue";
            return verdict(Kind::Undecodable, why.into());
        };
        let job = match C::decode(payload) {
            Ok(job) => job,
            Err(why) => return verdict(Kind::Undecodable, why.to_string().into_bytes()),
        };
        let result = handler(job);
        match C::encode(&result) {
            Ok(bytes) => verdict(Kind::Done, bytes),
            Err(why) => verdict(Kind::Undecodable, why.to_string().into_bytes()),
        }
    }
}

/// Has the word to stop forget its hook when this is dropped. The hook has a handle of the pool, with which the last
/// sender of outcomes would stay.
struct Hooked<'a>(&'a Stop);

impl Drop for Hooked<'_> {
    fn drop(&mut self) {
        self.0.forget_hook();
    }
}

/// Sets the word to stop when it is dropped.
struct SetOnDrop<'a>(&'a Stop);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

impl<J, R, C> fmt::Debug for Worker<J, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("queue", &self.queue)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}
