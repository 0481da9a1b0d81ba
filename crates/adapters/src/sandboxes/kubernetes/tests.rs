//! The pure half of the driver: what is asked of Kubernetes, and what its answers mean.

use std::{collections::BTreeMap, path::PathBuf};

use kube::core::Status;
use optio_domain::id::{AgentId, PoolId};
use serde_json::json;
use uuid::Uuid;

use super::*;

fn settings() -> Settings {
    Settings {
        namespace: "boxes".to_owned(),
        instance: "optio".to_owned(),
        service_account: "optio-sandbox".to_owned(),
        api_url: "http://optio.optio.svc:4000".to_owned(),
        agent_image: "optio-agent:0.1.0".to_owned(),
        presets: Presets::beside("optio-agent:0.1.0"),
        runner_image: "optio:0.1.0".to_owned(),
        pull_policy: None,
        pull_secrets: Vec::new(),
        node_selector: BTreeMap::new(),
        tolerations: json!([]),
        resources: resources(RESOURCES).unwrap(),
        runtime_class: None,
        volume: Volume {
            size: "10Gi".to_owned(),
            class: None,
            access_mode: "ReadWriteOnce".to_owned(),
        },
        cache: Volume {
            size: "20Gi".to_owned(),
            class: Some("shared".to_owned()),
            access_mode: "ReadWriteMany".to_owned(),
        },
        egress: Vec::new(),
        control_plane: None,
        orphan_ms_max: 600_000,
    }
}

