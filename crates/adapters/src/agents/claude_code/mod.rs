//! Claude Code, headless: `claude -p` with stream-json out, and either one prompt on standard input
//! or, for a process that is kept, stream-json in.
//!
//! Written for and tried with the version in [`VERSION`]; its recordings are in `fixtures/`.

mod read;
mod result;
mod speech;
mod tools;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf};

use optio_domain::{
    id::MessageId,
    ports::{AgentCli, Capabilities, Launch, LaunchOrder, Reading},
    wire::runner::FileSpec,
};

/// The version of the CLI that the recordings are of, and that an installer should pin.
pub const VERSION: &str = "2.1.328";

/// Claude Code as this installation has it.
#[derive(Clone, Default)]
pub struct ClaudeCode {
    /// The native binary, links resolved (not the npm launcher, which would stand between us and
    /// the process). It need not exist: the runner says so when it is missing.
    pub program: PathBuf,
    /// Another address of the model API.
    pub base_url: Option<String>,
    /// An API key.
    pub api_key: Option<String>,
    /// A token of a subscription. With an API key as well, the CLI takes the key.
    pub oauth_token: Option<String>,
}

impl AgentCli for ClaudeCode {
    fn runtime(&self) -> &'static str {
        "claude-code"
    }

    fn launch(&self, order: &LaunchOrder) -> Launch {
        let directory = self.program.parent().filter(|path| path.is_absolute());
        Launch {
            program: self.program.to_string_lossy().into_owned(),
            args: args(order),
            env: self.env(),
            secrets: self.secrets(),
            stdin: if order.kept {
                speech::says(&order.prompt)
            } else {
                order.prompt.clone()
            },
            files: vec![blank_state()],
            read_only: directory
                .map(|path| path.to_string_lossy().into_owned())
                .into_iter()
                .collect(),
            speech: order.kept.then(speech::marks),
        }
    }

    fn read(&self, line: &str) -> Reading {
        read::read(line)
    }

    fn credentials(&self) -> &'static [&'static str] {
        &CREDENTIALS
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            warm: true,
            steerable: true,
            interrupt: true,
            set_model: true,
        }
    }

    fn next(&self, prompt: &str, set_model: Option<Option<&str>>) -> String {
        let set = set_model.map(speech::sets_model).unwrap_or_default();
        set + &speech::says(prompt)
    }

    fn interrupt(&self, message: MessageId, text: &str) -> String {
        speech::interrupts(message) + &speech::says(text)
    }
}

/// The CLI's own state file, emptied. It is no settings file and therefore always read, but its
/// `env` overrides ours: an agent could point later turns, with their key, at another address.
/// Sessions are kept elsewhere.
fn blank_state() -> FileSpec {
    FileSpec {
        path: "~/.claude.json".to_owned(),
        content: "{}\n".to_owned(),
        mode: 0o600,
    }
}

fn args(order: &LaunchOrder) -> Vec<String> {
    let mut args = vec!["-p"];
    // The CLI refuses `stream-json` without `--verbose`.
    args.extend(["--output-format", "stream-json", "--verbose"]);
    if order.kept {
        args.extend(["--input-format", "stream-json"]);
    }
    // Nobody is there to answer a permission prompt; the sandbox is the border. The CLI refuses
    // this flag to root, so agents run under an unprivileged uid.
    args.push("--dangerously-skip-permissions");
    // Headless, the CLI trusts a checkout without asking: hooks, `apiKeyHelper`, `env` and MCP
    // servers of the repository would run before the first model call, and what a turn leaves in
    // its home would govern the next one. So: no settings files at all, no hooks from anywhere, no
    // MCP servers but those we name. Disabling hooks alone is not enough, `apiKeyHelper` is none.
    args.push("--setting-sources=");
    args.extend(["--settings", r#"{"disableAllHooks":true}"#]);
    args.push("--strict-mcp-config");
    // Without them the CLI ignores CLAUDE.md too. Instructions are text and wanted:
    // this and CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD bring them, and nothing else, back.
    args.extend(["--add-dir", "."]);
    let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
    args.extend(["--max-turns".to_owned(), order.max_turns.max(1).to_string()]);
    if let Some(budget) = &order.budget_usd {
        args.extend(["--max-budget-usd".to_owned(), budget.to_string()]);
    }
    if let Some(file) = &order.tools_file {
        // It takes several, up to the next flag; the sign keeps it at one.
        args.push(format!("--mcp-config={file}"));
    }
    if let Some(model) = &order.model {
        args.extend(["--model".to_owned(), model.clone()]);
    }
    if let Some(session) = &order.resume {
        args.extend(["--resume".to_owned(), session.clone()]);
    }
    args
}

/// Environment of every run. HOME, TMPDIR and PATH are the sandbox's affair.
const ENV: [(&str, &str); 8] = [
    // See `--add-dir` above.
    ("CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD", "1"),
    // The process would live until the last background task ends, a development server for ever,
    // and report one result per awakening. A turn has one end and one bill.
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("CLAUDE_CODE_DISABLE_CRON", "1"),
    // No look-ups besides the model API's.
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    // The default of 10 takes minutes, even for a wrong key. We can wait without a process.
    ("CLAUDE_CODE_MAX_RETRIES", "2"),
    // The version is pinned; one that replaces itself is not the one we tried.
    ("DISABLE_AUTOUPDATER", "1"),
    // Nothing about the work goes to third parties.
    ("DISABLE_ERROR_REPORTING", "1"),
    ("DISABLE_TELEMETRY", "1"),
];

/// What it signs in with: an API key, or the token of a subscription.
const CREDENTIALS: [&str; 2] = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"];

impl ClaudeCode {
    fn env(&self) -> BTreeMap<String, String> {
        let fixed = ENV.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let base_url = self.base_url.clone();
        fixed
            .into_iter()
            .chain(base_url.map(|url| ("ANTHROPIC_BASE_URL".to_owned(), url)))
            .collect()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        CREDENTIALS
            .into_iter()
            .zip([&self.api_key, &self.oauth_token])
            .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
            .collect()
    }
}
