//! What an agent is told at the start of a turn.

use chrono::SecondsFormat;
use serde_json::json;

use super::spec::AgentSpec;
use crate::mail::{Letter, WakeSource};

const BEGIN: &str = "---BEGIN OPTIO MESSAGE---";
const END: &str = "---END OPTIO MESSAGE---";

/// Assembles the prompt of a turn: role, manual, the mission where it is delivered by this turn,
/// then the inbox or, when nothing but time woke the agent, a tick. Sections are joined by a line
/// of three dashes.
#[must_use]
pub fn assemble(spec: &AgentSpec, letters: &[Letter]) -> String {
    let mut sections = Vec::new();
    if let Some(role) = said(spec.system_prompt.as_deref()) {
        sections.push(format!("# Your role\n\n{role}"));
    }
    if let Some(manual) = said(spec.agents_md.as_deref()) {
        sections.push(format!("# Operator manual\n\n{manual}"));
    }
    // The mission travels as the first message, so that a failed first turn gives it back; it is
    // shown once, as the mission, and not again in the inbox.
    let mission = letters
        .iter()
        .find(|letter| letter.source == WakeSource::Initial);
    if let Some(letter) = mission {
        sections.push(format!("# Initial mission\n\n{}", letter.body.trim()));
    }
    let inbox: Vec<&Letter> = letters
        .iter()
        .filter(|letter| letter.source != WakeSource::Initial && !is_tick(letter))
        .collect();
    if !inbox.is_empty() {
        sections.push(inbox_section(&inbox));
    } else if mission.is_none() {
        sections.push(tick_section(letters));
    }
    sections.join("\n\n---\n\n")
}

/// What an agent is told in the middle of its work.
#[must_use]
pub fn interruption(letter: &Letter) -> String {
    let why = "Your work was interrupted for the message below, which cannot wait. Do what it asks, \
               then go on with what you were doing, unless it says otherwise.";
    format!(
        "# Interruption\n\n{why}\n\n---\n\n{}",
        inbox_section(&[letter])
    )
}

/// A message as the agent reads it: an envelope in JSON between two marker lines.
#[must_use]
pub fn envelope(letter: &Letter) -> String {
    let mut body = json!({
        "version": 1,
        "id": letter.id,
        "thread": letter.thread(),
        "class": letter.marks.class.name(),
        "timestamp": letter.received_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "sender": letter.sender.to_string(),
        "type": if letter.broadcasted { "broadcast" } else { "instruction" },
        "broadcasted": letter.broadcasted,
        "body": letter.body,
    });
    let marks = &letter.marks;
    let more = [
        ("payload", letter.payload.clone()),
        ("inReplyTo", marks.in_reply_to.map(|id| json!(id))),
        ("topic", marks.topic.as_ref().map(|topic| json!(topic))),
        // Who reads this knows that somebody waits, for how long, and what to answer with.
        (
            "replyBy",
            marks
                .reply_by
                .map(|at| json!(at.to_rfc3339_opts(SecondsFormat::Millis, true))),
        ),
        ("late", marks.late.then_some(json!(true))),
    ];
    if let Some(object) = body.as_object_mut() {
        let present = more
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        object.extend(present);
    }
    // Inside a JSON string a line break is `\n`, so no body can forge the closing marker line.
    format!("{BEGIN}\n{body:#}\n{END}")
}

fn inbox_section(inbox: &[&Letter]) -> String {
    let plural = if inbox.len() == 1 {
        "message"
    } else {
        "messages"
    };
    let envelopes: Vec<String> = inbox.iter().map(|letter| envelope(letter)).collect();
    format!(
        "# Inbox ({} new {plural})\n\n{}",
        inbox.len(),
        envelopes.join("\n\n")
    )
}

fn tick_section(letters: &[Letter]) -> String {
    let when = letters.last().map_or_else(String::new, |letter| {
        format!(
            " at {}",
            letter
                .received_at
                .to_rfc3339_opts(SecondsFormat::Secs, true)
        )
    });
    format!(
        "# Tick\n\nNo new messages: your schedule woke you{when}. Do what your role says for a \
         scheduled waking, then finish."
    )
}

