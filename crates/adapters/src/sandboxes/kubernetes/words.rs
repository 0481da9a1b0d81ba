//! What a pod's status means, and what a refusal of the API means, in words with a remedy. Pure.

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodStatus};
use kube::Error;
use optio_domain::ports::SandboxError;

use super::manifest::GRACE_SECONDS;

/// Seconds after the end of its grace after which a pod that is still there has no node that ends it.
const NODE_GONE_SECONDS: i64 = 30;
/// Characters of somebody else's text that are passed on.
const FOREIGN_CHARS_MAX: usize = 400;

/// How a pod stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its runner runs.
    Runs,
    /// It is on its way.
    Starts,
    /// It cannot go on until somebody does something, or something passes.
    Held(String),
    /// As it is it will never run.
    Broken(String),
    /// It has ended.
    Over(String),
    /// It is being ended.
    Ends(String),
}

/// Reads how a pod stands.
pub(super) fn standing(pod: &Pod, now: DateTime<Utc>) -> Standing {
    let empty = PodStatus::default();
    let status = pod.status.as_ref().unwrap_or(&empty);
    let phase = status.phase.as_deref().unwrap_or("Pending");
    if matches!(phase, "Failed" | "Succeeded") {
        return Standing::Over(over(status));
    }
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    if let Some(since) = &pod.metadata.deletion_timestamp {
        return ending(node, seconds_since(since, now));
    }
    if phase == "Running" || phase == "Unknown" {
        return running(status, node);
    }
    pending(status)
}

/// The timestamp of a deletion is when its grace is over.
fn seconds_since(
    time: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time,
    now: DateTime<Utc>,
) -> i64 {
    now.timestamp() - time.0.as_second()
}

fn ending(node: Option<&str>, seconds: i64) -> Standing {
    let node = node.unwrap_or("no node");
    if seconds < NODE_GONE_SECONDS {
        return Standing::Ends(format!(
            "its pod is being ended on {node}; another is made once it is gone, within {GRACE_SECONDS} s"
        ));
    }
    Standing::Ends(format!(
        "node {node} does not say that its pod has ended, so that an agent may still be at work there and no \
         other is started; if the node is gone for good, delete it: kubectl delete node {node}"
    ))
}

fn running(status: &PodStatus, node: Option<&str>) -> Standing {
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let runs = containers.iter().any(|it| {
        it.state
            .as_ref()
            .is_some_and(|state| state.running.is_some())
    });
    if !runs {
        return Standing::Starts;
    }
    // Our pods have no probe: one that runs and is not ready is on a node that has fallen silent.
    let ready = condition(status, "Ready");
    if ready.is_some_and(|ready| ready.0 != "True") {
        let node = node.unwrap_or("its node");
        return Standing::Held(format!(
            "node {node} does not answer Kubernetes; its agent may still be at work, so that no other is \
             started; look at the node: kubectl describe node {node}"
        ));
    }
    Standing::Runs
}

fn pending(status: &PodStatus) -> Standing {
    if let Some((state, reason, message)) = condition(status, "PodScheduled")
        && state == "False"
        && reason == "Unschedulable"
    {
        return Standing::Held(format!(
            "no node has room for its pod ({}); free or add nodes, or lower what sandboxes request \
             (OPTIO_AGENT_RESOURCES) or where they may run (OPTIO_AGENT_NODE_SELECTOR)",
            foreign(message)
        ));
    }
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let mut all = lists.into_iter().flatten().flatten();
    all.find_map(waiting).unwrap_or(Standing::Starts)
}

fn waiting(container: &ContainerStatus) -> Option<Standing> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let image = &container.image;
    let said = foreign(waiting.message.as_deref().unwrap_or_default());
    match waiting.reason.as_deref().unwrap_or_default() {
        "ErrImagePull" | "ImagePullBackOff" => Some(Standing::Held(format!(
            "the image {image} cannot be pulled ({said}); check its name, and that nodes may read it \
             (OPTIO_IMAGE_PULL_SECRETS)"
        ))),
        "ErrImageNeverPull" => Some(Standing::Broken(format!(
            "the image {image} is not on the node, and OPTIO_IMAGE_PULL_POLICY is Never; load it there, or let \
             it be pulled"
        ))),
        "InvalidImageName" => Some(Standing::Broken(format!(
            "`{image}` is no name of an image; correct OPTIO_AGENT_IMAGE or OPTIO_RUNNER_IMAGE"
        ))),
        reason @ ("CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") => {
            Some(Standing::Held(format!(
                "the node cannot start its container {} ({reason}: {said})",
                container.name
            )))
        }
        _ => None,
    }
}

