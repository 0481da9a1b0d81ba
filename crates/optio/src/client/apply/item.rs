//! What a file asks for: one thing with its triggers, understood and checked as far as it can be without the server.

use std::collections::BTreeMap;

use optio_domain::{
    job::{environment::Environment, params},
    repo::RepoUrl,
    sandbox::SandboxSpec,
    template::Template,
};
use serde_json::{Map, Value};

use super::{
    super::{kind::Kind, view},
    files::Object,
    sources::{ENDING, Sources},
    trigger::WantedTrigger,
};

/// The kinds of template there are, as the API calls them.
const TEMPLATES: [&str; 4] = ["prompt", "review", "job", "task"];
/// The template that takes the place of a prompt, by its name.
const TEMPLATE_NAME: &str = "promptTemplateName";

/// One thing that a file asks for.
#[derive(Debug)]
pub(super) struct Item {
    /// Which file, and where in it.
    pub(super) place: String,
    /// What it is.
    pub(super) kind: Kind,
    /// What people call it.
    pub(super) name: String,
    /// What is decided about it.
    pub(super) fields: Map<String, Value>,
    /// The template of the library that takes the place of its prompt, by name.
    pub(super) template: Option<String>,
    /// Its triggers, all of them, where the file speaks of them.
    pub(super) triggers: Option<Vec<WantedTrigger>>,
}

impl Item {
    /// `job/NAME`.
    pub(super) fn label(&self) -> String {
        format!("{}/{}", self.kind.word(), view::clean(&self.name))
    }

    /// Whether this is what the server has there.
    pub(super) fn is(&self, there: &Value) -> bool {
        let same = |member: &str| there[member] == self.fields[member];
        there[self.kind.key()] == self.name && (self.kind != Kind::Template || same("kind"))
    }
}

/// Understands an object; all that is wrong with it, with its place.
pub(super) fn read(object: Object, env: &BTreeMap<String, String>) -> Result<Item, Vec<String>> {
    let Object { place, dir, value } = object;
    let at = |words: String| format!("{place}: {words}");
    let alone = |words: String| vec![at(words)];
    let Value::Object(mut members) = value else {
        return Err(alone("must be a JSON object".to_owned()));
    };
    let kind = kind_of(&mut members).map_err(alone)?;
    let triggers = members.remove("triggers");
    let sources = Sources { env, dir: &dir };
    sources.fill(&mut members).map_err(alone)?;
    let template = named_template(kind, &mut members).map_err(alone)?;
    let name = named(kind, &mut members).map_err(alone)?;
    let label = format!("{}/{}", kind.word(), view::clean(&name));
    let at = |words: String| format!("{place}: {label}: {words}");
    let mut broken: Vec<String> = broken(kind, &members).into_iter().map(at).collect();
    let triggers = match WantedTrigger::read_all(kind, triggers, sources) {
        Ok(triggers) => triggers,
        Err(words) => {
            broken.extend(words.into_iter().map(at));
            None
        }
    };
    if !broken.is_empty() {
        return Err(broken);
    }
    Ok(Item {
        place,
        kind,
        name,
        fields: members,
        template,
        triggers,
    })
}

/// What it is: as it says, or as can be seen.
fn kind_of(members: &mut Map<String, Value>) -> Result<Kind, String> {
    let has =
        |name: &str| members.contains_key(name) || members.contains_key(&format!("{name}{ENDING}"));
    let seen = if has("slug") {
        Some(Kind::Agent)
    } else if has("promptTemplate") {
        Some(Kind::Job)
    } else if has("title") && has("prompt") && has("repoUrl") {
        Some(Kind::Blueprint)
    } else if has("template") {
        Some(Kind::Template)
    } else {
        None
    };
    let typed = match members.remove("type") {
        None => None,
        Some(word) if word == "repo-blueprint" => Some(Kind::Blueprint),
        Some(word) if word == "standalone" => Some(Kind::Job),
        Some(word) => {
            return Err(format!(
                "type: must be repo-blueprint or standalone, not {word}; what runs once is made with `optio task create`"
            ));
        }
    };
    let said = match members.remove("kind") {
        None => None,
        // A body for the library of templates says which kind of template it is.
        Some(word) if has_template(members) && TEMPLATES.iter().any(|it| word == *it) => {
            members.insert("templateKind".to_owned(), word);
            Some(Kind::Template)
        }
        Some(word) => {
            let kind = word.as_str().and_then(Kind::parse);
            let bad = || format!("kind: must be agent, job, blueprint or template, not {word}");
            Some(kind.ok_or_else(bad)?)
        }
    };
    let kind = said.or(typed).or(seen).ok_or_else(|| {
        "nothing says what it is; say it with `kind`: agent, job, blueprint or template".to_owned()
    })?;
    if kind == Kind::Template {
        let which = members
            .remove("templateKind")
            .unwrap_or_else(|| "prompt".into());
        if !TEMPLATES.iter().any(|it| which == *it) {
            return Err(format!(
                "templateKind: must be {}, not {which}",
                TEMPLATES.join(", ")
            ));
        }
        members.insert("kind".to_owned(), which);
    }
    Ok(kind)
}

