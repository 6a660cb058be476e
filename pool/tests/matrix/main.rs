//! Every place where foreign code runs, times every call of the pool: each has the outcome that the contract
//! gives to a caller that stands there, none hangs, the books balance and every thread ends.
//!
//! A place is one line below, and a function that gets there; a call is one line in `matrix/calls.rs`.
//! What a place is owed is told by its standing, in `matrix/standing.rs`. Each place is a test of its own,
//! and so is that no lock of the pool is held there:
//!
//! ```text
//! cargo test -p drainpool --all-features --release --test matrix          # all; one cell in three without --release
//! cargo test -p drainpool --all-features --test matrix places::sink_put   # one place
//! POOL_MATRIX_ONLY="execute_batch × Closed" cargo test …             # cells whose name contains this
//! POOL_MATRIX_WATCHDOG_MS=1000 POOL_MATRIX_MAX_HANGS=1000 cargo test …
//! ```

#[path = "places/mod.rs"]
mod arrange;
#[path = "../setup/block_on.rs"]
mod block_on;
mod books;
mod calls;
mod exclusions;
mod place;
mod run;
mod setup;
mod standing;
mod state;
mod unlocked;
mod world;

/// Makes two tests of each place.
macro_rules! places {
    ($($name:ident: $standing:ident($module:ident::$arrange:ident)$(.$more:ident())*;)*) => {
        $(
            const fn $name() -> crate::place::Place {
                let arrange = crate::arrange::$module::$arrange;
                crate::place::$standing(stringify!($name), arrange)$(.$more())*
            }
        )*

        mod places {
            $(#[test] fn $name() { crate::run::matrix(super::$name()); })*
        }

        mod unlocked_places {
            $(#[test] fn $name() { crate::unlocked::check(super::$name()); })*
        }
    };
}

places! {
    // Jobs, and pieces of jobs.
    job: at_work(jobs::body);
    job_installed: at_work(borrowing::installed);
    job_by_join_or_run: at_work(jobs::join_or_run).all_busy();
    job_run_here: at_work(jobs::executed_here).full();
    job_with_a_handle_run_here: at_work(jobs::spawned_here).full();
    job_by_a_worker_of_another_pool: at_work(jobs::visited).all_busy();
    job_by_a_start_hook: at_work(jobs::run_by_start_hook).two_workers().perhaps_free();
    job_by_a_stop_hook: at_work(jobs::run_by_stop_hook).two_workers().all_busy();
    job_by_a_handlers_drop: at_work(jobs::run_by_handlers_drop).two_workers().all_busy();
    job_by_a_late_thread_local: at_work(thread_locals::job_in_a_late_one).all_busy();
    joins_first_half: at_work(borrowing::first_half).all_busy();
    joins_second_half_by_the_caller:
        at_work(borrowing::second_half_by_the_caller).all_busy();
    joins_second_half_by_a_worker: at_work(borrowing::second_half_by_a_worker);
    joins_second_half_by_a_helper: at_work(borrowing::half_by_a_helper).all_busy();
    joins_second_half_in_a_job: at_work(borrowing::half_in_a_job).all_busy();
    scopes_child_by_the_caller: at_work(borrowing::child_by_the_caller).all_busy();
    scopes_child_by_a_worker: at_work(borrowing::child_by_a_worker);
    scopes_child_by_a_late_thread_local:
        at_work(thread_locals::child_in_a_late_one).all_busy();
    scopes_body: outside(borrowing::scope_body).all_busy().keeps_nothing();
    for_each_by_the_caller: at_work(borrowing::for_each_by_the_caller).all_busy();
    for_each_by_a_worker: at_work(borrowing::for_each_by_a_worker);

    // What is dropped, and who is told of an end.
    captures_of_a_job: at_work(drops::captures_of_a_job);
    captures_of_an_unwinding_job: at_work(drops::captures_of_an_unwinding_job);
    captures_of_a_cancelled_job: at_work(drops::captures_of_a_cancelled_job).all_busy();
    captures_of_an_expired_job: at_work(drops::captures_of_an_expired_job);
    result_without_a_handle: at_work(drops::result_without_a_handle);
    result_with_its_handle: outside(drops::result_with_its_handle);
    payload_of_a_panic: at_work(drops::payload_of_a_panic);
    payload_of_a_job_without_a_handle: at_work(drops::payload_of_a_job_without_a_handle);
    payload_outside: at_work(drops::payload_outside).full();
    payload_of_a_second_child: at_work(drops::payload_of_a_second_child).all_busy();
    waker_on_a_worker: at_work(futures::waker_on_a_worker);
    waker_of_a_cancelled_job: at_work(futures::waker_of_a_cancelled_job).all_busy();
    waker_of_a_submit_by_a_worker: at_work(futures::waker_of_a_submit_by_a_worker);
    waker_of_a_submit_by_a_canceller:
        at_work(futures::waker_of_a_submit_by_a_canceller).all_busy();
    waker_of_a_submit_at_the_close:
        outside(futures::waker_of_a_submit_at_the_close).all_busy().closed();

    // Threads that start and end.
    start_hook_of_the_first: inside(hooks::first_start_hook).alone().perhaps_free();
    start_hook_of_another: inside(hooks::another_start_hook).two_workers().perhaps_free();
    stop_hook_leaving: inside(hooks::stop_hook_leaving).all_busy().alone_if_single();
    stop_hook_closed: inside(hooks::stop_hook_closed).closed();
    maker_at_the_build: inside(hooks::maker_at_the_build).alone().perhaps_free();
    maker_at_a_slow_build: inside(hooks::maker_at_a_slow_build).alone().perhaps_free();
    maker_of_the_first: inside(hooks::first_maker).alone().perhaps_free();
    maker_of_another: inside(hooks::another_maker).two_workers().perhaps_free();
    handlers_drop_leaving: inside(hooks::handlers_drop_leaving).all_busy().alone_if_single();
    handlers_drop_closed: inside(hooks::handlers_drop_closed).closed();
    state_maker_of_the_first: inside(hooks::first_state_maker).alone().perhaps_free();
    state_maker_of_another: inside(hooks::another_state_maker).two_workers().perhaps_free();
    states_drop_leaving: inside(hooks::states_drop_leaving).all_busy().alone_if_single();
    states_drop_closed: inside(hooks::states_drop_closed).closed();
    factory_of_the_first: inside(hooks::first_factory).alone().perhaps_free();
    factory_of_another: inside(hooks::another_factory).two_workers().perhaps_free();
    factory_in_a_job: either(hooks::factory_in_a_job).two_workers().perhaps_free();

    // Sinks.
    sink_put: at_work(sinks::put);
    sink_flush: at_work(sinks::flush);
    sink_skip: at_work(sinks::skip);
    sink_clone_of_the_first: inside(sinks::first_clone).alone().perhaps_free();
    sink_clone_of_another: inside(sinks::another_clone).two_workers().perhaps_free();
    sink_last_flush_leaving: inside(sinks::last_flush_leaving).all_busy().alone_if_single();
    sink_last_flush_closed: inside(sinks::last_flush_closed).closed();
    sink_drop_leaving: inside(sinks::drop_leaving).all_busy().alone_if_single();
    sink_drop_closed: inside(sinks::drop_closed).closed();
    sink_originals_drop: inside(sinks::originals_drop).closed();
    sink_put_outside: at_work(sinks::put_outside).full();
    sink_flush_outside: at_work(sinks::flush_outside).full();
    sink_clone_outside: at_work(sinks::clone_outside).full();
    sink_skip_outside: at_work(sinks::skip_outside).full();

    // Observers.
    observer_of_a_submit: inside(observers::submitted).perhaps_free();
    observer_of_a_start: at_work(observers::started);
    observer_of_an_end: at_work(observers::ended);
    observer_of_the_end_of_a_job_with_a_handle: at_work(observers::ended_with_a_handle);
    observer_of_a_sleep: inside(observers::sleeps).perhaps_free();
    observer_of_a_waking: at_work(observers::wakes).perhaps_free();
    observer_of_the_first_that_came: inside(observers::first_came).alone().perhaps_free();
    observer_of_another_that_came: inside(observers::another_came).two_workers().perhaps_free();
    observer_of_one_that_left: inside(observers::left_leaving).all_busy().alone_if_single();
    observer_of_one_that_left_closed: inside(observers::left_closed).closed();

    // Clocks.
    clock_now_falling_asleep: inside(clocks::now_falling_asleep).perhaps_free();
    clock_sleep_for_falling_asleep: inside(clocks::sleep_for_falling_asleep).perhaps_free();
    clock_now_for_a_job: either(clocks::now_for_a_job);
    clock_now_waiting_for_rest: outside(clocks::now_waiting_for_rest).all_busy();
    clock_sleep_for_waiting_for_rest: outside(clocks::sleep_for_waiting_for_rest).all_busy();
    clock_now_waiting_for_a_job: outside(clocks::now_waiting_for_a_job).all_busy();
    clock_sleep_for_waiting_for_a_job: outside(clocks::sleep_for_waiting_for_a_job).all_busy();
    clock_now_waiting_for_room: outside(clocks::now_waiting_for_room).full();

    // Iterators.
    iterator_of_map: outside(iterators::map);
    iterator_of_map_unordered: outside(iterators::map_unordered);
    iterator_of_map_in_a_job: at_work(iterators::map_in_a_job);
    iterator_of_a_batch: outside(iterators::batch);
    iterator_of_a_batch_in_a_job: at_work(iterators::batch_in_a_job);
    iterator_of_for_each_by_the_caller:
        at_work(iterators::for_each_by_the_caller).all_busy();
    iterator_of_for_each_by_a_worker: at_work(iterators::for_each_by_a_worker).perhaps_free();

    // Destructors of thread-locals: early ones run while the pool's are there, late ones after those.
    thread_local_leaving: inside(thread_locals::early_leaving).one_free().alone_if_single();
    thread_local_closed: inside(thread_locals::early_closed).closed();
    thread_local_leaving_late: inside(thread_locals::late_leaving).one_free().alone_if_single();
    thread_local_closed_late: inside(thread_locals::late_closed).closed();
    thread_local_outside: outside(thread_locals::early_outside);
    thread_local_outside_late: outside(thread_locals::late_outside);
}
