//! Who is let in where not everybody is.

use reqwest::{Method, RequestBuilder};

use super::api::Api;

const TOKEN: &str = "the-token-of-this-installation-0123";

async fn status(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn without_the_token_of_the_installation_nothing_is_told_and_nothing_done() {
    let api = Api::guarded(TOKEN).await;
    for (method, path) in [
        (Method::GET, "/api/persistent-agents"),
        (Method::POST, "/api/persistent-agents"),
        (Method::GET, "/api/internal/persistent-agents"),
        (Method::GET, "/api/secrets"),
        (Method::GET, "/metrics"),
        (Method::GET, "/ws/events"),
        (Method::GET, "/api/hooks"),
        (Method::GET, "/api/health/more"),
        // Pages of the UI are for everybody; nothing else is.
        (Method::POST, "/nothing"),
        (Method::GET, "//api/secrets"),
    ] {
        for shown in [None, Some(""), Some("another"), Some(&TOKEN[1..])] {
            let request = api.ask(method.clone(), path);
            let request = match shown {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let (code, said) = status(request).await;
            assert_eq!(code, 401, "{path} with {shown:?}: {said}");
            assert!(!said.contains(TOKEN));
        }
    }
    let forged = api
        .ask(Method::GET, "/api/persistent-agents")
        .header("x-optio-agent-token", "optio_turn_forged");
    assert_eq!(status(forged).await.0, 401);
}

#[tokio::test]
async fn with_it_everything_is_there() {
    let api = Api::guarded(TOKEN).await;
    let request = api.ask(Method::GET, "/api/persistent-agents");
    assert_eq!(status(request.bearer_auth(TOKEN)).await.0, 200);
}

#[tokio::test]
async fn what_has_a_proof_of_its_own_or_tells_nothing_is_open() {
    let api = Api::guarded(TOKEN).await;
    let ours = "asks who you are";
    for (method, path, expected) in [
        (Method::GET, "/api/health", 200),
        (Method::GET, "/docs", 200),
        (Method::GET, "/openapi.json", 200),
        (Method::POST, "/api/hooks/nobody", 404),
        (Method::POST, "/api/webhooks/github", 401),
        (Method::POST, "/api/internal/runner/token", 401),
        (Method::POST, "/api/internal/git-credentials", 401),
    ] {
        let request = api.ask(method, path);
        let request = request.header("content-type", "application/json");
        let (code, said) = status(request.body("{}")).await;
        assert!(!said.contains(ours), "{path}: {said}");
        assert!(code == expected || code == 400, "{path}: {code} {said}");
    }
}

#[tokio::test]
async fn a_pod_that_cannot_prove_who_it_is_gets_no_token() {
    let api = Api::new().await;
    let request = api.ask(Method::POST, "/api/internal/runner/token");
    let (code, said) = status(request.bearer_auth("a proof")).await;
    assert_eq!(code, 401, "{said}");
    assert!(!said.contains("optio_sandbox"), "{said}");
}
