//! One connection to the server, which is made when it is needed and given up when it breaks.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use redis::{Client, Connection, ErrorKind, RedisError, RedisResult};

use crate::error::Error;
use crate::reconnect::{OnReconnect, Reconnect};
use crate::stop::Stop;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take. Longer than any command waits in the server.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same for what need not be done.
const HASTE: Duration = Duration::from_secs(2);
/// The longest time that a command waits in the server, so that a thread notices in time that it is to stop.
pub(crate) const BLOCK: Duration = Duration::from_millis(500);

/// The shortest and the longest pause before another attempt to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What a server says that will do what is asked later: it is on its way up or down, or its disk or its replicas are not
/// what its settings want.
const PASSING: [&str; 8] = [
    "LOADING",
    "BUSY",
    "TRYAGAIN",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "READONLY",
    "MISCONF",
    "NOREPLICAS",
];

/// A connection to the server.
pub(crate) struct Link {
    client: Client,
    connection: Option<Connection>,
    /// How long an answer may take.
    patience: Duration,
    /// Since when no call was answered.
    fails_since: Option<Instant>,
}

impl Link {
    pub(crate) fn new(client: &Client) -> Self {
        Self { client: client.clone(), connection: None, patience: PATIENCE, fails_since: None }
    }

    /// Returns one that gives up soon: for what spares others some time, but need not be.
    pub(crate) fn hasty(client: &Client) -> Self {
        Self { patience: HASTE, ..Self::new(client) }
    }

    /// Calls the server.
    pub(crate) fn call<T>(
        &mut self,
        command: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect(&self.client, self.patience).map_err(refused)?),
        };
        command(connection).map_err(|error| {
            // A late answer would be taken for that of the next command. And a server that only copies another one by
            // now will not do what is asked.
            if is_broken(&error) || error.code() == Some("READONLY") {
                self.connection = None;
            }
            if is_broken(&error) {
                Error::Lost(error.into())
            } else if error.kind() == ErrorKind::UnexpectedReturnType {
                Error::Unexpected(error.into())
            } else {
                Error::Server(error.into())
            }
        })
    }

    /// Calls the server, and once more if the connection was lost: an idle one is when the server was restarted. What the
    /// command does must be the same if it is done twice.
    pub(crate) fn call_again<T>(
        &mut self,
        mut command: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Error> {
        match self.call(&mut command) {
            Err(Error::Lost(_)) => self.call(command),
            done => done,
        }
    }

    /// Calls the server until it answers, with growing pauses, or until `stop` is set, and neither since then nor
    /// since the first call that failed there is time left.
    /// What the command does must be the same if it is done twice.
    pub(crate) fn insist<T>(
        &mut self,
        stop: &Stop,
        time: Duration,
        told: Option<&OnReconnect>,
        mut command: impl FnMut(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.call(&mut command) {
                Err(error) if may_pass(&error) => error,
                done => {
                    self.fails_since = None;
                    return done;
                }
            };
            // One time for all calls in a row that fail.
            let fails_since = *self.fails_since.get_or_insert_with(Instant::now);
            if stop.since().is_some_and(|since| since.max(fails_since).elapsed() >= time) {
                return Err(error);
            }
            attempt += 1;
            let pause = pause_before(attempt);
            if let Some(told) = told {
                // Foreign code: a panic there must not end a thread that has others' jobs in its hands.
                let tell = || told(&Reconnect { attempt, error: &error, pause });
                let _ = catch_unwind(AssertUnwindSafe(tell));
            }
            if stop.wait(pause) {
                // It returns at once from now on.
                std::thread::sleep(pause.min(PAUSES.0));
            }
        }
    }
}

/// The error of a connection that was not made: it was not answered, or refused.
fn refused(error: RedisError) -> Error {
    if error.kind() == ErrorKind::AuthenticationFailed {
        Error::Server(error.into())
    } else {
        Error::Unreachable(error.into())
    }
}

fn connect(client: &Client, patience: Duration) -> RedisResult<Connection> {
    let connection = client.get_connection_with_timeout(CONNECT.min(patience))?;
    connection.set_read_timeout(Some(patience))?;
    connection.set_write_timeout(Some(patience))?;
    Ok(connection)
}

/// Whether nothing can be said of what the server did, and the connection is of no more use.
fn is_broken(error: &RedisError) -> bool {
    if error.kind() == ErrorKind::UnexpectedReturnType {
        return false;
    }
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
}

/// Whether another attempt may succeed: there is no connection, or the server is on its way up or down.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Unreachable(_) | Error::Lost(_) => true,
        Error::Server(cause) => code(&**cause).is_some_and(|code| PASSING.contains(&code)),
        Error::Unexpected(_) | Error::Deleted => false,
    }
}

/// The first word of what the server said.
pub(crate) fn code<'a>(cause: &'a (dyn StdError + Send + Sync + 'static)) -> Option<&'a str> {
    cause.downcast_ref::<RedisError>().and_then(RedisError::code)
}

/// Twice as long with each attempt, less up to a half, so that not all clients come at once.
fn pause_before(attempt: u32) -> Duration {
    let (first, longest) = PAUSES;
    let whole = first.saturating_mul(1 << (attempt - 1).min(16)).min(longest);
    whole.mul_f64(1.0 - fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        for (attempt, from, to) in
            [(1, 25, 50), (2, 50, 100), (8, 2_500, 5_000), (90, 2_500, 5_000)]
        {
            let pause = pause_before(attempt).as_millis();
            assert!((from..=to).contains(&pause), "{attempt}: {pause}");
        }
    }
}
