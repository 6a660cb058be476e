//! The macro that makes a named test of every check, from one list.

/// Makes a named test of every check of the [kit](crate) for a queue: of each clause of the contract, of
/// each duty of a queue, of the order if one is promised, and a property that plays random plans. Only
/// [`a_burst_leaves_no_memory`](crate::a_burst_leaves_no_memory) and
/// [`large_jobs_leave_little_memory`](crate::large_jobs_leave_little_memory) are not among them, since they
/// need an allocator that counts.
///
/// It takes
///
/// * a name for the module of the tests, and an expression that makes an empty queue for jobs of any type
///   that a check needs: closures, numbers, `()`, arrays of 4 KiB;
/// * `order`, the one that the queue promises for a single worker: `fifo`, `outside` (first in, first out
///   for jobs from outside alone; those of each submitting thread, or of all of them if the pool can have only one
///   worker), `priority` (the highest [priority](pool_core::Priority) first, and
///   first in, first out within one), or `none`;
/// * `stealing`, if each worker has a deque of its own from which the others steal: `in_place` if
///   [`retain`](pool_core::WorkQueue::retain) removes jobs where they lie, so that none is ever out of
///   sight, `moving` if it moves those that stay.
///
/// All tests together take some seconds in a debug build.
///
/// The crate that uses it needs `proptest` as a dev-dependency. The property runs `PROPTEST_CASES`
/// plans, 256 unless set.
///
/// ```
/// use pool_std::StdQueue;
///
/// pool_conformance::conformance_tests! {
///     my_queue: StdQueue::new();
///     order: fifo;
///     stealing: in_place;
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident: $queue:expr; order: $order:ident; $(stealing: $stealing:ident;)?) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::__conformance_checks! { $queue;
                c1_a_closed_pool_gives_the_job_back
                c1_submits_that_race_with_close_run_or_come_back
                c1_submits_that_wait_for_room
                c2_c3_every_job_runs_once_and_has_one_outcome
                c3_a_cancelled_job_never_runs
                c3_outcomes_that_find_no_taker_are_counted
                c4_jobs_submit_jobs_during_the_drain
                c5_workers_stay_while_a_job_runs_and_leave_after_it
                c6_a_forgotten_handle_keeps_nothing_open
                c7_as_many_jobs_run_at_once_as_there_are_workers
                c7_children_of_a_busy_parent_find_the_other_workers
                c7_a_job_from_outside_starts_while_a_worker_feeds_itself
                c8_panics_stay_with_their_jobs
                c8_panics_of_borrowed_work_are_thrown_on
                c9_nothing_lingers
                c10_workers_come_and_go
                c11_borrowed_work_is_done
                c11_jobs_wait_for_jobs
                nothing_is_lost_and_nothing_doubled
                an_end_that_is_dropped_loses_no_job
                an_end_that_is_asked_for_again_loses_no_job
                a_dropped_queue_drops_its_jobs
                a_refused_job_comes_back
                jobs_without_a_size_are_counted
                large_jobs_come_out_whole
                a_batch_is_taken_whole
                a_batch_is_taken_whole_whatever_its_size_hint
                a_batch_that_panics_harms_no_other_job
                what_is_there_is_found
                local_jobs_are_within_reach
                is_empty_tells_the_truth
                is_empty_overlooks_nothing_on_its_way
                len_is_about_what_waits
                a_worker_that_feeds_itself_starves_nobody
                a_busy_workers_jobs_are_not_starved
                what_a_worker_left_is_not_starved
                retain_starves_nobody
                a_million_jobs_may_wait
                calls_take_no_longer_the_more_jobs_wait
                retain_removes_what_it_is_told_to
                retain_loses_nothing_while_workers_pop
            }
            $crate::__conformance_order! { $order; $queue }
            $($crate::__conformance_stealing! { $stealing; $queue })?

            proptest::proptest! {
                #[test]
                fn drain_then_exit(
                    bytes in proptest::collection::vec(proptest::arbitrary::any::<u8>(), 0..120)
                ) {
                    $crate::Plan::from_bytes(&bytes).run($queue);
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_checks {
    ($queue:expr; $($check:ident)*) => {
        $(
            #[test]
            fn $check() {
                $crate::$check(|| $queue);
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_order {
    (fifo; $queue:expr) => {
        $crate::__conformance_order! { outside; $queue }
        $crate::__conformance_checks! { $queue;
            one_worker_is_first_in_first_out
            a_fairness_turn_keeps_the_order_inside
            retain_keeps_the_order_inside
        }
    };
    (priority; $queue:expr) => {
        $crate::__conformance_order! { fifo; $queue }
        $crate::__conformance_checks! { $queue;
            the_highest_priority_comes_first
            a_later_job_of_higher_priority_comes_first
            retain_keeps_the_order_by_priority
            jobs_and_handles_start_by_priority
            nested_jobs_start_by_priority
            what_is_waited_for_does_not_wait_its_turn
        }
    };
    (outside; $queue:expr) => {
        $crate::__conformance_checks! { $queue;
            one_worker_takes_outside_jobs_in_order
            one_worker_takes_each_threads_jobs_in_order
            batches_and_single_jobs_keep_their_order
            a_fairness_turn_keeps_the_order_outside
            retain_keeps_the_order_outside
        }
    };
    (none; $queue:expr) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_stealing {
    (in_place; $queue:expr) => {
        $crate::__conformance_stealing! { moving; $queue }
        $crate::__conformance_checks! { $queue; retain_leaves_nothing_out_of_sight }
    };
    (moving; $queue:expr) => {
        $crate::__conformance_checks! { $queue;
            pops_leave_nothing_out_of_sight
            what_a_busy_worker_took_in_is_not_starved
            workers_may_steal_from_each_other
            every_source_is_served
            busy_workers_are_served_though_outside_jobs_come
            everybody_is_served_though_all_feed_themselves
            retain_keeps_the_order_of_what_is_taken_in
            retain_starves_no_source
        }
    };
}
