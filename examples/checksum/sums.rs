//! Printing checksums.

use crate::args::Args;
use crate::crew::Crew;
use crate::fatal::Fatal;
use crate::print::Printer;
use crate::progress::Progress;
use crate::timeline::Recording;
use crate::work::Work;
use pool_examples::names;

/// Hashes all that is found at the paths of the command line. Returns whether all could be read.
pub(crate) fn run(
    args: &Args,
    progress: &Progress,
    recording: &Recording,
    printer: &mut Printer,
) -> Result<bool, Fatal> {
    let crew = Crew::start(args, progress, recording)?;
    for path in &args.paths {
        crew.submit(Work::Root(path.into()))?;
    }
    crew.close();

    let mut fine = true;
    let mut sums = Vec::new();
    while let Some(done) = crew.next(printer)? {
        let found = match done.outcome {
            Ok(found) => found,
            Err(panicked) => {
                fine = false;
                printer.complain(panicked);
                continue;
            }
        };
        for (path, error) in found.failures {
            fine = false;
            printer.complain_of(&path, &error);
        }
        match found.sum {
            Some(sum) if args.sort => sums.push(sum),
            Some((path, sum)) => printer.line(&names::listed(&path, &sum))?,
            None => {}
        }
    }
    sums.sort_by(|(one, _), (other, _)| names::bytes(one).cmp(&names::bytes(other)));
    for (path, sum) in sums {
        printer.line(&names::listed(&path, &sum))?;
    }
    if !crew.is_complete() {
        fine = false;
        printer.complain("the pool has lost some of its jobs");
    }
    Ok(fine)
}
