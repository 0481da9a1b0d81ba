//! The chart, from its installation to the end.

use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use tokio::{sync::oneshot, task::JoinHandle};

use super::{
    place::{ADMIN_TOKEN, Place, ready},
    release::{NAME, Release},
};
use crate::world::World;

/// As long as helm may wait for replicas.
const WAIT: [&str; 3] = ["--wait", "--timeout", "5m"];
/// What the upgrade changes.
const CHANGED: &str = "OPTIO_LIMITS_TURNS_RUNNING_MAX";
/// Between two messages of the load.
const PAUSE: Duration = Duration::from_millis(200);

/// Somebody who sends one message after the other, each until it is taken.
struct Load {
    stop: oneshot::Sender<()>,
    sent: JoinHandle<usize>,
}

impl Load {
    fn begin(url: String, agent: &str) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let path = format!("{url}/api/persistent-agents/{agent}/messages");
        let sent = tokio::spawn(async move {
            // Each message dials anew, as a stranger would.
            let http = Client::builder().pool_max_idle_per_host(0).build().unwrap();
            let mut number = 0;
            while stopped.try_recv().is_err() {
                number += 1;
                let body = json!({ "body": format!("run: echo {number} >> done; echo {number}") });
                let taken = async || {
                    let request = http.post(&path).bearer_auth(ADMIN_TOKEN).json(&body);
                    // One whose answer is lost is sent again, and is still one.
                    let request = request.header("Idempotency-Key", format!("load-{number}"));
                    request
                        .send()
                        .await
                        .is_ok_and(|it| it.status().is_success())
                };
                while !taken().await {
                    tokio::time::sleep(PAUSE).await;
                }
                tokio::time::sleep(PAUSE).await;
            }
            number
        });
        Self { stop, sent }
    }

    /// Stops it; how many messages were sent.
    async fn end(self) -> usize {
        self.stop.send(()).unwrap();
        self.sent.await.unwrap()
    }
}

/// The control planes that there are.
fn planes(place: &Place) -> Vec<String> {
    let selector = "--selector=app.kubernetes.io/component=control-plane";
    let pods = place.kubectl(&["get", "pods", selector, "--output", "name"]);
    pods.lines().map(str::to_owned).collect()
}

/// A variable of the control planes.
fn variable(release: &Release, name: &str) -> String {
    let path =
        format!(r#"jsonpath={{.spec.template.spec.containers[0].env[?(@.name=="{name}")].value}}"#);
    let deployment = ["get", "deployment", NAME, "--output", &path];
    release.place.kubectl(&deployment)
}

/// What the agent has written down in its pod, one message to a line.
fn done(release: &Release, agent: &str) -> Vec<usize> {
    let pod = format!("optio-{agent}");
    let inside = [
        "exec",
        &pod,
        "--container=agent",
        "--",
        "cat",
        "/workspace/done",
    ];
    let said = release.in_sandboxes(&inside);
    let mut numbers: Vec<usize> = said.lines().map(|it| it.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_installed_upgraded_under_load_rolled_back_and_removed() {
    let mut release = Release::prepare().await;
    let before = Release::objects(&release.place.namespace);
    release.upgrade(&WAIT).await;
    let first = planes(&release.place);
    assert_eq!(first.len(), 2, "{first:?}");
    let agent = ready(&mut release.world, "pat", "sticky").await;

    let load = Load::begin(release.world.url(), &agent);
    release.values["limits"] = json!({ "turns_running_max": 40 });
    release.upgrade(&WAIT).await;
    let sent = load.end().await;
    release.world.until_rest(&agent).await;
    assert_eq!(done(&release, &agent), (1..=sent).collect::<Vec<_>>());
    assert_eq!(variable(&release, CHANGED), "40");
    let place = &release.place;
    let replaced = async |_: &mut World| {
        let now = planes(place);
        now.iter().all(|it| !first.contains(it)).then_some(())
    };
    release
        .world
        .until("the old ones to be gone", replaced)
        .await;

    release
        .helm(&[&["rollback", NAME, "1"], &WAIT[..]].concat())
        .await;
    assert_eq!(variable(&release, CHANGED), "");
    let second = ready(&mut release.world, "second", "on-demand").await;
    release.world.delete(&second).await;
    uninstalled(&mut release, &agent, &before).await;
}

/// Removes the release; what is left is what the chart says.
async fn uninstalled(release: &mut Release, agent: &str, before: &[String]) {
    let of_sandboxes = Release::objects(&release.sandboxes);
    assert!(
        of_sandboxes
            .iter()
            .any(|it| it.ends_with(&format!("/optio-{agent}")))
    );
    release.helm(&["uninstall", NAME, "--wait"]).await;
    let own = release.place.namespace.clone();
    release
        .world
        .until("nothing to be left of the release", async |_| {
            let left = Release::objects(&own);
            left.iter().all(|it| before.contains(it)).then_some(())
        })
        .await;
    let (pod, claim) = (
        format!("pod/optio-{agent}"),
        format!("persistentvolumeclaim/optio-{agent}"),
    );
    let policies = ["egress", "restricted", "unrestricted"]
        .map(|of| format!("networkpolicy.networking.k8s.io/{NAME}-sandboxes-{of}"));
    let left = Release::objects(&release.sandboxes);
    let made_by_the_cluster =
        |it: &&String| it.contains("default") || it.contains("kube-root-ca.crt");
    let mut left: Vec<&String> = left.iter().filter(|it| !made_by_the_cluster(it)).collect();
    left.sort();
    left.dedup();
    let kept: Vec<&String> = policies.iter().chain([&claim, &pod]).collect();
    assert_eq!(left, kept);
    let roles = [
        "get",
        "clusterroles,clusterrolebindings",
        "--output",
        "name",
    ];
    assert!(!release.place.kubectl(&roles).contains(&own));
}
