//! A crawl of a site that the test serves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use pool_example_crawler::{Crawl, Failure, Settings};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use url::Url;

const SETTINGS: Settings = Settings {
    threads: 4,
    per_host: 2,
    retries: 3,
    back_off: Duration::from_millis(1),
    timeout: Duration::from_secs(60),
};

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    address
}

fn start(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}/")).unwrap()
}

/// Crawls to the end. Returns what became of each path.
async fn crawl(address: SocketAddr) -> BTreeMap<String, Result<(), Failure>> {
    let crawling = tokio::task::spawn_blocking(move || {
        let (crawl, checked) = Crawl::start(start(address), SETTINGS).unwrap();
        let outcomes =
            checked.iter().map(|checked| (checked.url.path().to_owned(), checked.outcome));
        let outcomes: Vec<_> = outcomes.collect();
        assert_eq!(crawl.stop(), outcomes.len(), "links were left unchecked");
        outcomes
    });
    let outcomes = crawling.await.unwrap();
    let count = outcomes.len();
    let outcomes = BTreeMap::from_iter(outcomes);
    assert_eq!(outcomes.len(), count, "a link was checked twice");
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_is_checked_once() {
    let page = |links: &'static str| get(move || async move { Html(links) });
    let routes = Router::new()
        .route("/", page("<a href=a>a</a> <a href=/b#x>b</a> <a href=gone>c</a>"))
        .route("/a", page("<a href=/>home</a> <a href=b>b</a> <a href=deep/er>d</a>"))
        .route("/b", page("<a href=b>itself</a>"))
        .route("/deep/er", page("<a href=../a>up</a> <a href=lost>e</a>"));
    let outcomes = crawl(serve(routes).await).await;
    let missing = || Err(Failure::Status(404));
    let expected = [
        ("/", Ok(())),
        ("/a", Ok(())),
        ("/b", Ok(())),
        ("/deep/er", Ok(())),
        ("/deep/lost", missing()),
        ("/gone", missing()),
    ];
    assert_eq!(outcomes, expected.map(|(path, outcome)| (path.to_owned(), outcome)).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_passes_is_tried_again() {
    let (tries, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (of_busy, of_broken) = (Arc::clone(&tries), Arc::clone(&asked));
    let busy = get(move || async move {
        let is_third = of_busy.fetch_add(1, Ordering::Relaxed) == 2;
        if is_third { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS }
    });
    let broken = get(move || async move {
        of_broken.fetch_add(1, Ordering::Relaxed);
        StatusCode::INTERNAL_SERVER_ERROR
    });
    let links = get(|| async { Html("<a href=busy>a</a> <a href=broken>b</a>") });
    let routes = Router::new().route("/", links).route("/busy", busy).route("/broken", broken);
    let outcomes = crawl(serve(routes).await).await;
    assert_eq!(outcomes["/busy"], Ok(()));
    assert_eq!(outcomes["/broken"], Err(Failure::Status(500)));
    assert_eq!((tries.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)), (3, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_asked_for_a_few_pages_at_a_time() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let highest = Arc::clone(&most);
    let page = get(move || async move {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        now.fetch_sub(1, Ordering::SeqCst);
    });
    let links: String = (0..40).map(|page| format!("<a href=/pages/{page}>{page}</a>")).collect();
    let home = get(|| async { Html(links) });
    let routes = Router::new().route("/", home).route("/pages/{page}", page);
    assert_eq!(crawl(serve(routes).await).await.len(), 41);
    let highest = highest.load(Ordering::SeqCst);
    assert!((1..=SETTINGS.per_host).contains(&highest), "{highest} at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_is_stopped_says_what_it_left() {
    let (asked, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (was_asked, may_go_on) = (Arc::clone(&asked), Arc::clone(&go_on));
    let page = get(move || async move {
        was_asked.add_permits(1);
        may_go_on.acquire().await.unwrap().forget();
    });
    let links: String = (0..10).map(|page| format!("<a href=/pages/{page}>{page}</a>")).collect();
    let home = get(|| async { Html(links) });
    let routes = Router::new().route("/", home).route("/pages/{page}", page);
    let address = serve(routes).await;
    let (crawl, checked) = Crawl::start(start(address), SETTINGS).unwrap();
    let fetching = u32::try_from(SETTINGS.per_host).unwrap();
    asked.acquire_many(fetching).await.unwrap().forget();
    let stopping = tokio::task::spawn_blocking(move || crawl.stop());
    // Enough for all pages: how many of them are asked for before it is stopped is not known.
    go_on.add_permits(10);
    let found = stopping.await.unwrap();
    let outcomes = checked.iter().count();
    assert_eq!(found, 11);
    assert!((1 + SETTINGS.per_host..=found).contains(&outcomes), "{outcomes} links were checked");
}
