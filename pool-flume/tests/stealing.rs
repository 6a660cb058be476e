//! What several workers at one queue do to each other.

#[path = "../../pool-std/tests/duties/mod.rs"]
mod duties;

use pool_flume::FlumeQueue;

#[test]
fn an_empty_queue_has_nothing_on_its_way() {
    duties::an_empty_queue_has_nothing_on_its_way(FlumeQueue::new);
}

#[test]
fn an_empty_queue_has_nothing_on_its_way_while_it_retains() {
    duties::an_empty_queue_has_nothing_on_its_way_while_it_retains(FlumeQueue::new);
}

#[test]
fn a_busy_workers_jobs_are_not_starved() {
    duties::a_busy_workers_jobs_are_not_starved(FlumeQueue::new);
}

#[test]
fn workers_may_rob_each_other() {
    duties::workers_may_rob_each_other(FlumeQueue::new);
}

#[test]
fn one_worker_keeps_the_order() {
    duties::one_worker_keeps_the_order(FlumeQueue::new);
}

/// No job waits for ever.
mod fairness {
    use super::*;

    #[test]
    fn busy_workers_are_served_though_outside_jobs_come() {
        duties::fairness::busy_workers_are_served_though_outside_jobs_come(FlumeQueue::new);
    }

    #[test]
    fn every_source_is_served() {
        duties::fairness::every_source_is_served(FlumeQueue::new);
    }

    #[test]
    fn everybody_is_served_though_all_feed_themselves() {
        duties::fairness::everybody_is_served_though_all_feed_themselves(FlumeQueue::new);
    }
}

/// Stale jobs can be removed.
mod retain {
    use super::*;

    #[test]
    fn what_is_kept_stays_once() {
        duties::retain::what_is_kept_stays_once(FlumeQueue::new);
    }

    #[test]
    fn what_is_removed_is_dropped() {
        duties::retain::what_is_removed_is_dropped(FlumeQueue::new);
    }

    #[test]
    fn one_worker_keeps_the_order() {
        duties::retain::one_worker_keeps_the_order(FlumeQueue::new);
    }

    #[test]
    fn nothing_is_lost_meanwhile() {
        duties::retain::nothing_is_lost_meanwhile(FlumeQueue::new);
    }

    #[test]
    fn outside_jobs_keep_their_order() {
        duties::retain::outside_jobs_keep_their_order(FlumeQueue::new);
    }

    #[test]
    fn nobody_starves_through_retain() {
        duties::retain::nobody_starves_through_retain(FlumeQueue::new);
    }

    #[test]
    fn nobody_starves_through_retain_though_a_worker_feeds_itself() {
        duties::retain::nobody_starves_through_retain_though_a_worker_feeds_itself(FlumeQueue::new);
    }
}
