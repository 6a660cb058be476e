//! The state of a scope: its children, the first panic of one, and the workers that help with them.

use std::any::Any;
use std::sync::Arc;

use crate::clock::pause_until_woken;
use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::parker::Parker;
use crate::runtime::account::Account;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::job_ref::{Execute, JobRef};
use crate::runtime::pool_state::PoolState;
use crate::sync::{Mutex, lock};
use crate::task::Task;

/// The maximum number of children that a helper runs before it looks for other jobs.
const TURN: usize = 64;

/// The children of one scope.
///
/// They lie here and not in the pool's queue, so that the scope's owner finds them, and nothing else (C11).
/// The queue gets job refs that call for helpers, never more than the pool may have workers. A worker that
/// answers one runs children until there are none left.
pub(crate) struct ScopeState {
    state: Mutex<State>,
    /// The parker of the thread that waits for them.
    owner: Arc<Parker>,
    /// The maximum number of calls for help at once.
    workers: usize,
}

struct State {
    /// Taken from the end: a tree is walked depth first, in little memory.
    jobs: Vec<Task>,
    /// The number of children that have not ended, those in `jobs` included.
    open: usize,
    /// The number of calls for help that are in the queue or being answered.
    helpers: usize,
    /// Whether the owner waits.
    waited: bool,
    /// The payload of the first panic of a child.
    panic: Option<Box<dyn Any + Send>>,
    /// `None` when the scope has ended: a stale call for help must not keep the pool alive whose queue
    /// holds it.
    pool: Option<Arc<dyn AnyPool>>,
}

impl ScopeState {
    /// Returns the state of a scope without children, owned by the present thread.
    pub(crate) fn new(pool: Arc<dyn AnyPool>, workers: usize) -> Arc<Self> {
        let state = State {
            jobs: Vec::new(),
            open: 0,
            helpers: 0,
            waited: false,
            panic: None,
            pool: Some(pool),
        };
        Arc::new(Self { state: Mutex::new(state), owner: Parker::own(), workers })
    }

    /// Adds a child, which is run before [`finish`](Self::finish) returns.
    pub(crate) fn add(self: &Arc<Self>, job: Task) {
        let mut state = lock(&self.state);
        state.jobs.push(job);
        state.open += 1;
        let pool = if state.helpers < self.workers { state.pool.clone() } else { None };
        state.helpers += usize::from(pool.is_some());
        let waited = std::mem::take(&mut state.waited);
        drop(state);
        if waited {
            self.owner.unpark();
        }
        if let Some(pool) = pool {
            pool.offer(JobRef::new(self.clone()));
        }
    }

    /// Runs a child and notes how it ended.
    fn run(&self, job: Task) {
        let payload = guarded(|| job.run()).err();
        let mut state = lock(&self.state);
        state.open -= 1;
        let surplus = match payload {
            Some(payload) if state.panic.is_none() => {
                state.panic = Some(payload);
                None
            }
            payload => payload,
        };
        let waited = state.open == 0 && std::mem::take(&mut state.waited);
        drop(state);
        if waited {
            self.owner.unpark();
        }
        drop_quietly(surplus);
    }

    /// Runs the children that were not begun and waits for the others, until there are none. Returns the
    /// payload of the first panic.
    ///
    /// To be called by the owner, as the last thing.
    pub(crate) fn finish(&self, pool: &PoolState) -> Option<Box<dyn Any + Send>> {
        let _guest = pool.guest();
        loop {
            let mut state = lock(&self.state);
            if let Some(job) = state.jobs.pop() {
                drop(state);
                self.run(job);
                continue;
            }
            if state.open == 0 {
                let (offer_to, panic) = (state.pool.take(), state.panic.take());
                let helpers = state.helpers;
                drop(state);
                drop(offer_to);
                if helpers > 0 {
                    Account::here(pool).leave_stale(helpers * size_of_val(self));
                }
                return panic;
            }
            state.waited = true;
            drop(state);
            self.owner.park(pause_until_woken(pool.clock()));
        }
    }
}

/// A call for help, answered by a worker.
impl Execute for ScopeState {
    fn run(self: Arc<Self>, _id: JobId, account: Account<'_>) {
        for _ in 0..TURN {
            let mut state = lock(&self.state);
            let job = if account.is_held() { None } else { state.jobs.pop() };
            if job.is_none() && state.jobs.is_empty() {
                state.helpers -= 1;
                return;
            }
            drop(state);
            match job {
                Some(job) => ScopeState::run(&self, job),
                None => break,
            }
        }
        // More are left, but other jobs want their turn, or none is to be started at present.
        let pool = lock(&self.state).pool.clone();
        match pool {
            Some(pool) => pool.offer(JobRef::new(self)),
            None => self.abandon(),
        }
    }

    fn abandon(&self) {
        lock(&self.state).helpers -= 1;
    }

    fn give_up_stale(&self) -> bool {
        let mut state = lock(&self.state);
        let is_stale = state.jobs.is_empty();
        state.helpers -= usize::from(is_stale);
        is_stale
    }
}
