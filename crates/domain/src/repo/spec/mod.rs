//! What a person says about a repository, checked: the settings of the API with their rules.

use super::{ExternalReviews, RepoUrl, SlackSettings};
use crate::{
    agent::spec::{Invalid, RUNTIMES},
    prompt_template::TemplateKind,
    sandbox::SandboxSpec,
};

/// Characters of a name, a branch or a model.
const NAME_CHARS_MAX: usize = 255;
/// Characters of a command.
const COMMAND_CHARS_MAX: usize = 4_096;

/// Settings of other Optios that this one does not carry out. They are refused by name: a setting
/// that is only stored would promise what nobody does.
pub const NOT_CARRIED_OUT: [&str; 18] = [
    "claudeContextWindow",
    "claudeEffort",
    "claudeThinking",
    "copilotEffort",
    "copilotModel",
    "customDockerfile",
    "dockerInDocker",
    "extraPackages",
    "geminiApprovalMode",
    "geminiModel",
    "isPrivate",
    "opencodeAgent",
    "opencodeBaseUrl",
    "opencodeModel",
    "opencodeProvider",
    "secretProxy",
    "setupCommands",
    "stallThresholdMs",
];

/// Who hosts a repository, and so which API its pull requests have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitPlatform {
    /// GitHub or GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
}

impl GitPlatform {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::GitHub, Self::GitLab]
            .into_iter()
            .find(|platform| platform.name() == name)
    }

    /// What a host most likely is.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        if host.split(['.', ':']).any(|part| part == "gitlab") {
            Self::GitLab
        } else {
            Self::GitHub
        }
    }
}

/// When a review is begun by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewTrigger {
    /// Never: a person begins it.
    Manual,
    /// Once the pull request is open.
    OnPull,
    /// Once its checks have passed.
    OnCiPass,
}

impl ReviewTrigger {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Manual, Self::OnPull, Self::OnCiPass];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::OnPull => "on_pr",
            Self::OnCiPass => "on_ci_pass",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name)
    }
}

/// Everything a person decides about a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoSpec {
    /// Its address, unique in the workspace.
    pub url: RepoUrl,
    /// Owner and name.
    pub full_name: String,
    /// Who hosts it.
    pub git_platform: GitPlatform,
    /// The branch tasks begin from and pull requests go to.
    pub default_branch: String,
    /// Which agent program works on it.
    pub default_agent_type: String,
    /// Which model that is given.
    pub claude_model: String,
    /// Model calls in one run that writes code.
    pub max_turns_coding: i32,
    /// Model calls in one run that reviews.
    pub max_turns_review: i32,
    /// Whether pull requests that are green, and approved where review is on, are merged.
    pub auto_merge: bool,
    /// Whether pull requests are drafts and never merged by themselves.
    pub cautious_mode: bool,
    /// Whether a task goes on by itself when checks fail, a review asks for changes or it conflicts.
    pub auto_resume: bool,
    /// How often it does so since a person last acted; the server's own limit where none is given.
    pub max_auto_resumes: Option<i32>,
    /// Whether the first run only plans, and a person lets it go on.
    pub planning_mode_enabled: bool,
    /// Tasks that may run at once.
    pub max_concurrent_tasks: i32,
    /// Sandboxes it may have at once.
    pub max_pod_instances: i32,
    /// Agents that may work in one sandbox at once.
    pub max_agents_per_pod: i32,
    /// Whether pull requests are reviewed by an agent.
    pub review_enabled: bool,
    /// When that begins by itself.
    pub review_trigger: ReviewTrigger,
    /// Which model reviews.
    pub review_model: String,
    /// Which agent program reviews; the one that works on it where none is given.
    pub review_agent_type: Option<String>,
    /// The prompt of a review; the built-in one where none is given.
    pub review_prompt_template: Option<String>,
    /// The prompt of a task; the built-in one where none is given.
    pub prompt_template_override: Option<String>,
    /// The command that tests it, told to agents.
    pub test_command: Option<String>,
    /// Whether tasks begin outside of peak hours only.
    pub off_peak_only: bool,
    /// Which pull requests of others are reviewed by themselves.
    pub external_reviews: ExternalReviews,
    /// What is said in Slack.
    pub slack: SlackSettings,
    /// What is decided about its sandboxes.
    pub sandbox: SandboxSpec,
}

