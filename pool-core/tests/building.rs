//! C10: what cannot be built is an error with everything undone.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::io;

use pool_core::{BuildError, JoinHandle, MAX_THREADS, StartCause, WorkerThread};
use support::{Hooks, Moody, Tally, builder, within_patience};

#[test]
fn a_build_refuses_what_can_not_be() {
    within_patience(|| {
        let build = |threads| builder().num_threads(threads).build().map(drop);
        assert!(matches!(build(0), Err(BuildError::ZeroThreads)));
        assert!(matches!(
            build(usize::MAX),
            Err(BuildError::TooManyThreads { requested: usize::MAX, max: MAX_THREADS })
        ));

        let named = builder()
            .num_threads(3)
            .thread_name(|worker| if worker == 2 { "a\0b".to_owned() } else { "fine".to_owned() });
        match named.build() {
            Err(BuildError::ThreadName { worker: 2, name }) => assert_eq!(name, "a\0b"),
            other => panic!("expected ThreadName, got {other:?}"),
        }

        let many_core = builder().num_threads(2).core_threads(3).build();
        assert!(matches!(many_core, Err(BuildError::CoreThreads { core: 3, num_threads: 2 })));
    });
}

#[test]
fn a_build_refuses_absurd_stacks() {
    within_patience(|| {
        let build = |bytes| builder().num_threads(1).stack_size(bytes).build();
        for bytes in [usize::MAX, isize::MAX as usize + 1] {
            let refused =
                matches!(build(bytes), Err(BuildError::StackSize { bytes: b }) if b == bytes);
            assert!(refused);
        }
        // An address space that large does not exist, but the system has to say so.
        match build(isize::MAX as usize) {
            Err(BuildError::Start(error)) => assert_eq!(error.worker(), 0),
            other => panic!("expected Start, got {other:?}"),
        }
        // Too small is rounded up by the standard library.
        assert_eq!(build(0).unwrap().shutdown().accepted, 0);
    });
}

#[test]
fn errors_say_what_to_do() {
    let text = builder().num_threads(0).build().unwrap_err().to_string();
    assert_eq!(text, "a pool needs at least one thread");
    let refusing = |_: WorkerThread| Err(io::Error::other("out of threads"));
    let error = builder().num_threads(1).thread_factory(refusing).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "worker 0 did not start: out of threads; try fewer threads or smaller stacks"
    );
}

/// Checks that a build fails for want of a worker and that nothing is left of it.
fn fails_and_leaves_nothing(
    hooks: &Hooks,
    build: impl FnOnce() -> Result<(), BuildError>,
) -> StartCause {
    let Err(BuildError::Start(error)) = build() else { panic!("the build should have failed") };
    assert_eq!(hooks.stopped.get(), hooks.started.get(), "every start hook has its stop hook");
    error.cause().clone()
}

#[test]
fn a_start_that_fails_at_the_kth_thread_undoes_the_others() {
    within_patience(|| {
        const THREADS: usize = 5;
        for k in 0..THREADS as u64 {
            let hooks = Hooks::default();
            let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
            let cause = fails_and_leaves_nothing(&hooks, || {
                builder()
                    .num_threads(THREADS)
                    .thread_factory(Moody { starts: Tally::default(), fails: move |nth| nth == k })
                    .on_thread_start(move |_| started.add())
                    .on_thread_stop(move |_| stopped.add())
                    .build()
                    .map(drop)
            });
            assert!(matches!(cause, StartCause::Thread(_)));
            assert_eq!(hooks.started.get(), k, "no further thread is asked for");
        }
    });
}

#[test]
fn a_start_hook_that_panics_at_the_kth_thread_undoes_the_others() {
    within_patience(|| {
        const THREADS: usize = 4;
        for k in 0..THREADS {
            let hooks = Hooks::default();
            let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
            let cause = fails_and_leaves_nothing(&hooks, || {
                builder()
                    .num_threads(THREADS)
                    .on_thread_start(move |worker| {
                        assert!(worker != k, "hook {worker} panics, on purpose");
                        started.add();
                    })
                    .on_thread_stop(move |_| stopped.add())
                    .build()
                    .map(drop)
            });
            match cause {
                StartCause::Panicked(panic) => {
                    assert_eq!(panic.message().unwrap(), format!("hook {k} panics, on purpose"));
                }
                other => panic!("expected a panic, got {other:?}"),
            }
        }
    });
}

#[test]
fn a_maker_of_handlers_that_panics_undoes_the_build() {
    within_patience(|| {
        let hooks = Hooks::default();
        let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
        let cause = fails_and_leaves_nothing(&hooks, || {
            builder()
                .num_threads(3)
                .on_thread_start(move |_| started.add())
                .on_thread_stop(move |_| stopped.add())
                .build_with(|worker| {
                    assert!(worker.index() != 1, "no handler, on purpose");
                    |_: u32| ()
                })
                .map(drop)
        });
        assert!(matches!(cause, StartCause::Panicked(_)));
    });
}

#[test]
fn a_name_that_panics_and_a_factory_that_panics_or_forgets() {
    within_patience(|| {
        let named = builder().num_threads(2).thread_name(|_| panic!("no name, on purpose"));
        assert!(matches!(named.build(), Err(BuildError::Start(_))));

        let panics = |_: WorkerThread| -> io::Result<JoinHandle<()>> { panic!("on purpose") };
        let build = builder().num_threads(2).thread_factory(panics).build();
        assert!(matches!(build, Err(BuildError::Start(_))));

        let forgets = |worker: WorkerThread| {
            drop(worker);
            Ok(std::thread::spawn(|| ()))
        };
        match builder().num_threads(2).thread_factory(forgets).build() {
            Err(BuildError::Start(error)) => {
                assert!(matches!(error.cause(), StartCause::Factory));
            }
            other => panic!("expected Start, got {other:?}"),
        }
    });
}
