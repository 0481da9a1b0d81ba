//! The table of all settings. A setting exists when it has a line here; limits come from the
//! domain's own list.

use std::collections::BTreeMap;

use optio_domain::limits::Limits;

/// How a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Show {
    /// As it is.
    Plain,
    /// Not at all.
    Masked,
    /// Without the password.
    Url,
}

/// What two variables of the environment with different values mean for one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aliases {
    /// The first of the list wins: the others belong to other programs too.
    FirstWins,
    /// A contradiction.
    MustAgree,
}

/// One setting.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: String,
    /// The variables of the environment that set it.
    pub(super) env: Vec<String>,
    pub(super) aliases: Aliases,
    pub(super) show: Show,
}

/// What a limit's name starts with in the environment.
pub(super) const LIMIT_ENV: &str = "OPTIO_LIMITS_";

/// The settings that are not limits.
const PLAIN: [(&str, &[&str], Show); 59] = [
    ("listen", &["OPTIO_LISTEN"], Show::Plain),
    (
        "public_url",
        &["OPTIO_PUBLIC_URL", "PUBLIC_URL"],
        Show::Plain,
    ),
    ("advertise_url", &["OPTIO_ADVERTISE_URL"], Show::Plain),
    ("role", &["OPTIO_ROLE"], Show::Plain),
    ("data_dir", &["OPTIO_DATA_DIR"], Show::Plain),
    ("tools_dir", &["OPTIO_TOOLS_DIR"], Show::Plain),
    ("database_url", &["DATABASE_URL"], Show::Url),
    ("log", &["OPTIO_LOG", "RUST_LOG"], Show::Plain),
    ("token_key", &["OPTIO_TOKEN_KEY"], Show::Masked),
    ("encryption_key", &["OPTIO_ENCRYPTION_KEY"], Show::Masked),
    (
        "encryption_key_previous",
        &["OPTIO_ENCRYPTION_KEY_PREVIOUS"],
        Show::Masked,
    ),
    (
        "encryption_key_file",
        &["OPTIO_ENCRYPTION_KEY_FILE"],
        Show::Plain,
    ),
    ("agent_uid", &["OPTIO_AGENT_UID"], Show::Plain),
    ("bwrap", &["OPTIO_BWRAP"], Show::Plain),
    ("anthropic_api_key", &["ANTHROPIC_API_KEY"], Show::Masked),
    (
        "claude_code_oauth_token",
        &["CLAUDE_CODE_OAUTH_TOKEN"],
        Show::Masked,
    ),
    ("anthropic_base_url", &["ANTHROPIC_BASE_URL"], Show::Url),
    ("github_token", &["GITHUB_TOKEN"], Show::Masked),
    (
        "github_webhook_secret",
        &["GITHUB_WEBHOOK_SECRET"],
        Show::Masked,
    ),
    ("github_url", &["OPTIO_GITHUB_URL"], Show::Url),
    ("github_api_url", &["OPTIO_GITHUB_API_URL"], Show::Url),
    ("github_app_id", &["GITHUB_APP_ID"], Show::Plain),
    (
        "github_app_private_key_file",
        &["OPTIO_GITHUB_APP_PRIVATE_KEY_FILE"],
        Show::Plain,
    ),
    ("gitlab_token", &["GITLAB_TOKEN"], Show::Masked),
    (
        "gitlab_webhook_secret",
        &["GITLAB_WEBHOOK_SECRET"],
        Show::Masked,
    ),
    ("gitlab_url", &["OPTIO_GITLAB_URL"], Show::Url),
    ("gitlab_api_url", &["OPTIO_GITLAB_API_URL"], Show::Url),
    ("schedule_rate", &["OPTIO_SCHEDULE_RATE"], Show::Plain),
    ("linear_api_url", &["OPTIO_LINEAR_API_URL"], Show::Url),
    ("notion_api_url", &["OPTIO_NOTION_API_URL"], Show::Url),
    (
        "webhook_private_hosts",
        &["OPTIO_WEBHOOK_PRIVATE_HOSTS"],
        Show::Plain,
    ),
    ("admin_token", &["OPTIO_ADMIN_TOKEN"], Show::Masked),
    ("auth_disabled", &["OPTIO_AUTH_DISABLED"], Show::Plain),
    ("api_internal_url", &["OPTIO_API_INTERNAL_URL"], Show::Plain),
    ("runtime", &["OPTIO_RUNTIME"], Show::Plain),
    ("kubernetes_namespace", &["OPTIO_NAMESPACE"], Show::Plain),
    ("kubernetes_instance", &["OPTIO_INSTANCE"], Show::Plain),
    (
        "kubernetes_service_account",
        &["OPTIO_SERVICE_ACCOUNT_NAME"],
        Show::Plain,
    ),
    (
        "kubernetes_agent_image",
        &["OPTIO_AGENT_IMAGE"],
        Show::Plain,
    ),
    (
        "kubernetes_agent_image_prefix",
        &["OPTIO_AGENT_IMAGE_PREFIX"],
        Show::Plain,
    ),
    (
        "kubernetes_agent_image_tag",
        &["OPTIO_AGENT_IMAGE_TAG"],
        Show::Plain,
    ),
    (
        "kubernetes_runner_image",
        &["OPTIO_RUNNER_IMAGE"],
        Show::Plain,
    ),
    (
        "kubernetes_pull_policy",
        &["OPTIO_IMAGE_PULL_POLICY"],
        Show::Plain,
    ),
    (
        "kubernetes_pull_secrets",
        &["OPTIO_IMAGE_PULL_SECRETS"],
        Show::Plain,
    ),
    (
        "kubernetes_node_selector",
        &["OPTIO_AGENT_NODE_SELECTOR"],
        Show::Plain,
    ),
    (
        "kubernetes_tolerations",
        &["OPTIO_AGENT_TOLERATIONS"],
        Show::Plain,
    ),
    (
        "kubernetes_resources",
        &["OPTIO_AGENT_RESOURCES"],
        Show::Plain,
    ),
    (
        "kubernetes_runtime_class",
        &["OPTIO_AGENT_RUNTIME_CLASS"],
        Show::Plain,
    ),
    (
        "kubernetes_volume_size",
        &["OPTIO_HOME_PVC_SIZE"],
        Show::Plain,
    ),
    (
        "kubernetes_volume_class",
        &["OPTIO_HOME_PVC_STORAGE_CLASS"],
        Show::Plain,
    ),
    (
        "kubernetes_volume_access_mode",
        &["OPTIO_HOME_PVC_ACCESS_MODE"],
        Show::Plain,
    ),
    (
        "kubernetes_cache_size",
        &["OPTIO_CACHE_PVC_SIZE"],
        Show::Plain,
    ),
    (
        "kubernetes_cache_class",
        &["OPTIO_CACHE_STORAGE_CLASS"],
        Show::Plain,
    ),
    (
        "kubernetes_cache_access_mode",
        &["OPTIO_CACHE_PVC_ACCESS_MODE"],
        Show::Plain,
    ),
    (
        "kubernetes_egress_cidrs",
        &["OPTIO_EGRESS_CIDRS"],
        Show::Plain,
    ),
    (
        "kubernetes_control_plane",
        &["OPTIO_CONTROL_PLANE_SELECTOR"],
        Show::Plain,
    ),
    ("server", &["OPTIO_SERVER", "OPTIO_API_URL"], Show::Url),
    ("token", &["OPTIO_TOKEN", "OPTIO_API_TOKEN"], Show::Masked),
    ("no_color", &["NO_COLOR"], Show::Plain),
];

