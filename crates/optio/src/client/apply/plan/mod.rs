//! What there is to do: files and server in, steps out. Nothing is decided after this.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    super::{kind::Kind, view},
    compare::{Change, changes},
    item::Item,
    trigger::{Renewal, WantedTrigger, label_of},
};
use crate::cli::Prune;

/// What the server has.
#[derive(Debug, Default)]
pub(super) struct There {
    /// Of each kind that matters, all.
    pub(super) things: BTreeMap<Kind, Vec<Value>>,
    /// The triggers of those whose files speak of triggers, by the id of what they start.
    pub(super) triggers: BTreeMap<String, Vec<Value>>,
}

impl There {
    fn all(&self, kind: Kind) -> &[Value] {
        self.things.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// What the server has of an item.
    pub(super) fn of(&self, item: &Item) -> Option<&Value> {
        self.all(item.kind).iter().find(|there| item.is(there))
    }
}

/// What is asked for beside the files.
#[derive(Debug)]
pub(super) struct Wishes<'a> {
    /// What may be removed.
    pub(super) prune: &'a [Prune],
    /// What becomes of secrets that are there already.
    pub(super) renewal: Renewal,
}

/// What there is to do.
#[derive(Debug)]
pub(super) struct Plan {
    /// What is made or changed, in this order.
    pub(super) steps: Vec<Step>,
    /// What is removed, in this order.
    pub(super) removals: Vec<Removal>,
    /// What a person has to know.
    pub(super) notes: Vec<String>,
}

/// What there is to do about one item.
#[derive(Debug)]
pub(super) struct Step {
    /// The item.
    pub(super) item: Item,
    /// What the server knows it by; `None` where it is not there yet.
    pub(super) id: Option<String>,
    /// What is changed about it.
    pub(super) changes: Vec<Change>,
    /// What there is to do about its triggers.
    pub(super) triggers: Vec<TriggerStep>,
}

/// What there is to do about one trigger, which is that of the item at the same place.
#[derive(Debug)]
pub(super) struct TriggerStep {
    /// What the server knows it by; `None` where it is not there yet.
    pub(super) id: Option<String>,
    /// What is changed about it.
    pub(super) changes: Vec<Change>,
}

/// What came, or is to come, of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was not there.
    Created,
    /// It was different.
    Updated,
    /// It is as it should be.
    Unchanged,
}

