//! The checks of a queue's duties, on the queue alone.

mod batch;
pub(crate) mod calls;
mod deep;
mod fair;
mod large;
mod lean;
mod nothing_lost;
mod order;
mod reach;
mod retain;
mod sources;
mod stealing;

pub use batch::*;
pub use deep::*;
pub use fair::*;
pub use large::*;
pub use lean::*;
pub use nothing_lost::*;
pub use order::*;
pub use reach::*;
pub use retain::*;
pub use sources::*;
pub use stealing::*;
