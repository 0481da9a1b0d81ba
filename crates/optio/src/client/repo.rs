//! `optio repo`: the repositories that tasks work on, and what is decided about them.

use std::path::Path;

use optio_domain::repo::RepoUrl;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{agent::said, api::Api, input, view};
use crate::{
    cli::Repo,
    console::{Console, Tone},
    failure::{Exit, Failure},
};

const REPOS: &str = "/api/repos";

pub(super) async fn run(api: &Api, repo: &Repo, console: &mut Console) -> Result<(), Failure> {
    match repo {
        Repo::Add { url, settings } => {
            let mut body = body_of(settings)?;
            body.insert("repoUrl".to_owned(), json!(url));
            let body = Value::Object(body);
            let answer = api.change(Method::POST, REPOS, Some(&body)).await?;
            let name = view::text(&answer["repo"], "fullName");
            said(console, &answer, &format!("added {name}"))
        }
        Repo::List => list(api, console).await,
        Repo::Show { repo } => show(api, repo, console).await,
        Repo::Set { repo, settings } => {
            let body = Value::Object(body_of(settings)?);
            let path = path_of(api, repo).await?;
            let answer = api.change(Method::PATCH, &path, Some(&body)).await?;
            let name = view::text(&answer["repo"], "fullName");
            said(console, &answer, &format!("changed {name}"))
        }
        Repo::Rm { repo } => {
            let path = path_of(api, repo).await?;
            api.change(Method::DELETE, &path, None).await?;
            said(console, &json!({ "ok": true }), &format!("removed {repo}"))
        }
    }
}

/// The settings that were given.
pub(super) fn body_of(settings: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    for setting in settings {
        let Some((name, value)) = setting.split_once('=') else {
            return Err(Failure::usage(format!("{setting} must be NAME=VALUE")));
        };
        if body.insert(name.to_owned(), value_of(value)?).is_some() {
            return Err(Failure::usage(format!("{name} is given twice")));
        }
    }
    Ok(body)
}

fn value_of(text: &str) -> Result<Value, Failure> {
    if let Some(file) = text.strip_prefix('@') {
        return input::text(Path::new(file)).map(Value::from);
    }
    let plain = match serde_json::from_str(text) {
        Ok(
            value @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)),
        ) => value,
        Ok(Value::Array(_)) | Err(_) => Value::from(text),
    };
    Ok(plain)
}

/// The path of the repository with that name, address or id.
async fn path_of(api: &Api, repo: &str) -> Result<String, Failure> {
    let url = RepoUrl::parse(repo).ok();
    let repos = api.list(REPOS, "repos").await?;
    let is_meant = |it: &&Value| {
        let name = it["fullName"].as_str().unwrap_or_default();
        it["id"] == repo
            || name.eq_ignore_ascii_case(repo)
            || url
                .as_ref()
                .is_some_and(|url| it["repoUrl"] == url.as_str())
    };
    let found: Vec<&Value> = repos.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok(format!("{REPOS}/{}", view::text(one, "id"))),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!("there is no repository {repo:?}; `optio repo list` shows those there are"),
        )),
        many => Err(
            Failure::usage(format!("{repo:?} may be one of several; name its address"))
                .with(many.iter().map(|it| view::text(it, "repoUrl"))),
        ),
    }
}

async fn list(api: &Api, console: &mut Console) -> Result<(), Failure> {
    let repos = api.list(REPOS, "repos").await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "repos": repos }))?);
    }
    if repos.is_empty() {
        console.note("no repositories yet; `optio repo add` adds one");
        return Ok(());
    }
    let row = |repo: &Value| {
        let members = ["fullName", "defaultBranch", "defaultAgentType", "repoUrl"];
        let cells = members.iter().map(|member| view::text(repo, member));
        (Tone::Plain, cells.collect())
    };
    let rows: Vec<(Tone, Vec<String>)> = repos.iter().map(row).collect();
    Ok(console.table(&["NAME", "BRANCH", "PROGRAM", "ADDRESS"], &rows)?)
}

async fn show(api: &Api, repo: &str, console: &mut Console) -> Result<(), Failure> {
    let answer = api.get(&path_of(api, repo).await?).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    for (name, _) in answer["repo"].as_object().into_iter().flatten() {
        let value = view::text(&answer["repo"], name);
        console.line(&format!("  {name:<26}{value}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_a_person_means_them() {
        let given = [
            "a=true",
            "b=7",
            "c=null",
            "d=make test",
            "e=x=y",
            "f=",
            "g=\"true\"",
            "h=[1]",
        ];
        let body = body_of(&given.map(str::to_owned)).unwrap();
        let read = json!({ "a": true, "b": 7, "c": null, "d": "make test", "e": "x=y", "f": "",
                           "g": "true", "h": "[1]" });
        assert_eq!(Value::Object(body), read);
        for bad in [&["a"][..], &["a=1", "a=2"], &["a=@/nowhere"]] {
            let bad: Vec<String> = bad.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(body_of(&bad).unwrap_err().exit, Exit::Usage);
        }
    }
}
