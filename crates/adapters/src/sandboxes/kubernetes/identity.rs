//! Who a pod is: it shows a token that Kubernetes has put into it and that is good for us alone.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewStatus},
    core::v1::Pod,
};
use optio_domain::{id::SandboxId, ports::Unrecognised};
use serde_json::json;

use super::manifest::{AUDIENCE, SANDBOX};

/// Where Kubernetes says which pod a token was made for, in the extra fields of its user.
const POD_NAME: &str = "authentication.kubernetes.io/pod-name";
const POD_UID: &str = "authentication.kubernetes.io/pod-uid";

/// The pod that a token was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proven {
    pub(super) pod: String,
    pub(super) uid: String,
}

/// The question whether a token is good for us.
pub(super) fn question(token: &str) -> TokenReview {
    let review = json!({ "metadata": {}, "spec": { "token": token, "audiences": [AUDIENCE] } });
    serde_json::from_value(review).unwrap_or_default()
}

/// Reads the answer.
pub(super) fn proven(
    status: Option<TokenReviewStatus>,
    namespace: &str,
    account: &str,
) -> Result<Proven, Unrecognised> {
    let refused = |words: String| Unrecognised::Refused(words);
    let status = status.unwrap_or_default();
    if status.authenticated != Some(true) {
        let why = status.error.unwrap_or_else(|| "no reason given".to_owned());
        let words = format!("Kubernetes does not vouch for this token ({why})");
        return Err(refused(words));
    }
    // An API server that knows nothing of audiences says none, and then the token may be good for all.
    let audiences = status.audiences.unwrap_or_default();
    if !audiences.iter().any(|it| it == AUDIENCE) {
        return Err(refused(format!("the token is not meant for `{AUDIENCE}`")));
    }
    let user = status.user.unwrap_or_default();
    let wanted = format!("system:serviceaccount:{namespace}:{account}");
    let is = user.username.unwrap_or_default();
    if is != wanted {
        return Err(refused(format!(
            "the token is that of {is}, not of {wanted}"
        )));
    }
    let extra: BTreeMap<String, Vec<String>> = user.extra.unwrap_or_default();
    let first = |key: &str| extra.get(key).and_then(|values| values.first()).cloned();
    match (first(POD_NAME), first(POD_UID)) {
        (Some(pod), Some(uid)) => Ok(Proven { pod, uid }),
        _ => Err(refused("the token is not bound to a pod".to_owned())),
    }
}

/// The sandbox that a pod is, where it is the very one that the token was made for.
pub(super) fn sandbox_of(pod: Option<&Pod>, proven: &Proven) -> Result<SandboxId, Unrecognised> {
    let refused = |words: &str| Unrecognised::Refused(format!("pod {} {words}", proven.pod));
    let pod = pod.ok_or_else(|| refused("is not there any more"))?;
    if pod.metadata.uid.as_deref() != Some(&proven.uid) {
        return Err(refused("was replaced by another of its name"));
    }
    if pod.metadata.deletion_timestamp.is_some() {
        return Err(refused("is being ended"));
    }
    let labels = pod.metadata.labels.as_ref();
    let label = labels.and_then(|labels| labels.get(SANDBOX));
    let sandbox = label.and_then(|label| label.parse().ok()).map(SandboxId);
    sandbox.ok_or_else(|| refused("is no sandbox"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(change: impl FnOnce(&mut serde_json::Value)) -> Option<TokenReviewStatus> {
        let mut status = json!({
            "authenticated": true,
            "audiences": ["optio"],
            "user": {
                "username": "system:serviceaccount:boxes:optio-sandbox",
                "extra": { POD_NAME: ["optio-1"], POD_UID: ["u1"] },
            },
        });
        change(&mut status);
        serde_json::from_value(status).unwrap()
    }

    fn words(change: impl FnOnce(&mut serde_json::Value)) -> String {
        match proven(status(change), "boxes", "optio-sandbox") {
            Ok(proven) => format!("{} {}", proven.pod, proven.uid),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn only_a_token_of_one_of_our_pods_for_us_counts() {
        assert_eq!(words(|_| {}), "optio-1 u1");
        for (change, said) in [
            (
                json!({ "authenticated": false, "error": "expired" }),
                "expired",
            ),
            (
                json!({ "audiences": ["https://kubernetes.default.svc"] }),
                "not meant for",
            ),
            (json!({ "audiences": null }), "not meant for"),
            (
                json!({ "user": { "username": "system:serviceaccount:boxes:default" } }),
                "boxes:default",
            ),
            (
                json!({ "user": { "username": "system:serviceaccount:boxes:optio-sandbox" } }),
                "not bound",
            ),
        ] {
            let told = words(|status| {
                for (key, value) in change.as_object().unwrap() {
                    status[key] = value.clone();
                }
            });
            assert!(told.contains(said), "{told}");
        }
        assert!(proven(None, "boxes", "optio-sandbox").is_err());
    }

    #[test]
    fn a_pod_is_its_sandbox_only_while_it_is_the_one_the_token_was_made_for() {
        let proven = Proven {
            pod: "optio-1".to_owned(),
            uid: "u1".to_owned(),
        };
        let id = uuid::Uuid::from_u128(7);
        let pod = |change: serde_json::Value| -> Pod {
            let mut metadata = json!({ "uid": "u1", "labels": { SANDBOX: id.to_string() } });
            for (key, value) in change.as_object().unwrap() {
                metadata[key] = value.clone();
            }
            serde_json::from_value(json!({ "metadata": metadata })).unwrap()
        };
        assert_eq!(
            sandbox_of(Some(&pod(json!({}))), &proven),
            Ok(SandboxId(id))
        );
        for change in [
            json!({ "uid": "u2" }),
            json!({ "deletionTimestamp": "2026-01-01T00:00:00Z" }),
            json!({ "labels": {} }),
            json!({ "labels": { SANDBOX: "me" } }),
        ] {
            assert!(sandbox_of(Some(&pod(change)), &proven).is_err());
        }
        assert!(sandbox_of(None, &proven).is_err());
    }
}