/// Everything that can be chosen is chosen.
fn chosen() -> Settings {
    Settings {
        pull_policy: Some("Always".to_owned()),
        pull_secrets: vec!["registry".to_owned()],
        node_selector: labels(r#"{"pool":"agents"}"#).unwrap(),
        tolerations: tolerations(r#"[{"key":"agents","operator":"Exists"}]"#).unwrap(),
        resources: resources(r#"{"limits":{"memory":"1Gi"}}"#).unwrap(),
        runtime_class: Some("gvisor".to_owned()),
        volume: Volume {
            size: "2Gi".to_owned(),
            class: Some("fast".to_owned()),
            access_mode: "ReadWriteOncePod".to_owned(),
        },
        egress: destinations("10.9.0.0/16:8443,fd00::/8").unwrap(),
        control_plane: Some(
            control_plane(r#"{"namespace":"optio","labels":{"app":"optio"},"port":4000}"#).unwrap(),
        ),
        ..settings()
    }
}

fn order(durable: bool) -> SandboxOrder {
    let sandbox = SandboxId(Uuid::from_u128(1));
    let owner = if durable {
        PoolId(Uuid::from_u128(2)).into()
    } else {
        AgentId(sandbox.0).into()
    };
    SandboxOrder {
        sandbox,
        owner,
        api_url: "http://10.0.0.7:4000".to_owned(),
        token: "optio_sandbox_secret".to_owned(),
        durable,
        spec: SandboxSpec::default(),
        connections: Vec::new(),
    }
}

/// Everything that people can decide is decided.
fn decided() -> SandboxOrder {
    let spec = json!({
        "imagePreset": "rust", "cpuLimit": "100m", "memoryRequest": "8Gi",
        "networkPolicy": "closed", "egress": ["10.1.0.0/16:443", "10.2.0.7/32"],
        "runtimeClass": "kata", "nodeSelector": { "disk": "fast" },
        "caches": ["~/.cargo/registry", "/workspace/.cache"],
    });
    SandboxOrder {
        spec: SandboxSpec::read(Some(&spec)).unwrap(),
        connections: destinations("10.3.0.9/32:8080").unwrap(),
        ..order(true)
    }
}

/// Compares with what is kept. With `UPDATE_SNAPSHOTS` set, keeps it instead.
fn is_as_kept(name: &str, object: &Value) {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/kubernetes");
    let file = kept.join(format!("{name}.json"));
    let text = format!("{}\n", serde_json::to_string_pretty(object).unwrap());
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        before,
        text,
        "{} (UPDATE_SNAPSHOTS=1 keeps what is)",
        file.display()
    );
}

#[test]
fn the_manifests_are_as_kept() {
    is_as_kept(
        "pod-of-an-agent",
        &manifest::pod(&settings(), &order(false)),
    );
    is_as_kept(
        "pod-with-everything",
        &manifest::pod(&chosen(), &order(true)),
    );
    is_as_kept("claim", &manifest::claim(&settings(), &order(true)));
    is_as_kept(
        "claim-with-everything",
        &manifest::claim(&chosen(), &order(true)),
    );
    is_as_kept("pod-as-decided", &manifest::pod(&chosen(), &decided()));
    is_as_kept(
        "shared-claim",
        &manifest::shared_claim(&settings(), &decided()),
    );
    is_as_kept("policies", &json!(manifest::policies(&settings())));
    is_as_kept(
        "policies-with-everything",
        &json!(manifest::policies(&chosen())),
    );
    let own = manifest::own_policy(&settings(), &decided(), Some("the-pod"));
    is_as_kept("own-policy", &own.unwrap());
}

#[test]
fn an_image_is_the_one_that_is_decided_or_what_it_would_be_called() {
    let image = |settings: &Settings, spec: Value| {
        let spec = SandboxSpec::read(Some(&spec)).unwrap();
        manifest::image(settings, &spec)
    };
    let is = |image: &str| Some(image.to_owned());
    let all = settings();
    assert_eq!(image(&all, json!({})), is("optio-agent:0.1.0"));
    assert_eq!(
        image(&all, json!({ "imagePreset": "base" })),
        is("optio-agent:0.1.0")
    );
    assert_eq!(
        image(&all, json!({ "imagePreset": "go" })),
        is("optio-agent-go:0.1.0")
    );
    assert_eq!(image(&all, json!({ "image": "mine:1" })), is("mine:1"));
    let digest = Settings {
        presets: None,
        ..settings()
    };
    assert_eq!(image(&digest, json!({ "imagePreset": "go" })), None);
}

#[test]
fn a_limit_that_is_decided_is_not_contradicted_by_a_request_that_is_not() {
    let pod = manifest::pod(&settings(), &decided());
    let resources = &pod["spec"]["containers"][0]["resources"];
    // Of the settings: 250m and 512Mi, at most 2 and 4Gi.
    assert_eq!(
        resources,
        &json!({
            "requests": { "cpu": "100m", "memory": "8Gi" },
            "limits": { "cpu": "100m", "memory": "8Gi" },
        })
    );
}

#[test]
fn nothing_secret_is_in_a_manifest_and_kubernetes_knows_all_of_it() {
    for object in [
        manifest::pod(&settings(), &order(false)),
        manifest::pod(&chosen(), &order(true)),
        manifest::pod(&settings(), &decided()),
    ] {
        assert!(!object.to_string().contains("optio_sandbox_secret"));
        let known: Pod = serde_json::from_value(object.clone()).unwrap();
        // What the types do not know would be missing.
        assert_eq!(serde_json::to_value(known).unwrap(), object);
    }
}

#[test]
fn only_the_init_container_sees_the_token_of_the_pod() {
    let pod = manifest::pod(&settings(), &order(true));
    let mounts = |of: &str| {
        let all = pod["spec"][of][0]["volumeMounts"].as_array().unwrap();
        let names = all.iter().map(|it| it["name"].as_str().unwrap());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(mounts("initContainers").contains(&"identity".to_owned()));
    assert!(!mounts("containers").contains(&"identity".to_owned()));
    assert_eq!(pod["spec"]["automountServiceAccountToken"], false);
}

fn now() -> DateTime<Utc> {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn pod(status: &Value) -> Pod {
    of(&json!({ "name": "optio-1" }), status)
}

fn of(metadata: &Value, status: &Value) -> Pod {
    let spec = json!({ "nodeName": "node-7", "containers": [] });
    serde_json::from_value(json!({ "metadata": metadata, "spec": spec, "status": status })).unwrap()
}

fn container(name: &str, state: &Value) -> Value {
    json!([{ "name": name, "image": "agent:9", "imageID": "", "ready": false, "restartCount": 0, "state": state }])
}

fn waiting(reason: &str) -> Value {
    let state = json!({ "waiting": { "reason": reason, "message": "what\nthe node says" } });
    json!({ "phase": "Pending", "containerStatuses": container("agent", &state) })
}

#[test]
fn a_pod_on_its_way_starts_and_one_that_runs_runs() {
    assert_eq!(standing(&pod(&json!({})), now()), Standing::Starts);
    let preparing = json!({
        "phase": "Pending",
        "initContainerStatuses": container("runner", &json!({ "running": {} })),
        "containerStatuses": container("agent", &json!({ "waiting": { "reason": "PodInitializing" } })),
    });
    assert_eq!(standing(&pod(&preparing), now()), Standing::Starts);
    let runs = json!({
        "phase": "Running",
        "conditions": [{ "type": "Ready", "status": "True" }],
        "containerStatuses": container("agent", &json!({ "running": {} })),
    });
    assert_eq!(standing(&pod(&runs), now()), Standing::Runs);
}

#[test]
fn what_stands_in_the_way_is_said_with_what_to_do() {
    let held = |status: &Value| {
        let standing = standing(&pod(status), now());
        let Standing::Held(words) = standing else {
            panic!("{standing:?}")
        };
        words
    };
    let unschedulable = json!({ "phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }] });
    let words = held(&unschedulable);
    assert!(
        words.contains("Insufficient cpu") && words.contains("OPTIO_AGENT_RESOURCES"),
        "{words}"
    );
    let words = held(&waiting("ImagePullBackOff"));
    assert!(
        words.contains("agent:9") && words.contains("what the node says"),
        "{words}"
    );
    assert!(words.contains("OPTIO_IMAGE_PULL_SECRETS"), "{words}");
    assert!(held(&waiting("CreateContainerError")).contains("CreateContainerError"));
    let silent = json!({
        "phase": "Running",
        "conditions": [{ "type": "Ready", "status": "False" }],
        "containerStatuses": container("agent", &json!({ "running": {} })),
    });
    let words = held(&silent);
    assert!(
        words.contains("node-7 does not answer") && words.contains("no other is"),
        "{words}"
    );
}

#[test]
fn what_will_never_run_is_broken() {
    for (reason, remedy) in [
        ("ErrImageNeverPull", "OPTIO_IMAGE_PULL_POLICY"),
        ("InvalidImageName", "OPTIO_AGENT_IMAGE"),
    ] {
        let Standing::Broken(words) = standing(&pod(&waiting(reason)), now()) else {
            panic!("{reason}")
        };
        assert!(words.contains(remedy), "{words}");
    }
}

#[test]
fn how_a_pod_ended_is_said() {
    let over = |status: &Value| {
        let standing = standing(&pod(status), now());
        let Standing::Over(words) = standing else {
            panic!("{standing:?}")
        };
        words
    };
    let ended = |name: &str, code: i32, reason: &str| {
        let state = json!({ "terminated": { "exitCode": code, "reason": reason } });
        json!({ "phase": "Failed", "containerStatuses": container(name, &state) })
    };
    assert!(over(&ended("agent", 137, "OOMKilled")).contains("more memory than its limit"));
    assert!(over(&ended("agent", 137, "Error")).contains("SIGKILL"));
    assert!(over(&ended("agent", 4, "Error")).contains("exit code 4"));
    assert!(over(&ended("runner", 4, "Error")).contains("could not be prepared"));
    assert!(over(&ended("agent", 0, "Completed")).contains("nobody needs it"));
    let evicted = json!({ "phase": "Failed", "reason": "Evicted", "message": "low on memory" });
    assert!(over(&evicted).contains("evicted by its node (low on memory)"));
    let lost = json!({ "phase": "Failed", "reason": "NodeLost" });
    assert!(over(&lost).contains("ended with its node"));
}

#[test]
fn a_pod_that_is_being_ended_is_not_replaced_before_it_is_gone() {
    let at = |time: &str| {
        let metadata = json!({ "name": "optio-1", "deletionTimestamp": time });
        let standing = standing(&of(&metadata, &json!({ "phase": "Running" })), now());
        let Standing::Ends(words) = standing else {
            panic!("{standing:?}")
        };
        words
    };
    assert!(at("2026-01-01T12:00:10Z").contains("being ended on node-7"));
    assert!(at("2026-01-01T11:58:00Z").contains("kubectl delete node node-7"));
}

#[test]
fn a_refusal_says_who_has_to_act() {
    let refused = |code: u16, message: &str| {
        let status = Status {
            code,
            message: message.to_owned(),
            ..Status::default()
        };
        refusal(&kube::Error::Api(Box::new(status)), "write pods")
    };
    let quota = "pods \"optio-1\" is forbidden: exceeded quota: compute, requested: pods=1";
    assert!(
        matches!(refused(403, quota), SandboxError::Busy(words) if words.contains("raise the quota"))
    );
    let rbac = "pods is forbidden: User \"x\" cannot create resource \"pods\"";
    assert!(matches!(refused(403, rbac), SandboxError::Broken(words) if words.contains("RBAC")));
    let policy = "admission webhook \"policy\" denied the request: no";
    assert!(matches!(refused(403, policy), SandboxError::Broken(words) if words.contains("admit")));
    assert!(
        matches!(refused(404, "namespaces \"x\" not found"), SandboxError::Broken(words) if words.contains("OPTIO_NAMESPACE"))
    );
    assert!(matches!(
        refused(500, "etcd is away"),
        SandboxError::Busy(_)
    ));
    let away = kube::Error::Service("connection refused".into());
    assert!(
        matches!(refusal(&away, "write pods"), SandboxError::Busy(words) if words.contains("sandboxes that run go on"))
    );
}
