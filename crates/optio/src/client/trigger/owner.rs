//! What triggers start: how people name it, and where the API keeps its triggers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{api::Api, kind::Kind, view},
    kind_of,
};
use crate::failure::Failure;

/// What can have triggers, by its name or id.
#[derive(Debug, PartialEq)]
pub(super) struct Owner<'a> {
    kind: Kind,
    name: &'a str,
}

impl<'a> Owner<'a> {
    /// Reads `job/NAME`, `blueprint/NAME` or `agent/SLUG`.
    pub(super) fn parse(text: &'a str) -> Result<Self, Failure> {
        let named = text.split_once('/').filter(|(_, name)| !name.is_empty());
        let owner = named.and_then(|(word, name)| {
            let kind = Kind::parse(word).filter(|kind| kind.target().is_some())?;
            Some(Self { kind, name })
        });
        owner.ok_or_else(|| {
            Failure::usage(format!(
                "{text:?} must be what is started: job/NAME, blueprint/NAME or agent/SLUG"
            ))
        })
    }

    /// Where its triggers are.
    pub(super) fn triggers(&self) -> String {
        format!("{}/triggers", self.kind.path_of(self.name))
    }
}

/// Where a trigger is changed.
pub(super) fn path_of(trigger: &Value) -> Result<String, Failure> {
    let kind = kind_of(trigger).ok_or_else(|| {
        let target = view::text(trigger, "targetType");
        Failure::general(format!(
            "a trigger of {target} is nothing this client knows"
        ))
    })?;
    let (owner, id) = (view::text(trigger, "targetId"), view::text(trigger, "id"));
    let owner = kind.path_of(&owner);
    Ok(format!(
        "{owner}/triggers/{}",
        crate::percent::encode(id.as_bytes())
    ))
}

/// What people call the owners of triggers.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// `job/NAME`, with the id where nobody knows the name.
    pub(super) fn of(&self, trigger: &Value) -> String {
        let id = view::text(trigger, "targetId");
        let word = kind_of(trigger).map_or("?", Kind::word);
        format!("{word}/{}", self.0.get(&id).unwrap_or(&id))
    }
}

/// The names of all owners of these triggers.
pub(super) async fn names(api: &Api, triggers: &[Value]) -> Result<Names, Failure> {
    let mut names = BTreeMap::new();
    for kind in Kind::ALL {
        if !triggers.iter().any(|it| kind_of(it) == Some(kind)) {
            continue;
        }
        for owner in kind.all(api).await? {
            names.insert(view::text(&owner, "id"), view::text(&owner, kind.key()));
        }
    }
    Ok(Names(names))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_owner_is_named_with_its_kind() {
        let path = |text: &str| Owner::parse(text).map(|owner| owner.triggers());
        assert_eq!(path("job/a b").unwrap(), "/api/jobs/a%20b/triggers");
        assert_eq!(path("job/a/b").unwrap(), "/api/jobs/a%2Fb/triggers");
        assert_eq!(
            path("agent/clock").unwrap(),
            "/api/persistent-agents/clock/triggers"
        );
        assert_eq!(path("blueprint/x").unwrap(), "/api/task-configs/x/triggers");
        for bad in ["digest", "job/", "/x", "template/x", "task/x", ""] {
            let words = path(bad).unwrap_err().message;
            assert!(words.contains("job/NAME"), "{bad}: {words}");
        }
    }

    #[test]
    fn a_trigger_is_changed_where_its_owner_is() {
        let trigger = json!({ "id": "t", "targetType": "task_config", "targetId": "b" });
        assert_eq!(path_of(&trigger).unwrap(), "/api/task-configs/b/triggers/t");
        let names = Names([("b".to_owned(), "updates".to_owned())].into());
        assert_eq!(names.of(&trigger), "blueprint/updates");
        assert_eq!(Names(BTreeMap::new()).of(&trigger), "blueprint/b");
    }
}
