//! What people write about a repository.

use optio_domain::{
    agent::spec::Invalid,
    notice::WebhookUrl,
    repo::{
        ExternalReviewFilters, ExternalReviewMode, GitPlatform, NOT_CARRIED_OUT, RepoSpec, RepoUrl,
        ReviewTrigger, SlackAddress, SlackSettings, read_slack_notices,
    },
    sandbox::SandboxSpec,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::sandbox::{self, SandboxBody};
use crate::{body::present, error::ApiError};

/// What stands for an address that is kept.
pub(crate) const MASK: &str = "***";

/// Settings of a repository; what is not named stays as it is, `null` clears what may be empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChangedRepo {
    /// github or gitlab; told from the host where it is not given.
    git_platform: Option<String>,
    default_branch: Option<String>,
    /// claude-code.
    default_agent_type: Option<String>,
    claude_model: Option<String>,
    #[schema(minimum = 1, maximum = 10000)]
    max_turns_coding: Option<i32>,
    #[schema(minimum = 1, maximum = 10000)]
    max_turns_review: Option<i32>,
    /// Merge pull requests that are green, and approved where review is on.
    auto_merge: Option<bool>,
    /// Draft pull requests that are never merged by themselves.
    cautious_mode: Option<bool>,
    auto_resume: Option<bool>,
    #[serde(deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 100)]
    max_auto_resumes: Option<Option<i32>>,
    planning_mode_enabled: Option<bool>,
    #[schema(minimum = 1, maximum = 50)]
    max_concurrent_tasks: Option<i32>,
    #[schema(minimum = 1, maximum = 20)]
    max_pod_instances: Option<i32>,
    #[schema(minimum = 1, maximum = 50)]
    max_agents_per_pod: Option<i32>,
    review_enabled: Option<bool>,
    /// manual, on_pr or on_ci_pass.
    review_trigger: Option<String>,
    review_model: Option<String>,
    #[serde(deserialize_with = "present")]
    review_agent_type: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    review_prompt_template: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    prompt_template_override: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    test_command: Option<Option<String>>,
    off_peak_only: Option<bool>,
    /// Which pull requests of others are reviewed by themselves: off, on_request, on_pr_hold, or on_pr_post,
    /// where the draft is handed in by itself.
    external_review_mode: Option<String>,
    /// Such reviews wait for the checks to be over.
    external_review_wait_for_ci: Option<bool>,
    /// Which pull requests are left out; what is not named has its default.
    #[schema(value_type = Option<FiltersBody>)]
    external_review_filters: Option<ExternalReviewFilters>,
    /// Say in Slack what becomes of tasks.
    slack_enabled: Option<bool>,
    /// Where Slack takes it in; null is the secret `SLACK_WEBHOOK_URL`. It is never shown again.
    #[serde(deserialize_with = "present")]
    #[schema(write_only, max_length = 2048)]
    slack_webhook_url: Option<Option<String>>,
    /// Null is the address's own.
    #[serde(deserialize_with = "present")]
    #[schema(max_length = 80)]
    slack_channel: Option<Option<String>>,
    /// What is said: completed, failed, needs_attention, pr_opened.
    slack_notify_on: Option<Vec<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    image_preset: Option<Option<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    cpu_request: Option<Option<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    cpu_limit: Option<Option<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    memory_request: Option<Option<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    memory_limit: Option<Option<String>>,
    /// As in `sandbox`.
    #[serde(deserialize_with = "present")]
    network_policy: Option<Option<String>>,
    /// What is decided about its sandboxes; null is everything as the installation has it.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<SandboxBody>)]
    sandbox: Option<Option<Value>>,
}

/// Which pull requests are left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FiltersBody {
    /// Those that their author calls unfinished; true by default.
    skip_drafts: bool,
    /// Those that a task or our account has opened; true by default.
    skip_optio_authored: bool,
    /// Where it names anybody, only theirs are reviewed.
    include_authors: Vec<String>,
    /// Whose are left out.
    exclude_authors: Vec<String>,
    /// Where it names any, only those with one of these labels are reviewed.
    include_labels: Vec<String>,
    /// Those with one of these labels are left out.
    exclude_labels: Vec<String>,
}

/// A new repository: its address, and any settings of a changed one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it is the description; a flattened body would lose its name in an error"
)]
pub(crate) struct NewRepo {
    /// With https, with ssh, or as git@host:owner/name.
    repo_url: String,
    /// Owner and name; told from the address where it is not given.
    full_name: Option<String>,
    #[serde(flatten)]
    settings: ChangedRepo,
}

