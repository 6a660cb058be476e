//! The conformance kit: the contract of `pool-core` as tests for any queue.
//!
//! A [`WorkQueue`](pool_core::WorkQueue) that passes them can be trusted with a pool. The kit has three
//! parts.
//!
//! **The contract.** For each clause of [the contract](pool_core#the-contract) there are checks with pools
//! over the queue, of one, two and sixteen workers; their names begin with the clause's number.
//!
//! **The duties.** For each [duty of a queue](pool_core::WorkQueue) there are checks of the queue alone:
//!
//! | duty | checks |
//! |---|---|
//! | nothing lost, nothing doubled | at full speed from all sides ([1](nothing_is_lost_and_nothing_doubled)), when a worker leaves ([2](an_end_that_is_dropped_loses_no_job)) and comes back ([3](an_end_that_is_asked_for_again_loses_no_job)), when a million jobs wait ([4](a_million_jobs_may_wait)), with jobs [without a size](jobs_without_a_size_are_counted) and with [large ones](large_jobs_come_out_whole) |
//! | reachable | the only job is found by every worker ([1](what_is_there_is_found)), and so are those in a busy worker's end ([2](local_jobs_are_within_reach)) |
//! | honest | [`is_empty`](is_empty_tells_the_truth), also [while workers pop](is_empty_overlooks_nothing_on_its_way); [`len`](len_is_about_what_waits) |
//! | refused is returned | by [`push`](a_refused_job_comes_back) and by [`push_batch`](a_batch_is_taken_whole), whatever the iterator [says of its length](a_batch_is_taken_whole_whatever_its_size_hint), and though it [panics](a_batch_that_panics_harms_no_other_job) |
//! | order, if it is promised outside | of [single jobs](one_worker_takes_outside_jobs_in_order), [of each submitting thread](one_worker_takes_each_threads_jobs_in_order), [with batches between them](batches_and_single_jobs_keep_their_order), [while a worker feeds itself](a_fairness_turn_keeps_the_order_outside), [through `retain`](retain_keeps_the_order_outside) |
//! | order, if it is promised inside as well | of [own jobs](one_worker_is_first_in_first_out), [while a worker feeds itself](a_fairness_turn_keeps_the_order_inside), [through `retain`](retain_keeps_the_order_inside) |
//! | order by priority, if it is promised | of [all that waits](the_highest_priority_comes_first), [while jobs are taken](a_later_job_of_higher_priority_comes_first), [through `retain`](retain_keeps_the_order_by_priority); in a pool of [jobs and handles](jobs_and_handles_start_by_priority), of [nested ones](nested_jobs_start_by_priority), and of [what is waited for](what_is_waited_for_does_not_wait_its_turn) |
//! | fair | [outside and in the own end](a_worker_that_feeds_itself_starves_nobody), [in the ends of busy workers](a_busy_workers_jobs_are_not_starved), [in those of workers that have left](what_a_worker_left_is_not_starved), [through `retain`](retain_starves_nobody) |
//! | cheap | [no call takes longer the more jobs wait](calls_take_no_longer_the_more_jobs_wait) |
//! | lean | a dropped queue [drops its jobs](a_dropped_queue_drops_its_jobs), a drained one [keeps no memory](a_burst_leaves_no_memory), [however large](large_jobs_leave_little_memory) its jobs were |
//! | `retain` | removes [the jobs not to keep](retain_removes_what_it_is_told_to), [while workers pop](retain_loses_nothing_while_workers_pop) too; or nothing at all |
//! | with stealing | jobs are in sight [while workers pop](pops_leave_nothing_out_of_sight) and [while stale ones are removed](retain_leaves_nothing_out_of_sight); workers [do not hinder each other](workers_may_steal_from_each_other); each source is served [by those that feed themselves](every_source_is_served), [by those that find jobs outside](busy_workers_are_served_though_outside_jobs_come), [when all feed themselves](everybody_is_served_though_all_feed_themselves), [when its worker is busy](what_a_busy_worker_took_in_is_not_starved), through `retain` [in turn](retain_starves_no_source) and [in order](retain_keeps_the_order_of_what_is_taken_in) |
//!
//! **Plans.** A [plan](Plan) is a list of random steps whose outcome a sequential model predicts.
//!
//! [`conformance_tests!`](crate::conformance_tests) makes a named test of each:
//!
//! ```
//! use pool_std::StdQueue;
//!
//! pool_conformance::conformance_tests! {
//!     my_queue: StdQueue::new();
//!     order: fifo;
//!     stealing: in_place;
//! }
//! # fn main() {}
//! ```
//!
//! That is a whole test file, in a crate with the dev-dependencies `pool-conformance` and `proptest`. A
//! check is a function and can be called by itself, too. Two have to be, in a program of their own:
//! [`a_burst_leaves_no_memory`] and [`large_jobs_leave_little_memory`] need an allocator that counts.
//!
//! Every check has a watchdog: a check that hangs fails, after [a time](set_patience). The watchdog,
//! [`Latch`] and [`Tally`] can be used for checks of your own.

mod contract;
mod duties;
mod macros;
mod plan;
mod priority;
mod support;
mod waiting;
mod workers;

pub use contract::*;
pub use duties::*;
pub use plan::{Plan, Step, Tree};
pub use priority::*;
pub use support::{Latch, Tally, set_patience, within_patience};
pub use waiting::*;
pub use workers::*;
