//! Optio as its chart installs it: control planes in a namespace, sandboxes in another.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};

use super::place::{ADMIN_TOKEN, Place, kubectl, told};
use crate::world::{API_KEY, ENCRYPTION_KEY, World, unique};

/// The name of the release, and of what it is made of.
pub(super) const NAME: &str = "optio";
/// Signs tokens in these releases.
const TOKEN_KEY: &str = "8c1d5b0e3f7a926448bd01c7e5f2a93067d8e4b1c05f7a293e6481d0b7c5fa92";
/// Where ports of Services on nodes begin, and how many there are.
const NODE_PORTS: (u32, u32) = (30_000, 2_700);

/// A release of the chart, with a world of which everything but the control plane is this machine's.
pub(super) struct Release {
    pub(super) place: Place,
    pub(super) world: World,
    /// The namespace of its sandboxes.
    pub(super) sandboxes: String,
    pub(super) values: Value,
}

impl Release {
    /// A release that is not installed yet.
    pub(super) async fn prepare() -> Self {
        let place = Place::new();
        let mut world = place.plan().prepare().await;
        let database = forwarded(place.host, world.setting("DATABASE_URL")).await;
        // Its port is on every node, so that the address is known before there is a Service.
        let port = u16::try_from(NODE_PORTS.0 + unique() % NODE_PORTS.1).unwrap();
        let address = SocketAddr::new(node_address(), port);
        world.talk_at(address);
        let model = world.setting("ANTHROPIC_BASE_URL");
        let values = json!({
            "api": {
                "image": image("OPTIO_TEST_RUNNER_IMAGE"),
                "internalUrl": format!("http://{address}"),
                "service": { "type": "NodePort", "nodePort": port },
                "resources": { "requests": { "cpu": "50m", "memory": "64Mi" } },
            },
            "encryption": { "key": ENCRYPTION_KEY },
            "credentialSecret": TOKEN_KEY,
            "auth": { "adminToken": ADMIN_TOKEN },
            "externalDatabase": { "url": database },
            "anthropic": { "apiKey": API_KEY, "baseUrl": model },
            "agent": {
                "image": image("OPTIO_TEST_AGENT_IMAGE"),
                "resources": {
                    "requests": { "cpu": "20m", "memory": "64Mi" }, "limits": { "memory": "1Gi" },
                },
                "pvc": { "size": "64Mi", "storageClass": told("OPTIO_TEST_STORAGE_CLASS") },
            },
        });
        let sandboxes = format!("{}-sandboxes", place.namespace);
        Self {
            place,
            world,
            sandboxes,
            values,
        }
    }

    /// Installs it with its values as they are now, or upgrades it to them.
    pub(super) async fn upgrade(&self, further: &[&str]) {
        let file = self.world.dir().join("values.json");
        fs::write(&file, self.values.to_string()).unwrap();
        let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../helm/optio");
        let (file, chart) = (file.to_str().unwrap(), chart.to_str().unwrap());
        let args = ["upgrade", "--install", NAME, chart, "--values", file];
        self.helm(&[&args, further].concat()).await;
    }

    /// helm, in the namespace of the release; it must succeed.
    pub(super) async fn helm(&self, args: &[&str]) -> String {
        let output = self.tried(args).await;
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn tried(&self, args: &[&str]) -> Output {
        let mut helm = tokio::process::Command::new("helm");
        helm.args(["--namespace", &self.place.namespace]).args(args);
        helm.env("KUBECONFIG", told("KUBECONFIG"));
        helm.output().await.unwrap()
    }

    /// kubectl, in the namespace of the sandboxes; it must succeed.
    pub(super) fn in_sandboxes(&self, args: &[&str]) -> String {
        let output = kubectl(&[&["--namespace", &self.sandboxes], args].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What there is in a namespace, as kind and name, but for what comes and goes by itself.
    pub(super) fn objects(namespace: &str) -> Vec<String> {
        let kinds = kubectl(&[
            "api-resources",
            "--verbs=list",
            "--namespaced",
            "--output=name",
        ]);
        let kinds = String::from_utf8(kinds.stdout).unwrap();
        let kinds: Vec<&str> = kinds
            .lines()
            .filter(|it| !it.starts_with("events"))
            .collect();
        let all = kinds.join(",");
        let found = kubectl(&["--namespace", namespace, "get", &all, "--output", "name"]);
        assert!(found.status.success(), "{found:?}");
        let found = String::from_utf8(found.stdout).unwrap();
        let pods = kubectl(&["--namespace", namespace, "get", "pods", "--output=json"]);
        let pods: Value = serde_json::from_slice(&pods.stdout).unwrap();
        let pods = pods["items"].as_array().unwrap().iter();
        // One that is to be deleted is its node's affair, and old kubelets take a minute to say that it has ended.
        let ended: Vec<String> = pods
            .filter(|pod| pod["metadata"]["deletionTimestamp"].is_string())
            .map(|pod| format!("pod/{}", pod["metadata"]["name"].as_str().unwrap()))
            .collect();
        // Kubernetes 1.20 makes a secret with a token for every account, when it has the time.
        let stays = |it: &&str| !it.contains("-token-") && !ended.iter().any(|pod| pod == it);
        found.lines().filter(stays).map(str::to_owned).collect()
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let ours = ["--namespace", &self.place.namespace];
        if std::thread::panicking() {
            let selector = "--selector=app.kubernetes.io/part-of=optio";
            let logs = [
                "logs",
                selector,
                "--prefix",
                "--tail=60",
                "--all-containers",
            ];
            let logs = kubectl(&[&ours[..], &logs[..]].concat());
            eprintln!("{}", String::from_utf8_lossy(&logs.stdout));
            let pods = kubectl(&["--namespace", &self.sandboxes, "get", "pods,pvc,events"]);
            eprintln!("{}", String::from_utf8_lossy(&pods.stdout));
        }
        let roles = "clusterrole,clusterrolebinding";
        let name = format!("{}-{NAME}", self.place.namespace);
        drop(kubectl(&["delete", roles, &name, "--ignore-not-found"]));
        let gone = ["delete", "namespace", &self.sandboxes, "--wait=false"];
        drop(kubectl(&gone));
    }
}

/// An image as the chart wants it.
fn image(variable: &str) -> Value {
    let name = told(variable);
    let (repository, tag) = name.rsplit_once(':').unwrap();
    json!({ "repository": repository, "tag": tag })
}

/// A node, as pods and this machine reach it.
fn node_address() -> IpAddr {
    let path = r#"jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}"#;
    let output = kubectl(&["get", "nodes", "--output", path]);
    String::from_utf8(output.stdout).unwrap().parse().unwrap()
}

/// Lets pods reach the database of a world, which listens at a socket of this machine only.
async fn forwarded(host: IpAddr, url: &str) -> String {
    let (before, options) = url.split_once('?').unwrap();
    let database = before.rsplit_once('/').unwrap().1;
    let directory = options.split('&').find_map(|it| it.strip_prefix("host="));
    let socket = PathBuf::from(directory.unwrap()).join(".s.PGSQL.5432");
    let listener = tokio::net::TcpListener::bind((host, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let to = tokio::net::UnixStream::connect(&socket).await;
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to?).await });
        }
    });
    format!("postgres://postgres@{address}/{database}?sslmode=disable")
}
