//! What is asked of Kubernetes: pure, settings and an order in, objects out. Nothing secret is in any of it.

use optio_domain::{
    id::SandboxId,
    ports::SandboxOrder,
    sandbox::{Cache, Destination, ImagePreset, NetworkPolicy, SandboxSpec, cpu_of, memory_of},
};
use serde_json::{Value, json};

use super::settings::{Settings, Volume};

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
/// The label by which policies find whom they are about.
const NETWORK: &str = "optio.dev/network";
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

/// Under which identity the sandboxes of an owner keep what they share: it is looked after as files of a
/// sandbox are.
pub(super) fn shared(order: &SandboxOrder) -> SandboxId {
    SandboxId(order.owner.id)
}

fn labels(settings: &Settings, order: &SandboxOrder, sandbox: SandboxId) -> Value {
    json!({
        MANAGED_BY: "optio",
        COMPONENT: "sandbox",
        INSTANCE: settings.instance,
        SANDBOX: sandbox.to_string(),
        "optio.dev/owner-kind": order.owner.kind.name(),
        "optio.dev/owner": order.owner.id.to_string(),
    })
}

/// The pod of a sandbox.
pub(super) fn pod(settings: &Settings, order: &SandboxOrder) -> Value {
    let name = name(order.sandbox);
    let decided = &order.spec;
    let mut labels = labels(settings, order, order.sandbox);
    labels[NETWORK] = decided.network_policy.unwrap_or_default().name().into();
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": labels,
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
            "containers": [agent(settings, order)],
            "volumes": volumes(order, &name),
        },
    });
    let spec = &mut pod["spec"];
    if !settings.pull_secrets.is_empty() {
        let named = settings.pull_secrets.iter();
        spec["imagePullSecrets"] = named.map(|name| json!({ "name": name })).collect();
    }
    // What is decided for this one comes on top of what all have.
    let mut nodes = settings.node_selector.clone();
    nodes.extend(decided.node_selector.clone());
    if !nodes.is_empty() {
        spec["nodeSelector"] = json!(nodes);
    }
    if settings
        .tolerations
        .as_array()
        .is_some_and(|all| !all.is_empty())
    {
        spec["tolerations"] = settings.tolerations.clone();
    }
    let class = decided.runtime_class.as_ref();
    if let Some(class) = class.or(settings.runtime_class.as_ref()) {
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
        // A pod asks for the most that one of its containers asks for: this one never makes it more.
        "resources": resources(settings, &order.spec),
        "securityContext": shut_in(),
        "volumeMounts": [
            { "name": "runner", "mountPath": "/opt/optio" },
            { "name": "start", "mountPath": "/run/optio" },
            { "name": "files", "mountPath": "/volume" },
            { "name": "identity", "mountPath": "/var/run/secrets/optio", "readOnly": true },
        ],
    });
    let shared = order.spec.shared();
    if !shared.is_empty() {
        let paths: Vec<&str> = shared.iter().map(|it| it.path.as_str()).collect();
        push(
            &mut container["env"],
            json!({ "name": "OPTIO_SHARED", "value": paths.join(":") }),
        );
        let mount = json!({ "name": "shared", "mountPath": "/shared" });
        push(&mut container["volumeMounts"], mount);
    }
    pulled(&mut container, settings);
    container
}

fn push(list: &mut Value, value: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(value);
    }
}

/// The image a sandbox has, as far as it can be told.
pub(super) fn image(settings: &Settings, decided: &SandboxSpec) -> Option<String> {
    match (&decided.image, decided.image_preset) {
        (Some(image), _) => Some(image.clone()),
        (None, None | Some(ImagePreset::Base)) => Some(settings.agent_image.clone()),
        (None, Some(preset)) => Some(settings.presets.as_ref()?.image(preset)),
    }
}

/// What a sandbox gets: as the settings have it, but for what is decided for this one. Where only one of
/// request and limit is decided and the other would contradict it, that follows.
fn resources(settings: &Settings, decided: &SandboxSpec) -> Value {
    let mut all = settings.resources.clone();
    for (name, request, limit, amount) in [
        (
            "cpu",
            &decided.cpu_request,
            &decided.cpu_limit,
            cpu_of as fn(&str) -> Option<u128>,
        ),
        (
            "memory",
            &decided.memory_request,
            &decided.memory_limit,
            memory_of,
        ),
    ] {
        for (kind, said) in [("requests", request), ("limits", limit)] {
            if let Some(said) = said {
                all[kind][name] = json!(said);
            }
        }
        let of = |kind: &str| all[kind][name].as_str().and_then(amount);
        if let (Some(least), Some(most)) = (of("requests"), of("limits"))
            && most < least
        {
            let (from, to) = match limit {
                Some(_) => ("limits", "requests"),
                None => ("requests", "limits"),
            };
            all[to][name] = all[from][name].clone();
        }
    }
    all
}

