//! The store: notes in SQLite, and the pool whose workers hold the connections.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drainpool::{
    BuildError, Completed, DefaultQueue, InContext, Job, JobSpan, Observer, Pool,
    ThreadPoolBuilder, sink_fn,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

/// The maximum number of notes in an answer.
const MOST: u32 = 100;

/// What the store is asked.
#[derive(Debug, Clone)]
pub enum Query {
    /// Adds a note.
    Add(String),
    /// The note with this id.
    Get(i64),
    /// The notes that contain this text, the latest first.
    Search(String),
}

impl Query {
    /// What kind of query it is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Get(_) => "get",
            Self::Search(_) => "search",
        }
    }
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The id of the note that was added.
    Added(i64),
    /// The notes that were found.
    Found(Vec<Note>),
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    id: i64,
    text: String,
}

/// A pool whose workers answer queries, each with a connection of its own, and in a span within that of the
/// request.
pub type StorePool = Pool<Query, rusqlite::Result<Answer>, StoreQueue>;

/// The queue of the store's pool.
pub type StoreQueue = InContext<DefaultQueue<Job<Query>>, JobSpan>;

/// One connection to the database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

/// Builds a pool of this many connections to the database in a file, in front of which at most `queued` queries
/// wait. The observers are told of each query.
///
/// # Errors
///
/// The database cannot be opened, or a setting is out of range.
pub fn open(
    file: PathBuf,
    connections: usize,
    queued: usize,
    observers: &[Arc<dyn Observer>],
) -> Result<StorePool, BuildError> {
    // The change to a write-ahead log waits for no other connection, however long the time that it may take.
    let opening = Mutex::new(());
    let builder = ThreadPoolBuilder::new().context::<JobSpan>();
    observers
        .iter()
        .fold(builder, |builder, observer| builder.observer(Arc::clone(observer)))
        .num_threads(connections)
        .capacity(queued)
        .thread_name(|worker| format!("store-{worker}"))
        // Each query is a call, whose answer goes to its handle.
        .sink(sink_fn(|_: Completed<rusqlite::Result<Answer>>| ()))
        .try_build_with(move |_worker| {
            let one_at_a_time = opening.lock();
            let mut store = Store::open(&file)?;
            drop(one_at_a_time);
            Ok::<_, rusqlite::Error>(move |query| store.answer(query))
        })
}

impl Store {
    /// Opens the database in a file, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn open(file: &std::path::Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.execute_batch(
            "create table if not exists note (id integer primary key, text text not null)",
        )?;
        Ok(Self { connection })
    }

    /// Answers one query.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub fn answer(&mut self, query: Query) -> rusqlite::Result<Answer> {
        tracing::debug!(query = query.kind(), "asked");
        let connection = &self.connection;
        match query {
            Query::Add(text) => {
                connection.prepare_cached("insert into note (text) values (?)")?.execute([text])?;
                Ok(Answer::Added(connection.last_insert_rowid()))
            }
            Query::Get(id) => {
                let mut get =
                    connection.prepare_cached("select id, text from note where id = ?")?;
                let note = get.query_row([id], note).optional()?;
                Ok(Answer::Found(note.into_iter().collect()))
            }
            Query::Search(text) => {
                let mut search = connection.prepare_cached(
                    "select id, text from note where instr(text, ?1) > 0 order by id desc limit ?2",
                )?;
                let notes = search.query_map((text, MOST), note)?;
                Ok(Answer::Found(notes.collect::<Result<_, _>>()?))
            }
        }
    }
}

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    Ok(Note { id: row.get(0)?, text: row.get(1)? })
}
