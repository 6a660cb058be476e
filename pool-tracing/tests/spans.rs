//! The spans of jobs, as a subscriber sees them.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use drainpool::{
    DefaultBackend, DefaultQueue, InContext, Job, JobSpan, LanesExt, Pool, PoolBuilder, Task,
    ThreadPoolBuilder, Timer,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, info, info_span, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// What was logged: each message with the names of the spans around it, outermost first.
type Log = Arc<Mutex<Vec<String>>>;

/// Notes the events and where they lie. A span is called by its field `id`, or by its name.
struct Notes(Log);

/// Takes a text from the fields of a span or an event.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if matches!(field.name(), "id" | "message") {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Notes {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        let mut text = Text::default();
        attributes.record(&mut text);
        if text.0.is_empty() {
            text.0.push_str(attributes.metadata().name());
        }
        context.span(id).unwrap().extensions_mut().insert(text);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let mut line = String::new();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            line.push_str(&span.extensions().get::<Text>().unwrap().0);
            line.push('/');
        }
        self.0.lock().unwrap().push(line + &text.0);
    }
}

/// The lines that end in this message, which one test alone writes.
fn lines(message: &str) -> Vec<String> {
    let mut lines: Vec<_> = log().lock().unwrap().clone();
    lines.retain(|line| line.ends_with(message));
    lines
}

/// The log of all tests: a worker sees the default subscriber alone, of which there is one.
fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::registry().with(Notes(log.clone()));
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

type Traced = Pool<Task, (), InContext<DefaultQueue<Job<Task>>, JobSpan>>;

fn builder() -> PoolBuilder<InContext<DefaultBackend, JobSpan>> {
    log();
    ThreadPoolBuilder::new().context::<JobSpan>()
}

fn pools() -> impl Iterator<Item = Traced> {
    [1, 2, 8].into_iter().map(|threads| builder().num_threads(threads).build().unwrap())
}

#[test]
fn the_events_of_a_job_lie_under_its_submitter() {
    for pool in pools() {
        let request = info_span!("request", id = 1);
        request.in_scope(|| {
            pool.execute(|| info!("executed")).unwrap();
            pool.spawn(|| info!("spawned")).unwrap().join().unwrap();
            pool.lane(1).execute(|| info!("in a lane")).unwrap();
            info!("outside");
        });
        pool.execute(|| info!("of no request")).unwrap();
        pool.shutdown();
    }
    assert_eq!(lines("executed"), ["1/job/executed"; 3]);
    assert_eq!(lines("spawned"), ["1/job/spawned"; 3]);
    assert_eq!(lines("in a lane"), ["1/job/in a lane"; 3]);
    assert_eq!(lines("outside"), ["1/outside"; 3]);
    assert_eq!(lines("of no request"), ["job/of no request"; 3]);
}

#[test]
fn nested_and_borrowed_work_lies_there_too() {
    for pool in pools() {
        let nested = pool.handle();
        info_span!("request", id = 2).in_scope(|| {
            let parent = pool.spawn(move || {
                nested.spawn(|| info!("nested")).unwrap().join().unwrap();
                nested.scope(|scope| scope.spawn(|| info!("child")));
                nested.join(|| info!("first half"), || info!("second half"));
            });
            parent.unwrap().join().unwrap();
            pool.scope(|scope| {
                info_span!("step", id = 3).in_scope(|| scope.spawn(|| info!("step's child")));
            });
            pool.for_each(0..3, |_| info!("each"));
        });
        pool.shutdown();
    }
    assert_eq!(lines("/nested"), ["2/job/job/nested"; 3]);
    assert_eq!(lines("/child"), ["2/job/job/child"; 3]);
    assert_eq!(lines("first half"), ["2/job/first half"; 3]);
    assert_eq!(lines("second half"), ["2/job/job/second half"; 3]);
    assert_eq!(lines("step's child"), ["2/3/job/step's child"; 3]);
    // The caller takes its share, as itself.
    let each = lines("each");
    assert_eq!(each.len(), 9);
    assert!(each.iter().all(|line| matches!(&**line, "2/each" | "2/job/each")), "{each:?}");
}

#[test]
fn a_thread_that_waits_does_not_lend_its_span() {
    let pool = builder().num_threads(1).build().unwrap();
    let handle = pool.handle();
    let waits = move || {
        let ours = handle.spawn(|| info!("of the job that waits")).unwrap();
        info_span!("waiting", id = 5).in_scope(|| {
            ours.join().unwrap();
            info!("waited");
        });
    };
    info_span!("request", id = 4).in_scope(|| pool.spawn(waits).unwrap().join().unwrap());
    let held = pool.spawn(|| info!("of nobody")).unwrap();
    info_span!("waiting", id = 6).in_scope(|| held.join_or_run().unwrap());
    pool.shutdown();
    assert_eq!(lines("of the job that waits"), ["4/job/job/of the job that waits"]);
    assert_eq!(lines("/waited"), ["4/job/5/waited"]);
    assert_eq!(lines("of nobody"), ["job/of nobody"]);
}

#[test]
fn a_job_for_a_handler_and_a_timer_s_job_lie_there_too() {
    let pool = builder().build_with(|_worker| |page: &str| info!("page {page}")).unwrap();
    let timer = Timer::new(&pool).unwrap();
    info_span!("request", id = 7).in_scope(|| {
        pool.submit("one").unwrap();
        pool.call("two").unwrap().join().unwrap();
        timer.after(Duration::ZERO, || info!("later")).unwrap();
    });
    while timer.pending() > 0 {
        std::thread::yield_now();
    }
    timer.shutdown();
    pool.shutdown();
    assert_eq!(lines("page one"), ["7/job/page one"]);
    assert_eq!(lines("page two"), ["7/job/page two"]);
    assert_eq!(lines("/later"), ["7/job/later"]);
}
