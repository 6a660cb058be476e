//! The service, asked without a network.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use drainpool::{Completed, JobSpan, ThreadPoolBuilder, sink_fn};
use http_body_util::BodyExt;
use pool_example_service::{Answer, Limits, Query, StorePool, open, router};
use serde_json::{Value, json};
use tower::ServiceExt;

const LIMITS: Limits = Limits { time: Duration::from_secs(60) };

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(text: &str) -> Request<Body> {
    Request::post("/notes").body(Body::from(text.to_owned())).unwrap()
}

async fn ask(service: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = service.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = || Value::from(String::from_utf8_lossy(&body).into_owned());
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text()))
}

#[tokio::test]
async fn notes_are_added_read_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path().join("notes.db"), 3, 16, &[]).unwrap();
    let service = router(store.handle(), LIMITS);
    for (id, text) in [(1, "buy milk"), (2, "read the paper"), (3, "milk the goat")] {
        assert_eq!(ask(&service, post(text)).await, (StatusCode::CREATED, json!(id)));
    }
    let note = json!({ "id": 2, "text": "read the paper" });
    assert_eq!(ask(&service, get("/notes/2")).await, (StatusCode::OK, note));
    assert_eq!(ask(&service, get("/notes/7")).await.0, StatusCode::NOT_FOUND);
    let (status, found) = ask(&service, get("/notes?text=milk")).await;
    assert_eq!(
        (status, found[0]["id"].clone(), found[1]["id"].clone()),
        (StatusCode::OK, json!(3), json!(1))
    );
    assert_eq!(store.shutdown().done, 6);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_an_error_of_the_build() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path().join("missing/notes.db"), 2, 16, &[]).unwrap_err();
    let causes =
        std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    assert!(
        causes.map(ToString::to_string).any(|cause| cause.contains("unable to open")),
        "{error:?}"
    );
}

/// A store whose one worker answers when the test says so.
struct Slow {
    store: StorePool,
    begun: Receiver<()>,
    go_on: Sender<()>,
}

fn slow(queued: usize) -> Slow {
    let (has_begun, begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Arc::new(std::sync::Mutex::new(may_go_on));
    let store = ThreadPoolBuilder::new()
        .context::<JobSpan>()
        .num_threads(1)
        .capacity(queued)
        .sink(sink_fn(|_: Completed<rusqlite::Result<Answer>>| ()))
        .build_with(move |_worker| {
            let (has_begun, may_go_on) = (has_begun.clone(), Arc::clone(&may_go_on));
            move |_query| {
                has_begun.send(()).unwrap();
                let _ = may_go_on.lock().unwrap().recv();
                Ok(Answer::Found(Vec::new()))
            }
        })
        .unwrap();
    Slow { store, begun, go_on }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_turns_requests_away() {
    let Slow { store, begun, go_on } = slow(1);
    let service = router(store.handle(), LIMITS);
    let running = tokio::spawn({
        let service = service.clone();
        async move { ask(&service, get("/notes")).await }
    });
    begun.recv().unwrap();
    // Fills the queue.
    let queued = store.call(Query::Get(1)).unwrap();
    assert_eq!(ask(&service, get("/notes")).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ask(&service, get("/stats")).await.1["queued"], json!(1));
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    assert_eq!(running.await.unwrap(), (StatusCode::OK, json!([])));
    assert!(queued.await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_dropped_cancels_its_query() {
    let Slow { store, begun, go_on } = slow(8);
    let service = router(store.handle(), LIMITS);
    let held = store.call(Query::Get(1)).unwrap();
    begun.recv().unwrap();
    let mut gone = Box::pin(service.clone().oneshot(get("/notes")));
    // Polled once, so that the query waits in the queue; then the client goes away.
    assert!(futures_poll(&mut gone).await);
    assert_eq!(store.stats().queued, 1);
    drop(gone);
    assert_eq!(store.stats().cancelled, 1);
    go_on.send(()).unwrap();
    assert!(held.await.is_ok());
    assert_eq!(store.shutdown().done, 1);
}

/// Polls a future once. Returns whether it is still pending.
async fn futures_poll(future: &mut (impl Future + Unpin)) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn after_the_time_the_answer_is_an_error() {
    let Slow { store, begun, go_on } = slow(8);
    let held = store.call(Query::Get(1)).unwrap();
    begun.recv().unwrap();
    let service = router(store.handle(), Limits { time: Duration::from_millis(1) });
    assert_eq!(ask(&service, get("/notes")).await.0, StatusCode::GATEWAY_TIMEOUT);
    go_on.send(()).unwrap();
    assert!(held.await.is_ok());
    let report = store.shutdown();
    assert_eq!((report.done, report.cancelled + report.expired), (1, 1));
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let Slow { store, .. } = slow(8);
    let service = router(store.handle(), LIMITS);
    store.shutdown();
    let (status, body) = ask(&service, get("/notes")).await;
    assert_eq!((status, body), (StatusCode::SERVICE_UNAVAILABLE, json!("shutting down")));
}
