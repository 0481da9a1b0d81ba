//! The draft of a review, and how it is read out of an agent's final answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{git_host::DiffSide, task::review::ReviewVerdict};

/// Characters of a summary, and of one comment: what GitHub takes.
pub const TEXT_CHARS_MAX: usize = 60_000;
/// Comments of one draft.
pub const COMMENTS_MAX: usize = 200;
/// Characters of the path of a file.
pub const PATH_CHARS_MAX: usize = 1_024;
/// Bytes of an answer that is read at all.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Lines at which the object may begin that are tried: words before it may have lines like that.
const BEGINNINGS_MAX: usize = 32;

/// What the agent thinks of a pull request, before it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Draft {
    /// The decision.
    pub verdict: ReviewVerdict,
    /// For everybody to read.
    pub summary: String,
    /// What is said of single files and lines.
    #[serde(default)]
    pub file_comments: Vec<FileComment>,
}

/// What is said of a file, or of a line of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileComment {
    /// The file, from the root of the repository.
    pub path: String,
    /// The line; without one it is about the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Where the line is counted.
    #[serde(default)]
    pub side: Side,
    /// What is said.
    pub body: String,
}

/// The side of the diff on which a line is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// As the file was.
    #[serde(rename = "LEFT", alias = "left")]
    Left,
    /// As it is with the change.
    #[default]
    #[serde(rename = "RIGHT", alias = "right")]
    Right,
}

impl Side {
    /// The side in the words of git hosts.
    #[must_use]
    pub fn of_diff(self) -> DiffSide {
        match self {
            Self::Left => DiffSide::Left,
            Self::Right => DiffSide::Right,
        }
    }
}

/// Why what an agent answered, or a person wrote, is no draft: the place, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoDraft(pub String);

impl Draft {
    /// Says what cannot be about it.
    ///
    /// # Errors
    /// The first rule that it breaks, with the place.
    pub fn check(&self) -> Result<(), NoDraft> {
        let broken = |words: String| Err(NoDraft(words));
        let text = |place: &str, text: &str| {
            let chars = text.chars().count();
            if text.trim().is_empty() || TEXT_CHARS_MAX < chars {
                return Err(NoDraft(format!(
                    "{place}: must have 1 to {TEXT_CHARS_MAX} characters, not {chars}"
                )));
            }
            if text.contains('\0') {
                return Err(NoDraft(format!(
                    "{place}: must not contain the character NUL"
                )));
            }
            Ok(())
        };
        text("summary", &self.summary)?;
        if COMMENTS_MAX < self.file_comments.len() {
            let many = self.file_comments.len();
            return broken(format!(
                "fileComments: must not be more than {COMMENTS_MAX}, and there are {many}"
            ));
        }
        for (at, comment) in self.file_comments.iter().enumerate() {
            if !is_path(&comment.path) {
                return broken(format!(
                    "fileComments[{at}].path: must be the path of a file from the root of the repository"
                ));
            }
            if comment.line == Some(0) {
                return broken(format!("fileComments[{at}].line: lines are counted from 1"));
            }
            text(&format!("fileComments[{at}].body"), &comment.body)?;
        }
        Ok(())
    }
}

fn is_path(path: &str) -> bool {
    let chars = path.chars().count();
    let odd = |c: char| c.is_control();
    let fine = |part: &str| !part.is_empty() && part != "." && part != "..";
    (1..=PATH_CHARS_MAX).contains(&chars) && !path.contains(odd) && path.split('/').all(fine)
}

/// An answer as it is written: words, and the object that it ends with.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What stands before the object; everything where there is none.
    pub words: String,
    /// The object that it ends with.
    pub object: Option<Value>,
}

/// Takes an answer apart. The object is the last thing in it, alone or in a fence.
#[must_use]
pub fn take_apart(answer: &str) -> Answer {
    let trimmed = answer.trim();
    let found = if ANSWER_BYTES_MAX < trimmed.len() {
        None
    } else {
        fenced(trimmed).or_else(|| bare(trimmed))
    };
    let (words, object) = match found {
        Some((words, object)) => (words, Some(object)),
        None => (trimmed, None),
    };
    Answer {
        words: words.trim().to_owned(),
        object,
    }
}

