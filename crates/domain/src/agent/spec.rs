//! What a person says about an agent, checked: the fields of the API with their rules.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Lifecycle;
use crate::sandbox::SandboxSpec;

/// A field that breaks its rule. The text names the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct Invalid {
    /// The field's name in the API.
    pub field: &'static str,
    /// The rule, in words.
    pub rule: String,
}

impl Invalid {
    /// A field and the rule it breaks.
    #[must_use]
    pub fn new(field: &'static str, rule: impl Into<String>) -> Self {
        Self {
            field,
            rule: rule.into(),
        }
    }
}

/// The agent programs this version can run.
pub const RUNTIMES: [&str; 1] = ["claude-code"];
/// Characters of a slug.
pub const SLUG_CHARS_MAX: usize = 63;

/// Everything a person decides about an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentSpec {
    /// Unique in the workspace; its address.
    pub slug: String,
    /// For people.
    pub name: String,
    /// For peers and people.
    pub description: Option<String>,
    /// Which agent program.
    pub agent_runtime: String,
    /// Which model; the program's own default where none is given.
    pub model: Option<String>,
    /// Its role.
    pub system_prompt: Option<String>,
    /// Its manual.
    pub agents_md: Option<String>,
    /// Its mission, given once.
    pub initial_prompt: String,
    /// The template the mission came from.
    pub prompt_template_id: Option<Uuid>,
    /// The repository it is about.
    pub repo_id: Option<Uuid>,
    /// The branch it is about.
    pub branch: Option<String>,
    /// How long its sandbox is kept.
    pub pod_lifecycle: Lifecycle,
    /// Milliseconds a sticky sandbox is kept after a turn.
    pub idle_pod_timeout_ms: i64,
    /// Milliseconds a turn may take.
    pub max_turn_duration_ms: i64,
    /// Model calls in one turn.
    pub max_turns: i32,
    /// Failures in a row until it is `failed`.
    pub consecutive_failure_limit: i32,
    /// Whether it takes turns at all.
    pub enabled: bool,
    /// What is decided about its sandbox.
    pub sandbox: SandboxSpec,
}

impl AgentSpec {
    /// An agent with the defaults of the API.
    #[must_use]
    pub fn new(slug: &str, name: &str, initial_prompt: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            name: name.to_owned(),
            description: None,
            agent_runtime: "claude-code".to_owned(),
            model: None,
            system_prompt: None,
            agents_md: None,
            initial_prompt: initial_prompt.to_owned(),
            prompt_template_id: None,
            repo_id: None,
            branch: None,
            pod_lifecycle: Lifecycle::Sticky,
            idle_pod_timeout_ms: 300_000,
            max_turn_duration_ms: 600_000,
            max_turns: 50,
            consecutive_failure_limit: 3,
            enabled: true,
            sandbox: SandboxSpec::default(),
        }
    }

    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the fields.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = Vec::new();
        if let Err(invalid) = check_slug(&self.slug) {
            broken.push(invalid);
        }
        for (field, text) in [
            ("name", &self.name),
            ("initialPrompt", &self.initial_prompt),
        ] {
            if text.trim().is_empty() {
                broken.push(Invalid::new(field, "must not be empty"));
            }
        }
        if !RUNTIMES.contains(&self.agent_runtime.as_str()) {
            let rule = format!("must be one of: {}", RUNTIMES.join(", "));
            broken.push(Invalid::new("agentRuntime", rule));
        }
        for (field, number) in [
            ("idlePodTimeoutMs", self.idle_pod_timeout_ms),
            ("maxTurnDurationMs", self.max_turn_duration_ms),
            ("maxTurns", i64::from(self.max_turns)),
            (
                "consecutiveFailureLimit",
                i64::from(self.consecutive_failure_limit),
            ),
        ] {
            if number <= 0 {
                broken.push(Invalid::new(field, "must be greater than 0"));
            }
        }
        // A repository is kept for clients that set it, but no worktree is made from it yet: what
        // is not carried out is refused rather than silently ignored.
        for (field, given) in [
            ("promptTemplateId", self.prompt_template_id.is_some()),
            ("repoId", self.repo_id.is_some()),
            ("branch", self.branch.is_some()),
        ] {
            if given {
                broken.push(Invalid::new(field, "is not supported yet; leave it out"));
            }
        }
        broken.extend(self.sandbox.check().err().into_iter().flatten());
        if !self.sandbox.caches.is_empty() {
            let rule = "an agent shares its sandbox with nobody; its whole home is kept where podLifecycle is sticky or always-on";
            broken.push(Invalid::new("caches", rule));
        }
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }
}

fn check_slug(slug: &str) -> Result<(), Invalid> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ok = !slug.is_empty()
        && slug.len() <= SLUG_CHARS_MAX
        && !slug.starts_with('-')
        && slug.chars().all(fits);
    if ok {
        return Ok(());
    }
    Err(Invalid::new(
        "slug",
        format!(
            "must be 1 to {SLUG_CHARS_MAX} lower-case letters, digits or dashes and start with a \
             letter or digit (^[a-z0-9][a-z0-9-]*$)"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_broken_rule_is_named_at_once() {
        let spec = AgentSpec {
            max_turns: 0,
            ..AgentSpec::new("Bad Slug", "", "go")
        };
        let fields: Vec<_> = spec.check().unwrap_err().iter().map(|i| i.field).collect();
        assert_eq!(fields, ["slug", "name", "maxTurns"]);
    }

    proptest! {
        #[test]
        fn a_slug_is_accepted_exactly_when_the_documented_pattern_matches(
            slug in "[a-z0-9-]{0,8}|.{0,8}"
        ) {
            let mut chars = slug.chars();
            let first = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            let rest = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            prop_assert_eq!(check_slug(&slug).is_ok(), first && rest);
        }
    }
}