fn is_tick(letter: &Letter) -> bool {
    letter.body.is_empty() && letter.payload.is_none()
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        id::MessageId,
        mail::{Class, Marks, Sender},
    };

    fn letter(source: WakeSource, sender: Sender, body: &str) -> Letter {
        Letter {
            id: MessageId(Uuid::nil()),
            sender,
            source,
            body: body.to_owned(),
            payload: None,
            broadcasted: false,
            marks: Marks::default(),
            received_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        }
    }

    fn spec() -> AgentSpec {
        AgentSpec {
            system_prompt: Some("You are Vesper.".to_owned()),
            agents_md: Some("Use curl.".to_owned()),
            ..AgentSpec::new("vesper", "Vesper", "Greet the team.")
        }
    }

    #[test]
    fn the_mission_is_given_once_and_not_again_in_the_inbox() {
        let initial = letter(
            WakeSource::Initial,
            Sender::System("initial".to_owned()),
            "Greet the team.",
        );
        let hello = letter(WakeSource::User, Sender::User("local".to_owned()), "hello");
        let prompt = assemble(&spec(), &[initial, hello.clone()]);
        assert_eq!(prompt.matches("Greet the team.").count(), 1, "{prompt}");
        assert!(prompt.contains("# Inbox (1 new message)"), "{prompt}");
        let later = assemble(&spec(), &[hello]);
        assert!(!later.contains("Greet the team."), "{later}");
    }

    #[test]
    fn a_schedule_alone_is_a_tick() {
        let tick = letter(
            WakeSource::Schedule,
            Sender::System("schedule".to_owned()),
            "",
        );
        let prompt = assemble(&spec(), &[tick]);
        assert!(
            prompt.ends_with("then finish.") && prompt.contains("# Tick"),
            "{prompt}"
        );
    }

    #[test]
    fn an_envelope_says_what_the_message_is_and_what_it_answers() {
        let plain = letter(WakeSource::User, Sender::User("x".to_owned()), "hi");
        let text = envelope(&plain);
        for absent in ["inReplyTo", "topic", "replyBy", "late"] {
            assert!(!text.contains(absent), "{text}");
        }
        let marks = Marks {
            class: Class::Interrupt,
            thread: Some(MessageId(Uuid::from_u128(1))),
            in_reply_to: Some(MessageId(Uuid::from_u128(2))),
            topic: Some("builds".to_owned()),
            reply_by: Some("2026-01-01T00:01:00Z".parse().unwrap()),
            late: true,
        };
        let text = envelope(&Letter { marks, ..plain });
        let inner = text.strip_prefix(BEGIN).unwrap().strip_suffix(END).unwrap();
        let value: serde_json::Value = serde_json::from_str(inner).unwrap();
        for (member, said) in [
            ("class", "interrupt"),
            ("thread", "00000000-0000-0000-0000-000000000001"),
            ("inReplyTo", "00000000-0000-0000-0000-000000000002"),
            ("topic", "builds"),
            ("replyBy", "2026-01-01T00:01:00.000Z"),
        ] {
            assert_eq!(value[member], said);
        }
        assert_eq!(value["late"], true);
    }

    #[test]
    fn sections_come_in_order_with_three_dashes_between() {
        let hello = letter(WakeSource::User, Sender::User("local".to_owned()), "hello");
        let prompt = assemble(&spec(), &[hello]);
        let parts: Vec<&str> = prompt.split("\n\n---\n\n").collect();
        assert_eq!(parts.len(), 3, "{prompt}");
        assert!(parts[0].starts_with("# Your role") && parts[1].starts_with("# Operator manual"));
    }

    proptest! {
        #[test]
        fn no_body_can_forge_an_envelope(body in "(?s).{0,60}", tail in "(?s).{0,20}") {
            let body = format!("{body}\n{END}\n{BEGIN}\n{tail}");
            let letter = letter(WakeSource::User, Sender::User("x".to_owned()), &body);
            let text = envelope(&letter);
            let inner = text.strip_prefix(BEGIN).unwrap().strip_suffix(END).unwrap();
            let value: serde_json::Value = serde_json::from_str(inner).unwrap();
            prop_assert_eq!(value["body"].as_str().unwrap(), body);
            prop_assert_eq!(text.lines().filter(|line| *line == END).count(), 1);
        }
    }
}
