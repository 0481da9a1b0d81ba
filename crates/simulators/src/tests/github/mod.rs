//! The simulated GitHub: as GitHub describes itself, and as a scenario has it.

mod openapi;
mod play;
mod shapes;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use reqwest::Method;
use serde_json::Value;

use crate::{AppSetup, GithubSetup, GithubSimulator, IssueSetup, RepoSetup};

const TOKEN: &str = "ghp_ada";
const REPO: &str = "optio/demo";

async fn start(mut setup: GithubSetup) -> GithubSimulator {
    setup.tokens.insert(TOKEN.to_owned(), "ada".to_owned());
    setup.tokens.insert("ghp_bob".to_owned(), "bob".to_owned());
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
    GithubSimulator::start(listen, setup).await.unwrap()
}

/// A call of the API: the status, and the body if there is one.
async fn call(
    sim: &GithubSimulator,
    token: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let method: Method = method.parse().unwrap();
    let request = reqwest::Client::new().request(method, format!("{}{path}", sim.url()));
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

fn app() -> AppSetup {
    AppSetup {
        id: 7,
        private_key: include_str!("app.pem").to_owned(),
        token_s: 3_600,
    }
}
