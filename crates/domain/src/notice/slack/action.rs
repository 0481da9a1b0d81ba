//! What somebody pressed in Slack: believed only with Slack's own signature.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use crate::secret::SecretText;

/// How old what was pressed may be, in seconds: whoever has overheard it cannot press it again for long.
const AGE_S_MAX: i64 = 5 * 60;
/// What the signature begins with.
const SCHEME: &str = "v0=";

/// Why what came is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// A header is missing or makes no sense.
    #[error("the headers X-Slack-Signature and X-Slack-Request-Timestamp are missing or malformed")]
    Unsigned,
    /// It is too old, or from the future.
    #[error("it was signed more than five minutes ago, or our clocks differ")]
    Old,
    /// It was signed with another secret, or changed on its way.
    #[error("it is not signed with SLACK_SIGNING_SECRET")]
    Foreign,
}

/// Whether Slack has signed these bytes, by its two headers.
///
/// # Errors
/// [`Unbelieved`] where it has not, or not now.
pub fn check(
    secret: &SecretText,
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unbelieved> {
    let at: i64 = timestamp.parse().map_err(|_bad| Unbelieved::Unsigned)?;
    let signature = signature
        .strip_prefix(SCHEME)
        .and_then(unhex)
        .ok_or(Unbelieved::Unsigned)?;
    if AGE_S_MAX < now.timestamp().abs_diff(at).try_into().unwrap_or(i64::MAX) {
        return Err(Unbelieved::Old);
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
        return Err(Unbelieved::Foreign);
    };
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    // The time it takes tells nothing about the right signature.
    mac.verify_slice(&signature)
        .map_err(|_other| Unbelieved::Foreign)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() % 2 == 1 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

/// What can be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Let the task go on.
    RetryTask,
    /// Stop the task for good.
    CancelTask,
    /// Say where its log is.
    ViewLogs,
}

impl Verb {
    const ALL: [Self; 3] = [Self::RetryTask, Self::CancelTask, Self::ViewLogs];

    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RetryTask => "retry_task",
            Self::CancelTask => "cancel_task",
            Self::ViewLogs => "view_logs",
        }
    }
}

/// What somebody pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// What.
    pub verb: Verb,
    /// On which task.
    pub task: String,
    /// Who, as Slack names them.
    pub by: String,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    actions: Vec<Action>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    username: Option<String>,
    name: Option<String>,
}

/// Reads what was pressed: JSON, alone or as the member `payload` of a form.
///
/// # Errors
/// What is wrong with it, in words.
pub fn read(body: &[u8]) -> Result<Pressed, String> {
    let form = || {
        url::form_urlencoded::parse(body)
            .find(|(name, _)| name == "payload")
            .map(|(_, payload)| payload.into_owned().into_bytes())
    };
    let is_json = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let bytes = if is_json { Some(body.to_vec()) } else { form() };
    let bytes = bytes.ok_or("the form has no member `payload`")?;
    let payload: Payload = serde_json::from_slice(&bytes)
        .map_err(|error| format!("the payload is not what Slack sends: {error}"))?;
    let action = payload.actions.into_iter().next();
    let action = action.ok_or("the payload has no action")?;
    let verb = Verb::ALL
        .into_iter()
        .find(|verb| verb.name() == action.action_id);
    let verb = verb.ok_or_else(|| {
        let known = Verb::ALL.map(Verb::name).join(", ");
        format!("there is no such action; there are: {known}")
    })?;
    let by = payload
        .user
        .map(|user| user.username.or(user.name).unwrap_or(user.id));
    Ok(Pressed {
        verb,
        task: action.value,
        by: by.unwrap_or_else(|| "somebody".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Slack's own documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const AT: i64 = 1_531_420_618;
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn checked(
        secret: &str,
        at: &str,
        signature: &str,
        body: &str,
        age_s: i64,
    ) -> Result<(), Unbelieved> {
        let now = DateTime::from_timestamp(AT + age_s, 0).unwrap();
        check(
            &SecretText::new(secret),
            at,
            signature,
            body.as_bytes(),
            now,
        )
    }

    #[test]
    fn slacks_own_example_is_believed_for_five_minutes() {
        let at = AT.to_string();
        for age_s in [-300, 0, 300] {
            assert_eq!(
                checked(SECRET, &at, SIGNATURE, BODY, age_s),
                Ok(()),
                "{age_s}"
            );
        }
        for age_s in [-301, 301, 86_400] {
            assert_eq!(
                checked(SECRET, &at, SIGNATURE, BODY, age_s),
                Err(Unbelieved::Old),
                "{age_s}"
            );
        }
    }

    #[test]
    fn whatever_is_changed_is_not_believed() {
        let at = AT.to_string();
        let other = format!("{BODY}x");
        assert_eq!(
            checked(SECRET, &at, SIGNATURE, &other, 0),
            Err(Unbelieved::Foreign)
        );
        assert_eq!(
            checked("other", &at, SIGNATURE, BODY, 0),
            Err(Unbelieved::Foreign)
        );
        assert_eq!(
            checked("", &at, SIGNATURE, BODY, 0),
            Err(Unbelieved::Foreign)
        );
        let later = (AT + 1).to_string();
        assert_eq!(
            checked(SECRET, &later, SIGNATURE, BODY, 0),
            Err(Unbelieved::Foreign)
        );
        for (at, signature) in [
            ("", SIGNATURE),
            ("x", SIGNATURE),
            (&*at, ""),
            (&at, "v0="),
            (&at, "v0=zz"),
            (&at, "v1=00"),
        ] {
            let refused = checked(SECRET, at, signature, BODY, 0);
            assert!(refused.is_err(), "{at} {signature}");
        }
        let extreme = i64::MIN.to_string();
        assert_eq!(
            checked(SECRET, &extreme, SIGNATURE, BODY, 0),
            Err(Unbelieved::Old)
        );
    }

    #[test]
    fn what_was_pressed_is_read_from_a_form_and_from_json() {
        let json = r#"{"type":"block_actions","user":{"id":"U1","username":"ada"},
                       "actions":[{"action_id":"retry_task","value":"t1"}]}"#;
        let form: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", json)
            .finish();
        let pressed = Pressed {
            verb: Verb::RetryTask,
            task: "t1".to_owned(),
            by: "ada".to_owned(),
        };
        assert_eq!(read(json.as_bytes()), Ok(pressed.clone()));
        assert_eq!(read(form.as_bytes()), Ok(pressed));
    }

    #[test]
    fn what_is_no_press_is_refused_in_words() {
        for (body, words) in [
            ("", "no member `payload`"),
            ("a=b", "no member `payload`"),
            ("payload=x", "not what Slack sends"),
            ("{}", "no action"),
            (
                r#"{"actions":[{"action_id":"format_disk","value":"t"}]}"#,
                "retry_task, cancel_task",
            ),
        ] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert!(refused.contains(words), "{body}: {refused}");
        }
    }
}
