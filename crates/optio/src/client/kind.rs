//! The kinds of thing that people write down, and where the API keeps each.

use optio_domain::trigger::TargetKind;
use serde_json::Value;

use super::api::Api;
use crate::failure::Failure;

/// A kind of thing that people write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A prompt template of the library.
    Template,
    /// A persistent agent.
    Agent,
    /// A job.
    Job,
    /// A blueprint.
    Blueprint,
}

/// How the value of a member is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As text.
    Text,
    /// As JSON: a number, a truth, an object.
    Json,
}

use Form::{Json, Text};

const OF_TEMPLATES: &[(&str, Form)] = &[
    ("name", Text),
    ("kind", Text),
    ("template", Text),
    ("description", Text),
    ("paramsSchema", Json),
    ("defaultAgentType", Text),
    ("isDefault", Json),
];
const OF_AGENTS: &[(&str, Form)] = &[
    ("slug", Text),
    ("name", Text),
    ("description", Text),
    ("agentRuntime", Text),
    ("model", Text),
    ("systemPrompt", Text),
    ("agentsMd", Text),
    ("initialPrompt", Text),
    ("promptTemplateId", Text),
    ("repoId", Text),
    ("branch", Text),
    ("podLifecycle", Text),
    ("idlePodTimeoutMs", Json),
    ("maxTurnDurationMs", Json),
    ("maxTurns", Json),
    ("consecutiveFailureLimit", Json),
    ("enabled", Json),
    ("sandbox", Json),
];
const OF_JOBS: &[(&str, Form)] = &[
    ("name", Text),
    ("description", Text),
    ("promptTemplate", Text),
    ("promptTemplateId", Text),
    ("repoUrl", Text),
    ("repoBranch", Text),
    ("agentRuntime", Text),
    ("model", Text),
    ("maxTurns", Json),
    ("budgetUsd", Text),
    ("maxConcurrent", Json),
    ("maxRetries", Json),
    ("priority", Json),
    ("warmPoolSize", Json),
    ("maxPodInstances", Json),
    ("maxAgentsPerPod", Json),
    ("environmentSpec", Json),
    ("sandbox", Json),
    ("paramsSchema", Json),
    ("enabled", Json),
];
const OF_BLUEPRINTS: &[(&str, Form)] = &[
    ("name", Text),
    ("description", Text),
    ("title", Text),
    ("prompt", Text),
    ("promptTemplateId", Text),
    ("repoUrl", Text),
    ("repoBranch", Text),
    ("agentType", Text),
    ("model", Text),
    ("maxRetries", Json),
    ("priority", Json),
    ("paramsSchema", Json),
    ("enabled", Json),
];

/// The members of a trigger's settings, but for its secret.
pub(super) const OF_TRIGGERS: &[(&str, Form)] = &[
    ("cronExpression", Text),
    ("timezone", Text),
    ("missed", Text),
    ("path", Text),
    ("signature", Text),
    ("dedup", Text),
    ("rateLimitPerMinute", Json),
    ("when", Json),
    ("source", Text),
    ("labels", Json),
    ("overlap", Text),
    ("prompt", Text),
    ("class", Text),
];

impl Kind {
    /// In the order in which they can be made: what others name comes before them.
    pub(super) const ALL: [Self; 4] = [Self::Template, Self::Agent, Self::Job, Self::Blueprint];

    /// The word by which people know it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Agent => "agent",
            Self::Job => "job",
            Self::Blueprint => "blueprint",
        }
    }

    /// Reads the word back.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Where the API keeps them.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Template => "/api/prompt-templates",
            Self::Agent => "/api/persistent-agents",
            Self::Job => "/api/jobs",
            Self::Blueprint => "/api/task-configs",
        }
    }

    /// Where the API keeps the one with that name or id.
    pub(super) fn path_of(self, name: &str) -> String {
        format!(
            "{}/{}",
            self.path(),
            crate::percent::encode(name.as_bytes())
        )
    }

    /// The member of an answer that holds several of them.
    pub(super) fn many(self) -> &'static str {
        match self {
            Self::Template => "templates",
            Self::Agent => "agents",
            Self::Job => "workflows",
            Self::Blueprint => "taskConfigs",
        }
    }

    /// The member of an answer that holds one of them.
    pub(super) fn one(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Agent => "agent",
            Self::Job => "workflow",
            Self::Blueprint => "taskConfig",
        }
    }

    /// The member by which people tell one from the other.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Agent => "slug",
            Self::Template | Self::Job | Self::Blueprint => "name",
        }
    }

    /// What its triggers call it; `None` where it can have none.
    pub(super) fn target(self) -> Option<TargetKind> {
        match self {
            Self::Template => None,
            Self::Agent => Some(TargetKind::Agent),
            Self::Job => Some(TargetKind::Job),
            Self::Blueprint => Some(TargetKind::Blueprint),
        }
    }

    /// Everything that can be decided about one.
    pub(super) fn members(self) -> &'static [(&'static str, Form)] {
        match self {
            Self::Template => OF_TEMPLATES,
            Self::Agent => OF_AGENTS,
            Self::Job => OF_JOBS,
            Self::Blueprint => OF_BLUEPRINTS,
        }
    }

    /// How a member is written; `None` where there is no such member.
    pub(super) fn form(self, member: &str) -> Option<Form> {
        let found = self.members().iter().find(|(name, _)| *name == member);
        found.map(|(_, form)| *form)
    }

    /// Why there is no such member, with those there are.
    pub(super) fn no_member(self, member: &str) -> String {
        let names: Vec<&str> = self.members().iter().map(|(name, _)| *name).collect();
        format!(
            "{} has no member `{member}`; there are: {}",
            with_article(self.word()),
            names.join(", ")
        )
    }

    /// All of them on the server.
    pub(super) async fn all(self, api: &Api) -> Result<Vec<Value>, Failure> {
        api.list(self.path(), self.many()).await
    }
}

fn with_article(word: &str) -> String {
    let article = if word.starts_with('a') { "an" } else { "a" };
    format!("{article} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_known_by_its_kind_and_others_are_named() {
        assert_eq!(Kind::Job.form("budgetUsd"), Some(Text));
        assert_eq!(Kind::Blueprint.form("maxRetries"), Some(Json));
        assert_eq!(Kind::Blueprint.form("budgetUsd"), None);
        let words = Kind::Agent.no_member("prompt");
        assert!(
            words.starts_with("an agent has no member `prompt`; there are: slug, name, "),
            "{words}"
        );
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.word()), Some(kind));
            assert!(kind.form(kind.key()).is_some());
        }
    }
}
