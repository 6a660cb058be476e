//! Checking a list of checksums.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use drainpool::{JobError, JobId};

use crate::args::Args;
use crate::crew::Crew;
use crate::fatal::Fatal;
use crate::list::{Line, Reader};
use crate::print::Printer;
use crate::progress::Progress;
use crate::timeline::Recording;
use crate::work::{Found, Work};
use pool_examples::names::{self, Sum};

/// How many entries of the list are read ahead of what is printed: it may be longer than what we want
/// to keep in memory, and its first file may be the one that takes the longest.
const AHEAD: usize = 4096;

/// Checks the files of a list, and prints the results in its order. Returns whether all is as it
/// should be.
pub(crate) fn run(
    args: &Args,
    list: &OsStr,
    progress: &Progress,
    recording: &Recording,
    printer: &mut Printer,
) -> Result<bool, Fatal> {
    let list = Path::new(list);
    let mut lines = open(list).map_err(|error| Fatal::List(list.to_owned(), error))?;
    let crew = Crew::start(args, progress, recording)?;
    let mut check = Check::new(&crew, printer);
    let read = check.submit_all(&mut lines, names::is_stdin(list), progress)?;
    crew.close();
    while check.take_result()? {}

    // Should the pool have lost jobs, there are files without a verdict.
    let complete = check.waiting.is_empty() && crew.is_complete();
    if !complete {
        check.printer.complain("the pool has lost some of its jobs");
    }
    match read {
        Ok(()) => Ok(check.conclude(list) && complete),
        Err(error) => {
            check.printer.complain_of(list, &error);
            Ok(false)
        }
    }
}

fn open(list: &Path) -> io::Result<Box<dyn BufRead>> {
    if names::is_stdin(list) {
        Ok(Box::new(io::stdin().lock()))
    } else {
        Ok(Box::new(BufReader::new(File::open(list)?)))
    }
}

/// A check that is going on.
struct Check<'a> {
    crew: &'a Crew,
    printer: &'a mut Printer,
    /// The files whose results are not printed yet, in the order of the list.
    waiting: VecDeque<Entry>,
    /// The results of those of them that are not at the front.
    arrived: HashMap<JobId, Result<Found, JobError>>,
    tally: Tally,
}

/// A file of the list.
struct Entry {
    /// The job that hashes it.
    id: JobId,
    path: PathBuf,
    expected: Sum,
}

#[derive(Default)]
struct Tally {
    proper: u64,
    malformed: u64,
    unreadable: u64,
    different: u64,
}

impl<'a> Check<'a> {
    fn new(crew: &'a Crew, printer: &'a mut Printer) -> Self {
        let (waiting, arrived) = (VecDeque::new(), HashMap::new());
        Self { crew, printer, waiting, arrived, tally: Tally::default() }
    }

    /// Submits a job for each line. The inner result is that of reading the list.
    fn submit_all(
        &mut self,
        lines: &mut dyn BufRead,
        from_stdin: bool,
        progress: &Progress,
    ) -> Result<io::Result<()>, Fatal> {
        let mut reader = Reader::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => return Ok(Ok(())),
                Ok(_) => {}
                Err(error) => return Ok(Err(error)),
            }
            match reader.read(&line) {
                Line::Blank => {}
                // The standard input cannot be the list and a file on it.
                Line::Entry(path, _) if from_stdin && names::is_stdin(&path) => {
                    self.tally.malformed += 1;
                }
                Line::Malformed => self.tally.malformed += 1,
                Line::Entry(path, expected) => {
                    progress.found_file(|| fs::metadata(&path).map_or(0, |data| data.len()));
                    self.submit(path, expected)?;
                }
            }
        }
    }

    fn submit(&mut self, path: PathBuf, expected: Sum) -> Result<(), Fatal> {
        while self.waiting.len() >= AHEAD && self.take_result()? {}
        let id = self.crew.submit(Work::Listed(path.clone()))?;
        self.waiting.push_back(Entry { id, path, expected });
        self.tally.proper += 1;
        Ok(())
    }

    /// Waits for a result and prints all whose turn it is; `false` if there are no more.
    fn take_result(&mut self) -> io::Result<bool> {
        let Some(done) = self.crew.next(self.printer)? else {
            return Ok(false);
        };
        self.arrived.insert(done.id, done.outcome);
        while let Some(entry) = self.waiting.front()
            && let Some(outcome) = self.arrived.remove(&entry.id)
            && let Some(entry) = self.waiting.pop_front()
        {
            self.judge(&entry, outcome)?;
        }
        Ok(true)
    }

    fn judge(&mut self, entry: &Entry, outcome: Result<Found, JobError>) -> io::Result<()> {
        let sum = match outcome {
            Ok(found) => {
                for (path, error) in found.failures {
                    self.printer.complain_of(&path, &error);
                }
                found.sum.map(|(_, sum)| sum)
            }
            Err(panicked) => {
                self.printer.complain_of(&entry.path, &panicked);
                None
            }
        };
        let verdict = match sum {
            Some(sum) if sum == entry.expected => "OK",
            Some(_) => {
                self.tally.different += 1;
                "FAILED"
            }
            None => {
                self.tally.unreadable += 1;
                "FAILED open or read"
            }
        };
        let name = names::checked(&entry.path);
        self.printer.line(&[name.as_slice(), b": ", verdict.as_bytes()].concat())
    }

    /// Sums up on the standard error, in the words of `sha256sum`. Malformed lines alone are no
    /// failure, unless there are no others.
    fn conclude(&mut self, list: &Path) -> bool {
        let Tally { proper, malformed, unreadable, different } = self.tally;
        if proper == 0 {
            let list = if names::is_stdin(list) {
                "'standard input'".to_owned()
            } else {
                names::shown(list)
            };
            self.printer.complain(format!("{list}: no properly formatted checksum lines found"));
            return false;
        }
        let mut warn = |count, one, many| match count {
            0 => {}
            1 => self.printer.complain(format!("WARNING: 1 {one}")),
            count => self.printer.complain(format!("WARNING: {count} {many}")),
        };
        warn(malformed, "line is improperly formatted", "lines are improperly formatted");
        warn(unreadable, "listed file could not be read", "listed files could not be read");
        warn(different, "computed checksum did NOT match", "computed checksums did NOT match");
        unreadable == 0 && different == 0
    }
}
