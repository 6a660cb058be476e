//! Entries of streams, as the server returns them.

use redis::{FromRedisValue, ParsingError, Value};

use crate::error::Error;
use crate::id::StreamId;

/// The answer to a read of streams: nothing, or their entries.
pub(crate) struct Streams(Vec<(String, Vec<Entry>)>);

impl Streams {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, entries)| entries.is_empty())
    }

    /// The entries of all streams.
    pub(crate) fn entries(self) -> impl Iterator<Item = Entry> {
        self.0.into_iter().flat_map(|(_, entries)| entries)
    }
}

impl FromRedisValue for Streams {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        Ok(Self(Option::from_redis_value(value)?.unwrap_or_default()))
    }
}

/// One entry: its id, and the fields with what they hold. Both may be anybody's.
#[derive(Debug)]
pub(crate) struct Entry {
    id: String,
    words: Vec<Vec<u8>>,
}

impl Entry {
    pub(crate) fn new(id: String, words: Vec<Vec<u8>>) -> Self {
        Self { id, words }
    }

    pub(crate) fn id(&self) -> Result<StreamId, Error> {
        self.id.parse().map_err(|error| Error::Unexpected(Box::new(error)))
    }

    /// What a field holds, if there is one of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let mut pairs = self.words.chunks_exact(2);
        pairs.find(|pair| pair[0] == name.as_bytes()).map(|pair| &*pair[1])
    }
}

impl FromRedisValue for Entry {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (id, words) = FromRedisValue::from_redis_value(value)?;
        Ok(Self { id, words })
    }
}
