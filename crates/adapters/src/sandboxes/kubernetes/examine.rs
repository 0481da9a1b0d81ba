//! Whether a cluster gives us what we need: asked of the cluster itself, and nothing is left in it.

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::{
    Api, Client, Config,
    api::{PatchParams, PostParams},
};
use optio_domain::{
    id::{AgentId, SandboxId},
    ports::{SandboxError, SandboxOrder},
    sandbox::SandboxSpec,
};
use serde_json::json;

use super::{MANAGER, Settings, applied, in_time, manifest};

/// One thing that was looked at: its name, and what was found, or what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// What came of it.
    pub found: Result<String, String>,
}

/// What we do in the namespace of sandboxes: group, resource, verbs.
const IN_NAMESPACE: [(&str, &str, &[&str]); 3] = [
    (
        "",
        "pods",
        &["get", "list", "watch", "create", "patch", "delete"],
    ),
    (
        "",
        "persistentvolumeclaims",
        &["get", "list", "create", "patch", "delete"],
    ),
    ("networking.k8s.io", "networkpolicies", &["create", "patch"]),
];
/// What we do in the whole cluster.
const IN_CLUSTER: (&str, &str, &[&str]) = ("authentication.k8s.io", "tokenreviews", &["create"]);

/// Looks at the cluster.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let config = match Config::infer().await {
        Ok(config) => config,
        Err(error) => {
            let words = format!("no cluster is known here: {error}; set KUBECONFIG");
            return vec![finding("cluster", Err(words))];
        }
    };
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => return vec![finding("cluster", Err(error.to_string()))],
    };
    let version = in_time(client.apiserver_version(), "say its version").await;
    let version = version.map(|it| format!("Kubernetes {}.{}", it.major, it.minor));
    if let Err(error) = version {
        return vec![finding("cluster", Err(words(&error)))];
    }
    vec![
        finding("cluster", version.map_err(|error| words(&error))),
        finding("permissions", permissions(&client, settings).await),
        finding("sandbox pods", tried(&client, settings, "pods").await),
        finding(
            "volumes",
            tried(&client, settings, "persistentvolumeclaims").await,
        ),
    ]
}

fn finding(name: &'static str, found: Result<String, String>) -> Finding {
    Finding { name, found }
}

fn words(error: &SandboxError) -> String {
    match error {
        SandboxError::Busy(words) | SandboxError::Broken(words) => words.clone(),
    }
}

async fn permissions(client: &Client, settings: &Settings) -> Result<String, String> {
    let mut lacking = Vec::new();
    let mut asked = 0;
    let namespaced = IN_NAMESPACE
        .iter()
        .map(|rule| (Some(settings.namespace.as_str()), rule));
    for (namespace, (group, resource, verbs)) in namespaced.chain([(None, &IN_CLUSTER)]) {
        for verb in *verbs {
            asked += 1;
            if !may(client, namespace, group, resource, verb).await? {
                lacking.push(format!("{verb} {resource}"));
            }
        }
    }
    if lacking.is_empty() {
        return Ok(format!("all {asked} that are needed"));
    }
    Err(format!(
        "Optio may not {}; its role lacks that: install the chart's RBAC",
        lacking.join(", ")
    ))
}

async fn may(
    client: &Client,
    namespace: Option<&str>,
    group: &str,
    resource: &str,
    verb: &str,
) -> Result<bool, String> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let question = json!({ "metadata": {}, "spec": { "resourceAttributes": {
        "namespace": namespace, "group": group, "resource": resource, "verb": verb,
    } } });
    let question: SelfSubjectAccessReview =
        serde_json::from_value(question).map_err(|error| error.to_string())?;
    let once = PostParams::default();
    let answer = in_time(reviews.create(&once, &question), "review access").await;
    let answer = answer.map_err(|error| words(&error))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

/// Whether the cluster would take a sandbox as these settings make it. It is asked, and nothing is made.
async fn tried(client: &Client, settings: &Settings, what: &str) -> Result<String, String> {
    let nobody = SandboxId(Default::default());
    let order = SandboxOrder {
        sandbox: nobody,
        owner: AgentId(nobody.0).into(),
        api_url: String::new(),
        token: String::new(),
        durable: true,
        spec: SandboxSpec::default(),
        connections: Vec::new(),
    };
    let namespace = &settings.namespace;
    let dry = PatchParams::apply(MANAGER).force().dry_run();
    let admitted = |result: Result<(), SandboxError>| {
        let words = result.map_err(|error| words(&error));
        words.map(|()| format!("admitted to the namespace {namespace}"))
    };
    if what == "pods" {
        let api: Api<k8s_openapi::api::core::v1::Pod> = Api::namespaced(client.clone(), namespace);
        let pod = manifest::pod(settings, &order);
        return admitted(applied(&api, &pod, &dry, "write pods").await.map(drop));
    }
    let api: Api<k8s_openapi::api::core::v1::PersistentVolumeClaim> =
        Api::namespaced(client.clone(), namespace);
    let claim = manifest::claim(settings, &order);
    let admission = applied(&api, &claim, &dry, "write volume claims").await;
    admitted(admission.map(drop))
}