/// What a body may name besides the settings.
const OF_A_NEW_ONE: [&str; 2] = ["repoUrl", "fullName"];
/// The settings, as [`ChangedRepo`] has them.
const SETTINGS: [&str; 36] = [
    "gitPlatform",
    "defaultBranch",
    "defaultAgentType",
    "claudeModel",
    "maxTurnsCoding",
    "maxTurnsReview",
    "autoMerge",
    "cautiousMode",
    "autoResume",
    "maxAutoResumes",
    "planningModeEnabled",
    "maxConcurrentTasks",
    "maxPodInstances",
    "maxAgentsPerPod",
    "reviewEnabled",
    "reviewTrigger",
    "reviewModel",
    "reviewAgentType",
    "reviewPromptTemplate",
    "promptTemplateOverride",
    "testCommand",
    "offPeakOnly",
    "externalReviewMode",
    "externalReviewWaitForCi",
    "externalReviewFilters",
    "slackEnabled",
    "slackWebhookUrl",
    "slackChannel",
    "slackNotifyOn",
    "imagePreset",
    "cpuRequest",
    "cpuLimit",
    "memoryRequest",
    "memoryLimit",
    "networkPolicy",
    "sandbox",
];

/// Reads the body of a new repository.
pub(crate) fn new(mut sent: Map<String, Value>) -> Result<RepoSpec, ApiError> {
    let address: Map<String, Value> = OF_A_NEW_ONE
        .iter()
        .filter_map(|name| sent.remove_entry(*name))
        .collect();
    let mut broken = unknown(&sent);
    let text = |name: &str| match address.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err("must be a text")
        }
    };
    let url = match text("repoUrl") {
        Ok(url) => RepoUrl::parse(url.unwrap_or_default()),
        Err(rule) => Err(Invalid::new("repoUrl", rule)),
    };
    let url = match url {
        Ok(url) => url,
        Err(invalid) => {
            broken.insert(0, invalid);
            return Err(ApiError::Invalid(broken));
        }
    };
    let mut spec = RepoSpec::new(url);
    match text("fullName") {
        Ok(Some(name)) => name.clone_into(&mut spec.full_name),
        Ok(None) => {}
        Err(rule) => broken.push(Invalid::new("fullName", rule)),
    }
    settings(sent, spec, broken)
}

/// Reads the body of a changed repository.
pub(crate) fn changed(sent: Map<String, Value>, spec: RepoSpec) -> Result<RepoSpec, ApiError> {
    let mut broken = unknown(&sent);
    for name in OF_A_NEW_ONE {
        if sent.contains_key(name) {
            let rule = "cannot be changed; add the other repository, and remove this one";
            broken.push(Invalid::new(name, rule));
        }
    }
    settings(sent, spec, broken)
}

fn settings(
    sent: Map<String, Value>,
    spec: RepoSpec,
    mut broken: Vec<Invalid>,
) -> Result<RepoSpec, ApiError> {
    if !broken.is_empty() {
        return Err(ApiError::Invalid(broken));
    }
    let said: ChangedRepo = serde_path_to_error::deserialize(Value::Object(sent))
        .map_err(|error| ApiError::BadRequest(format!("{}: {}", error.path(), error.inner())))?;
    let spec = said.apply(spec, &mut broken);
    if let Err(more) = spec.check() {
        broken.extend(more);
    }
    if broken.is_empty() {
        Ok(spec)
    } else {
        Err(ApiError::Invalid(broken))
    }
}

/// What is named and not carried out, and what nobody knows: neither is passed over in silence.
fn unknown(sent: &Map<String, Value>) -> Vec<Invalid> {
    let foreign = NOT_CARRIED_OUT
        .iter()
        .filter(|name| sent.contains_key(**name));
    let rule = "is not carried out by this version, and not kept either; leave it out";
    let mut broken: Vec<Invalid> = foreign.map(|name| Invalid::new(name, rule)).collect();
    let known = |name: &str| {
        SETTINGS.contains(&name) || OF_A_NEW_ONE.contains(&name) || NOT_CARRIED_OUT.contains(&name)
    };
    let strange: Vec<&str> = sent
        .keys()
        .map(String::as_str)
        .filter(|it| !known(it))
        .collect();
    if !strange.is_empty() {
        let rule = format!(
            "has no setting called {}; there are: {}",
            strange.join(", "),
            SETTINGS.join(", ")
        );
        broken.push(Invalid::new("body", rule));
    }
    broken
}

