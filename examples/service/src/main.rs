//! Serves notes from a SQLite database over HTTP, until it is interrupted.
//!
//! ```text
//! cargo run --release -p pool-example-service -- notes.db 127.0.0.1:8080
//! curl -d 'buy milk' http://127.0.0.1:8080/notes
//! curl 'http://127.0.0.1:8080/notes?text=milk'
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use pool_example_service::{Limits, open, router};
use tokio::net::TcpListener;

/// The number of connections to the database.
const CONNECTIONS: usize = 4;
/// The number of queries that wait for one of them, before requests are turned away.
const QUEUED: usize = 256;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().map_or_else(|| PathBuf::from("notes.db"), PathBuf::from);
    let address = arguments.next().and_then(|address| address.into_string().ok());
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:8080")).await?;
    let store = open(file, CONNECTIONS, QUEUED, &[])?;
    println!("listening on http://{}", listener.local_addr()?);

    let limits = Limits { time: Duration::from_secs(2) };
    axum::serve(listener, router(store.handle(), limits))
        .with_graceful_shutdown(interrupted())
        .await?;
    // What was accepted is answered by now; the connections are closed before this returns.
    println!("{}", store.shutdown());
    Ok(())
}

async fn interrupted() {
    // Without a handler for it, the interrupt ends the process as it does by default.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
