//! `optio template`: the texts that people keep for agents.

use std::path::Path;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{agent::said, api::Api, input, repo, view};
use crate::{
    cli::{SetTemplate, Template, WhichTemplate},
    console::{Console, Tone},
    failure::{Exit, Failure},
};

const TEMPLATES: &str = "/api/prompt-templates";

pub(super) async fn run(
    api: &Api,
    template: &Template,
    console: &mut Console,
) -> Result<(), Failure> {
    match template {
        Template::List { kind } => list(api, kind.as_deref(), console).await,
        Template::Show(which) => show(api, which, console).await,
        Template::Set(set) => keep(api, set, console).await,
        Template::Rm(which) => {
            let there = found(api, &which.template, which.kind.as_deref()).await?;
            api.change(Method::DELETE, &path_of(&there), None).await?;
            let words = format!("removed {}", view::text(&there, "name"));
            said(console, &json!({ "ok": true }), &words)
        }
        Template::Preview {
            template,
            params,
            kind,
        } => {
            let params = Value::Object(repo::body_of(params)?);
            preview(api, template, params, kind.as_deref(), console).await
        }
    }
}

async fn all(api: &Api, kind: Option<&str>) -> Result<Vec<Value>, Failure> {
    let query = kind.map_or_else(String::new, |kind| {
        format!("?kind={}", crate::percent::encode(kind.as_bytes()))
    });
    api.list(&format!("{TEMPLATES}{query}"), "templates").await
}

fn path_of(template: &Value) -> String {
    format!("{TEMPLATES}/{}", view::text(template, "id"))
}

/// The templates of that name or id.
async fn named(api: &Api, template: &str, kind: Option<&str>) -> Result<Option<Value>, Failure> {
    let templates = all(api, kind).await?;
    let is_meant = |it: &&Value| it["id"] == template || it["name"] == template;
    let found: Vec<&Value> = templates.iter().filter(is_meant).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        many => {
            let words = format!("{template:?} may be one of several; name its kind with --kind");
            let kinds = many.iter().map(|it| view::text(it, "kind"));
            Err(Failure::usage(words).with(kinds))
        }
    }
}

async fn found(api: &Api, template: &str, kind: Option<&str>) -> Result<Value, Failure> {
    named(api, template, kind).await?.ok_or_else(|| {
        Failure::new(
            Exit::NotFound,
            format!(
                "there is no template {template:?}; `optio template list` shows those there are"
            ),
        )
    })
}

async fn list(api: &Api, kind: Option<&str>, console: &mut Console) -> Result<(), Failure> {
    let templates = all(api, kind).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "templates": templates }))?);
    }
    if templates.is_empty() {
        console.note("no templates yet; `optio template set` keeps one");
        return Ok(());
    }
    let row = |template: &Value| {
        let text = |member| view::text(template, member);
        let default = if template["isDefault"] == true {
            "yes"
        } else {
            view::NOTHING
        };
        let cells = [
            text("name"),
            text("kind"),
            default.to_owned(),
            text("description"),
        ];
        (Tone::Plain, cells.to_vec())
    };
    let rows: Vec<(Tone, Vec<String>)> = templates.iter().map(row).collect();
    Ok(console.table(&["NAME", "KIND", "DEFAULT", "DESCRIPTION"], &rows)?)
}

async fn show(api: &Api, which: &WhichTemplate, console: &mut Console) -> Result<(), Failure> {
    let template = found(api, &which.template, which.kind.as_deref()).await?;
    if console.is_json() {
        return Ok(console.json(&json!({ "template": template }))?);
    }
    for (name, _) in template.as_object().into_iter().flatten() {
        if name != "template" {
            let value = view::text(&template, name);
            console.line(&format!("  {name:<20}{value}"))?;
        }
    }
    console.line("")?;
    lines(console, &view::text(&template, "template"))
}

/// A text, with an end to its last line.
fn lines(console: &mut Console, text: &str) -> Result<(), Failure> {
    Ok(console.line(text.strip_suffix('\n').unwrap_or(text))?)
}

async fn keep(api: &Api, set: &SetTemplate, console: &mut Console) -> Result<(), Failure> {
    let mut body = body_of(set)?;
    let there = named(api, &set.name, set.kind.as_deref()).await?;
    let (answer, done) = match &there {
        Some(there) => {
            let (path, body) = (path_of(there), Value::Object(body));
            let changed = api.change(Method::PATCH, &path, Some(&body)).await?;
            (changed, "changed")
        }
        None if set.file.is_none() => {
            return Err(Failure::usage(format!(
                "there is no template {:?} yet; give its text with --file",
                set.name
            )));
        }
        None => {
            body.insert("name".to_owned(), json!(set.name));
            body.extend(set.kind.iter().map(|kind| ("kind".to_owned(), json!(kind))));
            let path = format!("{TEMPLATES}/named");
            let body = Value::Object(body);
            (api.change(Method::POST, &path, Some(&body)).await?, "kept")
        }
    };
    let name = view::text(&answer["template"], "name");
    said(console, &answer, &format!("{done} {name}"))
}

/// What was said of a template.
fn body_of(set: &SetTemplate) -> Result<Map<String, Value>, Failure> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        body.extend(value.map(|value| (name.to_owned(), value)));
    };
    let text = set.file.as_deref().map(input::text).transpose()?;
    put("template", text.map(Value::from));
    let schema = set.params_schema.as_deref().map(input::json);
    put("paramsSchema", schema.transpose()?);
    put("description", set.description.clone().map(Value::from));
    put("defaultAgentType", set.agent.clone().map(Value::from));
    put("isDefault", set.default.then_some(json!(true)));
    put("isDefault", set.no_default.then_some(json!(false)));
    Ok(body)
}

async fn preview(
    api: &Api,
    template: &str,
    params: Value,
    kind: Option<&str>,
    console: &mut Console,
) -> Result<(), Failure> {
    let (path, body) = if let Some(file) = template.strip_prefix('@') {
        let mut body = json!({ "template": input::text(Path::new(file))?, "params": params });
        if let Some(kind) = kind {
            body["kind"] = json!(kind);
        }
        (format!("{TEMPLATES}/preview"), body)
    } else {
        let there = found(api, template, kind).await?;
        let path = format!("{}/preview", path_of(&there));
        (path, json!({ "params": params }))
    };
    let answer = api.change(Method::POST, &path, Some(&body)).await?;
    if console.is_json() {
        return Ok(console.json(&answer)?);
    }
    lines(console, &view::text(&answer, "rendered"))?;
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        console.note(&view::some(warning).unwrap_or_default());
    }
    Ok(())
}
