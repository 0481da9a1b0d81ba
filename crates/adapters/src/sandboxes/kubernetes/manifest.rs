//! What is asked of Kubernetes: pure, settings and an order in, objects out. Nothing secret is in any of it.

use optio_domain::{id::SandboxId, ports::SandboxOrder};
use serde_json::{Value, json};

use super::settings::{Destination, Settings};

/// Where the runner lies in its own image, and where the init container puts it for the agent's.
const RUNNER_THERE: &str = "/usr/local/bin/optio-runner";
const RUNNER_HERE: &str = "/opt/optio/bin/optio-runner";
/// The audience of the token by which a pod proves who it is: good for us and for nobody else.
pub(super) const AUDIENCE: &str = "optio";
/// Seconds that token is good for, the fewest there can be. It is needed once, at the start.
const TOKEN_SECONDS: i64 = 600;
/// The user of everything in a pod.
const USER: i64 = 1001;
/// Seconds between the word that a pod is to end and its end. The runner needs about three.
pub(super) const GRACE_SECONDS: u32 = 15;

/// The labels by which we find what is ours.
pub(super) const SANDBOX: &str = "optio.dev/sandbox";
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const INSTANCE: &str = "app.kubernetes.io/instance";
const COMPONENT: &str = "app.kubernetes.io/component";

/// What a sandbox is called, as a pod and as a volume claim. Two of one name cannot be, and so no sandbox can
/// run twice.
pub(super) fn name(sandbox: SandboxId) -> String {
    format!("optio-{sandbox}")
}

/// Selects everything of this installation.
pub(super) fn selector(settings: &Settings) -> String {
    let instance = &settings.instance;
    format!("{MANAGED_BY}=optio,{COMPONENT}=sandbox,{INSTANCE}={instance}")
}

fn labels(settings: &Settings, order: &SandboxOrder) -> Value {
    json!({
        MANAGED_BY: "optio",
        COMPONENT: "sandbox",
        INSTANCE: settings.instance,
        SANDBOX: order.sandbox.to_string(),
        "optio.dev/owner-kind": order.owner.kind.name(),
        "optio.dev/owner": order.owner.id.to_string(),
    })
}

/// The pod of a sandbox.
pub(super) fn pod(settings: &Settings, order: &SandboxOrder) -> Value {
    let name = name(order.sandbox);
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": labels(settings, order),
            // Whoever tidies nodes by itself is asked to leave alone where an agent may be at work.
            "annotations": {
                "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
                "karpenter.sh/do-not-disrupt": "true",
            },
        },
        "spec": {
            // A runner that died is not started again over what it left: the whole pod is replaced.
            "restartPolicy": "Never",
            "serviceAccountName": settings.service_account,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": GRACE_SECONDS,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "fsGroupChangePolicy": "OnRootMismatch",
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "initContainers": [installer(settings, order)],
            "containers": [agent(settings)],
            "volumes": volumes(order, &name),
        },
    });
    let spec = &mut pod["spec"];
    if !settings.pull_secrets.is_empty() {
        let named = settings.pull_secrets.iter();
        spec["imagePullSecrets"] = named.map(|name| json!({ "name": name })).collect();
    }
    if !settings.node_selector.is_empty() {
        spec["nodeSelector"] = json!(settings.node_selector);
    }
    if settings
        .tolerations
        .as_array()
        .is_some_and(|all| !all.is_empty())
    {
        spec["tolerations"] = settings.tolerations.clone();
    }
    if let Some(class) = &settings.runtime_class {
        spec["runtimeClassName"] = json!(class);
    }
    pod
}

fn shut_in() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": { "drop": ["ALL"] },
    })
}

/// Puts the runner where the agent's container finds it, and fetches its token for it. Only this container
/// sees the token of the service account.
fn installer(settings: &Settings, order: &SandboxOrder) -> Value {
    let mut container = json!({
        "name": "runner",
        "image": settings.runner_image,
        "command": [RUNNER_THERE, "install", RUNNER_HERE],
        "env": [
            { "name": "OPTIO_API_URL", "value": settings.api_url },
            { "name": "OPTIO_SANDBOX_ID", "value": order.sandbox.to_string() },
            { "name": "OPTIO_ORPHAN_MS_MAX", "value": settings.orphan_ms_max.to_string() },
        ],
        "resources": {
            "requests": { "cpu": "50m", "memory": "32Mi" },
            "limits": { "cpu": "1", "memory": "128Mi" },
        },
        "securityContext": shut_in(),
        "volumeMounts": [
            { "name": "runner", "mountPath": "/opt/optio" },
            { "name": "start", "mountPath": "/run/optio" },
            { "name": "files", "mountPath": "/volume" },
            { "name": "identity", "mountPath": "/var/run/secrets/optio", "readOnly": true },
        ],
    });
    pulled(&mut container, settings);
    container
}