impl Outcome {
    /// The word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
        }
    }

    fn of(id: Option<&String>, is_different: Difference) -> Self {
        match (id, is_different) {
            (None, _) => Self::Created,
            (Some(_), Difference::Some) => Self::Updated,
            (Some(_), Difference::None) => Self::Unchanged,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Difference {
    Some,
    None,
}

impl Difference {
    fn any(changes: &[Change]) -> Self {
        if changes.is_empty() {
            Self::None
        } else {
            Self::Some
        }
    }
}

impl Step {
    /// What comes of the item and its triggers together.
    pub(super) fn outcome(&self) -> Outcome {
        let triggers_are = self
            .triggers
            .iter()
            .all(|it| it.outcome() == Outcome::Unchanged);
        let different = match (Difference::any(&self.changes), triggers_are) {
            (Difference::None, true) => Difference::None,
            (Difference::Some, _) | (Difference::None, false) => Difference::Some,
        };
        Outcome::of(self.id.as_ref(), different)
    }

    /// Each trigger with what there is to do about it.
    pub(super) fn triggers(&self) -> impl Iterator<Item = (&WantedTrigger, &TriggerStep)> {
        self.item.triggers.iter().flatten().zip(&self.triggers)
    }
}

impl TriggerStep {
    /// What comes of it.
    pub(super) fn outcome(&self) -> Outcome {
        Outcome::of(self.id.as_ref(), Difference::any(&self.changes))
    }
}

/// Something that is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removal {
    /// What a person calls it.
    pub(super) label: String,
    /// Where the API keeps it.
    pub(super) path: String,
    /// What it is; `None` for a trigger.
    pub(super) kind: Option<Kind>,
}

/// Decides.
pub(super) fn plan(
    items: Vec<Item>,
    there: &There,
    wishes: &Wishes<'_>,
) -> Result<Plan, Vec<String>> {
    let broken: Vec<String> = twice(&items)
        .chain(
            items
                .iter()
                .filter_map(|item| unknown_template(item, &items, there)),
        )
        .collect();
    if !broken.is_empty() {
        return Err(broken);
    }
    let removals = Kind::ALL
        .into_iter()
        .rev()
        .filter(|kind| wishes.prune.contains(&prune_of(*kind)))
        .flat_map(|kind| strays(kind, &items, there))
        .collect();
    let mut plan = Plan {
        steps: Vec::new(),
        removals,
        notes: Vec::new(),
    };
    let mut ordered = items;
    ordered.sort_by_key(|item| item.kind);
    for item in ordered {
        stray_triggers(&item, there, wishes, &mut plan);
        plan.steps.push(step(item, there, wishes));
    }
    // A trigger that goes may stand in the way of one that comes: both have one path.
    plan.removals.sort_by_key(|it| it.kind.is_some());
    Ok(plan)
}

pub(super) fn prune_of(kind: Kind) -> Prune {
    match kind {
        Kind::Template => Prune::Template,
        Kind::Agent => Prune::Agent,
        Kind::Job => Prune::Job,
        Kind::Blueprint => Prune::Blueprint,
    }
}

/// Names that stand in two places.
fn twice(items: &[Item]) -> impl Iterator<Item = String> {
    let mut seen: BTreeMap<(Kind, &str, String), &str> = BTreeMap::new();
    let broken: Vec<String> = items
        .iter()
        .filter_map(|item| {
            let variant = match item.kind {
                Kind::Template => view::some(&item.fields["kind"]).unwrap_or_default(),
                Kind::Agent | Kind::Job | Kind::Blueprint => String::new(),
            };
            let other = seen.insert((item.kind, &item.name, variant), &item.place)?;
            Some(format!(
                "{}: {} is in {other} already",
                item.place,
                item.label()
            ))
        })
        .collect();
    broken.into_iter()
}

/// A template that is named and is nowhere.
fn unknown_template(item: &Item, items: &[Item], there: &There) -> Option<String> {
    let name = item.template.as_ref()?;
    let comes = items
        .iter()
        .any(|it| it.kind == Kind::Template && it.name == *name);
    if comes || template_id(item.kind, name, there.all(Kind::Template)).is_some() {
        return None;
    }
    Some(format!(
        "{}: {}: promptTemplateName: there is no template `{}`, neither in the files nor on the server",
        item.place,
        item.label(),
        view::clean(name)
    ))
}

/// The template with that name: of those that are made for it, then of any.
pub(super) fn template_id(kind: Kind, name: &str, templates: &[Value]) -> Option<String> {
    let own = match kind {
        Kind::Blueprint => "task",
        Kind::Template | Kind::Agent | Kind::Job => "job",
    };
    let named = || templates.iter().filter(|it| it["name"] == name);
    let found = named()
        .find(|it| it["kind"] == own)
        .or_else(|| named().next());
    found.map(|it| view::text(it, "id"))
}

fn step(item: Item, there: &There, wishes: &Wishes<'_>) -> Step {
    let known = there.of(&item);
    let id = known.map(|it| view::text(it, "id"));
    let mut differences = known.map_or_else(Vec::new, |it| changes(&item, it));
    if let (Some(known), Some(name)) = (known, &item.template) {
        let new = template_id(item.kind, name, there.all(Kind::Template));
        let new = new.unwrap_or_else(|| format!("template/{name}"));
        let old = known["promptTemplateId"].clone();
        differences.extend(Change::between("promptTemplateId", old, new.into()));
    }
    let none = Vec::new();
    let triggers = id
        .as_ref()
        .and_then(|id| there.triggers.get(id))
        .unwrap_or(&none);
    let steps = item.triggers.iter().flatten().map(|wanted| {
        let known = triggers.iter().find(|it| wanted.is(it));
        TriggerStep {
            id: known.map(|it| view::text(it, "id")),
            changes: known.map_or_else(Vec::new, |it| wanted.changes(it, wishes.renewal)),
        }
    });
    Step {
        triggers: steps.collect(),
        id,
        changes: differences,
        item,
    }
}

/// What the server has of a kind and no file asks for.
fn strays(kind: Kind, items: &[Item], there: &There) -> Vec<Removal> {
    let asked = |it: &&Value| items.iter().any(|item| item.kind == kind && item.is(it));
    let strays = there.all(kind).iter().filter(|it| !asked(it));
    strays
        .map(|it| Removal {
            label: format!("{}/{}", kind.word(), view::text(it, kind.key())),
            path: kind.path_of(&view::text(it, "id")),
            kind: Some(kind),
        })
        .collect()
}

/// Triggers of an item that its file does not ask for: removed where that is wanted, and told of otherwise, since they
/// go on starting it.
fn stray_triggers(item: &Item, there: &There, wishes: &Wishes<'_>, plan: &mut Plan) {
    let (Some(wanted), Some(known)) = (&item.triggers, there.of(item)) else {
        return;
    };
    let owner = view::text(known, "id");
    let triggers = there
        .triggers
        .get(&owner)
        .map_or(&[] as &[Value], Vec::as_slice);
    let mut taken = BTreeSet::new();
    for trigger in triggers {
        // Two with one identity cannot be told apart: one of them is meant.
        let is_meant = wanted.iter().any(|it| it.is(trigger)) && taken.insert(label_of(trigger));
        if is_meant {
            continue;
        }
        let label = format!("{} of {}", label_of(trigger), item.label());
        if wishes.prune.contains(&Prune::Trigger) {
            let id = view::text(trigger, "id");
            plan.removals.push(Removal {
                label,
                path: format!("{}/triggers/{id}", item.kind.path_of(&owner)),
                kind: None,
            });
        } else {
            plan.notes.push(format!(
                "the {label} is in no file and goes on; --prune trigger removes it"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
