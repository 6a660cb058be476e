//! The pool and its scopes in the words of `orx_parallel`.

use std::fmt;
use std::num::NonZeroUsize;

use orx_parallel::ThreadPool;
use pool_core::{Handle, Job, Scope, WorkQueue};

/// A pool as [`orx_parallel`] sees it; made by [`ParallelExt::parallel`](crate::ParallelExt::parallel).
///
/// A scope of it is one of the [pool's](pool_core::Handle::scope).
pub struct ParallelPool<'pool, J, R, Q> {
    pool: &'pool Handle<J, R, Q>,
}

impl<'pool, J, R, Q> ParallelPool<'pool, J, R, Q> {
    pub(crate) fn new(pool: &'pool Handle<J, R, Q>) -> Self {
        Self { pool }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> ThreadPool for ParallelPool<'_, J, R, Q> {
    type ScopeRef<'s, 'env, 'scope>
        = ParallelScope<'s, 'env>
    where
        'scope: 's,
        'env: 'scope + 's;

    fn scope<'env, 'scope, F>(&'env self, f: F)
    where
        'env: 'scope,
        for<'s> F: FnOnce(ParallelScope<'s, 'env>) + Send,
    {
        self.pool.scope(|scope| f(ParallelScope { scope }));
    }

    /// Returns the pool's [number of threads](pool_core::Handle::num_threads), as it is now.
    fn max_num_threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.pool.num_threads()).unwrap_or(NonZeroUsize::MIN)
    }
}

impl<J, R, Q> Clone for ParallelPool<'_, J, R, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J, R, Q> Copy for ParallelPool<'_, J, R, Q> {}

impl<J, R, Q> fmt::Debug for ParallelPool<'_, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParallelPool").finish_non_exhaustive()
    }
}

/// A scope of a [`ParallelPool`], in which a parallel iterator spawns its jobs.
#[derive(Debug, Clone, Copy)]
pub struct ParallelScope<'s, 'env> {
    scope: &'s Scope<'s, 'env>,
}

impl<'s, 'env, 'scope> orx_parallel::Scope<'s, 'env, 'scope> for ParallelScope<'s, 'env> {
    fn run<W>(self, work: W)
    where
        'scope: 's,
        'env: 'scope + 's,
        W: FnOnce() + Send + 'scope + 'env,
    {
        self.scope.spawn(work);
    }
}
