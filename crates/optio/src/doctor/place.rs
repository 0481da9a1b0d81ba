//! The database, the disk, the port and the credentials.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use super::{Check, Verdict};
use crate::{
    config::{Config, Credentials},
    postgres,
};

/// Below this Optio does not start with good conscience.
const FREE_BYTES_MIN: u64 = 512 << 20;
/// Below this agents will soon fill the disk.
const FREE_BYTES_COMFORT: u64 = 4 << 30;
/// How long whoever holds our port may take to say what it is.
const ASK_MAX: Duration = Duration::from_secs(2);

pub(super) fn database(config: &Config) -> Check {
    let verdict = if config.database_url.is_some() {
        Verdict::Good("the one DATABASE_URL names; the own one is not used".to_owned())
    } else {
        match postgres::can_start(&config.data_dir, postgres::SYSTEM_USER) {
            Ok(programs) => Verdict::Good(format!(
                "Postgres {} in {}",
                programs.version,
                programs.dir.display()
            )),
            Err(error) => match error.to_string().split_once("; ") {
                Some((problem, remedy)) => Verdict::broken(problem, remedy),
                None => Verdict::broken(error.to_string(), "choose another --data-dir"),
            },
        }
    };
    Check {
        name: "postgres",
        verdict,
    }
}

pub(super) fn port(listen: SocketAddr) -> Check {
    let verdict = match TcpListener::bind(listen) {
        Ok(_) => Verdict::Good(format!("{listen} is free")),
        Err(_) if is_optio(listen) => Verdict::Good(format!("an Optio runs at {listen}")),
        Err(error) => Verdict::broken(
            format!("cannot listen on {listen}: {error}"),
            "end what uses it, or choose another address with --listen",
        ),
    };
    Check {
        name: "port",
        verdict,
    }
}

fn is_optio(listen: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&listen, ASK_MAX)?;
        stream.set_read_timeout(Some(ASK_MAX))?;
        stream.write_all(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer.starts_with(b"HTTP/1.") && answer.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

pub(super) fn data_dir(dir: &Path) -> Check {
    let there = dir.ancestors().find(|dir| dir.exists());
    let verdict = match there {
        Some(there) => writable(dir, there),
        None => Verdict::broken(format!("{} has no root", dir.display()), "name another"),
    };
    Check {
        name: "data directory",
        verdict,
    }
}

/// `there` is what exists of the directory.
fn writable(dir: &Path, there: &Path) -> Verdict {
    const REMEDY: &str = "choose another with --data-dir or OPTIO_DATA_DIR";
    let allowed = rustix::fs::access(there, rustix::fs::Access::WRITE_OK);
    if let Err(error) = allowed {
        return Verdict::broken(
            format!("cannot write to {}: {error}", there.display()),
            REMEDY,
        );
    }
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let problem = format!("cannot look at the disk of {}: {error}", there.display());
            return Verdict::warning(problem, REMEDY);
        }
    };
    let words = format!("{} ({} MiB free)", dir.display(), free >> 20);
    if free < FREE_BYTES_MIN {
        Verdict::broken(words, format!("free some of the disk, or {REMEDY}"))
    } else if free < FREE_BYTES_COMFORT {
        Verdict::warning(words, format!("agents need room: free some, or {REMEDY}"))
    } else {
        Verdict::Good(words)
    }
}

pub(super) fn credentials(credentials: &Credentials) -> Check {
    let verdict = match (
        &credentials.anthropic_api_key,
        &credentials.claude_code_oauth_token,
    ) {
        (Some(_), _) => Verdict::Good("an Anthropic API key is set".to_owned()),
        (None, Some(_)) => Verdict::Good("a Claude Code token is set".to_owned()),
        (None, None) => Verdict::Good(
            "none: only `optio demo` works, with a simulated model; set ANTHROPIC_API_KEY or \
             CLAUDE_CODE_OAUTH_TOKEN for a real model"
                .to_owned(),
        ),
    };
    Check {
        name: "credentials",
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_someone_else_holds_is_broken() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = holder.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = holder.accept().unwrap();
            drop(stream.write_all(b"SSH-2.0-something\r\n"));
        });
        let check = port(listen);
        assert!(matches!(check.verdict, Verdict::Broken { .. }), "{check:?}");
    }

    #[test]
    fn a_directory_that_is_not_there_yet_is_judged_by_what_is() {
        let dir = tempfile::tempdir().unwrap();
        let check = data_dir(&dir.path().join("a/b"));
        assert!(
            !matches!(check.verdict, Verdict::Broken { .. }),
            "{check:?}"
        );
        assert!(!dir.path().join("a").exists());
    }
}
