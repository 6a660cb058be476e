//! A link checker: it fetches the pages of a site, follows their links, and says what became of each.

mod crawl;
mod fetch;
mod links;

pub use crawl::{Checked, Crawl, Settings};
pub use fetch::{Failure, Fetched};
