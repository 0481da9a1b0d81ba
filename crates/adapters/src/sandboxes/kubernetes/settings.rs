//! What the driver needs to know of its cluster, and how it is read from texts.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ResourceRequirements, Toleration};
use optio_domain::sandbox::{Destination, ImagePreset};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What the driver needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The namespace of sandboxes. Nothing else is to be in it that carries our labels.
    pub namespace: String,
    /// Tells the sandboxes of this installation from those of another in the same namespace.
    pub instance: String,
    /// The account of sandboxes, which may do nothing.
    pub service_account: String,
    /// Where sandboxes reach the control plane, whichever replica answers.
    pub api_url: String,
    /// The image agents run in.
    pub agent_image: String,
    /// How its presets are named; `None` where nobody knows.
    pub presets: Option<Presets>,
    /// The image that holds the runner at `/usr/local/bin/optio-runner`.
    pub runner_image: String,
    /// When images are pulled; `None` leaves it to Kubernetes.
    pub pull_policy: Option<String>,
    /// Secrets of the namespace with which images are pulled.
    pub pull_secrets: Vec<String>,
    /// Labels that nodes for sandboxes have.
    pub node_selector: BTreeMap<String, String>,
    /// What sandboxes put up with on nodes.
    pub tolerations: Value,
    /// What a sandbox gets, and how much at most.
    pub resources: Value,
    /// The runtime of sandboxes, such as gVisor's or Kata's.
    pub runtime_class: Option<String>,
    /// The volumes of durable sandboxes.
    pub volume: Volume,
    /// What the sandboxes of one repository or job share, where people decided so.
    pub cache: Volume,
    /// What every sandbox may reach besides DNS and the control plane.
    pub egress: Vec<Destination>,
    /// Which pods are the control plane, where it runs in the cluster.
    pub control_plane: Option<ControlPlane>,
    /// Milliseconds after which a runner without work and connection ends itself.
    pub orphan_ms_max: u64,
}

/// How the images of the presets are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presets {
    /// What is before the name of the preset.
    pub prefix: String,
    /// Their tag.
    pub tag: String,
}

impl Presets {
    /// As our own are named beside the basic one: `optio-agent:1` and `optio-agent-node:1`. One that is named
    /// by its digest says nothing about the others.
    #[must_use]
    pub fn beside(agent_image: &str) -> Option<Self> {
        if agent_image.contains('@') {
            return None;
        }
        let (name, tag) = match agent_image.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            Some(_) | None => (agent_image, "latest"),
        };
        Some(Self {
            prefix: format!("{name}-"),
            tag: tag.to_owned(),
        })
    }

    /// The image of a preset.
    pub(super) fn image(&self, preset: ImagePreset) -> String {
        format!("{}{}:{}", self.prefix, preset.name(), self.tag)
    }
}

/// A volume that sandboxes are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its size, as a Kubernetes quantity.
    pub size: String,
    /// Its storage class; `None` is the cluster's default.
    pub class: Option<String>,
    /// How it may be mounted.
    pub access_mode: String,
}

/// Which pods are the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPlane {
    /// Their namespace.
    pub namespace: String,
    /// Their labels.
    pub labels: BTreeMap<String, String>,
    /// The port they listen at.
    pub port: u16,
}

/// What a sandbox gets where nobody says otherwise: enough for an agent with a build beside it, and never
/// without a limit.
pub const RESOURCES: &str =
    r#"{"requests":{"cpu":"250m","memory":"512Mi"},"limits":{"cpu":"2","memory":"4Gi"}}"#;

/// Reads a container's resources, as JSON.
///
/// # Errors
/// What is wrong with it.
pub fn resources(text: &str) -> Result<Value, String> {
    typed::<ResourceRequirements>(text)
}

/// Reads tolerations, as a JSON array.
///
/// # Errors
/// What is wrong with it.
pub fn tolerations(text: &str) -> Result<Value, String> {
    typed::<Vec<Toleration>>(text)
}

/// Reads labels, as a JSON object of texts.
///
/// # Errors
/// What is wrong with it.
pub fn labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    json(text)
}

/// Reads which pods are the control plane, as JSON.
///
/// # Errors
/// What is wrong with it.
pub fn control_plane(text: &str) -> Result<ControlPlane, String> {
    json(text)
}

/// Reads destinations: `10.1.0.0/16,10.2.0.7/32:8443,[fd00::/8]:443`.
///
/// # Errors
/// Which of them is none.
pub fn destinations(text: &str) -> Result<Vec<Destination>, String> {
    let entries = text.split(',').map(str::trim);
    let entries = entries.filter(|entry| !entry.is_empty());
    entries.map(Destination::parse).collect()
}

/// As Kubernetes knows it: what it does not know would be dropped without a word.
fn typed<T: DeserializeOwned + Serialize>(text: &str) -> Result<Value, String> {
    let (given, known): (Value, T) = (json(text)?, json(text)?);
    let known = serde_json::to_value(known).map_err(|error| error.to_string())?;
    if given == known {
        return Ok(known);
    }
    Err(format!(
        "has something that Kubernetes does not know; it understands {known}"
    ))
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("is not what it should be: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_a_list() {
        assert_eq!(destinations(" "), Ok(vec![]));
        let read = destinations("10.1.0.0/16, [fd00::/8]:443").unwrap();
        assert_eq!(read[0].cidr, "10.1.0.0/16");
        assert_eq!(read[1].port, Some(443));
        assert!(destinations("10.1.0.0/16,x").is_err());
    }

    #[test]
    fn presets_are_named_like_the_image_of_agents() {
        let named = |image: &str| {
            let presets = Presets::beside(image)?;
            Some(presets.image(ImagePreset::Rust))
        };
        let is = |image: &str| Some(image.to_owned());
        assert_eq!(named("optio-agent:0.1.0"), is("optio-agent-rust:0.1.0"));
        assert_eq!(
            named("here:5000/a/agent"),
            is("here:5000/a/agent-rust:latest")
        );
        assert_eq!(named("here:5000/agent:1"), is("here:5000/agent-rust:1"));
        assert_eq!(named("agent@sha256:ab"), None);
    }

    #[test]
    fn texts_in_json_are_read_or_refused_with_the_place() {
        assert!(resources(RESOURCES).is_ok_and(|it| it["limits"]["cpu"] == "2"));
        assert!(labels(r#"{"disk":"fast"}"#).is_ok());
        assert!(labels(r#"{"disk":1}"#).is_err_and(|words| words.contains("line 1")));
        assert!(tolerations(r#"[{"key":"agents","operator":"Exists"}]"#).is_ok());
        assert!(tolerations("{}").is_err());
        let plane = r#"{"namespace":"optio","labels":{"app":"optio"},"port":4000}"#;
        assert!(control_plane(plane).is_ok_and(|it| it.port == 4000));
        assert!(control_plane(r#"{"namespace":"optio"}"#).is_err());
    }
}