/// What stands in the fence that the text ends with. A text in JSON has no line breaks in it, so that no
/// line within it can look like a fence.
fn fenced(text: &str) -> Option<(&str, Value)> {
    let inside = text.strip_suffix("```")?;
    let inside = inside.strip_suffix('\n').unwrap_or(inside);
    let open = match inside.rfind("\n```") {
        Some(at) => at + 1,
        None if inside.starts_with("```") => 0,
        None => return None,
    };
    let (words, block) = inside.split_at_checked(open)?;
    let (_language, json) = block.split_once('\n')?;
    Some((words, object(json)?))
}

/// An object that begins a line and ends the text.
fn bare(text: &str) -> Option<(&str, Value)> {
    if !text.ends_with('}') {
        return None;
    }
    let mut at = 0;
    let mut tried = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('{') {
            tried += 1;
            if BEGINNINGS_MAX < tried {
                return None;
            }
            let (words, rest) = text.split_at_checked(at)?;
            if let Some(object) = object(rest) {
                return Some((words, object));
            }
        }
        at += line.len();
    }
    None
}

fn object(json: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(json.trim()).ok()?;
    value.is_object().then_some(value)
}

/// Reads the draft out of an agent's final answer.
///
/// # Errors
/// [`NoDraft`] where the answer does not end with one, or with one that breaks a rule.
pub fn read(answer: &str) -> Result<Draft, NoDraft> {
    let Some(object) = take_apart(answer).object else {
        return Err(NoDraft(
            "the review agent handed in no draft: its answer does not end with a JSON object"
                .to_owned(),
        ));
    };
    understood(object)
}

/// What an answer in a conversation comes to: the words, and a new draft where it ends with one.
///
/// # Errors
/// [`NoDraft`] where it ends with what is meant as a draft and is none.
pub fn read_in_chat(answer: &str) -> (String, Result<Option<Draft>, NoDraft>) {
    let Answer { words, object } = take_apart(answer);
    match object {
        // Any other object is an example or an answer of its own.
        Some(object) if object.get("verdict").is_some() => {
            let draft = understood(object).map(Some);
            let words = if words.is_empty() {
                "I have changed the draft.".to_owned()
            } else {
                words
            };
            (words, draft)
        }
        Some(_) | None => (answer.trim().to_owned(), Ok(None)),
    }
}

