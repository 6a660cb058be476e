//! The service under load, over the network: what its spans, its metrics, its timeline and its books say of a few
//! thousand requests.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use drainpool::{Metrics, Observer, ShutdownReport, Timeline};
use metrics_exporter_prometheus::PrometheusBuilder;
use pool_example_service::{Limits, StorePool, open, router};
use serde_json::Value;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

const CLIENTS: u64 = 8;
const REQUESTS: u64 = 400;
/// The clients that go away before their answer is there.
const GONE: u64 = 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks where the queries' events lie.
#[derive(Clone, Default)]
struct Nesting {
    right: Arc<AtomicU64>,
    wrong: Arc<AtomicU64>,
}

impl<S> Layer<S> for Nesting
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "pool_example_service::store" {
            return;
        }
        let scope = context.event_scope(event).into_iter().flatten();
        let names: Vec<_> = scope.map(|span| span.name()).collect();
        let count = if names == ["job", "request"] { &self.right } else { &self.wrong };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Serves the store on a thread of its own, for as long as the program runs.
fn serve(store: &StorePool) -> SocketAddr {
    let service = router(store.handle(), Limits { time: PATIENCE });
    let (sender, address) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, service).await.unwrap();
        });
    });
    address.recv().unwrap()
}

fn eventually(mut is_so: impl FnMut() -> bool) {
    let (sender, done) = channel::<()>();
    thread::spawn(move || {
        let ended = done.recv_timeout(PATIENCE);
        assert!(ended != Err(std::sync::mpsc::RecvTimeoutError::Timeout), "hangs");
    });
    while !is_so() {
        thread::yield_now();
    }
    drop(sender);
}

/// Sends requests and reads the answers. Returns the number of those that were answered.
fn ask(address: SocketAddr, client: u64) -> u64 {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let notes = format!("http://{address}/notes");
    let answered = (0..REQUESTS).filter(|n| {
        let answer = match n % 4 {
            0 => agent.post(&notes).send(format!("note {n} of client {client}")),
            1 => agent.get(format!("{notes}/{n}")).call(),
            2 => agent.get(format!("{notes}?text=client%20{client}")).call(),
            _ => agent.get(format!("{notes}/0")).call(),
        };
        let mut answer = answer.unwrap();
        answer.body_mut().read_to_vec().unwrap();
        let status = answer.status().as_u16();
        assert!([200, 201, 404, 503].contains(&status), "{status}");
        status != 503
    });
    answered.count() as u64
}

/// Sends requests to a store that does not get on, and goes away. Their queries never run.
fn go_away(store: &StorePool, address: SocketAddr) {
    store.pause();
    let clients: Vec<_> = (0..GONE)
        .map(|_| {
            let mut client = TcpStream::connect(address).unwrap();
            write!(client, "GET /notes HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            client
        })
        .collect();
    eventually(|| store.stats().queued == GONE);
    drop(clients);
    eventually(|| store.stats().cancelled == GONE);
    store.resume();
}

#[test]
fn a_few_thousand_requests() {
    let nesting = Nesting::default();
    let subscriber = Registry::default().with(nesting.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    let folder = tempfile::tempdir().unwrap();
    let timeline = Timeline::create(folder.path().join("timeline.json")).unwrap();
    let observers: [Arc<dyn Observer>; 2] =
        [Arc::new(Metrics::with_recorder("store", Arc::new(recorder))), Arc::new(timeline.clone())];
    let store = open(folder.path().join("notes.db"), 4, 64, &observers).unwrap();
    let address = serve(&store);

    let clients: Vec<_> = (0..CLIENTS).map(|n| thread::spawn(move || ask(address, n))).collect();
    let answered: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    go_away(&store, address);
    let report = store.shutdown();

    // Nothing is lost: each answer is that of a job, and each client that went has taken its job along.
    assert!(report.is_complete());
    assert_eq!((report.done, report.cancelled, report.panicked), (answered, GONE, 0));
    assert_eq!(nesting.wrong.load(Ordering::Relaxed), 0);
    assert_eq!(nesting.right.load(Ordering::Relaxed), report.done);
    the_metrics_agree(&page.render(), &report);
    drop(observers);
    timeline.finish().unwrap();
    let written = std::fs::read(folder.path().join("timeline.json")).unwrap();
    the_timeline_agrees(&serde_json::from_slice(&written).unwrap(), &report);
}

fn the_metrics_agree(page: &str, report: &ShutdownReport) {
    let value = |metric: &str, with: &str| {
        let of_it = |line: &&str| line.starts_with(&format!("{metric}{{")) && line.contains(with);
        let values = page.lines().filter(of_it).filter_map(|line| line.rsplit(' ').next());
        values.map(|value| value.parse::<f64>().unwrap()).sum::<f64>() as u64
    };
    let ended = |how| value("drainpool_jobs_ended_total", how);
    assert_eq!(value("drainpool_jobs_submitted_total", ""), report.accepted);
    assert_eq!(ended("outcome=\"done\""), report.done);
    assert_eq!(ended("outcome=\"cancelled\""), report.cancelled);
    assert_eq!(value("drainpool_job_run_seconds_count", ""), report.done);
    for kind in ["add", "get", "search"] {
        assert!(value("drainpool_jobs_ended_total", &format!("job=\"{kind}\"")) > 0, "{kind}");
    }
}

/// Each job that ran has its slice on the track of a worker.
fn the_timeline_agrees(events: &Value, report: &ShutdownReport) {
    let is_job = |event: &&Value| {
        event["ph"] == "B" && ["add", "get", "search"].iter().any(|kind| event["name"] == *kind)
    };
    let jobs = events.as_array().unwrap().iter().filter(is_job).count();
    assert_eq!(jobs as u64, report.done);
}
