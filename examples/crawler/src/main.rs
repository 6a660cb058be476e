//! Checks the links of a website. Ctrl-C ends it early.
//!
//! ```text
//! cargo run --release -p pool-example-crawler -- https://site.example/
//! ```

use std::error::Error;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use clap::Parser;
use pool_example_crawler::{Checked, Crawl, Settings};
use url::Url;

/// Checks the links of a website: of all its pages, to its pages and elsewhere.
#[derive(Parser)]
struct Arguments {
    /// The page to start with.
    url: Url,
    /// The number of threads.
    #[arg(long, default_value_t = 16)]
    threads: usize,
    /// The maximum number of pages that are fetched from one host at a time.
    #[arg(long, default_value_t = 2)]
    per_host: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Arguments { url, threads, per_host } = Arguments::parse();
    let settings = Settings { threads, per_host, ..Settings::default() };
    let (crawl, checked) = Crawl::start(url, settings)?;
    let (interrupt, interrupted) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = interrupt.send(());
    })?;

    let (mut links, mut broken) = (0, 0);
    let mut tell = |checked: Checked| {
        links += 1;
        if let Err(failure) = checked.outcome {
            broken += 1;
            let found_on = checked.found_on.map_or_else(String::new, |page| format!(" on {page}"));
            println!("{}{found_on}: {failure}", checked.url);
        }
    };
    while interrupted.try_recv().is_err() {
        match checked.recv_timeout(Duration::from_millis(100)) {
            Ok(checked) => tell(checked),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let found = crawl.stop();
    checked.iter().for_each(tell);
    let unchecked = found - links;
    eprintln!("{links} links checked, {broken} broken, {unchecked} not checked");
    Ok(if broken + unchecked == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
