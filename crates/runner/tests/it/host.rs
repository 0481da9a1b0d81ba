//! A git host with a control plane's answer to who may use it: real git over HTTP, on this machine.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinHandle;

/// What the host takes for a password, where it asks for one.
pub(crate) const PASSWORD: &str = "token-of-the-repository-2718281828";
/// What the control plane takes for a run's token.
pub(crate) const RUN_TOKEN: &str = "token-of-the-run-3141592653";
/// Where git keeps its programs for servers.
const BACKEND: &str = "git http-backend";

#[derive(Default)]
pub(crate) struct Memory {
    /// Questions for credentials.
    pub(crate) asked: Vec<Value>,
    /// Requests of git with the right password.
    pub(crate) admitted: usize,
    /// Whether a password is wanted.
    private: bool,
    /// Whether credentials are refused.
    refusing: bool,
}

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Arc<Mutex<Memory>>,
    dir: tempfile::TempDir,
    serving: JoinHandle<()>,
}

impl Host {
    /// A host with the repository `shop`, which has one commit, `first`, on `main`.
    pub(crate) async fn up() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let memory = Arc::new(Mutex::new(Memory::default()));
        let (root, shared) = (dir.path().to_owned(), Arc::clone(&memory));
        let serving = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (root, memory) = (root.clone(), Arc::clone(&shared));
                talks.spawn(async move {
                    // A client that goes away is no matter.
                    drop(serve(stream, &root, &memory).await);
                });
            }
        });
        let host = Self {
            address,
            memory,
            dir,
            serving,
        };
        host.create("shop");
        host.commit("shop", "main", "first", &[("README.md", "a shop\n")]);
        host
    }

    pub(crate) fn create(&self, name: &str) {
        let dir = self.dir.path();
        git(
            dir,
            &[
                "init",
                "--quiet",
                "--bare",
                "-b",
                "main",
                &format!("{name}.git"),
            ],
        );
        let repository = dir.join(format!("{name}.git"));
        git(&repository, &["config", "http.receivepack", "true"]);
        git(
            &repository,
            &["config", "uploadpack.allowAnySHA1InWant", "true"],
        );
    }

    /// Commits files to a branch, which begins from `main` where it is new; the commit.
    pub(crate) fn commit(
        &self,
        name: &str,
        branch: &str,
        words: &str,
        files: &[(&str, &str)],
    ) -> String {
        let desk = tempfile::tempdir().unwrap();
        let desk = desk.path();
        let url = self.repository(name);
        git(desk, &["clone", "--quiet", url.to_str().unwrap(), "."]);
        let exists = !git(
            desk,
            &["ls-remote", "origin", &format!("refs/heads/{branch}")],
        )
        .is_empty();
        if exists {
            git(desk, &["checkout", "--quiet", branch]);
        } else {
            git(desk, &["checkout", "--quiet", "-B", branch]);
        }
        for (path, content) in files {
            let path = desk.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        git(desk, &["add", "--all"]);
        git(desk, &["commit", "--quiet", "--allow-empty", "-m", words]);
        git(desk, &["push", "--quiet", "origin", branch]);
        git(desk, &["rev-parse", "HEAD"])
    }

    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.git"))
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/{name}.git", self.base())
    }

    /// From now on a password is wanted.
    pub(crate) fn close(&self) {
        self.memory.lock().unwrap().private = true;
    }

    /// From now on nobody is given one.
    pub(crate) fn refuse(&self) {
        self.memory.lock().unwrap().refusing = true;
    }

    pub(crate) fn asked(&self) -> usize {
        self.memory.lock().unwrap().asked.len()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Git as the test itself uses it, wherever and whosever the directory is.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let out = std::process::Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "-c",
            "user.name=test",
            "-c",
            "user.email=t@test",
        ])
        .arg("-C")
        .arg(dir)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "git {args:?}: {errors}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

async fn serve(mut stream: TcpStream, root: &Path, memory: &Mutex<Memory>) -> std::io::Result<()> {
    let request = read(&mut stream).await?;
    if request.path.starts_with("/slow") {
        // Never answered: whoever asks has to give up.
        std::future::pending::<()>().await;
    }
    let answer = if request.path == "/api/internal/git-credentials" {
        credentials(&request, &mut memory.lock().unwrap())
    } else if admitted(&request, &mut memory.lock().unwrap()) {
        backend(&request, root).await?
    } else {
        let challenge = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"";
        format!("HTTP/1.1 {challenge}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    };
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers: lines.filter_map(header).collect(),
        body: bytes.split_off(end + 4),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await? == 0 {
            break;
        }
    }
    Ok(request)
}

fn credentials(request: &Request, memory: &mut Memory) -> Vec<u8> {
    memory
        .asked
        .push(serde_json::from_slice(&request.body).unwrap());
    let bearer = request.header("authorization") == format!("Bearer {RUN_TOKEN}");
    let (status, body) = if !bearer {
        ("401 Unauthorized", json!({"error": "the token is unknown"}))
    } else if memory.refusing {
        let words = "this run may not use that repository";
        ("403 Forbidden", json!({ "error": words }))
    } else {
        let answer = json!({
            "username": "x-access-token",
            "password": PASSWORD,
            "expiresAt": "2999-01-01T00:00:00Z",
        });
        ("200 OK", answer)
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    [head, body].concat().into_bytes()
}

fn admitted(request: &Request, memory: &mut Memory) -> bool {
    use base64::Engine as _;
    let words = format!("x-access-token:{PASSWORD}");
    let words = base64::engine::general_purpose::STANDARD.encode(words);
    let right = request.header("authorization") == format!("Basic {words}");
    memory.admitted += usize::from(right);
    right || !memory.private
}

/// Lets git's own program answer, by the rules of CGI.
async fn backend(request: &Request, root: &Path) -> std::io::Result<Vec<u8>> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut words = BACKEND.split(' ');
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("REMOTE_USER", "somebody")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().unwrap();
    let body = request.body.clone();
    let writing = tokio::spawn(async move {
        // It may have answered without having read all.
        drop(stdin.write_all(&body).await);
    });
    let out = child.wait_with_output().await?.stdout;
    drop(writing.await);
    let end = out.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&out[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: "));
    let status = status.unwrap_or("200 OK").to_owned();
    let headers: String = head
        .lines()
        .filter(|line| !line.starts_with("Status: "))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let length = out.len() - end - 4;
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    Ok([head.as_bytes(), &out[end + 4..]].concat())
}
