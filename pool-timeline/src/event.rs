//! The events of a timeline, in the trace event format of Chrome, which Perfetto reads as well.
//!
//! They are written by hand: all that has to be escaped is a name. The crate `serde_json` would do it, but its
//! comparisons of numbers with its values make the compiler ask for types in the code of everyone who enables
//! the feature.

use std::fmt::{self, Display, Formatter, Write};
use std::time::Duration;

use pool_core::JobId;

/// All events of a pool are of one process.
const PROCESS: u32 = 1;

/// One event.
pub(crate) struct Event<'a> {
    pub(crate) name: &'a str,
    pub(crate) phase: Phase,
    /// Since the start.
    pub(crate) time: Duration,
    pub(crate) track: u64,
    pub(crate) arguments: Arguments<'a>,
}

/// What an event is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Begin,
    End,
    /// The start of the arrow from the submit of a job to its start. Like its end, it belongs to the slice around it.
    FlowStart(JobId),
    FlowEnd(JobId),
    Mark,
    Metadata,
}

/// What a viewer shows beside an event.
#[derive(Clone, Copy, Default)]
pub(crate) struct Arguments<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) job: Option<JobId>,
    pub(crate) priority: Option<i8>,
    pub(crate) outcome: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) jobs: Option<usize>,
}

impl Arguments<'_> {
    pub(crate) fn of(job: JobId) -> Self {
        Self { job: Some(job), ..Self::default() }
    }
}

impl<'a> Event<'a> {
    pub(crate) fn at(time: Duration, track: u64, name: &'a str, phase: Phase) -> Self {
        Self { name, phase, time, track, arguments: Arguments::default() }
    }

    pub(crate) fn with(self, arguments: Arguments<'a>) -> Self {
        Self { arguments, ..self }
    }

    pub(crate) fn process_name(name: &'a str) -> Self {
        Self::metadata(0, "process_name", name)
    }

    pub(crate) fn thread_name(track: u64, name: &'a str) -> Self {
        Self::metadata(track, "thread_name", name)
    }

    fn metadata(track: u64, what: &'a str, name: &'a str) -> Self {
        let arguments = Arguments { name: Some(name), ..Arguments::default() };
        Self::at(Duration::ZERO, track, what, Phase::Metadata).with(arguments)
    }
}

/// As JSON.
impl Display for Event<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { name, phase, time, track, arguments } = self;
        write!(f, "{{\"name\":{},\"cat\":\"pool\",", Quoted(name))?;
        match phase {
            Phase::Begin => write!(f, "\"ph\":\"B\"")?,
            Phase::End => write!(f, "\"ph\":\"E\"")?,
            // The ids as text: the numbers of the viewers are not as long.
            Phase::FlowStart(job) => write!(f, "\"ph\":\"s\",\"id\":\"{:#x}\"", job.as_u64())?,
            Phase::FlowEnd(job) => {
                write!(f, "\"ph\":\"f\",\"bp\":\"e\",\"id\":\"{:#x}\"", job.as_u64())?;
            }
            Phase::Mark => write!(f, "\"ph\":\"i\",\"s\":\"t\"")?,
            Phase::Metadata => write!(f, "\"ph\":\"M\"")?,
        }
        let (micros, nanos) = (time.as_micros(), time.subsec_nanos() % 1_000);
        write!(f, ",\"ts\":{micros}.{nanos:03},\"pid\":{PROCESS},\"tid\":{track}")?;
        write!(f, ",\"args\":{{{arguments}}}}}")
    }
}

/// As the inside of a JSON object.
impl Display for Arguments<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut fields = Fields { to: f, are_more: false };
        fields.text("name", self.name)?;
        // As text: the ids of nested jobs are larger than the numbers of JavaScript.
        fields.text("job", self.job.map(|job| job.to_string()).as_deref())?;
        fields.number("priority", self.priority)?;
        fields.text("outcome", self.outcome)?;
        fields.text("reason", self.reason)?;
        fields.number("jobs", self.jobs)
    }
}

/// The fields of an object, with commas between them.
struct Fields<'a, 'b> {
    to: &'a mut Formatter<'b>,
    are_more: bool,
}

impl Fields<'_, '_> {
    fn number(&mut self, name: &str, value: Option<impl Display>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let comma = if std::mem::replace(&mut self.are_more, true) { "," } else { "" };
        write!(self.to, "{comma}\"{name}\":{value}")
    }

    fn text(&mut self, name: &str, value: Option<&str>) -> fmt::Result {
        self.number(name, value.map(Quoted))
    }
}

/// A text as JSON has it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                control if control < ' ' => write!(f, "\\u{:04x}", u32::from(control))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}