fn understood(object: Value) -> Result<Draft, NoDraft> {
    let wrong = |words: String| {
        NoDraft(format!(
            "the review agent handed in no valid draft: {words}"
        ))
    };
    let draft: Draft = serde_json::from_value(object).map_err(|error| wrong(error.to_string()))?;
    draft.check().map_err(|NoDraft(words)| wrong(words))?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn comment() -> impl Strategy<Value = FileComment> {
        let side = prop_oneof![Just(Side::Left), Just(Side::Right)];
        let line = prop::option::of(1..=100_000_u64);
        ("[a-z]{1,8}(/[a-z.]{1,8}x){0,3}", line, side, text()).prop_map(
            |(path, line, side, body)| FileComment {
                path,
                line,
                side,
                body,
            },
        )
    }

    /// Anything that people write, fences, braces and quotes first of all.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("```".to_owned()),
            Just("\n```json\n".to_owned()),
            Just("{".to_owned()),
            Just("}\n".to_owned()),
            Just("\"\\".to_owned()),
            "\\PC{1,20}",
        ];
        prop::collection::vec(piece, 1..6).prop_map(|pieces| format!("x{}", pieces.concat()))
    }

    fn draft() -> impl Strategy<Value = Draft> {
        let verdict = prop_oneof![
            Just(ReviewVerdict::Approve),
            Just(ReviewVerdict::RequestChanges),
            Just(ReviewVerdict::Comment)
        ];
        (verdict, text(), prop::collection::vec(comment(), 0..4)).prop_map(
            |(verdict, summary, file_comments)| Draft {
                verdict,
                summary,
                file_comments,
            },
        )
    }

    proptest! {
        #[test]
        fn a_draft_is_read_back_whatever_is_in_it_and_however_it_is_wrapped(
            draft in draft(), pretty in any::<bool>(), wrap in 0..4,
        ) {
            let json = if pretty {
                serde_json::to_string_pretty(&draft).unwrap()
            } else {
                serde_json::to_string(&draft).unwrap()
            };
            let answer = match wrap {
                0 => json,
                1 => format!("```json\n{json}\n```"),
                2 => format!("I have looked.\n\n```\n{json}\n```\n"),
                _ => format!("I have looked: {{all}} of it.\n{json}  \n"),
            };
            prop_assert_eq!(read(&answer), Ok(draft));
        }

        #[test]
        fn whatever_is_answered_is_a_draft_that_keeps_the_rules_or_is_refused(answer in text()) {
            if let Ok(draft) = read(&answer) {
                prop_assert_eq!(draft.check(), Ok(()));
            }
            let (words, _) = read_in_chat(&answer);
            prop_assert!(words.len() <= answer.len() + 30);
        }

        #[test]
        fn an_answer_that_was_cut_off_is_no_draft(draft in draft(), cut in 1_usize..50) {
            let json = serde_json::to_string(&draft).unwrap();
            let mut end = json.len().saturating_sub(cut);
            while !json.is_char_boundary(end) {
                end -= 1;
            }
            prop_assert!(read(&json[..end]).is_err());
        }
    }

    #[test]
    fn what_is_no_draft_is_refused_with_the_place() {
        let with = |more: &str| format!("{{\"verdict\":\"comment\",\"summary\":\"s\"{more}}}");
        for (answer, words) in [
            (
                "Looks good to me.".to_owned(),
                "does not end with a JSON object",
            ),
            (String::new(), "does not end with a JSON object"),
            (
                format!("{} Bye!", with("")),
                "does not end with a JSON object",
            ),
            ("{\"summary\":\"s\"}".to_owned(), "verdict"),
            (
                "{\"verdict\":\"ship it\",\"summary\":\"s\"}".to_owned(),
                "ship it",
            ),
            (
                "{\"verdict\":\"approve\",\"summary\":\" \"}".to_owned(),
                "summary: must have",
            ),
            (
                "{\"verdict\":\"approve\",\"summary\":\"a\\u0000b\"}".to_owned(),
                "NUL",
            ),
            (with(",\"comments\":[]"), "comments"),
            (with(",\"fileComments\":[{\"path\":\"a\"}]"), "body"),
            (
                with(",\"fileComments\":[{\"path\":\"../a\",\"body\":\"b\"}]"),
                "fileComments[0].path",
            ),
            (
                with(",\"fileComments\":[{\"path\":\"a\",\"line\":0,\"body\":\"b\"}]"),
                "fileComments[0].line",
            ),
            (
                with(",\"fileComments\":[{\"path\":\"a\",\"side\":\"UP\",\"body\":\"b\"}]"),
                "UP",
            ),
        ] {
            let refused = read(&answer).unwrap_err().to_string();
            assert!(refused.contains(words), "{answer}: {refused}");
        }
    }

    #[test]
    fn in_a_conversation_only_what_is_meant_as_a_draft_changes_it() {
        let json = "{\"verdict\":\"approve\",\"summary\":\"fine\"}";
        let (words, draft) = read_in_chat(&format!("You are right.\n{json}"));
        assert_eq!(words, "You are right.");
        assert_eq!(draft.unwrap().unwrap().verdict, ReviewVerdict::Approve);
        assert_eq!(
            read_in_chat(json).0,
            "I have changed the draft.",
            "it says something"
        );
        assert_eq!(read_in_chat("No: {\"a\":1}").1, Ok(None));
        assert_eq!(read_in_chat("So:\n{\"a\":1}").1, Ok(None));
        assert!(read_in_chat("So:\n{\"verdict\":\"maybe\"}").1.is_err());
    }

    #[test]
    fn many_braces_take_no_time() {
        let hostile = format!("{}}}", "{\"a\":\n".repeat(200_000));
        assert!(read(&hostile).is_err());
    }
}
