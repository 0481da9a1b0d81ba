//! What a secret may be called, and which of them a program may be given.

use crate::agent::spec::Invalid;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 128;

/// Variables by which a process is governed: what it starts, loads and obeys, and where it sends its
/// credentials. Whoever sets one of them is in charge of the process.
const GOVERNING: [&str; 42] = [
    "_JAVA_OPTIONS",
    "ANTHROPIC_BASE_URL",
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "CLAUDE_CONFIG_DIR",
    "EDITOR",
    "ENV",
    "GCONV_PATH",
    "GIT_ASKPASS",
    "GIT_DIR",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
    "GLOBIGNORE",
    "HOME",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LOCPATH",
    "LOGNAME",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PAGER",
    "PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PROMPT_COMMAND",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
    "SHELL",
    "SHELLOPTS",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "USER",
];
/// What such variables begin with.
const GOVERNING_BEGINS: [&str; 7] = [
    "BASH_FUNC_",
    "DYLD_",
    "GIT_CONFIG",
    "GIT_SSH",
    "LD_",
    "MALLOC_",
    "OPTIO_",
];

/// Who we are to others: the control plane acts with it. An agent that had it would act as us.
const IDENTITIES: [&str; 11] = [
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_PAT",
    "GITHUB_TOKEN",
    "GITHUB_WEBHOOK_SECRET",
    "GITLAB_TOKEN",
    "GITLAB_WEBHOOK_SECRET",
    "OIDC_CLIENT_SECRET",
    "SLACK_SIGNING_SECRET",
    "SLACK_WEBHOOK_URL",
];
/// What such secrets begin with.
const IDENTITIES_BEGIN: [&str; 1] = ["GITHUB_APP_"];

/// The name of a secret: that of a variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(String);

impl SecretName {
    /// Reads a name.
    ///
    /// # Errors
    /// The rule it breaks. A name that governs processes is refused: such a secret would never be
    /// given to anybody.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ok = !text.is_empty()
            && text.len() <= NAME_CHARS_MAX
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(fits);
        if !ok {
            let rule = format!(
                "must be 1 to {NAME_CHARS_MAX} letters, digits or underscores and not start with a digit"
            );
            return Err(Invalid::new("name", rule));
        }
        if governs(text) {
            let rule = format!(
                "`{text}` governs how processes run, so that no secret may be called so; choose another"
            );
            return Err(Invalid::new("name", rule));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a program may find this name in its environment because somebody stored a secret of that
/// name. Identities of ours and variables that govern processes may not.
#[must_use]
pub fn may_be_injected(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let identity = IDENTITIES.contains(&upper.as_str())
        || IDENTITIES_BEGIN.iter().any(|it| upper.starts_with(it));
    !identity && !governs(name)
}

fn governs(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    GOVERNING.contains(&upper.as_str()) || GOVERNING_BEGINS.iter().any(|it| upper.starts_with(it))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_govern_processes_are_neither_kept_nor_given() {
        for name in [
            "PATH",
            "Path",
            "LD_PRELOAD",
            "OPTIO_AGENT_TOKEN",
            "GIT_SSH_COMMAND",
            "ENV",
        ] {
            let refused = SecretName::parse(name).unwrap_err();
            assert!(refused.rule.contains("governs"), "{refused}");
            assert!(!may_be_injected(name), "{name}");
        }
    }

    #[test]
    fn identities_of_ours_are_kept_and_never_given() {
        for name in [
            "GITHUB_TOKEN",
            "GITLAB_TOKEN",
            "GH_TOKEN",
            "GITHUB_APP_PRIVATE_KEY",
            "SLACK_SIGNING_SECRET",
        ] {
            assert!(SecretName::parse(name).is_ok(), "{name}");
            assert!(!may_be_injected(name), "{name}");
        }
    }

    #[test]
    fn everything_else_is_kept_and_given() {
        let keys = [
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "GIT_TOKEN",
            "NPM_TOKEN",
            "_x1",
        ];
        for name in keys {
            assert!(SecretName::parse(name).is_ok(), "{name}");
            assert!(may_be_injected(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_that_is_accepted_is_the_name_of_a_variable(name in "[A-Za-z0-9_]{0,6}|.{0,6}") {
            if SecretName::parse(&name).is_ok() {
                let mut chars = name.chars();
                let first = chars.next().unwrap();
                prop_assert!(first.is_ascii_alphabetic() || first == '_');
                prop_assert!(chars.all(|c| c.is_ascii_alphanumeric() || c == '_'));
            }
        }
    }
}
