//! How jobs and results become bytes.

use std::error::Error;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Turns jobs and results into bytes, and back. All programs of one queue use the same.
///
/// # Examples
///
/// ```
/// use drainpool::redis::{Codec, Json};
///
/// let bytes = Json::encode(&(1, "two"))?;
/// assert_eq!(bytes, br#"[1,"two"]"#);
/// assert_eq!(Json::decode::<(u32, String)>(&bytes)?, (1, "two".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub trait Codec: Send + Sync + 'static {
    /// Encodes a value.
    ///
    /// # Errors
    ///
    /// Whatever the format says of a value that it cannot hold. The job comes back to its submitter; a result ends
    /// its job as [`Outcome::Undecodable`](crate::Outcome::Undecodable).
    fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

    /// Decodes a value.
    ///
    /// # Errors
    ///
    /// Whatever the format says of bytes that are no such value. The job ends as
    /// [`Outcome::Undecodable`](crate::Outcome::Undecodable).
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<dyn Error + Send + Sync>>;
}

/// JSON, which people can read in the server, too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Codec for Json {
    fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(serde_json::to_vec(value)?)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Box<dyn Error + Send + Sync>> {
        Ok(serde_json::from_slice(bytes)?)
    }
}