fn has_template(members: &Map<String, Value>) -> bool {
    members.contains_key("template") || members.contains_key(&format!("template{ENDING}"))
}

fn named_template(kind: Kind, members: &mut Map<String, Value>) -> Result<Option<String>, String> {
    let can = [Kind::Job, Kind::Blueprint].contains(&kind);
    if !can || !members.contains_key(TEMPLATE_NAME) {
        return Ok(None);
    }
    if members.contains_key("promptTemplateId") {
        return Err(format!(
            "{TEMPLATE_NAME}: promptTemplateId names another already"
        ));
    }
    match members.remove(TEMPLATE_NAME) {
        Some(Value::String(name)) => Ok(Some(name)),
        _ => Err(format!("{TEMPLATE_NAME}: must be the name of a template")),
    }
}

/// Its name; a blueprint's title is one, too.
fn named(kind: Kind, members: &mut Map<String, Value>) -> Result<String, String> {
    let key = kind.key();
    if kind == Kind::Blueprint && !members.contains_key(key) {
        let title = members.get("title").cloned();
        members.extend(title.map(|title| (key.to_owned(), title)));
    }
    let name = members.get(key).and_then(Value::as_str);
    match name.filter(|name| !name.trim().is_empty()) {
        Some(name) => Ok(name.to_owned()),
        None => Err(format!("{} needs a {key}", kind.word())),
    }
}

/// The rules it breaks that need no server to be told.
fn broken(kind: Kind, members: &Map<String, Value>) -> Vec<String> {
    let unknown = members.keys().filter(|name| kind.form(name).is_none());
    let mut broken: Vec<String> = unknown.map(|name| kind.no_member(name)).collect();
    let given = |name: &str| members.get(name).filter(|it| !it.is_null());
    let mut rule = |result: Result<(), String>| broken.extend(result.err());
    let schema = given("paramsSchema");
    rule(params::check_schema(schema).map_err(|error| error.to_string()));
    let environment = Environment::read(given("environmentSpec"));
    rule(environment.map(drop).map_err(|error| error.to_string()));
    if let Err(more) = SandboxSpec::read(given("sandbox")) {
        broken.extend(more.iter().map(ToString::to_string));
    }
    let mut rule = |result: Result<(), String>| broken.extend(result.err());
    if let Some(url) = given("repoUrl").and_then(Value::as_str) {
        rule(
            RepoUrl::parse(url)
                .map(drop)
                .map_err(|error| error.to_string()),
        );
    }
    let texts: &[&str] = match kind {
        Kind::Template | Kind::Agent => &[],
        Kind::Job => &["promptTemplate"],
        Kind::Blueprint => &["title", "prompt"],
    };
    for name in texts {
        let text = given(name).and_then(Value::as_str);
        rule(text.map_or(Ok(()), |text| asks_only_for(name, text, schema)));
    }
    broken
}

