//! What a queue's clones, its workers and the iterators over its outcomes share.

use std::sync::Mutex;
use std::time::Duration;

use redis::Client;

use crate::error::Error;
use crate::keys::Keys;
use crate::link::Link;
use crate::reconnect::OnReconnect;
use crate::scripts::Scripts;
use crate::stop::lock;

/// For a script that takes none.
pub(crate) const NO_ARGUMENTS: &[&str] = &[];

/// The part of a queue that knows nothing of the types.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    pub(crate) lease: Duration,
    pub(crate) max_deliveries: u64,
    pub(crate) on_reconnect: Option<OnReconnect>,
    pub(crate) known_for: Duration,
    pub(crate) link: Mutex<Link>,
}

impl Shared {
    /// Calls the server on the connection of those who submit. What the command does must be the same if it is done twice.
    pub(crate) fn call<T>(
        &self,
        command: impl FnMut(&mut redis::Connection) -> redis::RedisResult<T>,
    ) -> Result<T, Error> {
        lock(&self.link).call_again(command)
    }
}

/// In whole milliseconds, as the server counts.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 11)
}