impl RepoSpec {
    /// A repository with the defaults of the API.
    #[must_use]
    pub fn new(url: RepoUrl) -> Self {
        Self {
            full_name: url.full_name().to_owned(),
            git_platform: GitPlatform::of_host(url.host()),
            url,
            default_branch: "main".to_owned(),
            default_agent_type: "claude-code".to_owned(),
            claude_model: "opus".to_owned(),
            max_turns_coding: 250,
            max_turns_review: 50,
            auto_merge: false,
            cautious_mode: false,
            auto_resume: true,
            max_auto_resumes: None,
            planning_mode_enabled: false,
            max_concurrent_tasks: 2,
            max_pod_instances: 1,
            max_agents_per_pod: 2,
            review_enabled: false,
            review_trigger: ReviewTrigger::OnCiPass,
            review_model: "sonnet".to_owned(),
            review_agent_type: None,
            review_prompt_template: None,
            prompt_template_override: None,
            test_command: None,
            off_peak_only: false,
            external_reviews: ExternalReviews::default(),
            slack: SlackSettings::default(),
            sandbox: SandboxSpec::default(),
        }
    }

    /// The agent program that reviews.
    #[must_use]
    pub fn reviewer(&self) -> &str {
        self.review_agent_type
            .as_deref()
            .unwrap_or(&self.default_agent_type)
    }

    /// The model that reviews: one is named for Claude Code alone.
    #[must_use]
    pub fn reviewing_model(&self) -> Option<&str> {
        (self.reviewer() == "claude-code").then_some(self.review_model.as_str())
    }

    /// Checks every rule and returns all that are broken.
    ///
    /// # Errors
    /// The broken rules, in the order of the settings.
    pub fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut broken = self.broken_names();
        broken.extend(self.broken_numbers());
        broken.extend(self.broken_texts());
        broken.extend(self.external_reviews.broken());
        broken.extend(self.slack.broken());
        broken.extend(self.sandbox.check().err().into_iter().flatten());
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken)
        }
    }

    fn broken_names(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        if !self.full_name.eq_ignore_ascii_case(self.url.full_name()) {
            let rule = format!("must be that of the address, {}", self.url.full_name());
            broken.push(Invalid::new("fullName", rule));
        }
        if !is_branch(&self.default_branch) {
            broken.push(Invalid::new(
                "defaultBranch",
                "must be the name of a branch",
            ));
        }
        let reviewer = self.review_agent_type.as_ref();
        for (field, program) in [
            ("defaultAgentType", Some(&self.default_agent_type)),
            ("reviewAgentType", reviewer),
        ] {
            if program.is_some_and(|program| !RUNTIMES.contains(&program.as_str())) {
                let rule = format!("must be one of: {}", RUNTIMES.join(", "));
                broken.push(Invalid::new(field, rule));
            }
        }
        for (field, model) in [
            ("claudeModel", &self.claude_model),
            ("reviewModel", &self.review_model),
        ] {
            if !is_word(model) {
                broken.push(Invalid::new(field, "must be the name of a model"));
            }
        }
        broken
    }

    fn broken_numbers(&self) -> Vec<Invalid> {
        [
            ("maxTurnsCoding", Some(self.max_turns_coding), 10_000),
            ("maxTurnsReview", Some(self.max_turns_review), 10_000),
            ("maxAutoResumes", self.max_auto_resumes, 100),
            ("maxConcurrentTasks", Some(self.max_concurrent_tasks), 50),
            ("maxPodInstances", Some(self.max_pod_instances), 20),
            ("maxAgentsPerPod", Some(self.max_agents_per_pod), 50),
        ]
        .into_iter()
        .filter(|(_, number, max)| number.is_some_and(|number| !(1..=*max).contains(&number)))
        .map(|(field, _, max)| Invalid::new(field, format!("must be from 1 to {max}")))
        .collect()
    }

    fn broken_texts(&self) -> Vec<Invalid> {
        let mut broken = Vec::new();
        for (field, template, kind) in [
            (
                "reviewPromptTemplate",
                &self.review_prompt_template,
                TemplateKind::Review,
            ),
            (
                "promptTemplateOverride",
                &self.prompt_template_override,
                TemplateKind::Prompt,
            ),
        ] {
            let rule = template.as_ref().and_then(|text| kind.broken(text, None));
            broken.extend(rule.map(|rule| Invalid::new(field, rule)));
        }
        let command = self.test_command.as_deref();
        if command.is_some_and(|it| it.trim().is_empty() || COMMAND_CHARS_MAX < it.chars().count())
        {
            let rule = format!(
                "must be a command of at most {COMMAND_CHARS_MAX} characters; null is none"
            );
            broken.push(Invalid::new("testCommand", rule));
        }
        broken
    }
}

/// A word that can stand in a command line, and is no flag there.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= NAME_CHARS_MAX
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_graphic())
}

/// The name of a branch, by git's rules as far as they matter to us.
fn is_branch(text: &str) -> bool {
    is_word(text)
        && !text.contains("..")
        && !text.contains("//")
        && !text.contains("@{")
        && !text.contains(['~', '^', ':', '?', '*', '[', '\\'])
        && !text.starts_with('/')
        && !text.ends_with(['/', '.'])
        && !text
            .split('/')
            .any(|part| part.starts_with('.') || part.ends_with(".lock"))
}

#[cfg(test)]
mod tests;
