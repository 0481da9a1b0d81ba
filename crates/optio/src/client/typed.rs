//! A line that a person types, seen or not.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::failure::Failure;

/// The terminal as it was before; it is so again when this goes, however that comes about.
struct Echo(Termios);

impl Echo {
    fn off() -> std::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _restored = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Reads a line from the terminal. Ctrl-C ends the wait, as everywhere.
pub(super) async fn line() -> Result<String, Failure> {
    let (give, line) = oneshot::channel();
    // A thread of its own: reading cannot be interrupted, and nobody waits for it after Ctrl-C.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        drop(give.send(read.map(|_bytes| line)));
    });
    let line = line.await;
    Ok(line.map_err(|_gone| Failure::general("the terminal is gone"))??)
}

/// Reads a line from the terminal without showing it. Ctrl-C ends the wait, as everywhere.
pub(super) async fn unseen() -> Result<String, Failure> {
    let echo = Echo::off()?;
    let line = line().await;
    drop(echo);
    let line = line?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        return Err(Failure::usage(
            "there is nothing to keep: the value is empty",
        ));
    }
    Ok(line.to_owned())
}
