//! The terminal: taken over for the view, and given back.

use std::io::{self, IsTerminal as _, Stderr, stderr};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

/// The standard error as the screen of a view. The standard output stays the program's. Dropped, it gives the
/// terminal back.
pub(crate) struct Screen(Terminal<CrosstermBackend<Stderr>>);

impl Screen {
    pub(crate) fn take() -> io::Result<Self> {
        if !stderr().is_terminal() {
            let text = "the standard error is no terminal, on which a pool could be shown";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        enable_raw_mode()?;
        // From here on it is given back, whatever fails.
        let restores = Restores;
        execute!(stderr(), EnterAlternateScreen)?;
        let terminal = Terminal::new(CrosstermBackend::new(stderr()))?;
        std::mem::forget(restores);
        Ok(Self(terminal))
    }

    pub(crate) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stderr>> {
        &mut self.0
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone has nothing to be given back.
        let _ = self.0.show_cursor();
        drop(Restores);
    }
}

struct Restores;

impl Drop for Restores {
    fn drop(&mut self) {
        let _ = execute!(stderr(), LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}
