//! What is told of a connection that was lost.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// A connection that was lost, and what comes next; told by
/// [`QueueOptions::on_reconnect`](crate::QueueOptions::on_reconnect).
#[derive(Debug)]
#[non_exhaustive]
pub struct Reconnect<'a> {
    /// The number of attempts since the connection was there: 1 for the first.
    pub attempt: u32,
    /// The error. It has no password in it.
    pub error: &'a Error,
    /// The time until the next attempt.
    pub pause: Duration,
}

/// Called when a connection was lost.
pub(crate) type OnReconnect = Arc<dyn Fn(&Reconnect<'_>) + Send + Sync>;
