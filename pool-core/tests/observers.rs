//! What an observer is told of jobs that the queue refuses.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::{Arc, Mutex};

use pool_core::{
    Ended, JobId, LocalQueue, ObservedJob, Observer, Priority, PushError, Refusal, StartCause,
    StartError, SubmitOptions, Task, ThreadPoolBuilder, WhenFull, WorkQueue, WorkerThread,
};
use support::bounded::Bounded;
use support::within_patience;

/// The events, as text.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl Events {
    fn note(&self, event: String) {
        self.0.lock().unwrap().push(event);
    }

    #[track_caller]
    fn expect(&self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut *self.0.lock().unwrap()), expected);
    }
}

impl Observer for Events {
    fn submitted(&self, job: ObservedJob, _: Priority) {
        self.note(format!("submitted {} {:?}", job.id, job.label));
    }

    fn withdrawn(&self, job: JobId) {
        self.note(format!("withdrawn {job}"));
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        self.note(format!("refused {jobs}: {reason:?}"));
    }

    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        self.note(format!("started {} {:?} on {worker:?}", job.id, job.label));
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        self.note(format!("ended {} {:?} on {worker:?}: {how:?}", job.id, job.label));
    }
}

#[test]
fn a_job_that_the_queue_refuses_is_withdrawn() {
    within_patience(|| {
        let events = Arc::new(Events::default());
        let pool = ThreadPoolBuilder::with_queue(Bounded::new(2))
            .num_threads(1)
            .paused()
            .observer(Arc::clone(&events))
            .build()
            .unwrap();
        assert_eq!(pool.execute_batch([|| (), || (), || ()]).unwrap_err().accepted().len(), 2);
        events.expect(&[
            "submitted 0 None",
            "submitted 1 None",
            "submitted 2 None",
            "withdrawn 2",
            "refused 1: Full",
        ]);
        assert!(pool.execute(|| ()).is_err());
        events.expect(&["submitted 3 None", "withdrawn 3", "refused 1: Full"]);
        let kind = SubmitOptions::new().label("kind");
        assert!(pool.with(kind).spawn(|| ()).is_err());
        events.expect(&["submitted 4 Some(\"kind\")", "withdrawn 4", "refused 1: Full"]);
        pool.with(kind.when_full(WhenFull::RunHere)).execute(|| ()).unwrap();
        events.expect(&[
            "submitted 5 Some(\"kind\")",
            "withdrawn 5",
            "submitted 6 Some(\"kind\")",
            "started 6 Some(\"kind\") on None",
            "ended 6 Some(\"kind\") on None: Done",
        ]);
        pool.resume();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (3, 3));
    });
}

/// A start that fails is told once, with its cause, wherever that comes to light.
#[test]
fn a_worker_that_does_not_start_is_told_with_the_cause() {
    #[derive(Default)]
    struct Failures(Mutex<Vec<String>>);
    impl Observer for Failures {
        fn start_failed(&self, error: &StartError) {
            let cause = match error.cause() {
                StartCause::Thread(error) => format!("thread: {error}"),
                StartCause::Factory => "factory".to_owned(),
                StartCause::Handler(error) => format!("handler: {error}"),
                cause => panic!("{cause:?}"),
            };
            self.0.lock().unwrap().push(cause);
        }
    }
    within_patience(|| {
        let failures = Arc::new(Failures::default());
        let observed = || ThreadPoolBuilder::with_queue(Bounded::new(2)).num_threads(1);
        let no_thread = |thread: WorkerThread| {
            drop(thread);
            Err(std::io::Error::other("none left"))
        };
        let built = observed().observer(failures.clone()).thread_factory(no_thread).build();
        assert!(built.is_err());
        let forgets = |thread: WorkerThread| {
            drop(thread);
            std::thread::Builder::new().spawn(|| ())
        };
        let built = observed().observer(failures.clone()).thread_factory(forgets).build();
        assert!(built.is_err());
        let built = observed()
            .observer(failures.clone())
            .try_build_with(|_worker| Err::<fn(Task), _>(std::io::Error::other("no connection")));
        assert!(built.is_err());
        let told = std::mem::take(&mut *failures.0.lock().unwrap());
        assert_eq!(told, ["thread: none left", "factory", "handler: no connection"]);
    });
}

/// C8: an observer that panics at one job of a batch is told of the others.
#[test]
fn an_observer_that_panics_misses_no_other_job() {
    #[derive(Default)]
    struct Odd(Events);
    impl Observer for Odd {
        fn submitted(&self, job: ObservedJob, priority: Priority) {
            self.0.submitted(job, priority);
            std::panic::resume_unwind(Box::new(()));
        }
        fn withdrawn(&self, job: JobId) {
            self.0.withdrawn(job);
            std::panic::resume_unwind(Box::new(()));
        }
    }
    within_patience(|| {
        let odd = Arc::new(Odd::default());
        let builder = ThreadPoolBuilder::with_queue(Bounded::new(2)).num_threads(1);
        let pool = builder.paused().observer(Arc::clone(&odd)).build().unwrap();
        assert!(pool.execute_batch((0..4).map(|_| || ())).is_err());
        let told = ["submitted 0 None", "submitted 1 None", "submitted 2 None", "submitted 3 None"];
        odd.0.expect(&[&told[..], &["withdrawn 2", "withdrawn 3"]].concat());
    });
}

/// A nested job whose push panics was told, and that is taken back.
#[test]
fn a_nested_job_whose_push_panics_is_withdrawn() {
    struct Breaks<J>(Bounded<J>, bool);
    impl<J: Send + 'static> WorkQueue<J> for Breaks<J> {
        type Local = Self;
        fn local(&self, worker: usize) -> Self {
            Self(self.0.local(worker), true)
        }
        fn push(&self, job: J) -> Result<(), PushError<J>> {
            WorkQueue::push(&self.0, job)
        }
        fn len(&self) -> usize {
            self.0.len()
        }
    }
    impl<J> LocalQueue<J> for Breaks<J> {
        fn push(&mut self, _: J) {
            assert!(!self.1, "on purpose");
        }
        fn pop(&mut self) -> Option<J> {
            self.0.pop()
        }
    }
    #[derive(Default)]
    struct Told(Mutex<(u64, u64)>);
    impl Observer for Told {
        fn submitted(&self, _: ObservedJob, _: Priority) {
            self.0.lock().unwrap().0 += 1;
        }
        fn withdrawn(&self, _: JobId) {
            self.0.lock().unwrap().1 += 1;
        }
    }
    for batch in [false, true] {
        within_patience(move || {
            let told = Arc::new(Told::default());
            let queue = Breaks(Bounded::new(2), false);
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1);
            let pool = builder.observer(Arc::clone(&told)).build().unwrap();
            let handle = pool.handle().clone();
            let submits = pool.spawn(move || {
                if batch {
                    let _ = handle.execute_batch([|| (), || ()]);
                } else {
                    let _ = handle.execute(|| ());
                }
            });
            let _ = submits.unwrap().join();
            let report = pool.shutdown();
            let (submitted, withdrawn) = *told.0.lock().unwrap();
            assert_eq!(submitted - withdrawn, report.accepted);
            assert_eq!(withdrawn, if batch { 2 } else { 1 });
        });
    }
}
