//! From a job and parameters to what its run is asked to do.

use serde_json::{Map, Value};

use super::{JobKind, JobSpec};
use crate::{
    task::{
        seen::TaskType,
        spec::{TITLE_CHARS_MAX, TaskSpec},
    },
    template::{BadTemplate, Template},
};

/// A run as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// What it is to do.
    pub spec: TaskSpec,
    /// The parameters its texts asked for and that were not there: they stand in them as they were written.
    pub missing: Vec<String>,
}

/// Puts the parameters into the job's title and prompt. `prompt` is the job's own, or that of the template
/// that takes its place; `branch` is what its repository starts from where the job does not say it.
///
/// # Errors
/// [`BadTemplate`] where the prompt or the title is none.
pub fn start(
    job: &JobSpec,
    prompt: &str,
    branch: &str,
    params: &Map<String, Value>,
) -> Result<Start, BadTemplate> {
    let prompt = Template::parse(prompt)?.render(params);
    let title = Template::parse(job.title.as_deref().unwrap_or(&job.name))?.render(params);
    let asked = prompt.missing.into_iter().chain(title.missing);
    let mut missing: Vec<String> = asked.map(|asked| asked.name).collect();
    missing.sort();
    missing.dedup();
    let repo_url = job.repo_url.clone().unwrap_or_default();
    let base_branch = match &job.base_branch {
        Some(branch) => branch.clone(),
        None if repo_url.is_empty() => String::new(),
        None => branch.to_owned(),
    };
    let title = one_line(&title.text);
    Ok(Start {
        spec: TaskSpec {
            kind: match job.kind {
                JobKind::Standalone => TaskType::Job,
                JobKind::Blueprint => TaskType::Coding,
            },
            title: if title.is_empty() {
                one_line(&job.name)
            } else {
                title
            },
            prompt: prompt.text,
            repo_url,
            base_branch,
            agent_type: job.agent_type.clone(),
            model: job.model.clone(),
            priority: job.priority,
            retries_max: job.retries_max,
            ticket_source: None,
            ticket_id: None,
            metadata: None,
            parent: None,
            blocks_parent: false,
            head: None,
        },
        missing,
    })
}

/// A parameter may bring line breaks and any length into a title.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(TITLE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::tests::digest;

    #[test]
    fn parameters_are_put_into_title_and_prompt_and_those_that_lack_are_named() {
        let job = JobSpec {
            title: Some("Digest of {{day}}".to_owned()),
            ..digest()
        };
        let params = json!({ "day": "Mon\nday" }).as_object().unwrap().clone();
        let start = start(&job, &job.prompt, "main", &params).unwrap();
        assert_eq!(start.spec.title, "Digest of Mon day");
        assert_eq!(start.spec.prompt, "Say what happened since {{since}}.");
        assert_eq!(start.missing, ["since"]);
        assert_eq!(start.spec.kind, TaskType::Job);
        assert_eq!(
            (
                start.spec.repo_url.as_str(),
                start.spec.base_branch.as_str()
            ),
            ("", "")
        );
    }

    #[test]
    fn a_blueprints_run_is_a_task_on_its_repository() {
        let job = JobSpec {
            kind: JobKind::Blueprint,
            title: Some("Update".to_owned()),
            prompt: "Do it.".to_owned(),
            repo_url: Some("https://github.com/acme/shop".to_owned()),
            ..digest()
        };
        let start = start(&job, &job.prompt, "trunk", &Map::new()).unwrap();
        assert_eq!(start.spec.kind, TaskType::Coding);
        assert_eq!(start.spec.base_branch, "trunk");
        assert_eq!(start.spec.check(), Ok(()));
    }
}
