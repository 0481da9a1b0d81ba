//! `optio apply`: makes agents, jobs, blueprints, triggers and templates on the server equal to files, and touches
//! nothing that already is. Everything is read and checked before anything is changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{api::Api, kind::Kind, view};
use crate::{
    cli::{Apply, Prune},
    config::surroundings,
    console::Console,
    failure::Failure,
};

mod act;
mod compare;
mod files;
mod item;
mod plan;
mod prune;
mod show;
mod sources;
mod trigger;

use files::Reach;
use item::Item;
use plan::{Plan, Step, There, Wishes};
use trigger::Renewal;

pub(super) async fn apply(api: &Api, apply: &Apply, console: &mut Console) -> Result<(), Failure> {
    let items = read(apply)?;
    let there = look(api, &items, &apply.prune).await?;
    let wishes = Wishes {
        prune: &apply.prune,
        renewal: if apply.renew_secrets {
            Renewal::Renew
        } else {
            Renewal::Keep
        },
    };
    let templates = there.things.get(&Kind::Template).cloned();
    let plan = plan::plan(items, &there, &wishes).map_err(refused)?;
    prune::ask(&plan.removals, apply, console).await?;
    let mut done = Done {
        api,
        apply,
        renewal: wishes.renewal,
        templates: templates.unwrap_or_default(),
        told: Vec::new(),
    };
    let carried_out = done.carry_out(&plan, console).await;
    if console.is_json() {
        let removed: Vec<&str> = plan.removals.iter().map(|it| it.label.as_str()).collect();
        let mut answer =
            json!({ "dryRun": apply.dry_run, "results": done.told, "notes": plan.notes });
        if carried_out.is_ok() {
            answer["removed"] = json!(removed);
        }
        console.json(&answer)?;
    }
    carried_out?;
    if !console.is_json() {
        plan.notes.iter().for_each(|note| console.note(note));
        if apply.dry_run {
            console.note("dry run: nothing was changed");
        }
    }
    Ok(())
}

fn refused(problems: Vec<String>) -> Failure {
    Failure::usage("nothing was applied").with(problems)
}

/// What the files ask for; all that is wrong with any of them is told at once.
fn read(apply: &Apply) -> Result<Vec<Item>, Failure> {
    let reach = if apply.recursive {
        Reach::Deep
    } else {
        Reach::Shallow
    };
    let (objects, mut problems) = files::read(&apply.files, reach)?;
    let env = surroundings::environment();
    let mut items = Vec::new();
    for object in objects {
        match item::read(object, &env) {
            Ok(item) => items.push(item),
            Err(broken) => problems.extend(broken),
        }
    }
    if problems.is_empty() {
        Ok(items)
    } else {
        Err(refused(problems))
    }
}

/// What the server has of all that matters.
async fn look(api: &Api, items: &[Item], prune: &[Prune]) -> Result<There, Failure> {
    let matters = |kind: Kind| {
        let is_named = kind == Kind::Template && items.iter().any(|it| it.template.is_some());
        items.iter().any(|it| it.kind == kind) || prune.contains(&plan::prune_of(kind)) || is_named
    };
    let mut there = There::default();
    for kind in Kind::ALL.into_iter().filter(|kind| matters(*kind)) {
        there.things.insert(kind, kind.all(api).await?);
    }
    let mut triggers = BTreeMap::new();
    for item in items.iter().filter(|item| item.triggers.is_some()) {
        if let Some(known) = there.of(item) {
            let id = view::text(known, "id");
            let path = format!("{}/triggers", item.kind.path_of(&id));
            triggers.insert(id, api.list(&path, "triggers").await?);
        }
    }
    there.triggers = triggers;
    Ok(there)
}

/// What was done so far.
struct Done<'a> {
    api: &'a Api,
    apply: &'a Apply,
    renewal: Renewal,
    templates: Vec<Value>,
    told: Vec<Value>,
}

impl Done<'_> {
    async fn carry_out(&mut self, plan: &Plan, console: &mut Console) -> Result<(), Failure> {
        // Templates go last: what named them is changed or gone by then.
        let (last, first): (Vec<_>, Vec<_>) = plan
            .removals
            .iter()
            .partition(|it| it.kind == Some(Kind::Template));
        for removal in first {
            prune::remove(self.api, removal, self.apply, console).await?;
        }
        for step in &plan.steps {
            self.step(step, console).await?;
        }
        for removal in last {
            prune::remove(self.api, removal, self.apply, console).await?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, console: &mut Console) -> Result<(), Failure> {
        if !self.apply.dry_run {
            act::carry_out(self.api, step, self.renewal, &mut self.templates)
                .await
                .map_err(|failure| Failure {
                    message: format!(
                        "{}: {}: {}",
                        step.item.place,
                        step.item.label(),
                        failure.message
                    ),
                    ..failure
                })?;
        }
        if console.is_json() {
            self.told.push(show::to_json(step));
            return Ok(());
        }
        for (tone, line) in show::lines(step) {
            let line = console.paint(tone, &line);
            console.line(&line)?;
        }
        Ok(())
    }
}
