//! A server of a test's own, and processes beside it.

use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use drainpool::redis::{QueueOptions, RedisQueue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `redis-server` on a port of its own, that writes to a folder of its own. It ends with this.
pub(crate) struct Server {
    folder: TempDir,
    port: u16,
    settings: Vec<String>,
    process: Child,
}

impl Server {
    /// Starts one that writes each change before it answers. `None`, with a word, if there is no `redis-server`.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: there is no `redis-server`; `apt-get install redis-server` has it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        // Another process may take the port in between.
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut process = launch(folder.path(), port, &settings);
            if answers(port, &mut process) {
                return Some(Self { folder, port, settings, process });
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills it, as a failure of the machine's power would, but for what the system has yet to write.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after a [`kill`](Self::kill), with what it had written.
    pub(crate) fn restart(&mut self) {
        self.process = launch(self.folder.path(), self.port, &self.settings);
        assert!(answers(self.port, &mut self.process), "redis-server does not start again");
    }

    /// Sends a command, and returns the first line of the answer.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command += &format!("${}\r\n{word}\r\n", word.len());
        }
        stream.write_all(command.as_bytes()).unwrap();
        let mut answer = [0; 512];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).trim_end().to_owned()
    }

    pub(crate) fn queue<J, R>(&self, options: QueueOptions) -> RedisQueue<J, R>
    where
        J: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        RedisQueue::open(&self.address(), "q", options).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(folder: &Path, port: u16, settings: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(["--maxmemory-policy", "noeviction", "--dir"])
        .arg(folder)
        .args(settings)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until it answers. Returns `false` if it has ended instead.
fn answers(port: u16, process: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            let mut answer = [0; 64];
            // One that still reads its file says so, and one with a password wants that.
            if stream.write_all(b"PING\r\n").is_ok()
                && let Ok(length @ 1..) = stream.read(&mut answer)
                && !answer[..length].starts_with(b"-LOADING")
            {
                return true;
            }
        }
        thread::yield_now();
    }
    false
}

/// Another process of this test's own program, that does what the test function of this name does when it finds the
/// address of the server in its environment.
pub(crate) struct Process(pub(crate) Child);

const ADDRESS: &str = "POOL_REDIS_TEST_ADDRESS";

impl Process {
    pub(crate) fn start(test: &str, address: &str) -> Self {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(ADDRESS, address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Kills it at once, with all that it has in its hands.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The address that another process was started with; `None` in the tests' own.
pub(crate) fn address_of_process() -> Option<String> {
    env::var(ADDRESS).ok()
}

/// Waits until this holds.
pub(crate) fn eventually(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it does not come to pass");
        thread::yield_now();
    }
}

/// Runs a test, which must end in time.
pub(crate) fn in_time(test: impl FnOnce() + Send + 'static) {
    pool_conformance::within_patience(test);
}
