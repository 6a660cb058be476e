//! What several workers at one queue do to each other.

#[path = "../../pool-std/tests/duties/mod.rs"]
#[allow(dead_code, reason = "this queue does not promise the order that one of them is about")]
mod duties;

use pool_crossbeam::{CrossbeamQueue, LocalOrder};

#[test]
fn an_empty_queue_has_nothing_on_its_way() {
    duties::an_empty_queue_has_nothing_on_its_way(CrossbeamQueue::new);
}

#[test]
fn a_busy_workers_jobs_are_not_starved() {
    duties::a_busy_workers_jobs_are_not_starved(CrossbeamQueue::new);
}

#[test]
fn workers_may_rob_each_other() {
    duties::workers_may_rob_each_other(CrossbeamQueue::new);
}

/// No job waits for ever.
mod fairness {
    use super::*;

    #[test]
    fn busy_workers_are_served_though_outside_jobs_come() {
        duties::fairness::busy_workers_are_served_though_outside_jobs_come(CrossbeamQueue::new);
    }

    #[test]
    fn every_source_is_served() {
        duties::fairness::every_source_is_served(CrossbeamQueue::new);
    }

    #[test]
    fn everybody_is_served_though_all_feed_themselves() {
        duties::fairness::everybody_is_served_though_all_feed_themselves(CrossbeamQueue::new);
    }
}

/// Stale jobs can be removed.
mod retain {
    use super::*;

    #[test]
    fn what_is_kept_stays_once() {
        duties::retain::what_is_kept_stays_once(CrossbeamQueue::new);
    }

    #[test]
    fn what_is_removed_is_dropped() {
        duties::retain::what_is_removed_is_dropped(CrossbeamQueue::new);
    }

    #[test]
    fn nothing_is_lost_meanwhile() {
        duties::retain::nothing_is_lost_meanwhile(CrossbeamQueue::new);
    }

    #[test]
    fn outside_jobs_keep_their_order() {
        duties::retain::outside_jobs_keep_their_order(CrossbeamQueue::new);
        duties::retain::outside_jobs_keep_their_order(fifo);
    }

    #[test]
    fn nobody_starves_through_retain() {
        duties::retain::nobody_starves_through_retain(CrossbeamQueue::new);
        duties::retain::nobody_starves_through_retain(fifo);
    }

    #[test]
    fn nobody_starves_through_retain_though_a_worker_feeds_itself() {
        duties::retain::nobody_starves_through_retain_though_a_worker_feeds_itself(
            CrossbeamQueue::new,
        );
        duties::retain::nobody_starves_through_retain_though_a_worker_feeds_itself(fifo);
    }
}

fn fifo<J>() -> CrossbeamQueue<J> {
    CrossbeamQueue::with_order(LocalOrder::Fifo)
}
