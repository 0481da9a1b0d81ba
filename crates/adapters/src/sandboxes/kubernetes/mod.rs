//! Sandboxes as pods of a Kubernetes cluster.
//!
//! A sandbox is one pod whose name is the sandbox's: that no two pods have one name is what keeps two agents
//! out of one workspace, however many control planes there are. Nothing is driven through the API server: it
//! starts and ends pods, and the runner in each dials home by itself.

mod calls;
mod examine;
mod identity;
mod manifest;
mod settings;
#[cfg(test)]
mod tests;
mod watch;
mod words;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use k8s_openapi::api::{
    authentication::v1::TokenReview,
    core::v1::{PersistentVolumeClaim, Pod},
    networking::v1::NetworkPolicy,
};
use kube::{
    Api, Client, Config, Resource, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions},
};
use optio_domain::{
    agent::spec::Invalid,
    id::SandboxId,
    ports::{
        Calls, Changed, Clock, Eventually, FoundSandbox, IsolationReport, SandboxError,
        SandboxOrder, SandboxState, Sandboxes, Unrecognised,
    },
    sandbox::SandboxSpec,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use calls::Counted;
pub use examine::{Finding, examine};
pub use settings::{
    ControlPlane, Presets, RESOURCES, Settings, Volume, control_plane, destinations, labels,
    resources, tolerations,
};
use watch::Watched;
use words::{Standing, refusal, standing};

/// Who has written what in an object, as Kubernetes keeps it.
const MANAGER: &str = "optio";
/// How long one question to the API may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long a pod may take to be gone beyond its grace.
const GONE_SLACK: Duration = Duration::from_secs(10);
/// How long a pod that has ended already may take to be gone.
const REMAINS_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether a pod is gone: in what the watch has seen, which costs nothing.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the API itself is asked meanwhile.
const ASK_EVERY: Duration = Duration::from_secs(3);
/// How long network policies are taken to be as they were written: somebody may have removed one.
const POLICIES_HOLD: Duration = Duration::from_mins(1);

/// Sandboxes as pods.
pub struct KubernetesSandboxes {
    settings: Settings,
    client: Client,
    pods: Api<Pod>,
    claims: Api<PersistentVolumeClaim>,
    policies: Api<NetworkPolicy>,
    watched: Watched,
    clock: Arc<dyn Clock>,
    /// When the policies were last written.
    policies_at: Mutex<Option<Instant>>,
    counted: Counted,
}

impl KubernetesSandboxes {
    /// Begins to watch the sandboxes there are. The cluster is the one we run in, else what KUBECONFIG names.
    /// It need not answer yet.
    ///
    /// # Errors
    /// Why it is not known where the cluster is.
    pub async fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let mut config = Config::infer()
            .await
            .map_err(|error| format!("no cluster is known here: {error}; set KUBECONFIG"))?;
        config.connect_timeout = Some(ANSWER_MAX);
        let counted = Counted::default();
        let client = counted.client(config)?;
        let namespace = &settings.namespace;
        let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
        let watched = Watched::begin(pods.clone(), namespace, &manifest::selector(&settings));
        Ok(Self {
            claims: Api::namespaced(client.clone(), namespace),
            policies: Api::namespaced(client.clone(), namespace),
            pods,
            watched,
            client,
            settings,
            clock,
            policies_at: Mutex::new(None),
            counted,
        })
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The pod of a sandbox as the API has it now.
    async fn pod(&self, sandbox: SandboxId) -> Result<Option<Pod>, SandboxError> {
        let name = manifest::name(sandbox);
        in_time(self.pods.get_opt(&name), "read pods").await
    }

    async fn start(&self, order: &SandboxOrder) -> Result<(), SandboxError> {
        self.carries_out(&order.spec)
            .map_err(|invalid| SandboxError::Broken(invalid.to_string()))?;
        self.guard().await?;
        if let Some(pod) = self.pod(order.sandbox).await? {
            match standing(&pod, self.now()) {
                Standing::Runs | Standing::Starts | Standing::Held(_) => return Ok(()),
                Standing::Ends(words) => return Err(SandboxError::Busy(words)),
                Standing::Broken(words) => {
                    self.remove(order.sandbox, &pod, 0).await?;
                    return Err(SandboxError::Broken(words));
                }
                Standing::Over(words) => {
                    tracing::warn!(sandbox.id = %order.sandbox, %words, "a sandbox has ended and is replaced");
                    self.remove(order.sandbox, &pod, 0).await?;
                }
            }
        }
        if order.durable {
            self.claim(&manifest::claim(&self.settings, order)).await?;
        }
        if !order.spec.caches.is_empty() {
            let claim = manifest::shared_claim(&self.settings, order);
            self.claim(&claim).await?;
        }
        // The policy comes first: a pod whose control plane dies here would be without it for good.
        let own = |pod: Option<&str>| manifest::own_policy(&self.settings, order, pod);
        let what = "write network policies";
        if let Some(policy) = own(None) {
            apply(&self.policies, &policy, what).await?;
        }
        let pod = manifest::pod(&self.settings, order);
        let made = apply(&self.pods, &pod, "write pods").await?;
        if let Some(policy) = own(made.uid().as_deref()) {
            apply(&self.policies, &policy, what).await?;
        }
        Ok(())
    }

    /// One that is there stays as it is: its size may have been raised by hand.
    async fn claim(&self, claim: &Value) -> Result<(), SandboxError> {
        let (name, what) = (name_of(claim), "write volume claims");
        if in_time(self.claims.get_opt(name), what).await?.is_none() {
            apply(&self.claims, claim, what).await?;
        }
        Ok(())
    }

    /// Sees to it that sandboxes reach what they may and no more.
    async fn guard(&self) -> Result<(), SandboxError> {
        let held = |at: &Option<Instant>| at.is_some_and(|at| at.elapsed() < POLICIES_HOLD);
        let at = || {
            self.policies_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if held(&at()) {
            return Ok(());
        }
        for policy in manifest::policies(&self.settings) {
            apply(&self.policies, &policy, "write network policies").await?;
        }
        *at() = Some(Instant::now());
        Ok(())
    }

    /// Deletes a pod, this one and no successor of its name, and waits until it is gone.
    async fn remove(
        &self,
        sandbox: SandboxId,
        pod: &Pod,
        grace_seconds: u32,
    ) -> Result<(), SandboxError> {
        let name = manifest::name(sandbox);
        self.watched.is_ours(&pod.uid().unwrap_or_default());
        let this_one = Preconditions {
            uid: pod.uid(),
            resource_version: None,
        };
        let how = DeleteParams::default()
            .grace_period(grace_seconds)
            .preconditions(this_one);
        let deleted = tokio::time::timeout(ANSWER_MAX, self.pods.delete(&name, &how)).await;
        match deleted {
            Ok(Ok(_)) => {}
            // Gone already, or another has taken its place.
            Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409) => {}
            Ok(Err(error)) => return Err(refusal(&error, "delete pods")),
            Err(_late) => return Err(no_answer("delete pods")),
        }
        let patience = if grace_seconds == 0 {
            REMAINS_MAX
        } else {
            Duration::from_secs(u64::from(grace_seconds)) + GONE_SLACK
        };
        self.gone(sandbox, pod.uid().as_deref(), patience).await
    }

    /// Waits until a pod is gone, as the API says it itself.
    async fn gone(
        &self,
        sandbox: SandboxId,
        uid: Option<&str>,
        patience: Duration,
    ) -> Result<(), SandboxError> {
        let name = manifest::name(sandbox);
        let is_it = |pod: &Pod| pod.metadata.uid.as_deref() == uid;
        let deadline = Instant::now() + patience;
        let mut ask_at = Instant::now();
        loop {
            let seen = self.watched.pod(&name).ok().flatten();
            let seen_gone = !seen.is_some_and(|pod| is_it(&pod));
            if seen_gone || ask_at <= Instant::now() {
                ask_at = Instant::now() + ASK_EVERY;
                let Some(pod) = self.pod(sandbox).await?.filter(is_it) else {
                    return Ok(());
                };
                if deadline < Instant::now() {
                    let words = match standing(&pod, self.now()) {
                        Standing::Ends(words) | Standing::Held(words) => words,
                        Standing::Runs
                        | Standing::Starts
                        | Standing::Broken(_)
                        | Standing::Over(_) => "its pod does not end".to_owned(),
                    };
                    return Err(SandboxError::Busy(words));
                }
            }
            // A watch that is behind must not make us ask without a pause.
            tokio::time::sleep(if seen_gone {
                LOOK_EVERY * 4
            } else {
                LOOK_EVERY
            })
            .await;
        }
    }

    async fn end(&self, sandbox: SandboxId) -> Result<(), SandboxError> {
        match self.pod(sandbox).await? {
            None => Ok(()),
            Some(pod) => {
                let over = matches!(standing(&pod, self.now()), Standing::Over(_));
                let grace = if over { 0 } else { manifest::GRACE_SECONDS };
                self.remove(sandbox, &pod, grace).await
            }
        }
    }

    async fn recognised(&self, proof: &str) -> Result<SandboxId, Unrecognised> {
        let reviews: Api<TokenReview> = Api::all(self.client.clone());
        let question = identity::question(proof);
        let (once, what) = (PostParams::default(), "review tokens");
        let review = in_time(reviews.create(&once, &question), what).await;
        let away = |error: SandboxError| Unrecognised::Away(error.to_string());
        let (namespace, account) = (&self.settings.namespace, &self.settings.service_account);
        let proven = identity::proven(review.map_err(away)?.status, namespace, account)?;
        let pod = in_time(self.pods.get_opt(&proven.pod), "read pods").await;
        identity::sandbox_of(pod.map_err(away)?.as_ref(), &proven)
    }

    async fn all(&self) -> Result<Vec<FoundSandbox>, SandboxError> {
        let ours = ListParams::default().labels(&manifest::selector(&self.settings));
        let pods = in_time(self.pods.list(&ours), "list pods").await?;
        let claims = in_time(self.claims.list(&ours), "list volume claims").await?;
        let pods = pods.iter().filter_map(|pod| found(pod, true));
        let claims = claims.iter().filter_map(|claim| found(claim, false));
        Ok(pods.chain(claims).collect())
    }
}

fn found<K: Resource<DynamicType = ()>>(object: &K, runs: bool) -> Option<FoundSandbox> {
    let metadata = object.meta();
    let sandbox = metadata.labels.as_ref()?.get(manifest::SANDBOX)?;
    let made = metadata.creation_timestamp.as_ref()?;
    Some(FoundSandbox {
        sandbox: SandboxId(sandbox.parse().ok()?),
        since: DateTime::from_timestamp(made.0.as_second(), 0)?,
        runs,
    })
}

/// Server-side apply: what is there already as we want it stays as it is, whoever of us asks.
async fn apply<K>(api: &Api<K>, object: &Value, what: &str) -> Result<K, SandboxError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    applied(api, object, &PatchParams::apply(MANAGER).force(), what).await
}

