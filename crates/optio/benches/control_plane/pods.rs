//! Sandboxes as pods of a real cluster: how soon one is there, cold and warm, beside a pod that anybody makes;
//! what one costs the API server; and many at once. The agents are the real program with nobody to talk to:
//! what is measured ends when it has started.

use std::{net::IpAddr, time::Duration};

use k8s_openapi::api::core::v1::{Namespace, Pod, ServiceAccount};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    Outcome, Size,
    figures::{Latencies, Row, Target, number, whole},
    http,
    plane::{Place, Plane},
    tell,
};

/// How long one pod may take.
const POD_MAX: Duration = Duration::from_secs(120);
/// How long many may take.
const MANY_MAX: Duration = Duration::from_mins(6);
/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The same where the question is not cheap.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// What is left of a pod after its end.
const QUIET: Duration = Duration::from_millis(500);
/// Sandboxes that are asked for at once.
const MANY: usize = 200;
/// Sandboxes of one job, at most.
const OF_A_JOB: usize = 20;
const ACCOUNT: &str = "optio-sandbox";
const DATABASE: &str = "stub_pods";
/// What a pod asks for: the node is to be the limit for nothing but its processors.
const RESOURCES: &str = r#"{"requests":{"cpu":"1m","memory":"16Mi"},"limits":{"memory":"1Gi"}}"#;

/// The cluster, as `scripts/cluster-test` explains what names it.
struct Cluster {
    client: Client,
    namespace: String,
    kubeconfig: String,
    host: IpAddr,
    agent_image: String,
    runner_image: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "which cluster is measured is said in the environment"
)]
fn told(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn made<T: DeserializeOwned>(object: Value) -> Outcome<T> {
    Ok(serde_json::from_value(object)?)
}

impl Cluster {
    async fn new() -> Outcome<Option<Self>> {
        let Some(kubeconfig) = told("KUBECONFIG") else {
            return Ok(None);
        };
        let needed = |name: &str| told(name).ok_or(format!("{name} is not set"));
        let cluster = Self {
            client: Client::try_default().await?,
            namespace: format!("optio-bench-{}", std::process::id()),
            kubeconfig,
            host: needed("OPTIO_TEST_HOST")?.parse()?,
            agent_image: needed("OPTIO_TEST_AGENT_IMAGE")?,
            runner_image: needed("OPTIO_TEST_RUNNER_IMAGE")?,
        };
        let once = PostParams::default();
        let space = made(json!({ "metadata": { "name": cluster.namespace } }))?;
        Api::<Namespace>::all(cluster.client.clone())
            .create(&once, &space)
            .await?;
        let account = made(json!({ "metadata": { "name": ACCOUNT } }))?;
        Api::<ServiceAccount>::namespaced(cluster.client.clone(), &cluster.namespace)
            .create(&once, &account)
            .await?;
        Ok(Some(cluster))
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        [
            ("OPTIO_RUNTIME", "kubernetes"),
            ("OPTIO_NAMESPACE", &self.namespace),
            ("OPTIO_AUTH_DISABLED", "true"),
            ("OPTIO_AGENT_IMAGE", &self.agent_image),
            ("OPTIO_RUNNER_IMAGE", &self.runner_image),
            ("OPTIO_AGENT_RESOURCES", RESOURCES),
            ("OPTIO_LIMITS_JOBS_RUNNING_MAX", "1000"),
            ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
            ("KUBECONFIG", &self.kubeconfig),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
    }

    async fn running(&self, all: &ListParams) -> Outcome<usize> {
        let pods = self.pods().list(all).await?;
        let runs =
            |pod: &&Pod| pod.status.as_ref().and_then(|it| it.phase.as_deref()) == Some("Running");
        Ok(pods.iter().filter(runs).count())
    }

    /// Waits until so many pods are there, whatever they do.
    async fn until(&self, count: usize) -> Outcome<()> {
        let began = Instant::now();
        while began.elapsed() < MANY_MAX {
            if self.pods().list(&ListParams::default()).await?.items.len() == count {
                return Ok(());
            }
            sleep(ASK_EVERY).await;
        }
        Err(format!("there were never {count} pods").into())
    }

    /// Ends all pods: those of a job that is gone would rest for a while.
    async fn clear(&self) -> Outcome<()> {
        let (now, all) = (
            DeleteParams::default().grace_period(0),
            ListParams::default(),
        );
        self.pods().delete_collection(&now, &all).await?;
        self.until(0).await
    }

    async fn end(&self) -> Outcome<()> {
        let spaces: Api<Namespace> = Api::all(self.client.clone());
        spaces
            .delete(&self.namespace, &DeleteParams::default())
            .await?;
        Ok(())
    }

    fn bare(&self, name: &str) -> Outcome<Pod> {
        made(json!({
            "metadata": { "name": name },
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": "agent", "image": self.agent_image, "command": ["sleep", "3600"],
                    "resources": serde_json::from_str::<Value>(RESOURCES)?,
                }],
            },
        }))
    }
}

