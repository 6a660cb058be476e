//! What a server must be to hold jobs.

use redis::{Connection, RedisResult};

use crate::error::OpenError;

/// The parts of a server's own report that matter here.
#[derive(Debug, Default)]
pub(crate) struct Server {
    version: String,
    policy: String,
    writes: bool,
}

impl Server {
    /// Asks the server.
    pub(crate) fn ask(connection: &mut Connection) -> RedisResult<Self> {
        let report: String = redis::cmd("INFO").query(connection)?;
        Ok(Self::read(&report))
    }

    fn read(report: &str) -> Self {
        let mut server = Self::default();
        for line in report.lines() {
            match line.split_once(':') {
                Some(("redis_version", version)) => version.trim().clone_into(&mut server.version),
                Some(("maxmemory_policy", policy)) => policy.trim().clone_into(&mut server.policy),
                Some(("aof_enabled", enabled)) => server.writes = enabled.trim() == "1",
                _ => {}
            }
        }
        server
    }

    /// Refuses a server that would lose jobs.
    pub(crate) fn check(self, allows_volatile: bool) -> Result<(), OpenError> {
        let major = self.version.split('.').next().and_then(|major| major.parse().ok());
        if major.is_none_or(|major: u32| major < 7) {
            return Err(OpenError::TooOld { version: self.version });
        }
        if self.policy != "noeviction" {
            return Err(OpenError::Evicts { policy: self.policy });
        }
        if !self.writes && !allows_volatile {
            return Err(OpenError::Volatile);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: &str, policy: &str, writes: u8, allows: bool) -> Result<(), OpenError> {
        let report = format!(
            "# Server\r\nredis_version:{version}\r\n# Memory\r\nmaxmemory_policy:{policy}\r\naof_enabled:{writes}\r\n"
        );
        Server::read(&report).check(allows)
    }

    #[test]
    fn what_would_lose_jobs_is_refused() {
        assert!(check("7.0.15", "noeviction", 1, false).is_ok());
        assert!(check("8.2.0", "noeviction", 0, true).is_ok());
        assert!(matches!(check("6.2.7", "noeviction", 1, true), Err(OpenError::TooOld { .. })));
        assert!(matches!(check("", "noeviction", 1, true), Err(OpenError::TooOld { .. })));
        assert!(matches!(check("7.4", "allkeys-lru", 1, true), Err(OpenError::Evicts { .. })));
        assert!(matches!(check("7.4", "noeviction", 0, false), Err(OpenError::Volatile)));
    }
}
