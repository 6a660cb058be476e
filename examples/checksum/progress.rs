//! The progress bar.

use std::io::{IsTerminal as _, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

const TEMPLATE: &str =
    "{files} files, {bytes}/{total_bytes} [{wide_bar}] {binary_bytes_per_sec}, {eta} left";

/// Shows how far the work is, on a terminal only. All clones are one; without a terminal they do
/// nothing.
#[derive(Clone)]
pub(crate) struct Progress(Option<Shown>);

#[derive(Clone)]
struct Shown {
    /// Counts bytes. Its length is what the walk has found so far.
    bar: ProgressBar,
    files: Arc<Files>,
}

#[derive(Default)]
struct Files {
    found: AtomicU64,
    finished: AtomicU64,
}

impl Progress {
    pub(crate) fn new() -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let files = Arc::new(Files::default());
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        bar.set_style(style(Arc::clone(&files)));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(Shown { bar, files }))
    }

    /// Shows nothing: something else has the terminal.
    pub(crate) fn hidden() -> Self {
        Self(None)
    }

    /// There is one more file to hash. Its size is only asked for if somebody wants to know.
    pub(crate) fn found_file(&self, size: impl FnOnce() -> u64) {
        if let Some(Shown { bar, files }) = &self.0 {
            files.found.fetch_add(1, Ordering::Relaxed);
            bar.inc_length(size());
        }
    }

    /// Some bytes of a file were hashed.
    pub(crate) fn read(&self, bytes: usize) {
        if let Some(Shown { bar, .. }) = &self.0 {
            bar.inc(bytes as u64);
        }
    }

    /// A file is done with.
    pub(crate) fn finished_file(&self) {
        if let Some(Shown { files, .. }) = &self.0 {
            files.finished.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes the bar out of the way while something else is written to the terminal.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(Shown { bar, .. }) => bar.suspend(write),
            None => write(),
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(Shown { bar, .. }) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(files: Arc<Files>) -> ProgressStyle {
    let count = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        let finished = files.finished.load(Ordering::Relaxed);
        // A line that cannot be drawn is drawn again soon.
        let _ = write!(out, "{finished}/{}", files.found.load(Ordering::Relaxed));
    };
    ProgressStyle::with_template(TEMPLATE)
        .expect("the template is well-formed")
        .with_key("files", count)
        .progress_chars("=> ")
}
