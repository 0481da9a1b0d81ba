//! What the driver needs to know of its cluster, and how it is read from texts.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::core::v1::{ResourceRequirements, Toleration};
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
    /// What every sandbox may reach besides DNS and the control plane.
    pub egress: Vec<Destination>,
    /// Which pods are the control plane, where it runs in the cluster.
    pub control_plane: Option<ControlPlane>,
    /// Milliseconds after which a runner without work and connection ends itself.
    pub orphan_ms_max: u64,
}

/// The volume of a durable sandbox.
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

/// Addresses that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As `10.0.0.0/8`.
    pub cidr: String,
    /// The TCP port; `None` is every port.
    pub port: Option<u16>,
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
    entries.map(destination).collect()
}

fn destination(entry: &str) -> Result<Destination, String> {
    let wrong = || format!("`{entry}` is neither ADDRESS/BITS nor ADDRESS/BITS:PORT");
    let (cidr, port) = match entry.strip_prefix('[') {
        Some(rest) => {
            let (cidr, port) = rest.split_once("]:").ok_or_else(wrong)?;
            (cidr, Some(port))
        }
        None if entry.matches(':').count() == 1 => {
            let (cidr, port) = entry.split_once(':').ok_or_else(wrong)?;
            (cidr, Some(port))
        }
        None => (entry, None),
    };
    let (address, bits) = cidr.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let bits: u8 = bits.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let port = port.map(str::parse).transpose().map_err(|_| wrong())?;
    if most < bits || port == Some(0) {
        return Err(wrong());
    }
    Ok(Destination {
        cidr: cidr.to_owned(),
        port,
    })
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

    fn at(cidr: &str, port: Option<u16>) -> Destination {
        Destination {
            cidr: cidr.to_owned(),
            port,
        }
    }

    #[test]
    fn destinations_are_networks_with_or_without_a_port() {
        assert_eq!(destinations(" "), Ok(vec![]));
        let text = "10.1.0.0/16, 10.2.0.7/32:8443,fd00::/8,[fd00::/8]:443";
        let read = [
            at("10.1.0.0/16", None),
            at("10.2.0.7/32", Some(8443)),
            at("fd00::/8", None),
            at("fd00::/8", Some(443)),
        ];
        assert_eq!(destinations(text).as_deref(), Ok(&read[..]));
        for wrong in [
            "10.1.0.0",
            "10.1.0.0/33",
            "example.com/32",
            "10.1.0.0/8:x",
            "10.0.0.0/8:0",
            "[fd00::/8]443",
        ] {
            assert!(destinations(wrong).is_err(), "{wrong}");
        }
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