async fn applied<K>(
    api: &Api<K>,
    object: &Value,
    how: &PatchParams,
    what: &str,
) -> Result<K, SandboxError>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    in_time(api.patch(name_of(object), how, &Patch::Apply(object)), what).await
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

async fn in_time<T>(
    asked: impl Future<Output = Result<T, kube::Error>>,
    what: &str,
) -> Result<T, SandboxError> {
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(answer) => answer.map_err(|error| refusal(&error, what)),
        Err(_late) => Err(no_answer(what)),
    }
}

fn no_answer(what: &str) -> SandboxError {
    let seconds = ANSWER_MAX.as_secs();
    SandboxError::Busy(format!(
        "the Kubernetes API did not answer within {seconds} s when it was to {what}; sandboxes that run go on"
    ))
}

impl Sandboxes for KubernetesSandboxes {
    fn ensure<'a>(&'a self, order: &'a SandboxOrder) -> Eventually<'a, Result<(), SandboxError>> {
        Box::pin(self.start(order))
    }

    fn state(&self, sandbox: SandboxId) -> Eventually<'_, Result<SandboxState, SandboxError>> {
        let seen = self.watched.pod(&manifest::name(sandbox));
        let now = self.now();
        Box::pin(async move {
            Ok(match seen {
                Err(away) => SandboxState::Held(away),
                Ok(None) => SandboxState::Gone,
                Ok(Some(pod)) => match standing(&pod, now) {
                    Standing::Runs | Standing::Starts => SandboxState::Alive,
                    Standing::Held(words) | Standing::Ends(words) => SandboxState::Held(words),
                    Standing::Broken(_) | Standing::Over(_) => SandboxState::Gone,
                },
            })
        })
    }

    fn retire(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(self.end(sandbox))
    }

    fn destroy(&self, sandbox: SandboxId) -> Eventually<'_, Result<(), SandboxError>> {
        Box::pin(async move {
            self.end(sandbox).await?;
            let (name, how) = (manifest::name(sandbox), DeleteParams::background());
            match tokio::time::timeout(ANSWER_MAX, self.claims.delete(&name, &how)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(kube::Error::Api(status))) if status.code == 404 => Ok(()),
                Ok(Err(error)) => Err(refusal(&error, "delete volume claims")),
                Err(_late) => Err(no_answer("delete volume claims")),
            }
        })
    }

    fn isolation(&self) -> IsolationReport {
        let runtime = self.settings.runtime_class.as_deref();
        let runtime = runtime.map(|class| format!(" with runtime class {class}"));
        IsolationReport {
            isolated: true,
            words: format!(
                "a pod each{}: no root, no capabilities, the system read-only, no account of the cluster",
                runtime.unwrap_or_default()
            ),
        }
    }

    fn carries_out(&self, spec: &SandboxSpec) -> Result<(), Invalid> {
        if manifest::image(&self.settings, spec).is_some() {
            return Ok(());
        }
        Err(Invalid::new(
            "imagePreset",
            "cannot be told: the agent image is named by its digest; set OPTIO_AGENT_IMAGE_PREFIX, or write `image`",
        ))
    }

    fn recognise<'a>(&'a self, proof: &'a str) -> Eventually<'a, Result<SandboxId, Unrecognised>> {
        Box::pin(self.recognised(proof))
    }

    fn keeps_files(&self) -> bool {
        false
    }

    fn last_words(&self, sandbox: SandboxId) -> Option<String> {
        self.watched.end(sandbox)
    }

    fn calls(&self) -> Vec<Calls> {
        self.counted.so_far()
    }

    fn tell(&self, changed: Changed) {
        self.watched.tell(changed);
    }

    fn found(&self) -> Eventually<'_, Result<Vec<FoundSandbox>, SandboxError>> {
        Box::pin(self.all())
    }
}
