//! Fetching one page.

use std::fmt;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use url::Url;

use crate::links::links;

/// The maximum number of bytes of a page that are searched for links.
const MOST: u64 = 8 << 20;

/// What a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The links of the page, if it was to be searched for them and is HTML.
    pub links: Vec<Url>,
}

/// The reason why a link is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server answered with this status.
    Status(u16),
    /// There was no answer.
    NoAnswer(String),
}

impl Failure {
    /// Whether it may go better later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::NoAnswer(_) => true,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::NoAnswer(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Failure {}

pub(crate) fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .user_agent("drainpool-example-crawler")
        .build();
    config.into()
}

/// Fetches a page. Its links are looked for if `is_searched`; otherwise it is not downloaded.
pub(crate) fn fetch(agent: &Agent, url: &Url, is_searched: bool) -> Result<Fetched, Failure> {
    let no_answer = |error: ureq::Error| Failure::NoAnswer(error.to_string());
    let mut response = agent.get(url.as_str()).call().map_err(no_answer)?;
    if !response.status().is_success() {
        return Err(Failure::Status(response.status().as_u16()));
    }
    if !is_searched || !is_html(&response) {
        return Ok(Fetched { links: Vec::new() });
    }
    let html = response.body_mut().with_config().limit(MOST).lossy_utf8(true).read_to_string();
    Ok(Fetched { links: links(url, &html.map_err(no_answer)?) })
}

fn is_html<B>(response: &Response<B>) -> bool {
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}
