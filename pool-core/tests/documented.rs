//! The queues that the documentation of `WorkQueue` and `Prioritized` shows, under the contract: the very
//! lines.
#![cfg(not(any(loom, shuttle)))]

mod queue {
    include!("../docs/queue.rs");

    pool_conformance::conformance_tests! {
        fifo: Fifo(Arc::default());
        order: fifo;
    }

    #[test]
    fn its_example_runs() {
        main().unwrap();
    }
}

mod priority {
    include!("../docs/priority.rs");

    pool_conformance::conformance_tests! {
        by_priority: ByPriority::new();
        order: priority;
    }

    #[test]
    fn its_example_runs() {
        main().unwrap();
    }
}