impl ChangedRepo {
    fn apply(mut self, mut spec: RepoSpec, broken: &mut Vec<Invalid>) -> RepoSpec {
        self.apply_slack(&mut spec.slack, broken);
        self.apply_sandbox(&mut spec.sandbox, broken);
        set(&mut spec.default_branch, self.default_branch);
        set(&mut spec.default_agent_type, self.default_agent_type);
        set(&mut spec.claude_model, self.claude_model);
        set(&mut spec.max_turns_coding, self.max_turns_coding);
        set(&mut spec.max_turns_review, self.max_turns_review);
        set(&mut spec.auto_merge, self.auto_merge);
        set(&mut spec.cautious_mode, self.cautious_mode);
        set(&mut spec.auto_resume, self.auto_resume);
        set(&mut spec.max_auto_resumes, self.max_auto_resumes);
        set(&mut spec.planning_mode_enabled, self.planning_mode_enabled);
        set(&mut spec.max_concurrent_tasks, self.max_concurrent_tasks);
        set(&mut spec.max_pod_instances, self.max_pod_instances);
        set(&mut spec.max_agents_per_pod, self.max_agents_per_pod);
        set(&mut spec.review_enabled, self.review_enabled);
        set(&mut spec.review_model, self.review_model);
        set(&mut spec.review_agent_type, self.review_agent_type);
        set(
            &mut spec.review_prompt_template,
            self.review_prompt_template,
        );
        set(
            &mut spec.prompt_template_override,
            self.prompt_template_override,
        );
        set(&mut spec.test_command, self.test_command);
        set(&mut spec.off_peak_only, self.off_peak_only);
        let external = &mut spec.external_reviews;
        set(&mut external.wait_for_ci, self.external_review_wait_for_ci);
        set(&mut external.filters, self.external_review_filters);
        if let Some(text) = self.external_review_mode {
            match ExternalReviewMode::parse(&text) {
                Some(mode) => spec.external_reviews.mode = mode,
                None => {
                    let rule = "must be off, on_request, on_pr_hold or on_pr_post";
                    broken.push(Invalid::new("externalReviewMode", rule));
                }
            }
        }
        if let Some(text) = self.git_platform {
            match GitPlatform::parse(&text) {
                Some(platform) => spec.git_platform = platform,
                None => broken.push(Invalid::new("gitPlatform", "must be github or gitlab")),
            }
        }
        if let Some(text) = self.review_trigger {
            match ReviewTrigger::parse(&text) {
                Some(trigger) => spec.review_trigger = trigger,
                None => {
                    let rule = "must be manual, on_pr or on_ci_pass";
                    broken.push(Invalid::new("reviewTrigger", rule));
                }
            }
        }
        spec
    }
}

impl ChangedRepo {
    fn apply_sandbox(&mut self, sandbox: &mut SandboxSpec, broken: &mut Vec<Invalid>) {
        let flat = [
            self.image_preset.take(),
            self.cpu_request.take(),
            self.cpu_limit.take(),
            self.memory_request.take(),
            self.memory_limit.take(),
            self.network_policy.take(),
        ];
        let before = std::mem::take(sandbox);
        match sandbox::changed(before, self.sandbox.take(), flat) {
            Ok(changed) => *sandbox = changed,
            Err(more) => broken.extend(more),
        }
    }

    fn apply_slack(&mut self, slack: &mut SlackSettings, broken: &mut Vec<Invalid>) {
        set(&mut slack.enabled, self.slack_enabled);
        set(&mut slack.channel, self.slack_channel.take());
        match self
            .slack_notify_on
            .take()
            .map(|names| read_slack_notices(&names))
        {
            Some(Ok(notices)) => slack.notify_on = notices,
            Some(Err(invalid)) => broken.push(invalid),
            None => {}
        }
        match self.slack_webhook_url.take() {
            None => {}
            Some(None) => slack.address = SlackAddress::None,
            // What was shown in its place is handed back by whoever did not change it.
            Some(Some(text)) if text == MASK && slack.address == SlackAddress::Stored => {}
            Some(Some(text)) => match WebhookUrl::parse("slackWebhookUrl", &text) {
                Ok(url) => slack.address = SlackAddress::New(url),
                Err(invalid) => broken.push(invalid),
            },
        }
    }
}

fn set<T>(field: &mut T, said: Option<T>) {
    if let Some(said) = said {
        *field = said;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_that_are_known_are_those_that_are_described() {
        let description: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let schema = &description["components"]["schemas"]["ChangedRepo"]["properties"];
        let mut described: Vec<&str> = schema
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = SETTINGS.to_vec();
        described.sort_unstable();
        known.sort_unstable();
        assert_eq!(described, known);
        assert!(NOT_CARRIED_OUT.iter().all(|name| !known.contains(name)));
    }
}
