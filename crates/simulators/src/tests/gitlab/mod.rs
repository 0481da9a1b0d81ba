//! The simulated GitLab: as one of its clients expects it, and as a scenario has it.

mod play;
mod shapes;
mod types;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use serde_json::Value;

use crate::{GitlabSetup, GitlabSimulator, IssueSetup, RepoSetup};

const TOKEN: &str = "glpat-ada";
const BOBS: &str = "glpat-bob";
const REPO: &str = "optio/tools/demo";
/// The project, as a part of an address.
const PROJECT: &str = "/projects/optio%2Ftools%2Fdemo";

async fn start(mut setup: GitlabSetup) -> GitlabSimulator {
    setup.tokens.insert(TOKEN.to_owned(), "ada".to_owned());
    setup.tokens.insert(BOBS.to_owned(), "bob".to_owned());
    setup.repos.push(RepoSetup {
        name: REPO.to_owned(),
        files: BTreeMap::from([("a.txt".to_owned(), "one\n".to_owned())]),
        issues: vec![IssueSetup {
            title: "Add b".to_owned(),
            body: "please".to_owned(),
            author: "bob".to_owned(),
            labels: vec!["optio".to_owned()],
        }],
        plays: Vec::new(),
    });
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    GitlabSimulator::start(listen, setup).await.unwrap()
}

/// A call of the API: the status, and the body if there is one.
async fn call(
    sim: &GitlabSimulator,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let method: Method = method.parse().unwrap();
    let url = format!("{}/api/v4{path}", sim.url());
    let request = reqwest::Client::new().request(method, url);
    let request = if body.is_null() {
        request
    } else {
        request.json(body)
    };
    let answer = request.bearer_auth(token).send().await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}