/// Names other deployments already use for a limit.
const LIMIT_ALIASES: [(&str, &str); 6] = [
    ("jobs_running_max", "OPTIO_MAX_WORKFLOW_CONCURRENT"),
    ("reviews_running_max", "OPTIO_PR_REVIEW_CONCURRENCY"),
    ("tasks_running_max", "OPTIO_MAX_CONCURRENT"),
    ("tracker_poll_ms", "OPTIO_TICKET_SYNC_INTERVAL"),
    ("turns_running_max", "OPTIO_MAX_PERSISTENT_AGENTS_RUNNING"),
    (
        "provision_ms_max",
        "OPTIO_PERSISTENT_AGENT_POD_PROVISION_MS",
    ),
];

/// All settings, in the order in which they are shown.
pub(super) fn all() -> Vec<Setting> {
    let plain = PLAIN.iter().map(|(key, env, show)| Setting {
        key: (*key).to_owned(),
        env: env.iter().map(|name| (*name).to_owned()).collect(),
        aliases: Aliases::FirstWins,
        show: *show,
    });
    let limits = limit_defaults().into_keys().map(|name| {
        let aliases = LIMIT_ALIASES.iter().filter(|(limit, _)| *limit == name);
        let mut env = vec![format!("{LIMIT_ENV}{}", name.to_uppercase())];
        env.extend(aliases.map(|(_, alias)| (*alias).to_owned()));
        Setting {
            key: format!("limits.{name}"),
            env,
            aliases: Aliases::MustAgree,
            show: Show::Plain,
        }
    });
    plain.chain(limits).collect()
}

/// The limits by name, as the domain has them.
pub(super) fn limit_defaults() -> BTreeMap<String, String> {
    let serde_json::Value::Object(fields) =
        serde_json::to_value(Limits::default()).unwrap_or_default()
    else {
        return BTreeMap::new();
    };
    fields
        .into_iter()
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}
