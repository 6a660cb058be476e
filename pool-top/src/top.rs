//! The view's thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use pool_core::{Handle, Job, WorkQueue};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::sample::Sample;
use crate::screen::Screen;
use crate::view::View;

/// A live view of a pool, on a thread of its own. Dropped, it gives the terminal back.
///
/// It has the standard error, on the terminal's other screen; what the program prints to its standard output
/// meanwhile is best kept for the end, unless that is no terminal. The keys `q`, Escape and Ctrl-C close the view, and
/// the program goes on: a second Ctrl-C interrupts that.
///
/// A program that ends by [`exit`](std::process::exit) or by a signal does not give the terminal back; stop the view
/// first.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Debug)]
pub struct Top {
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Top {
    /// Shows this pool.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the standard error is no terminal; or what the terminal, or
    /// the start of the thread, says.
    pub fn start<J, R, Q>(pool: &Handle<J, R, Q>) -> io::Result<Self>
    where
        J: Send + 'static,
        R: 'static,
        Q: WorkQueue<Job<J>> + 'static,
    {
        Self::builder().start(pool)
    }

    /// Returns what builds a view with other settings.
    pub fn builder() -> TopBuilder {
        TopBuilder { title: "drainpool".to_owned(), interval: Duration::from_millis(250) }
    }

    /// Whether the view was closed by a key, or the terminal has failed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends the view and gives the terminal back. It waits for the next look, which is due within the interval.
    ///
    /// # Errors
    ///
    /// If the terminal has failed meanwhile.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        // Relaxed: it says nothing of other memory.
        self.stops.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(io::Error::other("the view has panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Top {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The settings of a [`Top`]; made by [`Top::builder`].
#[derive(Debug, Clone)]
#[must_use = "settings show nothing by themselves: start the view"]
pub struct TopBuilder {
    title: String,
    interval: Duration,
}

impl TopBuilder {
    /// Sets the title. The default is `drainpool`.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the time between two looks at the pool. The default is a quarter of a second.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Shows this pool; see [`Top::start`].
    ///
    /// # Errors
    ///
    /// As for [`Top::start`].
    pub fn start<J, R, Q>(self, pool: &Handle<J, R, Q>) -> io::Result<Top>
    where
        J: Send + 'static,
        R: 'static,
        Q: WorkQueue<Job<J>> + 'static,
    {
        let screen = Screen::take()?;
        let (pool, stops) = (pool.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stops);
        let thread = thread::Builder::new().name("pool-top".to_owned()).spawn(move || {
            let is_over = || stopped.load(Ordering::Relaxed);
            show(screen, View::new(self.title), self.interval, is_over, || Sample::of(&pool))
        })?;
        Ok(Top { stops, thread: Some(thread) })
    }
}

/// Draws, at least once, until the view is over or closed by a key.
fn show(
    mut screen: Screen,
    mut view: View,
    interval: Duration,
    is_over: impl Fn() -> bool,
    sample: impl Fn() -> Sample,
) -> io::Result<()> {
    loop {
        let sample = sample();
        screen.terminal().draw(|frame| view.draw(frame, &sample))?;
        // A resize draws anew, as any event does.
        if is_over() || (event::poll(interval)? && closes(&event::read()?)) {
            return Ok(());
        }
    }
}

fn closes(event: &Event) -> bool {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = event else {
        return false;
    };
    match code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_close_the_view() {
        let press = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
        let control = |letter| press(KeyCode::Char(letter), KeyModifiers::CONTROL);
        let plain = |code| press(code, KeyModifiers::NONE);
        assert!([control('c'), plain(KeyCode::Esc), plain(KeyCode::Char('q'))].iter().all(closes));
        assert!(
            ![control('d'), plain(KeyCode::Char('c')), Event::Resize(80, 24)].iter().any(closes)
        );
    }
}
