//! The token an agent process carries: signed, and bound to agent, process, epoch and verbs.
//!
//! A process is named by the turn it was started for, and its environment cannot be changed when it
//! serves another one. So the token opens something exactly while a turn of its agent is open that
//! its process serves. Which one that is, is not in the token: the gateway asks the store. Between
//! two turns and after the end of the process it is worthless, whatever it says itself.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::id::{AgentId, RunId, SandboxId, TurnId};

const AGENT_PREFIX: &str = "optio_turn_";
const SANDBOX_PREFIX: &str = "optio_sandbox_";
/// How the token of a run with a worktree begins.
pub const RUN_PREFIX: &str = "optio_run_";
/// Never given out.
const PRINT_PREFIX: &str = "optio_print_";

/// What the holder may do with the inter-agent API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// See the peers.
    List,
    /// Write to one peer.
    Send,
    /// Write to all peers.
    Broadcast,
    /// Read the own inbox.
    Inbox,
    /// Interrupt a peer.
    Interrupt,
    /// Ask a peer, with a deadline.
    Ask,
    /// Hear a topic, and hear it no more.
    Subscribe,
    /// Write to a topic.
    Publish,
}

impl Verb {
    /// Everything an agent may do today.
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Send,
        Self::Broadcast,
        Self::Inbox,
        Self::Interrupt,
        Self::Ask,
        Self::Subscribe,
        Self::Publish,
    ];
}

/// What a turn token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnClaims {
    /// The bearer.
    pub agent: AgentId,
    /// The turn its process was started for.
    pub turn: TurnId,
    /// The incarnation of the agent at that turn.
    pub epoch: i64,
    /// The workspace's slug.
    pub workspace: String,
    /// What it allows.
    pub verbs: Vec<Verb>,
}

/// What a runner's token says: it may speak for this sandbox only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxClaims {
    /// The sandbox.
    pub sandbox: SandboxId,
}

/// What the token of a run with a worktree says: it may ask for the credentials of its repository, while
/// this run is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClaims {
    /// The task, or the review, whose run it is.
    #[serde(rename = "task")]
    pub owner: Uuid,
    /// The run.
    pub run: RunId,
    /// The incarnation of its owner at that run.
    pub epoch: i64,
}

/// The token is not ours, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is unknown")]
pub struct UnknownToken;

/// Signs and reads tokens.
#[derive(Clone)]
pub struct Signer {
    key: Vec<u8>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// A signer for a key of at least 32 bytes.
    ///
    /// # Errors
    /// The length, when the key is shorter.
    pub fn new(key: &[u8]) -> Result<Self, usize> {
        if key.len() < 32 {
            Err(key.len())
        } else {
            Ok(Self { key: key.to_vec() })
        }
    }

    /// Signs a turn token.
    #[must_use]
    pub fn turn(&self, claims: &TurnClaims) -> String {
        self.seal(AGENT_PREFIX, claims)
    }

    /// Reads a turn token.
    ///
    /// # Errors
    /// [`UnknownToken`] when it was not signed with this key.
    pub fn read_turn(&self, token: &str) -> Result<TurnClaims, UnknownToken> {
        self.open(AGENT_PREFIX, token)
    }

    /// Signs a runner's token.
    #[must_use]
    pub fn sandbox(&self, claims: &SandboxClaims) -> String {
        self.seal(SANDBOX_PREFIX, claims)
    }

    /// Reads a runner's token.
    ///
    /// # Errors
    /// [`UnknownToken`] when it was not signed with this key.
    pub fn read_sandbox(&self, token: &str) -> Result<SandboxClaims, UnknownToken> {
        self.open(SANDBOX_PREFIX, token)
    }

    /// Signs the token of a run with a worktree.
    #[must_use]
    pub fn run(&self, claims: &RunClaims) -> String {
        self.seal(RUN_PREFIX, claims)
    }

    /// Reads the token of a run with a worktree.
    ///
    /// # Errors
    /// [`UnknownToken`] when it was not signed with this key.
    pub fn read_run(&self, token: &str) -> Result<RunClaims, UnknownToken> {
        self.open(RUN_PREFIX, token)
    }

    /// A fingerprint of secrets and settings: the same bytes give the same one, and without the key
    /// nobody can guess at them.
    #[must_use]
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        let mac = self.mac(PRINT_PREFIX, &URL_SAFE_NO_PAD.encode(bytes));
        mac.map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    fn mac(&self, prefix: &str, body: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        // The prefix is signed too, so that one kind of token cannot be passed for another.
        mac.update(prefix.as_bytes());
        mac.update(body.as_bytes());
        Some(mac)
    }

    fn seal<T: Serialize>(&self, prefix: &str, claims: &T) -> String {
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
        let mac = self
            .mac(prefix, &body)
            .map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default();
        format!("{prefix}{body}.{mac}")
    }

    fn open<T: for<'de> Deserialize<'de>>(
        &self,
        prefix: &str,
        token: &str,
    ) -> Result<T, UnknownToken> {
        let (body, mac) = token
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('.'))
            .ok_or(UnknownToken)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_bad| UnknownToken)?;
        self.mac(prefix, body)
            .ok_or(UnknownToken)?
            .verify_slice(&mac)
            .map_err(|_bad| UnknownToken)?;
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_bad| UnknownToken)?;
        serde_json::from_slice(&body).map_err(|_bad| UnknownToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> TurnClaims {
        TurnClaims {
            agent: AgentId(Uuid::from_u128(1)),
            turn: TurnId(Uuid::from_u128(2)),
            epoch: 3,
            workspace: "default".to_owned(),
            verbs: vec![Verb::Send],
        }
    }

    #[test]
    fn a_token_reads_back_only_under_its_own_key_and_kind() {
        let signer = Signer::new(&[7; 32]).unwrap();
        let token = signer.turn(&claims());
        assert_eq!(signer.read_turn(&token), Ok(claims()));
        assert_eq!(
            Signer::new(&[8; 32]).unwrap().read_turn(&token),
            Err(UnknownToken)
        );
        let disguised = token.replace(AGENT_PREFIX, SANDBOX_PREFIX);
        assert_eq!(signer.read_sandbox(&disguised), Err(UnknownToken));
    }

    #[test]
    fn any_changed_byte_makes_a_token_unknown() {
        let signer = Signer::new(&[7; 32]).unwrap();
        let token = signer.turn(&claims());
        for at in AGENT_PREFIX.len()..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last character of base64 carries unused bits; a change there may not be one.
            if signer.read_turn(&changed).is_ok() {
                assert_eq!(at, token.len() - 1, "{changed}");
            }
        }
    }

    #[test]
    fn a_fingerprint_depends_on_every_byte_and_on_the_key() {
        let signer = Signer::new(&[7; 32]).unwrap();
        let print = signer.fingerprint(b"setting");
        assert_eq!(print, signer.fingerprint(b"setting"));
        assert_ne!(print, signer.fingerprint(b"settinh"));
        assert_ne!(
            print,
            Signer::new(&[8; 32]).unwrap().fingerprint(b"setting")
        );
    }

    #[test]
    fn a_short_key_is_refused() {
        assert_eq!(Signer::new(&[7; 31]).unwrap_err(), 31);
    }
}
