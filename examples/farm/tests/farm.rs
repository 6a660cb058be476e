//! The program, over a server of the test's own. Without `redis-server` it says so and does nothing.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[path = "../../../pool-redis/tests/redis/server.rs"]
#[allow(dead_code, reason = "the tests of the queue need more of it")]
mod server;

use server::{Server, eventually, in_time};

const FARM: &str = env!("CARGO_BIN_EXE_farm");

fn farm(server: &Server, words: &[&str]) -> Command {
    let mut command = Command::new(FARM);
    command.args(["--redis", &server.address(), "--lease", "1"]).args(words);
    command
}

fn ended(server: &Server) -> u64 {
    let text = farm(server, &["status"]).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    let ended = text.split(", ").find_map(|part| part.strip_suffix(" ended"));
    ended.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn worker(server: &Server) -> Child {
    farm(server, &["work", "--threads", "2"]).stderr(Stdio::null()).spawn().unwrap()
}

/// Makes some hundred files, some with names that are escaped in a list.
fn make_files(folder: &Path) {
    for n in 0..400 {
        let inner = folder.join(format!("folder {}", n % 7));
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join(format!("file {n}")), vec![n as u8; n * 997]).unwrap();
    }
    fs::write(folder.join("a\nb\\c"), "odd").unwrap();
    fs::write(folder.join("empty"), "").unwrap();
}

fn sorted(list: &[u8]) -> Vec<String> {
    let mut lines: Vec<_> = String::from_utf8_lossy(list).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_list_is_that_of_sha256sum_though_a_worker_is_killed() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let folder = tempfile::tempdir().unwrap();
        make_files(folder.path());
        let path = folder.path().to_str().unwrap();
        let mut workers: Vec<_> = (0..3).map(|_| worker(&server)).collect();
        let mut collect = farm(&server, &["collect"]).stdout(Stdio::piped()).spawn().unwrap();
        assert!(farm(&server, &["submit", path]).status().unwrap().success());
        eventually(|| ended(&server) > 20 || collect.try_wait().unwrap().is_some());
        workers[0].kill().unwrap();
        let list = collect.wait_with_output().unwrap();
        assert!(list.status.success());
        for mut worker in workers.drain(1..) {
            assert!(worker.wait().unwrap().success());
        }
        workers[0].wait().unwrap();
        let expected = Command::new("find")
            .args([path, "-type", "f", "-exec", "sha256sum", "{}", "+"])
            .output()
            .unwrap();
        assert_eq!(sorted(&list.stdout), sorted(&expected.stdout));
        // The queue is gone: the next run begins anew.
        assert!(farm(&server, &["submit", path]).status().unwrap().success());
    });
}

#[test]
fn a_worker_that_is_told_to_stop_leaves_and_the_others_go_on() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let folder = tempfile::tempdir().unwrap();
        make_files(folder.path());
        let mut first = worker(&server);
        let path = folder.path().to_str().unwrap();
        assert!(farm(&server, &["submit", path]).status().unwrap().success());
        eventually(|| ended(&server) > 0);
        let term = Command::new("kill").arg(first.id().to_string()).status().unwrap();
        assert!(term.success() && first.wait().unwrap().success());
        let mut second = worker(&server);
        let list = farm(&server, &["collect"]).output().unwrap();
        assert!(list.status.success() && second.wait().unwrap().success());
        assert_eq!(sorted(&list.stdout).len(), 402);
    });
}

#[test]
fn what_cannot_be_read_is_told() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "gone").unwrap();
        let submit =
            farm(&server, &["submit", file.to_str().unwrap(), "/no/such"]).output().unwrap();
        assert_eq!(submit.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&submit.stderr).contains("/no/such"));
        fs::remove_file(&file).unwrap();
        let mut worker = worker(&server);
        let collect = farm(&server, &["collect"]).output().unwrap();
        assert_eq!((collect.status.code(), collect.stdout.len()), (Some(1), 0));
        assert!(String::from_utf8_lossy(&collect.stderr).contains("No such file"));
        assert!(worker.wait().unwrap().success());
        let nowhere =
            Command::new(FARM).args(["--redis", "redis://127.0.0.1:1", "status"]).output();
        let nowhere = nowhere.unwrap();
        assert_eq!(nowhere.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no connection"));
    });
}
