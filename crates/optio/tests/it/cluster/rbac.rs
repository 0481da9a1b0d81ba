//! What the accounts of a release may do: what the chart lists, and nothing else.

use std::{collections::BTreeSet, process::Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::{
    place::told,
    release::{NAME, Release},
};

/// All that an account may do in a namespace, as `kubectl auth can-i --list` asks it.
async fn may(account: &str, of: &str, namespace: &str) -> BTreeSet<String> {
    let who = format!("--as=system:serviceaccount:{of}:{account}");
    let mut asked = tokio::process::Command::new("kubectl")
        .args([
            &who,
            "create",
            "--validate=false",
            "--output=json",
            "--filename=-",
        ])
        .env("KUBECONFIG", told("KUBECONFIG"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": { "namespace": namespace },
    });
    let mut stdin = asked.stdin.take().unwrap();
    stdin
        .write_all(question.to_string().as_bytes())
        .await
        .unwrap();
    drop(stdin);
    let output = asked.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{who}: {output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let status = &answer["status"];
    let rules = [&status["resourceRules"], &status["nonResourceRules"]];
    let rules = rules.into_iter().filter_map(Value::as_array).flatten();
    rules.flat_map(lines).collect()
}

/// A rule, one verb and resource to a line.
fn lines(rule: &Value) -> Vec<String> {
    let texts = |name: &str| {
        let all = rule[name].as_array().into_iter().flatten();
        all.map(|it| it.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    for verb in texts("verbs") {
        lines.extend(
            texts("nonResourceURLs")
                .iter()
                .map(|url| format!("{verb} {url}")),
        );
        for group in texts("apiGroups") {
            for resource in texts("resources") {
                let names = texts("resourceNames").join(" ");
                lines.push(
                    format!("{verb} {group}/{resource} {names}")
                        .trim()
                        .to_owned(),
                );
            }
        }
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_of_a_release_may_do_what_the_chart_lists_and_nothing_else() {
    let mut release = Release::prepare().await;
    // What is asked is there at once: nobody waits for replicas.
    release.values["migrations"] = json!({ "enabled": false });
    release.upgrade(&[]).await;
    let (own, sandboxes) = (release.place.namespace.clone(), release.sandboxes.clone());
    release
        .place
        .kubectl(&["create", "serviceaccount", "nobody"]);
    let all = [
        "get /pods",
        "list /pods",
        "watch /pods",
        "create /pods",
        "patch /pods",
        "delete /pods",
        "get /persistentvolumeclaims",
        "list /persistentvolumeclaims",
        "create /persistentvolumeclaims",
        "patch /persistentvolumeclaims",
        "delete /persistentvolumeclaims",
        "create networking.k8s.io/networkpolicies",
        "patch networking.k8s.io/networkpolicies",
        "create authentication.k8s.io/tokenreviews",
    ];
    let agent = format!("{NAME}-agent");
    // The last one is of the whole cluster.
    for (account, of, namespace, listed) in [
        (NAME, &own, &sandboxes, &all[..]),
        (NAME, &own, &own, &all[all.len() - 1..]),
        (&agent, &sandboxes, &sandboxes, &[]),
        (&agent, &sandboxes, &own, &[]),
    ] {
        // What everybody may whom the cluster knows.
        let anyway = may("nobody", &own, namespace).await;
        let found: BTreeSet<String> = &may(account, of, namespace).await - &anyway;
        let listed: BTreeSet<String> = listed.iter().map(|&it| it.to_owned()).collect();
        assert_eq!(found, listed, "{account} in {namespace}");
    }
    release.helm(&["uninstall", NAME, "--wait"]).await;
}
