//! What is scraped agrees with the books of the pool.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use drainpool::{SubmitOptions, WhenFull};
use pool_example_metrics::{pool, recorder, serve};

/// The sum of the values of a metric whose labels contain this text.
fn value(page: &str, metric: &str, with: &str) -> f64 {
    let of_it = |line: &&str| line.starts_with(&format!("{metric}{{")) && line.contains(with);
    let values = page.lines().filter(of_it).filter_map(|line| line.rsplit(' ').next());
    values.map(|value| value.parse::<f64>().expect("a number")).sum()
}

fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut server = TcpStream::connect(address).unwrap();
    write!(server, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut page = String::new();
    server.read_to_string(&mut page).unwrap();
    page
}

#[test]
fn what_is_scraped_agrees_with_the_report() {
    let (recorder, metrics) = recorder();
    let pool = pool("tests", recorder).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || serve(&listener, &metrics));
    pool.pause();
    let impatient = SubmitOptions::new().label("kind").when_full(WhenFull::Fail);
    let submitted: Vec<_> = (0..200).map(|_| pool.with(impatient).spawn(|| ())).collect();
    let accepted = submitted.iter().filter(|submitted| submitted.is_ok()).count();
    pool.resume();
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done), (accepted as u64, accepted as u64));

    let page = get(address, "/metrics");
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    let of = |metric: &str, with: &str| value(&page, metric, with) as u64;
    assert_eq!(of("drainpool_jobs_submitted_total", "job=\"kind\""), report.accepted);
    assert_eq!(of("drainpool_jobs_ended_total", "outcome=\"done\""), report.done);
    assert_eq!(of("drainpool_jobs_refused_total", "reason=\"full\""), 200 - report.accepted);
    assert_eq!(of("drainpool_job_run_seconds_count", "job=\"kind\""), report.done);
    assert_eq!(of("drainpool_job_wait_seconds_count", "pool=\"tests\""), report.done);
    assert_eq!(of("drainpool_jobs_queued", "pool=\"tests\""), 0);
    assert!(get(address, "/").starts_with("HTTP/1.1 404"));
}
