//! The metrics of a pool over HTTP, as Prometheus scrapes them. Without an async runtime: one thread answers.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use drainpool::{BuildError, Metrics, ThreadPool, ThreadPoolBuilder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// The time that a client has to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns a recorder of metrics, and what writes them as text.
#[must_use]
pub fn recorder() -> (Arc<PrometheusRecorder>, PrometheusHandle) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    (Arc::new(recorder), handle)
}

/// Builds a pool whose metrics go to this recorder.
///
/// # Errors
///
/// As for [`ThreadPoolBuilder::build`].
pub fn pool(name: &str, recorder: Arc<PrometheusRecorder>) -> Result<ThreadPool, BuildError> {
    let metrics = Metrics::with_recorder(name, recorder);
    ThreadPoolBuilder::new().capacity(64).observer(metrics).build()
}

/// Answers each request with the metrics of that moment, until the listener fails.
///
/// # Errors
///
/// If no connection can be accepted. A client that goes away is no error.
pub fn serve(listener: &TcpListener, metrics: &PrometheusHandle) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept()?;
        let _gone = answer(client, metrics);
    }
}

fn answer(mut client: TcpStream, metrics: &PrometheusHandle) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    // The rest of the request's head, up to the empty line.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let (status, body) = match first.split(' ').nth(1) {
        Some("/metrics") => ("200 OK", metrics.render()),
        _ => ("404 Not Found", String::new()),
    };
    write!(
        client,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
