//! What people decide about sandboxes, as clients write and see it.

use optio_domain::{agent::spec::Invalid, sandbox::SandboxSpec};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::{Gateway, error::ApiError};

/// What is decided about a sandbox; what is left out is as the installation has it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "it is the description; optio_domain::sandbox reads what is written"
)]
pub(crate) struct SandboxBody {
    /// base, node, python, go, rust or full: the agent image with what that kind of work needs.
    image_preset: Option<String>,
    /// Any image with git and a shell, where imagePreset is left out.
    image: Option<String>,
    /// Processors it is sure to have, such as `500m` or `2`.
    cpu_request: Option<String>,
    /// Processors it may use.
    cpu_limit: Option<String>,
    /// Memory it is sure to have, such as `512Mi`.
    memory_request: Option<String>,
    /// Memory it may use; an agent that takes more is ended.
    memory_limit: Option<String>,
    /// unrestricted: the public internet by ssh, http and https; restricted: by https alone; closed: nothing. DNS,
    /// the control plane and what `egress` names can be reached in any case.
    network_policy: Option<String>,
    /// Networks that can be reached besides: `10.1.0.0/16`, `10.2.0.7/32:8443`, `[fd00::/8]:443`.
    egress: Option<Vec<String>>,
    /// The RuntimeClass, such as gVisor's or Kata's.
    runtime_class: Option<String>,
    /// Labels that its node has.
    node_selector: Option<BTreeMap<String, String>>,
    /// Folders below ~ or /workspace that all sandboxes of the repository or job share. Not for agents.
    caches: Option<Vec<String>>,
}

/// Whether the sandboxes of this installation can be as they are to be.
pub(crate) fn carried_out(gateway: &Gateway, spec: &SandboxSpec) -> Result<(), ApiError> {
    Ok(gateway.world().sandboxes.carries_out(spec)?)
}

/// Members of a sandbox that clients may also write as settings of a repository.
pub(crate) const FLAT: [&str; 6] = [
    "imagePreset",
    "cpuRequest",
    "cpuLimit",
    "memoryRequest",
    "memoryLimit",
    "networkPolicy",
];

/// What was decided with what is said now: the whole, or single members of it; `null` takes one back.
pub(crate) fn changed(
    before: SandboxSpec,
    whole: Option<Option<Value>>,
    flat: [Option<Option<String>>; FLAT.len()],
) -> Result<SandboxSpec, Vec<Invalid>> {
    let mut members = match whole {
        None => serde_json::to_value(before).unwrap_or_default(),
        Some(None) => Value::Object(Map::new()),
        Some(Some(value)) => value,
    };
    if let Some(members) = members.as_object_mut() {
        for (name, said) in FLAT.into_iter().zip(flat) {
            match said {
                None => {}
                Some(None) => drop(members.remove(name)),
                Some(Some(text)) => drop(members.insert(name.to_owned(), text.into())),
            }
        }
    }
    SandboxSpec::read(Some(&members))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOTHING: [Option<Option<String>>; FLAT.len()] = [const { None }; FLAT.len()];

    #[test]
    fn single_members_are_set_and_taken_back_and_the_rest_stays() {
        let said = json!({ "imagePreset": "go", "caches": ["~/go/pkg"] });
        let before = changed(SandboxSpec::default(), Some(Some(said)), NOTHING).unwrap();
        let mut flat = NOTHING;
        flat[0] = Some(None);
        flat[2] = Some(Some("2".to_owned()));
        let after = changed(before.clone(), None, flat).unwrap();
        assert_eq!(after.decided(), ["cpuLimit", "caches"]);
        assert!(changed(before, Some(None), NOTHING).unwrap().is_default());
    }

    #[test]
    fn the_members_that_are_described_are_those_that_are_read() {
        let description: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let described = &description["components"]["schemas"]["SandboxBody"]["properties"];
        for name in described.as_object().unwrap().keys() {
            let read = SandboxSpec::read(Some(&json!({ name: null })));
            let known = read.map_err(|broken| broken[0].rule.clone());
            assert!(
                known.is_ok_and(|it| it.is_default())
                    || SandboxSpec::read(Some(&json!({ name: [] }))).is_ok()
                    || SandboxSpec::read(Some(&json!({ name: {} }))).is_ok(),
                "{name}"
            );
        }
        let all = described.as_object().unwrap();
        assert!(FLAT.iter().all(|name| all.contains_key(*name)));
    }
}
