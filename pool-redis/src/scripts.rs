//! The scripts that run in the server, each as one step.

use redis::{FromRedisValue, RedisResult, Script, ToRedisArgs};

use crate::keys::Keys;

/// The name of the group of all workers.
pub(crate) const GROUP: &str = "w";

/// The version of what the keys hold.
pub(crate) const FORMAT: &str = "1";

/// The version of an entry in the stream of jobs.
pub(crate) const ENTRY_VERSION: &[u8] = b"1";

const SHARED: &str = include_str!("scripts/drain.lua");

/// All scripts, to be called on any connection.
#[derive(Debug)]
pub(crate) struct Scripts {
    pub(crate) open: Script,
    pub(crate) push: Script,
    pub(crate) settle: Script,
    pub(crate) renew: Script,
    pub(crate) reclaim: Script,
    pub(crate) release: Script,
    pub(crate) close: Script,
    pub(crate) stats: Script,
    pub(crate) leave: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        // A server whose memory is used up refuses new jobs, but goes on with those that it has.
        let going_on = |code| Script::new(&format!("#!lua flags=allow-oom\n{SHARED}{code}"));
        Self {
            open: Script::new(include_str!("scripts/open.lua")),
            push: Script::new(include_str!("scripts/push.lua")),
            settle: going_on(include_str!("scripts/settle.lua")),
            renew: going_on(include_str!("scripts/renew.lua")),
            reclaim: going_on(include_str!("scripts/reclaim.lua")),
            release: going_on(include_str!("scripts/release.lua")),
            close: going_on(include_str!("scripts/close.lua")),
            stats: going_on(include_str!("scripts/stats.lua")),
            leave: going_on(include_str!("scripts/leave.lua")),
        }
    }
}

/// Calls a script for a queue. The server is sent the code if it does not have it.
pub(crate) fn call<T: FromRedisValue>(
    script: &Script,
    keys: &Keys,
    arguments: &[impl ToRedisArgs],
    connection: &mut redis::Connection,
) -> RedisResult<T> {
    let mut call = script.prepare_invoke();
    for key in keys.all() {
        call.key(key);
    }
    for argument in arguments {
        call.arg(argument);
    }
    call.invoke(connection)
}
