//! All that is written to the two outputs.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};
use std::path::Path;

use crate::names;
use crate::progress::Progress;

const BUFFER: usize = 64 * 1024;

/// The one place that writes.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    /// Both outputs may be the same terminal.
    on_terminal: bool,
    progress: Progress,
}

impl Printer {
    pub(crate) fn new(progress: Progress) -> Self {
        let out = io::stdout().lock();
        let on_terminal = out.is_terminal();
        Self { out: BufWriter::with_capacity(BUFFER, out), on_terminal, progress }
    }

    /// Writes a line to the standard output; its end is added.
    pub(crate) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        // The buffer must not overflow into the midst of a progress bar.
        if self.on_terminal && self.out.buffer().len() + line.len() >= self.out.capacity() {
            self.flush()?;
        }
        self.out.write_all(line)?;
        self.out.write_all(b"\n")
    }

    /// Shows the lines written so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.out.buffer().is_empty() {
            Ok(())
        } else if self.on_terminal {
            self.progress.suspend(|| self.out.flush())
        } else {
            self.out.flush()
        }
    }

    /// Writes a message to the standard error.
    pub(crate) fn complain(&mut self, message: impl fmt::Display) {
        // If even that fails, there is nowhere left to say so.
        let _ = self.progress.suspend(|| writeln!(io::stderr().lock(), "checksum: {message}"));
    }

    /// Says on the standard error what is wrong with a file or directory.
    pub(crate) fn complain_of(&mut self, path: &Path, error: &dyn fmt::Display) {
        self.complain(format_args!("{}: {error}", names::shown(path)));
    }
}
