//! Where the control plane may be found: what we were told at the start, what stands in our file,
//! what it said itself.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use optio_domain::wire::runner::{ADDRESSES_FILE, PATH};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;

/// How often the file is looked at while there is a connection.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Addresses, the most promising first.
pub(crate) struct Addresses {
    /// What we were told at the start.
    first: String,
    /// Where others write down where we find them, in places where nobody else can.
    file: Option<PathBuf>,
    said: Mutex<Said>,
}

/// What control planes have said.
#[derive(Default)]
struct Said {
    redirect: Option<String>,
    peers: Vec<String>,
}

/// What cannot be dialled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("api_url must begin with http://")]
    Scheme,
    #[error("api_url is not an address")]
    Address(#[source] tungstenite::Error),
    #[error("the token has characters that a header cannot carry")]
    Token,
}

impl Addresses {
    pub(crate) fn new(first: &str, state_dir: Option<&Path>) -> Result<Self, AddressError> {
        request(first)?;
        Ok(Self {
            first: first.to_owned(),
            file: state_dir.map(|dir| dir.join(ADDRESSES_FILE)),
            said: Mutex::default(),
        })
    }

    /// All that are known, each once.
    pub(crate) fn all(&self) -> Vec<String> {
        let written = self.lines();
        let mut all: Vec<String> = Vec::new();
        self.with(|said| {
            let known = said.redirect.iter().chain(&written);
            for url in known.chain([&self.first]).chain(&said.peers) {
                if !all.contains(url) {
                    all.push(url.clone());
                }
            }
        });
        all
    }

    /// Another control plane runs our agent.
    pub(crate) fn redirect(&self, url: String) {
        self.with(|said| said.redirect = Some(url));
    }

    /// Nobody is there: whoever sent us was wrong.
    pub(crate) fn forget_redirect(&self, url: &str) {
        self.with(|said| said.redirect.take_if(|known| known == url));
    }

    /// Where else to dial.
    pub(crate) fn peers(&self, urls: Vec<String>) {
        self.with(|said| said.peers = urls);
    }

    /// The address that was written down for us, where there is one.
    pub(crate) fn written(&self) -> Option<String> {
        self.lines().into_iter().next()
    }

    /// Waits until another address than `known` is written down: the one that was connected may hang
    /// and never say so itself.
    pub(crate) async fn rewritten(&self, known: Option<String>) -> String {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let written = self.written();
            if written != known
                && let Some(url) = written
            {
                return url;
            }
        }
    }

    fn lines(&self) -> Vec<String> {
        let file = self.file.as_ref();
        let text = file.and_then(|file| std::fs::read_to_string(file).ok());
        let text = text.unwrap_or_default();
        let lines = text.lines().map(|line| line.trim().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Said) -> T) -> T {
        act(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The request that opens a connection with this control plane.
pub(crate) fn request(url: &str) -> Result<Request, AddressError> {
    let rest = url.strip_prefix("http://").ok_or(AddressError::Scheme)?;
    let url = format!("ws://{}{PATH}", rest.trim_end_matches('/'));
    url.into_client_request().map_err(AddressError::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_the_agent_is_tried_first_and_each_address_once() {
        let dir = tempfile::tempdir().unwrap();
        let addresses = Addresses::new("http://a:1", Some(dir.path())).unwrap();
        assert_eq!(addresses.all(), ["http://a:1"]);
        std::fs::write(
            dir.path().join(ADDRESSES_FILE),
            "http://b:2\n\n http://a:1\n",
        )
        .unwrap();
        addresses.peers(vec!["http://c:3".to_owned(), "http://b:2".to_owned()]);
        assert_eq!(addresses.all(), ["http://b:2", "http://a:1", "http://c:3"]);
        addresses.redirect("http://c:3".to_owned());
        assert_eq!(addresses.all(), ["http://c:3", "http://b:2", "http://a:1"]);
        addresses.forget_redirect("http://b:2");
        assert_eq!(addresses.all()[0], "http://c:3");
        addresses.forget_redirect("http://c:3");
        assert_eq!(addresses.all()[0], "http://b:2");
    }

    #[test]
    fn a_file_that_an_agent_could_write_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(ADDRESSES_FILE), "http://thief:1").unwrap();
        let addresses = Addresses::new("http://a:1", None).unwrap();
        assert_eq!(addresses.all(), ["http://a:1"]);
        assert_eq!(addresses.written(), None);
    }

    #[test]
    fn what_cannot_be_dialled_is_refused_at_the_start() {
        assert!(Addresses::new("https://a:1", None).is_err());
        assert!(Addresses::new("http://", None).is_err());
    }
}
