//! The ids of jobs on a queue.

use std::fmt;
use std::str::FromStr;

/// The id of a job on a [`RedisQueue`](crate::RedisQueue): that of its entry in the stream. Ids grow in the order in
/// which the jobs were accepted.
///
/// # Examples
///
/// ```
/// use drainpool::redis::StreamId;
///
/// let id: StreamId = "1732665600000-7".parse()?;
/// assert!(id > "1732665599999-12".parse()?);
/// assert_eq!(id.to_string(), "1732665600000-7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    millis: u64,
    sequence: u64,
}

impl StreamId {
    /// Before all others.
    pub(crate) const START: Self = Self { millis: 0, sequence: 0 };

    /// The next one that there can be.
    pub(crate) fn after(Self { millis, sequence }: Self) -> Self {
        match sequence.checked_add(1) {
            Some(sequence) => Self { millis, sequence },
            None => Self { millis: millis.saturating_add(1), sequence: 0 },
        }
    }

    /// The time at which it was made by the server's clock, in milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> u64 {
        self.millis
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.sequence)
    }
}

impl FromStr for StreamId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let parse = || {
            let (millis, sequence) = text.split_once('-')?;
            Some(Self { millis: millis.parse().ok()?, sequence: sequence.parse().ok()? })
        };
        parse().ok_or(ParseIdError)
    }
}

/// The error of a text that is no [`StreamId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseIdError;

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is two numbers with a dash between them, such as 1732665600000-0")
    }
}

impl std::error::Error for ParseIdError {}