/// Whether a text is a template that asks only for parameters there are, where the schema says which.
fn asks_only_for(name: &str, text: &str, schema: Option<&Value>) -> Result<(), String> {
    let bad = |error| format!("{name}: {error}");
    let template = Template::parse(text).map_err(bad)?;
    let Some(names) = params::names(schema) else {
        return Ok(());
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    template.check(&names).map_err(bad)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;

    fn item(value: Value) -> Result<Item, Vec<String>> {
        let object = Object {
            place: "x.json".to_owned(),
            dir: PathBuf::new(),
            value,
        };
        read(object, &BTreeMap::new())
    }

    #[test]
    fn what_it_is_is_said_or_seen() {
        let repo = "https://github.com/ada/engine";
        for (value, label) in [
            (json!({ "slug": "a", "name": "A" }), "agent/a"),
            (json!({ "name": "j", "promptTemplate": "p" }), "job/j"),
            (
                json!({ "name": "j", "kind": "job", "maxRetries": 3 }),
                "job/j",
            ),
            (json!({ "name": "j", "type": "standalone" }), "job/j"),
            (
                json!({ "title": "t", "prompt": "p", "repoUrl": repo }),
                "blueprint/t",
            ),
            (
                json!({ "name": "b", "type": "repo-blueprint", "title": "t" }),
                "blueprint/b",
            ),
            (json!({ "name": "t", "template": "x" }), "template/t"),
            (
                json!({ "name": "t", "template": "x", "kind": "job" }),
                "template/t",
            ),
            (
                json!({ "name": "t", "template": "x", "kind": "template" }),
                "template/t",
            ),
        ] {
            assert_eq!(item(value.clone()).unwrap().label(), label, "{value}");
        }
        let kind = |value| item(value).unwrap().fields["kind"].clone();
        assert_eq!(kind(json!({ "name": "t", "template": "x" })), "prompt");
        assert_eq!(
            kind(json!({ "name": "t", "template": "x", "kind": "job" })),
            "job"
        );
        assert_eq!(
            kind(
                json!({ "name": "t", "template": "x", "kind": "template", "templateKind": "task" })
            ),
            "task"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_name() {
        for (value, words) in [
            (json!(1), "x.json: must be a JSON object"),
            (json!({}), "x.json: nothing says what it is"),
            (json!({ "kind": "pod" }), "x.json: kind: must be agent"),
            (json!({ "kind": 1 }), "x.json: kind: must be agent"),
            (
                json!({ "type": "repo-task", "title": "t" }),
                "x.json: type: must be repo-blueprint",
            ),
            (json!({ "kind": "job" }), "x.json: job needs a name"),
            (json!({ "slug": " " }), "x.json: agent needs a slug"),
            (
                json!({ "slug": "a", "promt": 1 }),
                "x.json: agent/a: an agent has no member `promt`",
            ),
            (
                json!({ "kind": "job", "name": "j", "promptFrom": { "env": "NOBODY" } }),
                "x.json: promptFrom: the environment",
            ),
            (
                json!({ "name": "j", "promptTemplate": "{{#if x}}" }),
                "x.json: job/j: promptTemplate: line 1",
            ),
            (
                json!({ "name": "j", "promptTemplate": "{{x}}", "paramsSchema": { "properties": { "y": {} } } }),
                "x.json: job/j: promptTemplate: unknown: x (line 1, column 1); known are y",
            ),
            (
                json!({ "name": "j", "promptTemplate": "p", "paramsSchema": [] }),
                "x.json: job/j: paramsSchema: must be",
            ),
            (
                json!({ "name": "j", "promptTemplate": "p", "repoUrl": "engine" }),
                "x.json: job/j: repoUrl: must be",
            ),
            (
                json!({ "name": "j", "promptTemplate": "p", "environmentSpec": { "image": "x" } }),
                "x.json: job/j: environmentSpec: has `image`",
            ),
            (
                json!({ "name": "t", "template": "x", "kind": "template", "templateKind": "pod" }),
                "x.json: templateKind: must be",
            ),
            (
                json!({ "name": "t", "template": "x", "triggers": [] }),
                "x.json: template/t: triggers: ",
            ),
            (
                json!({ "name": "j", "promptTemplate": "p", "promptTemplateName": 1 }),
                "x.json: promptTemplateName: must be",
            ),
        ] {
            let broken = item(value.clone()).unwrap_err();
            assert!(broken[0].starts_with(words), "{value}: {broken:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let value = json!({
            "name": "j", "promptTemplate": "{{", "wrong": 1, "repoUrl": "x",
            "triggers": [{ "type": "odd" }, { "type": "webhook" }],
        });
        let broken = item(value).unwrap_err();
        assert_eq!(broken.len(), 5, "{broken:#?}");
    }
}
