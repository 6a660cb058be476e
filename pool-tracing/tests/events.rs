//! The events of a pool agree with its books, and lie in the spans of those that cause them.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use drainpool::{SubmitOptions, ThreadPoolBuilder, TraceEvents};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// An event: its level, its fields, and the span that it lies in.
#[derive(Debug)]
struct Seen {
    level: Level,
    fields: HashMap<&'static str, String>,
    span: Option<&'static str>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

#[derive(Clone, Default)]
struct Layered(Arc<Mutex<Vec<Seen>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Layered {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "drainpool" {
            return;
        }
        let span = context.event_span(event).map(|span| span.name());
        let level = *event.metadata().level();
        let mut seen = Seen { level, fields: HashMap::new(), span };
        event.record(&mut seen);
        self.0.lock().unwrap().push(seen);
    }
}

#[test]
fn the_events_agree_with_the_report() {
    let layer = Layered::default();
    let subscriber = Registry::default().with(layer.clone());
    // For all threads: the only test of this program.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let pool = ThreadPoolBuilder::new()
        .num_threads(2)
        .observer(TraceEvents::new("tests"))
        .build()
        .unwrap();
    let labelled = pool.with(SubmitOptions::new().label("kind"));
    tracing::info_span!("request").in_scope(|| {
        (0..5).for_each(|_| {
            labelled.execute(|| ()).unwrap();
        });
        pool.execute(|| panic!("on purpose")).unwrap();
    });
    let report = pool.shutdown();
    assert!(pool.execute(|| ()).is_err());
    let seen = layer.0.lock().unwrap();
    let of =
        |message: &'static str| seen.iter().filter(move |seen| seen.fields["message"] == message);
    assert_eq!(of("job submitted").count() as u64, report.accepted);
    assert!(of("job submitted").all(|seen| seen.span == Some("request")));
    assert_eq!(of("job started").count(), 6);
    let panicked: Vec<_> = of("job ended").filter(|seen| seen.level == Level::WARN).collect();
    assert_eq!((panicked.len(), &*panicked[0].fields["outcome"]), (1, "Panicked"));
    let labelled = of("job ended").filter(|seen| seen.fields.contains_key("label"));
    assert!(labelled.clone().all(|seen| seen.fields["label"] == "kind"));
    assert_eq!(labelled.count(), 5);
    assert_eq!((of("worker came").count(), of("worker left").count()), (2, 2));
    assert_eq!(of("jobs refused").count(), 1);
    assert!(seen.iter().all(|seen| seen.fields["pool"] == "tests"));
}
