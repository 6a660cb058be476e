//! Which queue a combination of features makes the default, and what can be picked by name.
//! Run it with each combination; it checks the one it was built with.

use std::any::type_name;

use drainpool::{Backend, DefaultQueue, ThreadPool, ThreadPoolBuilder};

/// The enabled backends in their fixed order, by name and by what the type of the queue names.
fn enabled() -> Vec<(&'static str, &'static str)> {
    let all = [
        (cfg!(feature = "crossbeam"), "crossbeam", "ChaseLev"),
        (cfg!(feature = "flume"), "flume", "pool_flume"),
        (cfg!(feature = "std-only"), "std", "StealingQueue<(), pool_stealing"),
        (cfg!(feature = "std-only"), "channel", "ChannelQueue"),
        (cfg!(feature = "std-only"), "priority", "PriorityQueue"),
    ];
    all.into_iter().filter(|all| all.0).map(|(_, name, queue)| (name, queue)).collect()
}

#[test]
fn the_default_queue_is_the_first_that_is_enabled() {
    assert!(type_name::<DefaultQueue<()>>().contains(enabled()[0].1));
    let pool: ThreadPool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.execute(|| ()).unwrap();
    assert_eq!(pool.shutdown().done, 1);
}

#[test]
fn backends_are_available_in_order_and_found_by_name() {
    let names: Vec<_> = Backend::available().iter().map(ToString::to_string).collect();
    let expected: Vec<_> = enabled().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, expected);
    for backend in Backend::available() {
        assert_eq!(backend.name().parse::<Backend>().as_ref(), Ok(backend));
    }
}

#[test]
fn an_unknown_or_disabled_backend_is_an_error_that_lists_what_there_is() {
    let expected: Vec<_> = enabled().into_iter().map(|(name, _)| name).collect();
    let list = expected.join(", ");
    for name in ["", "Crossbeam", "rayon", "crossbeam", "flume", "std", "channel", "priority"] {
        if expected.contains(&name) {
            continue;
        }
        let error = name.parse::<Backend>().unwrap_err().to_string();
        let feature = match name {
            "crossbeam" | "flume" => format!("; it comes with the feature `{name}`"),
            "std" | "channel" | "priority" => "; it comes with the feature `std-only`".to_owned(),
            _ => String::new(),
        };
        assert_eq!(error, format!("unknown backend {name:?}; available: {list}{feature}"));
    }
}

#[test]
fn every_backend_runs_nested_jobs_and_drains() {
    for backend in Backend::available() {
        let pool = ThreadPoolBuilder::new().backend(*backend).num_threads(3).build().unwrap();
        for _ in 0..100 {
            let handle = pool.handle();
            pool.execute(move || {
                handle.execute(|| ()).unwrap();
            })
            .unwrap();
        }
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (200, 200), "{backend}");
    }
}
