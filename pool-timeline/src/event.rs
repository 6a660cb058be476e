//! The events of a timeline, in the trace event format of Chrome, which Perfetto reads as well.

use std::time::Duration;

use pool_core::JobId;
use serde::{Serialize, Serializer};

/// All events of a pool are of one process.
const PROCESS: u32 = 1;

/// One event.
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a str,
    pub(crate) cat: &'static str,
    pub(crate) ph: Phase,
    /// Since the start, in microseconds.
    #[serde(serialize_with = "microseconds")]
    pub(crate) ts: Duration,
    pub(crate) pid: u32,
    /// The track.
    pub(crate) tid: u64,
    /// Which start of a flow belongs to which end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The end of a flow belongs to what lies around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bp: Option<&'static str>,
    /// A mark is one of its track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<Arguments<'a>>,
}

/// What an event is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Phase {
    #[serde(rename = "B")]
    Begin,
    #[serde(rename = "E")]
    End,
    #[serde(rename = "s")]
    FlowStart,
    #[serde(rename = "f")]
    FlowEnd,
    #[serde(rename = "i")]
    Mark,
    #[serde(rename = "M")]
    Metadata,
}

/// What a viewer shows beside an event.
#[derive(Serialize)]
pub(crate) struct Arguments<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) jobs: Option<usize>,
}

impl Arguments<'_> {
    pub(crate) const NONE: Self =
        Self { name: None, job: None, priority: None, outcome: None, reason: None, jobs: None };

    pub(crate) fn of(job: JobId) -> Self {
        Self { job: Some(job.as_u64()), ..Self::NONE }
    }
}

impl<'a> Event<'a> {
    pub(crate) fn at(ts: Duration, tid: u64, name: &'a str, ph: Phase) -> Self {
        Self {
            name,
            cat: "pool",
            ph,
            ts,
            pid: PROCESS,
            tid,
            id: None,
            bp: None,
            s: None,
            args: None,
        }
    }

    /// One end of the arrow from the submit of a job to its start.
    pub(crate) fn flow(ts: Duration, tid: u64, job: JobId, ph: Phase) -> Self {
        // As text: the viewers' numbers are not as long.
        let id = Some(format!("{:#x}", job.as_u64()));
        let bp = (ph == Phase::FlowEnd).then_some("e");
        Self { id, bp, ..Self::at(ts, tid, "submitted", ph) }
    }

    pub(crate) fn mark(ts: Duration, tid: u64, name: &'a str, args: Arguments<'a>) -> Self {
        Self { s: Some("t"), args: Some(args), ..Self::at(ts, tid, name, Phase::Mark) }
    }

    pub(crate) fn process_name(name: &'a str) -> Self {
        Self::metadata(0, "process_name", name)
    }

    pub(crate) fn thread_name(tid: u64, name: &'a str) -> Self {
        Self::metadata(tid, "thread_name", name)
    }

    fn metadata(tid: u64, what: &'a str, name: &'a str) -> Self {
        let args = Some(Arguments { name: Some(name), ..Arguments::NONE });
        Self { args, ..Self::at(Duration::ZERO, tid, what, Phase::Metadata) }
    }
}

fn microseconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_nanos() as f64 / 1000.0)
}