/// The rows about pods.
pub(crate) async fn rows(
    place: &Place,
    plane: &Plane,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let Some(cluster) = Cluster::new().await? else {
        tell("bench: pods: left out, because KUBECONFIG names no cluster");
        return Ok(());
    };
    let done = measured(place, plane, &cluster, size, rows).await;
    cluster.end().await?;
    done
}

async fn measured(
    place: &Place,
    plane: &Plane,
    cluster: &Cluster,
    size: Size,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut admin = plane.database().await?;
    let create = format!("CREATE DATABASE {DATABASE}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(create))
        .execute(&mut admin)
        .await?;
    let bare = bare(cluster, size).await?;
    let mut serve = plane
        .serve_at(place, DATABASE, cluster.host, &cluster.settings())
        .await?;
    let mut database = serve.database().await?;
    cold(&serve, &mut database, cluster, size, &bare, rows).await?;
    warm(&serve, &mut database, cluster, size, &bare, rows).await?;
    many(&serve, cluster, rows).await?;
    serve.stop().await
}

/// Pods that anybody makes, one after the other: from the request until they run.
async fn bare(cluster: &Cluster, size: Size) -> Outcome<Latencies> {
    let mut took = Latencies::default();
    for each in 0..size.pick(5, 20) {
        let (name, begin) = (format!("bare-{each}"), Instant::now());
        let once = PostParams::default();
        cluster.pods().create(&once, &cluster.bare(&name)?).await?;
        let one = ListParams::default().fields(&format!("metadata.name={name}"));
        while cluster.running(&one).await? == 0 {
            if POD_MAX < begin.elapsed() {
                return Err("a bare pod did not start".into());
            }
            sleep(LOOK_EVERY).await;
        }
        took.add(begin.elapsed());
        cluster
            .pods()
            .delete(&name, &DeleteParams::default().grace_period(0))
            .await?;
        cluster.until(0).await?;
        sleep(QUIET).await;
    }
    Ok(took)
}

/// Agents that have their pod for one turn, one after the other.
async fn cold(
    serve: &Plane,
    database: &mut PgConnection,
    cluster: &Cluster,
    size: Size,
    bare: &Latencies,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut client = serve.client().await?;
    let samples = size.pick(5, 20);
    let (mut took, before) = (Latencies::default(), calls(serve).await?);
    for each in 0..samples {
        let agent = json!({
            "slug": format!("cold-{each}"), "name": "Cold", "initialPrompt": "Begin.",
            "podLifecycle": "on-demand",
        });
        let made = client
            .json(201, &http::post("/api/persistent-agents", &agent))
            .await?;
        let id: Uuid = made["agent"]["id"].as_str().unwrap_or_default().parse()?;
        took.add(started(database, OF_AGENT, id).await?);
        let path = format!("/api/persistent-agents/{id}");
        client
            .expect(204, &http::request("DELETE", &path, ""))
            .await?;
        cluster.until(0).await?;
        sleep(QUIET).await;
    }
    for percent in [50, 95] {
        say(
            rows,
            Row {
                what: format!("message accepted to agent started in a new pod, p{percent}"),
                value: took.percentile(percent),
                unit: "ms",
                reference: (
                    "a bare pod, created to running, ms",
                    bare.percentile(percent),
                ),
                target: Target::Open,
            },
        );
    }
    say(
        rows,
        Row {
            what: "requests to the Kubernetes API in the life of a pod".to_owned(),
            value: (calls(serve).await? - before) / number(samples),
            unit: "",
            reference: ("the fewest: create, delete", 2.0),
            target: Target::AtMost(12.0),
        },
    );
    Ok(())
}

/// Runs of a job that find a started sandbox.
async fn warm(
    serve: &Plane,
    database: &mut PgConnection,
    cluster: &Cluster,
    size: Size,
    bare: &Latencies,
    rows: &mut Vec<Row>,
) -> Outcome<()> {
    let mut client = serve.client().await?;
    let samples = size.pick(5, OF_A_JOB);
    let job = job(&mut client, "warm", samples).await?;
    connected(serve, samples).await?;
    let mut took = Latencies::default();
    let mut runs = Vec::new();
    for _each in 0..samples {
        let path = format!("/api/jobs/{job}/runs");
        let made = client.json(201, &http::post(&path, &json!({}))).await?;
        let run: Uuid = made["run"]["id"].as_str().unwrap_or_default().parse()?;
        took.add(started(database, OF_RUN, run).await?);
        // It goes on, so that the next one has to take another pod.
        runs.push(run);
        sleep(QUIET).await;
    }
    for run in &runs {
        let path = format!("/api/workflow-runs/{run}/cancel");
        client.ask(&http::post(&path, &json!({}))).await?;
    }
    let (places,): (i64,) =
        sqlx::query_as("SELECT count(DISTINCT sandbox_id) FROM runs WHERE actor_id = ANY($1)")
            .bind(&runs)
            .fetch_one(&mut *database)
            .await?;
    if places < 2 {
        return Err("the runs did not claim sandboxes, they shared one".into());
    }
    for percent in [50, 95] {
        say(
            rows,
            Row {
                what: format!("run accepted to agent started in a warm pod, p{percent}"),
                value: took.percentile(percent),
                unit: "ms",
                reference: (
                    "a bare pod, created to running, ms",
                    bare.percentile(percent),
                ),
                target: Target::AtMost(1_000.0),
            },
        );
    }
    remove(&mut client, &job).await?;
    cluster.clear().await
}

/// Many sandboxes at once, beside as many bare pods.
async fn many(serve: &Plane, cluster: &Cluster, rows: &mut Vec<Row>) -> Outcome<()> {
    let count = MANY;
    let begin = Instant::now();
    for each in 0..count {
        let once = PostParams::default();
        let pod = cluster.bare(&format!("many-{each}"))?;
        cluster.pods().create(&once, &pod).await?;
    }
    while cluster.running(&ListParams::default()).await? < count {
        if MANY_MAX < begin.elapsed() {
            return Err(format!("{count} bare pods did not start").into());
        }
        sleep(ASK_EVERY).await;
    }
    let bare = begin.elapsed();
    cluster.clear().await?;
    let (mut client, before) = (serve.client().await?, calls(serve).await?);
    let begin = Instant::now();
    let mut jobs = Vec::new();
    for each in 0..count / OF_A_JOB {
        jobs.push(job(&mut client, &format!("many-{each}"), OF_A_JOB).await?);
    }
    connected(serve, count).await?;
    say(
        rows,
        Row {
            what: format!(
                "{} sandboxes asked for at once until all are connected",
                whole(count)
            ),
            value: begin.elapsed().as_secs_f64(),
            unit: "s",
            reference: ("as many bare pods until all run, s", bare.as_secs_f64()),
            target: Target::RatioAtMost(2.0),
        },
    );
    say(
        rows,
        Row {
            what: "requests to the Kubernetes API for each of them until then".to_owned(),
            value: (calls(serve).await? - before) / number(count),
            unit: "",
            reference: ("the fewest: create", 1.0),
            target: Target::Open,
        },
    );
    for job in jobs {
        remove(&mut client, &job).await?;
    }
    cluster.clear().await
}

/// What is found is told at once: the section takes minutes.
fn say(rows: &mut Vec<Row>, row: Row) {
    let (of, reference) = row.reference;
    tell(&format!(
        "bench: pods: {}: {:.3} {} ({of}: {reference:.3})",
        row.what, row.value, row.unit
    ));
    rows.push(row);
}

/// A job that keeps so many sandboxes started, each for one run.
async fn job(client: &mut http::Connection, name: &str, warm: usize) -> Outcome<String> {
    let job = json!({
        "name": name, "promptTemplate": "Begin.", "warmPoolSize": warm, "maxPodInstances": warm,
        "maxAgentsPerPod": 1, "maxConcurrent": 1_000, "maxRetries": 0,
    });
    let made = client.json(201, &http::post("/api/jobs", &job)).await?;
    Ok(made["job"]["id"]
        .as_str()
        .or(made["workflow"]["id"].as_str())
        .unwrap_or_default()
        .to_owned())
}

async fn remove(client: &mut http::Connection, job: &str) -> Outcome<()> {
    let path = format!("/api/jobs/{job}");
    client
        .expect(204, &http::request("DELETE", &path, ""))
        .await?;
    Ok(())
}

const OF_AGENT: &str = "SELECT extract(epoch FROM r.started_at - g.created_at)::float8
    FROM agents g JOIN runs r ON r.actor_id = g.id WHERE g.id = $1 AND r.started_at IS NOT NULL
    ORDER BY r.started_at LIMIT 1";
const OF_RUN: &str = "SELECT extract(epoch FROM r.started_at - t.created_at)::float8
    FROM tasks t JOIN runs r ON r.actor_id = t.id WHERE t.id = $1 AND r.started_at IS NOT NULL
    ORDER BY r.started_at LIMIT 1";

/// How long it took from the acceptance to the start of the program.
async fn started(
    database: &mut PgConnection,
    statement: &'static str,
    of: Uuid,
) -> Outcome<Duration> {
    let began = Instant::now();
    while began.elapsed() < POD_MAX {
        let took: Option<(f64,)> = sqlx::query_as(statement)
            .bind(of)
            .fetch_optional(&mut *database)
            .await?;
        if let Some((seconds,)) = took {
            return Ok(Duration::from_secs_f64(seconds.max(0.0)));
        }
        sleep(LOOK_EVERY).await;
    }
    Err("an agent did not start in its pod".into())
}

/// Waits until so many runners are connected.
async fn connected(serve: &Plane, count: usize) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < MANY_MAX {
        if number(count) <= metric(serve, "optio_sandboxes_connected ").await? {
            return Ok(());
        }
        sleep(ASK_EVERY).await;
    }
    Err(format!("{count} sandboxes were never connected at once").into())
}

/// Requests to the API server so far, but for the watch.
async fn calls(serve: &Plane) -> Outcome<f64> {
    metric(serve, "optio_sandbox_api_requests_total{").await
}

/// The sum of what a metric says.
async fn metric(serve: &Plane, name: &str) -> Outcome<f64> {
    let mut client = serve.client().await?;
    let answer = client.expect(200, &http::get("/metrics")).await?;
    let text = String::from_utf8_lossy(client.body(&answer)).into_owned();
    let lines = text.lines().filter(|line| line.starts_with(name));
    let values = lines.filter(|line| !line.contains("watch"));
    Ok(values
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum())
}
