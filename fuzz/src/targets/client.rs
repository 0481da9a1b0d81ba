//! What clients send: bodies, headers, cursors, tokens, and mail on its way to an agent.

use chrono::{DateTime, Utc};
use optio_domain::{
    agent::{prompt, spec::AgentSpec},
    id::{AgentId, MessageId, SandboxId, TurnId},
    mail::{Letter, Sender, WakeSource},
    token::{SandboxClaims, Signer, TurnClaims, Verb},
};
use optio_gateway::fuzz;
use serde_json::Value;
use uuid::Uuid;

/// A request body, read as each of the bodies there are.
pub(super) fn body(data: &[u8]) {
    fuzz::body(data);
}

/// Two lines of a query: a limit and a cursor.
pub(super) fn page(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (limit, cursor) = text.split_once('\n').unwrap_or((&text, ""));
    fuzz::page(limit, cursor);
}

/// The value of `Last-Event-ID`, `Idempotency-Key` and `Authorization`.
pub(super) fn header(data: &[u8]) {
    fuzz::header(data);
}

/// A token is good exactly as it was issued.
pub(super) fn token(data: &[u8]) {
    let signer = Signer::new(&[7; 32]).unwrap_or_else(|length| panic!("{length}"));
    let text = String::from_utf8_lossy(data);
    // With a name of ours in front of it, and after a real signature of other claims.
    let real = signer.turn(&TurnClaims {
        agent: AgentId(Uuid::from_u128(1)),
        turn: TurnId(Uuid::from_u128(2)),
        epoch: 3,
        workspace: "default".to_owned(),
        verbs: Verb::ALL.to_vec(),
    });
    let sandbox = signer.sandbox(&SandboxClaims {
        sandbox: SandboxId(Uuid::from_u128(4)),
    });
    let changed = splice(&real, data);
    for tried in [&*text, &changed, &splice(&sandbox, data)] {
        if let Ok(claims) = signer.read_turn(tried) {
            assert_eq!(tried, real, "{claims:?}");
        }
        if let Ok(claims) = signer.read_sandbox(tried) {
            assert_eq!(tried, sandbox, "{claims:?}");
        }
    }
}

/// The token with one piece of it replaced: the first two bytes say where, the rest is the piece.
fn splice(token: &str, data: &[u8]) -> String {
    let [from, length, piece @ ..] = data else {
        return token.to_owned();
    };
    let from = usize::from(*from) % token.len();
    let to = (from + usize::from(*length)).min(token.len());
    let piece = String::from_utf8_lossy(piece);
    format!("{}{piece}{}", &token[..from], &token[to..])
}

/// Mail as its receiver reads it: parts divided by a line of `--`, each a sender, a body and a
/// payload divided by tabs.
pub(super) fn envelope(data: &[u8]) {
    const BEGIN: &str = "---BEGIN OPTIO MESSAGE---";
    const END: &str = "---END OPTIO MESSAGE---";
    let text = String::from_utf8_lossy(data);
    let letters: Vec<Letter> = text.split("\n--\n").map(letter).collect();
    for letter in &letters {
        let told = prompt::envelope(letter);
        let inner = told
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END));
        let value: Value = inner
            .and_then(|inner| serde_json::from_str(inner).ok())
            .unwrap_or_else(|| panic!("not an envelope: {told}"));
        assert_eq!(value["body"], letter.body.as_str());
        assert_eq!(value["sender"], letter.sender.to_string());
        assert_eq!(value.get("payload"), letter.payload.as_ref());
        let back = Sender::from_parts(letter.sender.type_name(), &letter.sender.id());
        assert_eq!(back, letter.sender);
    }
    let prompt = prompt::assemble(&AgentSpec::new("a", "A", "go"), &letters);
    let shown = letters
        .iter()
        .filter(|letter| !letter.body.is_empty() || letter.payload.is_some());
    let shown = shown.count();
    for marker in [BEGIN, END] {
        let lines = prompt
            .split(['\n', '\r'])
            .filter(|line| line.trim() == marker);
        assert_eq!(lines.count(), shown, "a forged {marker}: {prompt}");
    }
}

fn letter(part: &str) -> Letter {
    let mut fields = part.splitn(3, '\t');
    let (sender, body) = (
        fields.next().unwrap_or_default(),
        fields.next().unwrap_or_default(),
    );
    let payload = fields
        .next()
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let (kind, id) = sender.split_once(':').unwrap_or(("user", sender));
    Letter {
        id: MessageId(Uuid::nil()),
        sender: Sender::from_parts(kind, id),
        source: WakeSource::User,
        body: body.to_owned(),
        payload: payload.filter(Value::is_object),
        broadcasted: body.len() % 2 == 1,
        received_at: DateTime::<Utc>::UNIX_EPOCH,
        marks: optio_domain::mail::Marks::default(),
    }
}
