//! A namespace of a real cluster for each test. Which cluster, KUBECONFIG says; `scripts/cluster-test` brings
//! what the tests need into it and names it in the environment.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr, TcpListener},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::world::{Plan, World, running, unique};

/// What people show in these worlds.
pub(super) const ADMIN_TOKEN: &str = "admin-of-the-cluster-worlds-0123456789";
/// The account of sandboxes.
pub(super) const ACCOUNT: &str = "optio-sandbox";

/// A namespace.
pub(super) struct Place {
    pub(super) namespace: String,
    /// This machine, as pods reach it.
    pub(super) host: IpAddr,
    port: u16,
}

#[expect(
    clippy::disallowed_methods,
    reason = "which cluster the tests are made in is said in the environment"
)]
pub(super) fn told(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests are run by scripts/cluster-test, which says what they need")
    })
}

/// kubectl, of the whole cluster.
pub(super) fn kubectl(args: &[&str]) -> Output {
    Command::new("kubectl")
        .args(args)
        .env("KUBECONFIG", told("KUBECONFIG"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

impl Place {
    /// A fresh namespace.
    pub(super) fn new() -> Self {
        let host: IpAddr = told("OPTIO_TEST_HOST").parse().unwrap();
        let free = TcpListener::bind((host, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        let place = Self {
            namespace: format!("optio-test-{}", unique()),
            host,
            port,
        };
        place.kubectl_of_all(&["create", "namespace", &place.namespace]);
        place.kubectl(&["create", "serviceaccount", ACCOUNT]);
        place
    }

    fn kubectl_of_all(&self, args: &[&str]) {
        let output = kubectl(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
    }

    /// kubectl, in this namespace; it must succeed.
    pub(super) fn kubectl(&self, args: &[&str]) -> String {
        let mut all = vec!["--namespace", &self.namespace];
        all.extend(args);
        let output = kubectl(&all);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Puts an object into the namespace.
    pub(super) fn apply(&self, object: &Value) {
        use std::io::Write as _;
        let mut child = Command::new("kubectl")
            .args(["--namespace", &self.namespace, "apply", "-f", "-"])
            .env("KUBECONFIG", told("KUBECONFIG"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(object.to_string().as_bytes()).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
    }

    /// Objects of a kind.
    pub(super) fn all(&self, kind: &str) -> Vec<Value> {
        let text = self.kubectl(&["get", kind, "--output", "json"]);
        let list: Value = serde_json::from_str(&text).unwrap();
        list["items"].as_array().unwrap().clone()
    }

    /// What a program prints in the pod of a sandbox.
    pub(super) fn inside(&self, sandbox: &str, command: &[&str]) -> String {
        let pod = format!("optio-{sandbox}");
        let mut all = vec!["exec", &pod, "--container", "agent", "--"];
        all.extend(command);
        self.kubectl(&all)
    }

    /// The pods, by the sandbox they are. One that has ended and is to be deleted is gone, however long its node
    /// takes to say so: some take minutes.
    pub(super) fn pods(&self) -> BTreeMap<String, Value> {
        let pods = self.all("pods").into_iter();
        pods.filter(|pod| !has_ended(pod))
            .filter_map(|pod| {
                let sandbox = pod["metadata"]["labels"]["optio.dev/sandbox"].as_str()?;
                Some((sandbox.to_owned(), pod.clone()))
            })
            .collect()
    }

    /// What a control plane of this namespace is told.
    pub(super) fn plan(&self) -> Plan {
        self.over(World::plan())
    }

    /// The same, besides what the plan says.
    pub(super) fn over(&self, plan: Plan) -> Plan {
        let kept = [
            ("OPTIO_AGENT_IMAGE", "OPTIO_TEST_AGENT_IMAGE"),
            ("OPTIO_RUNNER_IMAGE", "OPTIO_TEST_RUNNER_IMAGE"),
            ("OPTIO_HOME_PVC_STORAGE_CLASS", "OPTIO_TEST_STORAGE_CLASS"),
            ("OPTIO_CACHE_STORAGE_CLASS", "OPTIO_TEST_STORAGE_CLASS"),
            ("KUBECONFIG", "KUBECONFIG"),
        ];
        let plan = plan
            .at(self.address())
            .set("OPTIO_RUNTIME", "kubernetes")
            .set("OPTIO_NAMESPACE", &self.namespace)
            .set("OPTIO_ADMIN_TOKEN", ADMIN_TOKEN)
            .set(
                "OPTIO_API_INTERNAL_URL",
                &format!("http://{}", self.address()),
            )
            .set("OPTIO_HOME_PVC_SIZE", "64Mi")
            .set("OPTIO_CACHE_PVC_SIZE", "64Mi")
            .set(
                "OPTIO_AGENT_RESOURCES",
                r#"{"requests":{"cpu":"20m","memory":"64Mi"},"limits":{"memory":"1Gi"}}"#,
            );
        kept.into_iter().fold(plan, |plan, (name, from)| {
            let value = told(from);
            if value.is_empty() {
                return plan;
            }
            plan.set(name, &value)
        })
    }

    /// Ends the world once its pods are gone: they outlive a control plane that stops.
    pub(super) async fn end(&self, mut world: World) {
        world
            .until("the pods to be gone", async |_| {
                self.pods().is_empty().then_some(())
            })
            .await;
        world.end().await;
    }

    /// Where its control plane listens.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for args in [
                ["get", "pods,pvc", "--output", "wide"],
                ["get", "events", "--output", "wide"],
            ] {
                let mut all = vec!["--namespace", &self.namespace];
                all.extend(args);
                eprintln!("{}", String::from_utf8_lossy(&kubectl(&all).stdout));
            }
        }
        drop(kubectl(&[
            "delete",
            "namespace",
            &self.namespace,
            "--wait=false",
        ]));
    }
}

/// Whether a pod is to be deleted and nothing of it runs any more.
fn has_ended(pod: &Value) -> bool {
    let containers = pod["status"]["containerStatuses"].as_array();
    let over = |it: &Value| it["state"]["terminated"].is_object();
    pod["metadata"]["deletionTimestamp"].is_string()
        && containers.is_some_and(|all| all.iter().all(over))
}

/// Waits until `optio why` says these words.
pub(super) async fn until_why(world: &mut World, agent: &str, words: &[&str]) -> String {
    let what = format!("`optio why` to say {words:?}");
    world
        .until(&what, async |world| {
            let said = world.says(&["why", agent]).await;
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            words.iter().all(|word| said.contains(word)).then_some(said)
        })
        .await
}

/// Waits until the tool of a turn runs that has this in its command line.
pub(super) async fn until_runs(world: &mut World, witness: &str) {
    world
        .until("the tool to run", async |_| {
            (!running(witness).is_empty()).then_some(())
        })
        .await;
}

/// An agent whose first turn is over.
pub(super) async fn ready(world: &mut World, slug: &str, lifecycle: &str) -> String {
    let agent = world
        .create(slug, json!({ "podLifecycle": lifecycle }))
        .await;
    world.until_done(&agent, 1).await;
    agent
}
