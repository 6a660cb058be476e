//! What several workers at one queue do to each other.

mod duties;

use pool_std::StdQueue;

#[test]
fn an_empty_queue_has_nothing_on_its_way() {
    duties::an_empty_queue_has_nothing_on_its_way(StdQueue::new);
}

#[test]
fn an_empty_queue_has_nothing_on_its_way_while_it_retains() {
    duties::an_empty_queue_has_nothing_on_its_way_while_it_retains(StdQueue::new);
}

#[test]
fn a_busy_workers_jobs_are_not_starved() {
    duties::a_busy_workers_jobs_are_not_starved(StdQueue::new);
}

#[test]
fn workers_may_rob_each_other() {
    duties::workers_may_rob_each_other(StdQueue::new);
}

#[test]
fn one_worker_keeps_the_order() {
    duties::one_worker_keeps_the_order(StdQueue::new);
}

/// No job waits for ever.
mod fairness {
    use super::*;

    #[test]
    fn busy_workers_are_served_though_outside_jobs_come() {
        duties::fairness::busy_workers_are_served_though_outside_jobs_come(StdQueue::new);
    }

    #[test]
    fn every_source_is_served() {
        duties::fairness::every_source_is_served(StdQueue::new);
    }

    #[test]
    fn everybody_is_served_though_all_feed_themselves() {
        duties::fairness::everybody_is_served_though_all_feed_themselves(StdQueue::new);
    }
}

/// Stale jobs can be removed.
mod retain {
    use super::*;

    #[test]
    fn what_is_kept_stays_once() {
        duties::retain::what_is_kept_stays_once(StdQueue::new);
    }

    #[test]
    fn what_is_removed_is_dropped() {
        duties::retain::what_is_removed_is_dropped(StdQueue::new);
    }

    #[test]
    fn one_worker_keeps_the_order() {
        duties::retain::one_worker_keeps_the_order(StdQueue::new);
    }

    #[test]
    fn nothing_is_lost_meanwhile() {
        duties::retain::nothing_is_lost_meanwhile(StdQueue::new);
    }

    #[test]
    fn outside_jobs_keep_their_order() {
        duties::retain::outside_jobs_keep_their_order(StdQueue::new);
    }

    #[test]
    fn nobody_starves_through_retain() {
        duties::retain::nobody_starves_through_retain(StdQueue::new);
    }

    #[test]
    fn nobody_starves_through_retain_though_a_worker_feeds_itself() {
        duties::retain::nobody_starves_through_retain_though_a_worker_feeds_itself(StdQueue::new);
    }
}
