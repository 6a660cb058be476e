//! Contexts that use their pool, panic, or are more than one; see also `contexts.rs`.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use drainpool::{
    AnyQueue, BuildError, Collect, InContext, Job, JobContext, JobError, ManualClock, NoContext,
    Pool, SubmitOptions, Task, WhenFull, keep_input,
};

use crate::setup::Setup;
use crate::setup::block_on::block_on;
use crate::setup::request::{PANICS_AT_ENTRY, Request, requested};
use crate::setup::tools::{Bomb, thrown};

on_every_backend! {
    a_capture_may_use_its_pool
    a_capture_that_panics_drops_both_halves_of_a_join_quietly
    an_async_submit_captures_before_it_has_a_place
    the_drop_of_a_context_that_panics_loses_nothing
    the_drop_of_a_context_that_panics_goes_no_further
    contexts_are_entered_in_the_order_in_which_they_were_set
    a_backend_that_replaces_one_of_two_contexts_is_refused
    an_entry_that_panics_keeps_the_input
    a_task_that_was_refused_keeps_its_context
}

type Contextual<J, R, C> = Pool<J, R, InContext<AnyQueue<Job<J>>, C>>;

// ---- Contexts that use their pool ------------------------------------------------------------------

thread_local! {
    static AT_CAPTURE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// A context whose next capture on this thread calls a closure.
struct Calls;

impl JobContext for Calls {
    fn capture() -> Self {
        if let Some(call) = AT_CAPTURE.take() {
            call();
        }
        Self
    }

    fn enter(self) -> impl Sized {}
}

/// A pool with room for one job, and a closure for a capture, which takes the place and gives it back.
fn narrow(setup: Setup) -> (Contextual<Task, (), Calls>, impl Fn() + Clone + 'static) {
    let pool: Contextual<Task, (), Calls> =
        setup.builder().capacity(1).context::<Calls>().build().unwrap();
    let handle = pool.handle();
    let uses = move || {
        handle.execute(|| ()).unwrap();
        handle.wait_idle().unwrap();
    };
    (pool, uses)
}

fn a_capture_that_panics_drops_both_halves_of_a_join_quietly(setup: Setup) {
    let (pool, _) = narrow(setup);
    let half = || {
        let bomb = Bomb;
        move || std::mem::forget(bomb)
    };
    AT_CAPTURE.set(Some(Box::new(|| panic!("a capture, on purpose"))));
    assert_eq!(thrown(|| pool.join(half(), half())), "a capture, on purpose");
    pool.join(half(), half());
}

fn a_capture_may_use_its_pool(setup: Setup) {
    let (pool, uses) = narrow(setup);
    let check = |submit: &dyn Fn()| {
        AT_CAPTURE.set(Some(Box::new(uses.clone())));
        submit();
        assert!(AT_CAPTURE.take().is_none(), "it has captured");
        pool.wait_idle().unwrap();
    };
    check(&|| _ = pool.execute(|| ()).unwrap());
    check(&|| pool.spawn(|| ()).unwrap().join().unwrap());
    check(&|| drop(pool.spawn_batch([|| (), || ()]).unwrap()));
    check(&|| drop(pool.execute_batch([|| (), || ()]).unwrap()));
    check(&|| pool.admit(SubmitOptions::new()).unwrap().execute(|| ()).release());
    check(&|| pool.admit(SubmitOptions::new()).unwrap().spawn(|| ()).0.release());
    #[cfg(feature = "lanes")]
    {
        let lane = drainpool::LanesExt::lane(&*pool, 1);
        check(&|| _ = lane.execute(|| ()).unwrap());
        check(&|| lane.spawn(|| ()).unwrap().join().unwrap());
    }
    #[cfg(feature = "timer")]
    {
        let timer = drainpool::Timer::new(&pool).unwrap();
        check(&|| {
            let job = timer.after(Duration::ZERO, || ()).unwrap();
            crate::setup::eventually(|| job.is_finished());
        });
        timer.shutdown();
    }
    let report = pool.shutdown();
    assert_eq!(report.done, report.accepted);
}

fn an_async_submit_captures_before_it_has_a_place(setup: Setup) {
    let (pool, uses) = narrow(setup);
    let check = |submit: &dyn Fn()| {
        AT_CAPTURE.set(Some(Box::new(uses.clone())));
        submit();
        assert!(AT_CAPTURE.take().is_none(), "it has captured");
        pool.wait_idle().unwrap();
    };
    check(&|| _ = block_on(pool.execute_async(|| ())).unwrap());
    check(&|| _ = block_on(pool.submit_async(Task::new(|| ()))).unwrap());
    check(&|| block_on(pool.spawn_async(|| ())).unwrap().join().unwrap());
    check(&|| block_on(pool.spawn_cancellable_async(|_| ())).unwrap().join().unwrap());
    check(&|| block_on(pool.call_async(Task::new(|| ()))).unwrap().join().unwrap());
    // One that waits for room has captured at its first poll.
    pool.pause();
    pool.execute(|| ()).unwrap();
    let waits = async {
        AT_CAPTURE.set(Some(Box::new(|| ())));
        let mut submit = std::pin::pin!(pool.spawn_async(|| ()));
        let begun = std::future::poll_fn(|cx| {
            std::task::Poll::Ready(submit.as_mut().poll(cx).is_pending())
        });
        assert!(begun.await && AT_CAPTURE.take().is_none());
        AT_CAPTURE.set(Some(Box::new(|| unreachable!("it has captured"))));
        pool.resume();
        let job = submit.await.unwrap();
        drop(AT_CAPTURE.take());
        job.await.unwrap();
    };
    block_on(waits);
    pool.shutdown();
}

// ---- Contexts whose drop panics --------------------------------------------------------------------

/// A context that panics when it is dropped and was not entered.
struct Breaks;

impl JobContext for Breaks {
    fn capture() -> Self {
        Self
    }

    fn enter(self) -> impl Sized {
        std::mem::forget(self);
    }
}

impl Drop for Breaks {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

/// Panics when it is dropped, as well.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

fn owns<T>(value: T) -> impl FnOnce() -> u32 {
    let owned = [value];
    move || owned.len() as u32
}

fn the_drop_of_a_context_that_panics_loses_nothing(setup: Setup) {
    let pool: Contextual<u32, u32, Breaks> = setup
        .builder()
        .context::<Breaks>()
        .sink(drainpool::sink_fn(|_| ()))
        .build_with(|_| |n| n)
        .unwrap();
    pool.close();
    assert_eq!(pool.submit(7).unwrap_err().into_inner(), 7);
    assert_eq!(pool.call(7).unwrap_err().into_inner(), 7);
    assert_eq!(pool.spawn(|| 7).unwrap_err().into_inner()(), 7);
    assert!(pool.spawn_cancellable(|_| 7).unwrap_err().is_closed());
    assert_eq!(block_on(pool.spawn_async(|| 7)).unwrap_err().into_inner()(), 7);
    assert_eq!(pool.submit_batch([7, 8]).unwrap_err().into_inner().0.len(), 1);
    assert_eq!(pool.call_batch([7, 8]).unwrap_err().into_inner().0, [7, 8]);
    let spawned = pool.spawn_batch((0..3).map(|n| move || n)).err().unwrap();
    assert_eq!(spawned.into_inner().0.into_iter().map(|job| job()).sum::<u32>(), 3);
    pool.shutdown();
}

fn the_drop_of_a_context_that_panics_goes_no_further(setup: Setup) {
    let clock = ManualClock::new();
    let pool: Contextual<Task<u32>, u32, Breaks> = setup
        .builder()
        .clock(clock.clone())
        .paused()
        .context::<Breaks>()
        .sink(drainpool::sink_fn(|_| ()))
        .build()
        .unwrap();
    let job = pool.spawn(owns(Fragile)).unwrap();
    assert!(job.cancel());
    assert!(matches!(job.join(), Err(JobError::Cancelled)));
    let soon = SubmitOptions::new().start_within(Duration::from_secs(1));
    let expires = pool.with(soon).spawn(owns(Fragile)).unwrap();
    clock.advance(Duration::from_secs(2));
    assert!(matches!(expires.join(), Err(JobError::Expired)));
    drop(pool.admit(SubmitOptions::new()).unwrap().execute(owns(Fragile)));
    #[cfg(feature = "timer")]
    {
        let timer = drainpool::Timer::new(&pool).unwrap();
        let fragile = Fragile;
        timer.after(Duration::MAX, move || drop(fragile)).unwrap();
        assert_eq!(timer.shutdown().not_due, 1);
    }
    // What it is bound to is dropped quietly, what it owns is not.
    drop(pool.in_context(|| 7));
    let bound = pool.in_context(owns(Fragile));
    assert!(catch_unwind(AssertUnwindSafe(move || drop(bound))).is_err());
    pool.execute(owns(0)).unwrap();
    assert_eq!(pool.take_queued().len(), 1);
    let report = pool.shutdown();
    assert_eq!((report.cancelled, report.expired, report.returned), (2, 1, 1));
}

// ---- Several contexts ------------------------------------------------------------------------------

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn note(what: &'static str) {
    LOG.with_borrow_mut(|log| log.push(what));
}

struct Exit(&'static str);

impl Drop for Exit {
    fn drop(&mut self) {
        note(self.0);
    }
}

/// What one of two contexts notes: that it is captured, entered and left.
const NOTES: [[&str; 3]; 2] = [
    ["first captured", "first entered", "first left"],
    ["second captured", "second entered", "second left"],
];

struct Nth<const N: usize>;

impl<const N: usize> JobContext for Nth<N> {
    fn capture() -> Self {
        note(NOTES[N][0]);
        Self
    }

    fn enter(self) -> impl Sized {
        note(NOTES[N][1]);
        Exit(NOTES[N][2])
    }
}

fn contexts_are_entered_in_the_order_in_which_they_were_set(setup: Setup) {
    let builder = setup.builder().context::<Nth<0>>().context::<NoContext>().context::<Nth<1>>();
    let pool = builder.paused().build().unwrap();
    let job = pool.spawn(|| note("run")).unwrap();
    // It runs here.
    job.join_or_run().unwrap();
    let captured = ["first captured", "second captured"];
    let ran = ["first entered", "second entered", "run", "second left", "first left"];
    assert_eq!(LOG.take(), [&captured[..], &ran].concat());
    pool.scope(|scope| scope.spawn(|| ()));
    assert_eq!(LOG.take()[..2], captured);
    pool.shutdown();
}

fn a_backend_that_replaces_one_of_two_contexts_is_refused(setup: Setup) {
    let builder = setup.builder().context::<Nth<0>>().backend(setup.backend).context::<Nth<1>>();
    assert!(matches!(builder.build(), Err(BuildError::Context)));
}

// ---- What is kept ----------------------------------------------------------------------------------

fn an_entry_that_panics_keeps_the_input(setup: Setup) {
    let seen = Collect::new();
    let pool: Contextual<String, usize, Request> = setup
        .builder()
        .context::<Request>()
        .sink(seen.clone())
        .build_with(|_| keep_input(|line: &mut String| line.len()))
        .unwrap();
    let call = requested(PANICS_AT_ENTRY, || {
        pool.submit("one".to_owned()).unwrap();
        pool.submit_batch(["two".to_owned()]).unwrap();
        pool.call("three".to_owned()).unwrap()
    });
    let Err(JobError::Panicked(mut panic)) = call.join() else { unreachable!("it has panicked") };
    assert_eq!(panic.take_input::<String>().unwrap(), "three");
    assert!(panic.message().unwrap().contains("on purpose"));
    pool.shutdown();
    let mut kept: Vec<String> = Vec::new();
    for done in seen.take() {
        let Err(JobError::Panicked(mut panic)) = done.outcome else { unreachable!() };
        kept.push(panic.take_input().unwrap());
    }
    kept.sort_unstable();
    assert_eq!(kept, ["one", "two"]);
}

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// A number, and how often a context was entered that was not left.
struct Nested(u32);

impl JobContext for Nested {
    fn capture() -> Self {
        Self(NUMBER.get())
    }

    fn enter(self) -> impl Sized {
        DEPTH.set(DEPTH.get() + 1);
        Left(NUMBER.replace(self.0))
    }
}

struct Left(u32);

impl Drop for Left {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        NUMBER.set(self.0);
    }
}

fn a_task_that_was_refused_keeps_its_context(setup: Setup) {
    let seen = Collect::new();
    let builder = setup.builder().capacity(1).paused().sink(seen.clone());
    let pool: Contextual<Task<(u32, u32)>, (u32, u32), Nested> =
        builder.context::<Nested>().build().unwrap();
    let looks = || (NUMBER.get(), DEPTH.get());
    NUMBER.set(1);
    pool.execute(looks).unwrap();
    let fails = pool.with(WhenFull::Fail);
    let mut refused = fails.execute_batch([looks; 2]).unwrap_err().into_inner().0;
    refused.push(pool.try_execute(looks).unwrap_err().into_inner());
    refused.push(pool.with(WhenFull::Fail).execute(looks).unwrap_err().into_inner());
    let call = pool.try_execute(looks).unwrap_err().into_inner();
    let mut calls = fails.execute_batch([looks; 2]).unwrap_err().into_inner().0;
    NUMBER.set(2);
    pool.resume();
    pool.submit(refused.pop().unwrap()).unwrap();
    pool.with(WhenFull::Wait).submit(refused.pop().unwrap()).unwrap();
    pool.submit_batch(refused).unwrap();
    assert_eq!(pool.call(call).unwrap().join().unwrap(), (1, 1));
    calls.push(Task::new(looks));
    let called = pool.call_batch(calls).unwrap().into_iter().map(|call| call.join().unwrap());
    assert!(called.eq([(1, 1), (1, 1), (2, 1)]), "refused ones keep theirs");
    pool.submit(Task::new(looks)).unwrap();
    NUMBER.set(0);
    pool.shutdown();
    let mut seen: Vec<_> = seen.take().into_iter().map(|done| done.outcome.unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (2, 1)]);
}