fn agent(settings: &Settings, order: &SandboxOrder) -> Value {
    let decided = &order.spec;
    let mut container = json!({
        "name": "agent",
        // What cannot be told is refused before it is ordered.
        "image": image(settings, decided).unwrap_or_else(|| settings.agent_image.clone()),
        "command": [RUNNER_HERE, "pod"],
        "resources": resources(settings, decided),
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
    for Cache { path } in decided.shared() {
        let kept = path.trim_start_matches('/');
        let mount = json!({ "name": "shared", "mountPath": path, "subPath": kept });
        push(&mut container["volumeMounts"], mount);
    }
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
    let mut volumes = json!([
        { "name": "runner", "emptyDir": {} },
        { "name": "start", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
        { "name": "tmp", "emptyDir": {} },
        files,
        { "name": "identity", "projected": { "sources": [
            { "serviceAccountToken": {
                "path": "token", "audience": AUDIENCE, "expirationSeconds": TOKEN_SECONDS,
            } },
        ] } },
    ]);
    if !order.spec.caches.is_empty() {
        let claim = json!({ "claimName": name(shared(order)) });
        push(
            &mut volumes,
            json!({ "name": "shared", "persistentVolumeClaim": claim }),
        );
    }
    volumes
}

/// The volume of a durable sandbox.
pub(super) fn claim(settings: &Settings, order: &SandboxOrder) -> Value {
    claimed(settings, order, order.sandbox, &settings.volume)
}

/// The volume of what the sandboxes of an owner share.
pub(super) fn shared_claim(settings: &Settings, order: &SandboxOrder) -> Value {
    claimed(settings, order, shared(order), &settings.cache)
}

fn claimed(settings: &Settings, order: &SandboxOrder, of: SandboxId, volume: &Volume) -> Value {
    let mut claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name(of),
            "namespace": settings.namespace,
            "labels": labels(settings, order, of),
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
/// What model APIs listen at.
const HTTPS: [u16; 1] = [443];

/// What sandboxes may reach; nothing reaches them. Each policy allows, and what none allows is not.
pub(super) fn policies(settings: &Settings) -> Vec<Value> {
    let public = |policy: NetworkPolicy, ports: &[u16]| {
        let egress = json!([{
            "to": [
                { "ipBlock": { "cidr": "0.0.0.0/0", "except": PRIVATE_V4 } },
                { "ipBlock": { "cidr": "::/0", "except": PRIVATE_V6 } },
            ],
            "ports": ports.iter().copied().map(tcp).collect::<Vec<_>>(),
        }]);
        let name = format!("{}-sandboxes-{}", settings.instance, policy.name());
        let mut object = allowed(settings, name, json!({}), &egress);
        // A pod of a version that did not know the label goes on as it was begun.
        object["spec"]["podSelector"]["matchExpressions"] = json!([match policy {
            NetworkPolicy::Unrestricted => json!({
                "key": NETWORK, "operator": "NotIn",
                "values": [NetworkPolicy::Restricted.name(), NetworkPolicy::Closed.name()],
            }),
            NetworkPolicy::Restricted | NetworkPolicy::Closed => json!({
                "key": NETWORK, "operator": "In", "values": [policy.name()],
            }),
        }]);
        object
    };
    vec![
        everybody(settings),
        public(NetworkPolicy::Unrestricted, &PUBLIC_PORTS),
        public(NetworkPolicy::Restricted, &HTTPS),
    ]
}

/// What every sandbox may reach: DNS, the control plane, and what the settings name.
fn everybody(settings: &Settings) -> Value {
    let mut egress = vec![json!({
        "to": [
            { "namespaceSelector": {} },
            // Where nodes have a DNS cache of their own, it listens there.
            { "ipBlock": { "cidr": "169.254.20.10/32" } },
        ],
        "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
    })];
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
    egress.extend(settings.egress.iter().map(reached));
    let name = format!("{}-sandboxes-egress", settings.instance);
    allowed(settings, name, json!({}), &json!(egress))
}

/// What is named for one sandbox, and where its connections are. It goes with its pod, once it belongs to it.
pub(super) fn own_policy(
    settings: &Settings,
    order: &SandboxOrder,
    pod: Option<&str>,
) -> Option<Value> {
    let named = order.spec.destinations();
    let all = named.iter().chain(&order.connections);
    let egress: Vec<Value> = all.map(reached).collect();
    if egress.is_empty() {
        return None;
    }
    let (name, sandbox) = (name(order.sandbox), order.sandbox.to_string());
    let whom = json!({ SANDBOX: sandbox });
    let mut policy = allowed(settings, name.clone(), whom, &json!(egress));
    if let Some(uid) = pod {
        policy["metadata"]["ownerReferences"] = json!([
            { "apiVersion": "v1", "kind": "Pod", "name": name, "uid": uid },
        ]);
    }
    Some(policy)
}

fn tcp(port: u16) -> Value {
    json!({ "protocol": "TCP", "port": port })
}

fn reached(Destination { cidr, port }: &Destination) -> Value {
    let mut rule = json!({ "to": [{ "ipBlock": { "cidr": cidr } }] });
    if let Some(port) = port {
        rule["ports"] = json!([tcp(*port)]);
    }
    rule
}

/// A policy about our sandboxes that have these labels besides.
fn allowed(settings: &Settings, name: String, mut whom: Value, egress: &Value) -> Value {
    for (label, value) in [
        (MANAGED_BY, "optio"),
        (COMPONENT, "sandbox"),
        (INSTANCE, settings.instance.as_str()),
    ] {
        whom[label] = json!(value);
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": settings.namespace,
            "labels": { MANAGED_BY: "optio", INSTANCE: settings.instance },
        },
        "spec": {
            "podSelector": { "matchLabels": whom },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": egress,
        },
    })
}
