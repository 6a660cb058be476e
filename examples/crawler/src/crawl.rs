//! The crawl: which links are fetched, when, and how many at a time.

use std::collections::HashSet;
use std::error::Error;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drainpool::{Lanes, LanesExt, ThreadPool, ThreadPoolBuilder, Timer, TimerHandle};
use ureq::Agent;
use url::Url;

use crate::fetch::{Failure, Fetched, agent, fetch};

/// How a crawl behaves.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The number of threads that fetch.
    pub threads: usize,
    /// The maximum number of pages that are fetched from one host at a time.
    pub per_host: usize,
    /// The number of times that a link is tried again, if that may help.
    pub retries: u32,
    /// The time before the first retry. It doubles with each.
    pub back_off: Duration,
    /// The time for one page.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let (back_off, timeout) = (Duration::from_millis(500), Duration::from_secs(20));
        Self { threads: 16, per_host: 2, retries: 3, back_off, timeout }
    }
}

/// What became of a link.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The link.
    pub url: Url,
    /// The page that it was found on first. `None` for the start.
    pub found_on: Option<Arc<Url>>,
    /// Whether it works.
    pub outcome: Result<(), Failure>,
}

/// A crawl that goes on by itself.
pub struct Crawl {
    pool: ThreadPool,
    timer: Timer,
    seen: Arc<Seen>,
}

/// The links that were found.
type Seen = Mutex<HashSet<Url>>;

impl Crawl {
    /// Begins to crawl the site of this page. Returns the crawl, and a receiver of what it finds out, which ends
    /// with the crawl.
    ///
    /// Pages of the start's host are fetched and searched; links to other hosts are only tried.
    ///
    /// # Errors
    ///
    /// A setting is out of range, or a thread cannot be started.
    pub fn start(
        url: Url,
        settings: Settings,
    ) -> Result<(Self, Receiver<Checked>), Box<dyn Error>> {
        let pool = ThreadPoolBuilder::new().num_threads(settings.threads).build()?;
        let timer = Timer::new(&pool)?;
        let seen = Arc::new(Mutex::new(HashSet::from([url.clone()])));
        let (sender, checked) = mpsc::channel();
        let crawler = Crawler {
            hosts: pool.lanes::<str>().with_limit(settings.per_host),
            timer: timer.handle(),
            site: Arc::from(url.host_str().unwrap_or_default()),
            seen: Arc::clone(&seen),
            agent: agent(settings.timeout),
            settings,
            checked: sender,
        };
        crawler.check(Link { url: Arc::new(url), found_on: None, tries: 0 });
        Ok((Self { pool, timer, seen }, checked))
    }

    /// Ends the crawl: what runs is finished, what waits is given up. Returns the number of links that were
    /// found. The receiver has what became of them, but for those that were left unchecked.
    pub fn stop(self) -> usize {
        // First: what it would hand over would be refused.
        self.timer.shutdown();
        drop(self.pool.shutdown_now());
        self.pool.shutdown();
        lock(&self.seen).len()
    }
}

struct Link {
    url: Arc<Url>,
    found_on: Option<Arc<Url>>,
    tries: u32,
}

/// What each job holds. With the last one the channel ends.
#[derive(Clone)]
struct Crawler {
    hosts: Lanes<str>,
    timer: TimerHandle,
    site: Arc<str>,
    seen: Arc<Seen>,
    agent: Agent,
    settings: Settings,
    checked: Sender<Checked>,
}

impl Crawler {
    /// Has a link checked when its host has a turn. The pool refuses it only when the crawl is stopped.
    fn check(&self, link: Link) {
        let crawler = self.clone();
        let host = link.url.host_str().unwrap_or_default().to_owned();
        let _ = self.hosts.lane(&*host).execute(move || crawler.fetch(link));
    }

    fn fetch(&self, link: Link) {
        let is_searched = link.url.host_str() == Some(&self.site);
        let outcome = match fetch(&self.agent, &link.url, is_searched) {
            Ok(Fetched { links }) => {
                self.follow(&link.url, links);
                Ok(())
            }
            Err(failure) if failure.is_passing() && link.tries < self.settings.retries => {
                return self.check_later(link);
            }
            Err(failure) => Err(failure),
        };
        let url = Url::clone(&link.url);
        // Nobody receives any more when the crawl is stopped.
        let _ = self.checked.send(Checked { url, found_on: link.found_on, outcome });
    }

    fn follow(&self, page: &Arc<Url>, links: Vec<Url>) {
        for url in links {
            if lock(&self.seen).insert(url.clone()) {
                let found_on = Some(Arc::clone(page));
                self.check(Link { url: Arc::new(url), found_on, tries: 0 });
            }
        }
    }

    /// Has a link checked again. No worker waits for that.
    fn check_later(&self, link: Link) {
        let delay = self.settings.back_off * 2_u32.saturating_pow(link.tries);
        let crawler = self.clone();
        let again = move || crawler.check(Link { tries: link.tries + 1, ..link });
        // Refused only when the crawl is stopped.
        let _ = self.timer.after(delay, again);
    }
}

fn lock(seen: &Seen) -> MutexGuard<'_, HashSet<Url>> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
