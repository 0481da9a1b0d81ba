//! How often the API server is asked: every request is counted where it leaves us.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use optio_domain::ports::Calls;
use tower::util::MapRequestLayer;

/// By verb and resource.
#[derive(Clone, Default)]
pub(super) struct Counted(Arc<Mutex<BTreeMap<(String, String), u64>>>);

impl Counted {
    /// A client that counts what it asks.
    pub(super) fn client(&self, config: Config) -> Result<Client, String> {
        let counted = self.clone();
        let layer = MapRequestLayer::new(move |request: http::Request<Body>| {
            counted.count(&request);
            request
        });
        let builder = ClientBuilder::try_from(config);
        let words = |error| format!("the cluster cannot be spoken to: {error}");
        Ok(builder.map_err(words)?.with_layer(&layer).build())
    }

    fn count<B>(&self, request: &http::Request<B>) {
        let called = called(request.method().as_str(), request.uri());
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(called).or_default() += 1;
    }

    /// The counts so far.
    pub(super) fn so_far(&self) -> Vec<Calls> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.iter();
        counts
            .map(|((verb, resource), count)| Calls {
                verb: verb.clone(),
                resource: resource.clone(),
                count: *count,
            })
            .collect()
    }
}

/// What is asked, in the words of Kubernetes' permissions.
fn called(method: &str, uri: &http::Uri) -> (String, String) {
    let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    // `/api/v1/…`, and `/apis/GROUP/v1/…`.
    let rest = match parts.as_slice() {
        ["api", _, rest @ ..] | ["apis", _, _, rest @ ..] => rest,
        _ => &[],
    };
    let (resource, name) = match rest {
        ["namespaces", _, resource, name @ ..] | [resource, name @ ..] => (*resource, name),
        [] => ("other", &[][..]),
    };
    let watches = uri.query().is_some_and(|it| it.contains("watch=true"));
    let verb = match (method, name) {
        ("GET", _) if watches => "watch",
        ("GET", []) => "list",
        ("GET", _) => "get",
        ("POST", _) => "create",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        _ => "other",
    };
    (verb.to_owned(), resource.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_named_as_permissions_name_it() {
        let pods = "/api/v1/namespaces/boxes/pods";
        let policies = "/apis/networking.k8s.io/v1/namespaces/boxes/networkpolicies/x?force=true";
        let reviews = "/apis/authentication.k8s.io/v1/tokenreviews";
        for (method, uri, verb, resource) in [
            ("GET", &format!("{pods}?labelSelector=a"), "list", "pods"),
            ("GET", &format!("{pods}?watch=true"), "watch", "pods"),
            ("GET", &format!("{pods}/one"), "get", "pods"),
            ("DELETE", &format!("{pods}/one"), "delete", "pods"),
            ("PATCH", &policies.to_owned(), "patch", "networkpolicies"),
            ("POST", &reviews.to_owned(), "create", "tokenreviews"),
            ("GET", &"/version".to_owned(), "list", "other"),
        ] {
            let found = called(method, &uri.parse().unwrap());
            assert_eq!(found, (verb.to_owned(), resource.to_owned()), "{uri}");
        }
    }
}