/// How a pod ended that has ended or is not there any more.
pub(super) fn end(pod: &Pod, deleted: bool) -> Option<String> {
    let status = pod.status.as_ref()?;
    if matches!(status.phase.as_deref(), Some("Failed")) {
        return Some(over(status));
    }
    if !deleted && pod.metadata.deletion_timestamp.is_none() {
        return None;
    }
    // Since Kubernetes 1.26 it says why.
    let why = condition(status, "DisruptionTarget").map(|(_, reason, message)| {
        format!(
            "its pod was ended by the cluster ({reason}: {})",
            foreign(message)
        )
    });
    let words = "its pod was deleted, by a person or because its node was drained";
    Some(why.unwrap_or_else(|| words.to_owned()))
}

/// How a pod ended.
fn over(status: &PodStatus) -> String {
    let said = foreign(status.message.as_deref().unwrap_or_default());
    match status.reason.as_deref() {
        Some("Evicted") => {
            return format!(
                "its pod was evicted by its node ({said}); give the node room, or the sandbox limits that fit"
            );
        }
        Some(reason @ ("NodeLost" | "NodeShutdown" | "Shutdown" | "Terminated" | "Preempting")) => {
            return format!("its pod ended with its node ({reason}: {said})");
        }
        Some(
            reason @ ("UnexpectedAdmissionError"
            | "NodeAffinity"
            | "OutOfcpu"
            | "OutOfmemory"
            | "OutOfpods"),
        ) => {
            return format!("its node did not take its pod ({reason}: {said})");
        }
        Some(_) | None => {}
    }
    let lists = [&status.init_container_statuses, &status.container_statuses];
    let ended = lists.into_iter().flatten().flatten().find_map(|container| {
        let ended = container.state.as_ref()?.terminated.as_ref()?;
        (ended.exit_code != 0).then_some((container.name.as_str(), ended))
    });
    match ended {
        Some(("agent", ended)) => agent_ended(ended),
        Some((_, ended)) => format!(
            "its pod could not be prepared (exit code {}: {})",
            ended.exit_code,
            foreign(
                ended
                    .message
                    .as_deref()
                    .unwrap_or("see the log of its container `runner`")
            )
        ),
        None => "its pod ended by itself, as it does when nobody needs it".to_owned(),
    }
}

fn agent_ended(ended: &ContainerStateTerminated) -> String {
    if ended.reason.as_deref() == Some("OOMKilled") {
        return "its pod was killed because it used more memory than its limit; raise the limit \
                (OPTIO_AGENT_RESOURCES), or give its agents less to do at once"
            .to_owned();
    }
    match ended.exit_code {
        137 => "its pod was killed (SIGKILL) by its node or by somebody".to_owned(),
        code => {
            format!("its runner ended with exit code {code}; see the log of its container `agent`")
        }
    }
}

/// Status, reason and message of a condition.
fn condition<'a>(status: &'a PodStatus, of: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = status.conditions.as_deref().unwrap_or_default();
    let found = conditions.iter().find(|it| it.type_ == of)?;
    let reason = found.reason.as_deref().unwrap_or_default();
    let message = found.message.as_deref().unwrap_or_default();
    Some((&found.status, reason, message))
}

/// Somebody else's text in one line, and not too long.
fn foreign(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(FOREIGN_CHARS_MAX).collect()
}

/// What it means that the API refused, or did not answer, when it was to do this.
pub(super) fn refusal(error: &Error, what: &str) -> SandboxError {
    let Error::Api(status) = error else {
        return SandboxError::Busy(away(error));
    };
    let said = foreign(&status.message);
    let quota = said.contains("exceeded quota");
    match status.code {
        403 if quota => SandboxError::Busy(format!(
            "the namespace's quota is used up ({said}); sandboxes that end make room, or raise the quota"
        )),
        403 if said.contains("cannot ") => SandboxError::Broken(format!(
            "Optio may not {what} ({said}); its role in the namespace of sandboxes lacks that: install the \
             chart's RBAC"
        )),
        400 | 403 | 422 => SandboxError::Broken(format!(
            "the cluster does not admit it ({what}: {said}); a policy of the cluster or a setting of Optio has \
             to change"
        )),
        401 => SandboxError::Broken(format!(
            "Kubernetes does not know Optio ({said}); check its service account or KUBECONFIG"
        )),
        404 => SandboxError::Broken(format!(
            "the namespace of sandboxes is not there ({said}); create it, or name another in OPTIO_NAMESPACE"
        )),
        _ => SandboxError::Busy(format!("Kubernetes could not {what} now: {said}")),
    }
}

/// That the API does not answer.
pub(super) fn away(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        let text = deeper.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = deeper.source();
    }
    format!(
        "the Kubernetes API does not answer ({}); sandboxes that run go on, others are started and ended when it \
         does",
        foreign(&words)
    )
}
