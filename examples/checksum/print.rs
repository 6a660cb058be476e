//! All that is written to the two outputs.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};
use std::path::Path;

use crate::progress::Progress;
use pool_examples::names;

const BUFFER: usize = 64 * 1024;

/// The one place that writes.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    /// Both outputs may be the same terminal.
    on_terminal: bool,
    progress: Progress,
    /// What is held back while something else has the terminal.
    held: Option<Held>,
}

#[derive(Default)]
struct Held {
    /// Lines for the standard output, if that is the terminal.
    lines: Vec<u8>,
    /// Messages for the standard error.
    messages: String,
}

impl Printer {
    /// If it holds, what is for the terminal is written when it is [released](Self::release).
    pub(crate) fn new(progress: Progress, holds: bool) -> Self {
        let out = io::stdout().lock();
        let on_terminal = out.is_terminal();
        let held = holds.then(Held::default);
        Self { out: BufWriter::with_capacity(BUFFER, out), on_terminal, progress, held }
    }

    /// Writes what was held back.
    pub(crate) fn release(&mut self) -> io::Result<()> {
        let Some(Held { lines, messages }) = self.held.take() else { return Ok(()) };
        // If even that fails, there is nowhere left to say so.
        let _ = io::stderr().lock().write_all(messages.as_bytes());
        self.out.write_all(&lines)?;
        self.out.flush()
    }

    /// Writes a line to the standard output; its end is added.
    pub(crate) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some(held) = self.held.as_mut().filter(|_| self.on_terminal) {
            held.lines.extend_from_slice(line);
            held.lines.push(b'\n');
            return Ok(());
        }
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
        if let Some(held) = &mut self.held {
            held.messages.push_str(&format!("checksum: {message}\n"));
            return;
        }
        // If even that fails, there is nowhere left to say so.
        let _ = self.progress.suspend(|| writeln!(io::stderr().lock(), "checksum: {message}"));
    }

    /// Says on the standard error what is wrong with a file or directory.
    pub(crate) fn complain_of(&mut self, path: &Path, error: &dyn fmt::Display) {
        self.complain(format_args!("{}: {error}", names::shown(path)));
    }
}
