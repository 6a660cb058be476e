//! The routes, and what becomes of a request when the store is busy, slow, closed or broken.

use std::time::Duration;

use axum::extract::{Path, Query as Parameters, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use drainpool::{Handle, JobError, SubmitOptions, WhenFull};
use serde::{Deserialize, Serialize};
use tracing::Instrument as _;

use crate::store::{Answer, Note, Query, StoreQueue};

type StoreHandle = Handle<Query, rusqlite::Result<Answer>, StoreQueue>;

/// The limits of a request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time within which a query is answered.
    pub time: Duration,
}

#[derive(Clone)]
struct Service {
    store: StoreHandle,
    limits: Limits,
}

/// Returns the routes of the service over this store.
pub fn router(store: StoreHandle, limits: Limits) -> Router {
    Router::new()
        .route("/notes", get(search).post(add))
        .route("/notes/{id}", get(read))
        .route("/stats", get(stats))
        .with_state(Service { store, limits })
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    text: String,
}

async fn search(
    State(service): State<Service>,
    Parameters(search): Parameters<Search>,
) -> Result<Json<Vec<Note>>, Failure> {
    match service.ask(Query::Search(search.text)).await? {
        Answer::Found(notes) => Ok(Json(notes)),
        Answer::Added(_) => Err(Failure::Broken),
    }
}

async fn add(State(service): State<Service>, text: String) -> Result<Response, Failure> {
    match service.ask(Query::Add(text)).await? {
        Answer::Added(id) => {
            let place = [(header::LOCATION, format!("/notes/{id}"))];
            Ok((StatusCode::CREATED, place, Json(id)).into_response())
        }
        Answer::Found(_) => Err(Failure::Broken),
    }
}

async fn read(State(service): State<Service>, Path(id): Path<i64>) -> Result<Json<Note>, Failure> {
    match service.ask(Query::Get(id)).await? {
        Answer::Found(mut notes) => notes.pop().map(Json).ok_or(Failure::Unknown),
        Answer::Added(_) => Err(Failure::Broken),
    }
}

/// What the store's pool does at present.
#[derive(Serialize)]
struct Figures {
    queued: u64,
    running: u64,
    done: u64,
    expired: u64,
    cancelled: u64,
}

async fn stats(State(service): State<Service>) -> Json<Figures> {
    let stats = service.store.stats();
    Json(Figures {
        queued: stats.queued,
        running: stats.running,
        done: stats.done,
        expired: stats.expired,
        cancelled: stats.cancelled,
    })
}

impl Service {
    /// Has a worker answer the query, in a span of the request.
    async fn ask(&self, query: Query) -> Result<Answer, Failure> {
        let request = tracing::info_span!("request", query = query.kind());
        self.answer(query).instrument(request).await
    }

    /// Has a worker answer the query. A full queue sheds the request at once; a query that has not started
    /// when its time is over, or whose client has gone, never starts.
    async fn answer(&self, query: Query) -> Result<Answer, Failure> {
        let time = self.limits.time;
        let options = SubmitOptions::new().when_full(WhenFull::Fail).start_within(time);
        let options = options.label(query.kind());
        let job =
            self.store.with(options).call(query).map_err(|refused| {
                if refused.is_full() { Failure::Busy } else { Failure::Closed }
            })?;
        // Dropped with this future, when the time is over or the connection is closed.
        let job = job.cancel_on_drop();
        match tokio::time::timeout(time, job).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Err(JobError::Expired)) | Err(_) => Err(Failure::Late),
            Ok(Err(JobError::Returned)) => Err(Failure::Closed),
            Ok(Ok(Err(_)) | Err(_)) => Err(Failure::Broken),
        }
    }
}

/// The reason why a request has no answer.
#[derive(Debug, Clone, Copy)]
enum Failure {
    /// There is no such note.
    Unknown,
    /// Too many queries wait.
    Busy,
    /// The query was not answered in time.
    Late,
    /// The service is shutting down.
    Closed,
    /// The database failed, or a handler panicked.
    Broken,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let retry = [(header::RETRY_AFTER, "1")];
        match self {
            Self::Unknown => (StatusCode::NOT_FOUND, "no such note").into_response(),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, retry, "too busy").into_response(),
            Self::Late => (StatusCode::GATEWAY_TIMEOUT, "too late").into_response(),
            Self::Closed => (StatusCode::SERVICE_UNAVAILABLE, "shutting down").into_response(),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "broken").into_response(),
        }
    }
}