fn agent(settings: &Settings) -> Value {
    let mut container = json!({
        "name": "agent",
        "image": settings.agent_image,
        "command": [RUNNER_HERE, "pod"],
        "resources": settings.resources,
        "securityContext": shut_in(),
        "workingDir": "/workspace",
        "volumeMounts": [
            { "name": "runner", "mountPath": "/opt/optio", "readOnly": true },
            { "name": "start", "mountPath": "/run/optio" },
            { "name": "files", "mountPath": "/workspace", "subPath": "workspace" },
            { "name": "files", "mountPath": "/home/agent", "subPath": "home" },
            { "name": "files", "mountPath": "/var/lib/optio-runner", "subPath": "runner" },
            { "name": "tmp", "mountPath": "/tmp" },
        ],
    });
    pulled(&mut container, settings);
    container
}

fn pulled(container: &mut Value, settings: &Settings) {
    if let Some(policy) = &settings.pull_policy {
        container["imagePullPolicy"] = json!(policy);
    }
}

fn volumes(order: &SandboxOrder, claim: &str) -> Value {
    let files = if order.durable {
        json!({ "name": "files", "persistentVolumeClaim": { "claimName": claim } })
    } else {
        json!({ "name": "files", "emptyDir": {} })
    };
    json!([
        { "name": "runner", "emptyDir": {} },
        { "name": "start", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
        { "name": "tmp", "emptyDir": {} },
        files,
        { "name": "identity", "projected": { "sources": [
            { "serviceAccountToken": {
                "path": "token", "audience": AUDIENCE, "expirationSeconds": TOKEN_SECONDS,
            } },
        ] } },
    ])
}

/// The volume of a durable sandbox.
pub(super) fn claim(settings: &Settings, order: &SandboxOrder) -> Value {
    let volume = &settings.volume;
    let mut claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name(order.sandbox),
            "namespace": settings.namespace,
            "labels": labels(settings, order),
        },
        "spec": {
            "accessModes": [volume.access_mode],
            "resources": { "requests": { "storage": volume.size } },
        },
    });
    if let Some(class) = &volume.class {
        claim["spec"]["storageClassName"] = json!(class);
    }
    claim
}

/// Addresses that are inside somebody's network, and those by which clouds tell machines their secrets.
const PRIVATE_V4: [&str; 5] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
];
const PRIVATE_V6: [&str; 2] = ["fc00::/7", "fe80::/10"];
/// What git hosts, package registries and model APIs listen at.
const PUBLIC_PORTS: [u16; 3] = [22, 80, 443];

/// What sandboxes may reach: DNS, the control plane, the public internet, and what the settings name; nothing
/// reaches them.
pub(super) fn policy(settings: &Settings) -> Value {
    let tcp = |port: u16| json!({ "protocol": "TCP", "port": port });
    let mut egress = vec![
        json!({
            "to": [
                { "namespaceSelector": {} },
                // Where nodes have a DNS cache of their own, it listens there.
                { "ipBlock": { "cidr": "169.254.20.10/32" } },
            ],
            "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
        }),
        json!({
            "to": [
                { "ipBlock": { "cidr": "0.0.0.0/0", "except": PRIVATE_V4 } },
                { "ipBlock": { "cidr": "::/0", "except": PRIVATE_V6 } },
            ],
            "ports": PUBLIC_PORTS.map(tcp),
        }),
    ];
    if let Some(plane) = &settings.control_plane {
        egress.push(json!({
            "to": [{
                "namespaceSelector": {
                    "matchLabels": { "kubernetes.io/metadata.name": plane.namespace },
                },
                "podSelector": { "matchLabels": plane.labels },
            }],
            "ports": [tcp(plane.port)],
        }));
    }
    egress.extend(settings.egress.iter().map(|Destination { cidr, port }| {
        let mut rule = json!({ "to": [{ "ipBlock": { "cidr": cidr } }] });
        if let Some(port) = port {
            rule["ports"] = json!([tcp(*port)]);
        }
        rule
    }));
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": format!("{}-sandboxes-egress", settings.instance),
            "namespace": settings.namespace,
            "labels": { MANAGED_BY: "optio", INSTANCE: settings.instance },
        },
        "spec": {
            "podSelector": { "matchLabels": {
                MANAGED_BY: "optio", COMPONENT: "sandbox", INSTANCE: settings.instance,
            } },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": egress,
        },
    })
}
