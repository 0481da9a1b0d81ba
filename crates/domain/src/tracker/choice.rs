//! Labels by which people choose the agent program.

/// The labels, and the program that each asks for.
const CHOICES: [(&str, &str); 6] = [
    ("claude", "claude-code"),
    ("claude-code", "claude-code"),
    ("codex", "codex"),
    ("copilot", "copilot"),
    ("gemini", "gemini"),
    ("opencode", "opencode"),
];

/// The agent program that the labels ask for, where they ask for one.
///
/// # Errors
/// In words for people, when they ask for more than one.
pub fn agent_of(labels: &[String]) -> Result<Option<&'static str>, String> {
    let mut asked: Option<(&str, &'static str)> = None;
    for label in labels {
        let choice = CHOICES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(label.trim()));
        let Some((name, agent)) = choice else {
            continue;
        };
        match asked {
            Some((other, before)) if before != *agent => {
                return Err(format!(
                    "the labels `{other}` and `{name}` ask for two agent programs; leave one of them"
                ));
            }
            Some(_) | None => asked = Some((name, agent)),
        }
    }
    Ok(asked.map(|(_, agent)| agent))
}
