//! Carries out what was decided.

use reqwest::Method;
use serde_json::{Map, Value};

use super::{
    super::{api::Api, kind::Kind, view},
    compare::Change,
    plan::{Outcome, Step, TriggerStep, template_id},
    trigger::{Renewal, WantedTrigger},
};
use crate::failure::Failure;

/// Where a template of the library is made.
const NEW_TEMPLATE: &str = "/api/prompt-templates/named";

/// Does one step. `templates` are all there are; one that is made is added.
pub(super) async fn carry_out(
    api: &Api,
    step: &Step,
    renewal: Renewal,
    templates: &mut Vec<Value>,
) -> Result<(), Failure> {
    let id = match &step.id {
        Some(id) => {
            change(api, step, id, templates).await?;
            id.clone()
        }
        None => create(api, step, templates).await?,
    };
    for (wanted, trigger) in step.triggers() {
        let path = format!("{}/triggers", step.item.kind.path_of(&id));
        carry_out_trigger(api, &path, wanted, trigger, renewal)
            .await
            .map_err(|failure| Failure {
                message: format!("trigger {}: {}", wanted.label(), failure.message),
                ..failure
            })?;
    }
    Ok(())
}

async fn create(api: &Api, step: &Step, templates: &mut Vec<Value>) -> Result<String, Failure> {
    let kind = step.item.kind;
    let path = match kind {
        Kind::Template => NEW_TEMPLATE,
        Kind::Agent | Kind::Job | Kind::Blueprint => kind.path(),
    };
    let mut body = step.item.fields.clone();
    body.extend(named_template(step, templates));
    let body = Value::Object(body);
    let mut answer = api.change(Method::POST, path, Some(&body)).await?;
    let made = answer[kind.one()].take();
    let id = view::text(&made, "id");
    if kind == Kind::Template {
        templates.push(made);
    }
    Ok(id)
}

async fn change(api: &Api, step: &Step, id: &str, templates: &[Value]) -> Result<(), Failure> {
    let mut body: Map<String, Value> = Map::new();
    for change in &step.changes {
        if let Change::Field { name, new, .. } = change {
            body.insert(name.clone(), new.clone());
        }
    }
    if body.is_empty() {
        return Ok(());
    }
    if body.contains_key("promptTemplateId") {
        // What was planned may have had no id yet.
        body.extend(named_template(step, templates));
    }
    let body = Value::Object(body);
    let path = step.item.kind.path_of(id);
    api.change(Method::PATCH, &path, Some(&body)).await?;
    Ok(())
}

fn named_template(step: &Step, templates: &[Value]) -> Option<(String, Value)> {
    let name = step.item.template.as_ref()?;
    let id = template_id(step.item.kind, name, templates)?;
    Some(("promptTemplateId".to_owned(), id.into()))
}

async fn carry_out_trigger(
    api: &Api,
    path: &str,
    wanted: &WantedTrigger,
    step: &TriggerStep,
    renewal: Renewal,
) -> Result<(), Failure> {
    match (step.outcome(), &step.id) {
        (Outcome::Unchanged, _) => {}
        (Outcome::Created, _) | (Outcome::Updated, None) => {
            api.change(Method::POST, path, Some(&wanted.new_body()))
                .await?;
        }
        (Outcome::Updated, Some(id)) => {
            let body = wanted.change_body(&step.changes, renewal);
            let path = format!("{path}/{id}");
            api.change(Method::PATCH, &path, Some(&body)).await?;
        }
    }
    Ok(())
}
