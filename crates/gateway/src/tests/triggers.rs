//! Triggers of agents, jobs and blueprints over HTTP.

use serde_json::{Value, json};

use super::api::Api;

const REPO: &str = "https://github.com/ada/engine";

/// Something of each kind that can have triggers, by the address of its triggers.
async fn targets(api: &Api) -> Vec<String> {
    api.resting("vesper").await;
    let job = json!({ "name": "j", "promptTemplate": "p" });
    api.post("/api/jobs", job).await.is(201);
    let blueprint = json!({ "name": "b", "title": "t", "prompt": "p", "repoUrl": REPO });
    api.post("/api/task-configs", blueprint).await.is(201);
    ["persistent-agents/vesper", "jobs/j", "task-configs/b"]
        .map(|it| format!("/api/{it}/triggers"))
        .into()
}

fn trigger(kind: &str, config: Value) -> Value {
    json!({ "type": kind, "config": config })
}

#[tokio::test]
async fn what_breaks_a_rule_of_a_trigger_is_refused_whatever_it_starts() {
    let api = Api::new().await;
    for path in targets(&api).await {
        for (body, words) in [
            (
                trigger("odd", json!({})),
                "type: must be manual, schedule, webhook or ticket",
            ),
            (
                trigger("schedule", json!({})),
                "config.cronExpression: is missing",
            ),
            (
                trigger("schedule", json!({ "cronExpression": "x" })),
                "config.cronExpression: `x`",
            ),
            (
                trigger("schedule", json!({ "cronExpression": "0 0 30 2 *" })),
                "never fires",
            ),
            (
                trigger(
                    "schedule",
                    json!({ "cronExpression": "* * * * *", "timezone": "Mars" }),
                ),
                "config.timezone",
            ),
            (trigger("webhook", json!({})), "config.path: is missing"),
            (
                trigger("webhook", json!({ "path": "a b" })),
                "config.path: must have",
            ),
            (
                trigger("ticket", json!({ "source": "paper" })),
                "config.source",
            ),
            (
                trigger(
                    "schedule",
                    json!({ "cronExpression": "* * * * *", "secret": "s" }),
                ),
                "config.secret",
            ),
        ] {
            api.post(&path, body).await.refused(400, &[words]);
        }
    }
    assert_eq!(
        api.get("/api/triggers").await.is(200)["triggers"],
        json!([])
    );
}

#[tokio::test]
async fn every_target_has_the_same_triggers_and_the_same_rules() {
    let api = Api::new().await;
    for (number, path) in targets(&api).await.into_iter().enumerate() {
        let mapping = json!({
            "type": "webhook", "config": { "path": "x" }, "paramMapping": { "a": "b..[" },
        });
        api.post(&path, mapping)
            .await
            .refused(400, &["paramMapping", "a: "]);

        let schedule = json!({ "cronExpression": "0 9 * * *", "timezone": "Europe/Paris" });
        let made = api.post(&path, trigger("schedule", schedule)).await.is(201)["trigger"].clone();
        let next = made["nextFires"].as_array().unwrap();
        assert_eq!(next.len(), 5);
        assert_eq!(made["nextFireAt"], next[0], "a schedule made here fires");
        let hook = json!({ "path": format!("hook-{number}"), "secret": "hunter2" });
        let made = api.post(&path, trigger("webhook", hook.clone())).await;
        let made = made.is(201)["trigger"].clone();
        assert_eq!(made["config"]["secret"], "***");
        let taken = api.post(&path, trigger("webhook", hook)).await;
        taken.refused(409, &[&format!("`hook-{number}`")]);
        api.post(&path, trigger("manual", json!({}))).await.is(201);
        let ticket = json!({ "source": "linear", "labels": ["bug"] });
        api.post(&path, trigger("ticket", ticket)).await.is(201);
        let listed = api.get(&path).await;
        assert!(!listed.text.contains("hunter2"));
        assert_eq!(listed.is(200)["triggers"].as_array().unwrap().len(), 4);
    }
    let all = api.get("/api/triggers").await.is(200)["triggers"].clone();
    assert_eq!(all.as_array().unwrap().len(), 12);
    let schedules = api.get("/api/triggers?type=schedule").await.is(200)["triggers"].clone();
    assert_eq!(schedules.as_array().unwrap().len(), 3);
    // A webhook's secret is no secret that people list.
    assert_eq!(api.get("/api/secrets").await.is(200)["secrets"], json!([]));
}

#[tokio::test]
async fn a_trigger_is_changed_by_its_own_target_and_its_secret_stays_unless_it_is_said() {
    let api = Api::new().await;
    let paths = targets(&api).await;
    let (job, other) = (&paths[1], &paths[0]);
    let hook = trigger("webhook", json!({ "path": "alerts", "secret": "hunter2" }));
    let id = api.post(job, hook).await.is(201)["trigger"]["id"].clone();
    let at = |path: &str| format!("{path}/{}", id.as_str().unwrap());
    api.patch(&at(other), json!({ "enabled": false }))
        .await
        .refused(404, &["has no trigger"]);
    let changed = api
        .patch(&at(job), json!({ "enabled": false }))
        .await
        .is(200)["trigger"]
        .clone();
    assert_eq!(
        (&changed["enabled"], &changed["config"]["secret"]),
        (&json!(false), &json!("***"))
    );
    let moved = json!({ "config": { "path": "alarms", "secret": "***" }, "enabled": true });
    let moved = api.patch(&at(job), moved).await.is(200)["trigger"].clone();
    assert_eq!(
        (&moved["config"]["path"], &moved["config"]["secret"]),
        (&json!("alarms"), &json!("***"))
    );
    let open = json!({ "config": { "path": "alarms", "secret": null } });
    let open = api.patch(&at(job), open).await.is(200)["trigger"].clone();
    assert_eq!(open["config"].get("secret"), None);
    api.patch(&at(job), json!({ "config": {} }))
        .await
        .refused(400, &["config.path: is missing"]);
    api.delete(&at(other))
        .await
        .refused(404, &["has no trigger"]);
    api.delete(&at(job)).await.is(204);
    api.get(&format!("/api/triggers/{}", id.as_str().unwrap()))
        .await
        .refused(404, &["there is no trigger"]);
}

#[tokio::test]
async fn a_schedule_that_is_enabled_again_does_not_make_up_for_what_it_was_not_to_fire() {
    let api = Api::new().await;
    let path = targets(&api).await.remove(1);
    let schedule = trigger("schedule", json!({ "cronExpression": "*/5 * * * *" }));
    let made = api.post(&path, schedule).await.is(201)["trigger"].clone();
    let at = format!("{path}/{}", made["id"].as_str().unwrap());
    api.patch(&at, json!({ "enabled": false })).await.is(200);
    api.world
        .store
        .change_trigger(
            (
                optio_domain::trigger::TargetKind::Job,
                made["targetId"].as_str().unwrap().parse().unwrap(),
            ),
            made["id"].as_str().unwrap().parse().unwrap(),
            &optio_store::triggers::TriggerChange {
                config: made["config"].clone(),
                param_mapping: None,
                path: None,
                enabled: false,
                next_fire_at: "2000-01-01T00:00:00Z".parse().ok(),
            },
            "2000-01-01T00:00:00Z".parse().unwrap(),
        )
        .await
        .unwrap();
    let again = api.patch(&at, json!({ "enabled": true })).await.is(200)["trigger"].clone();
    assert_eq!(again["nextFireAt"], made["nextFireAt"]);
}

#[tokio::test]
async fn a_schedule_can_be_tried_without_storing_it() {
    let api = Api::new().await;
    let tried = json!({ "cronExpression": "30 2 * * *", "timezone": "America/New_York" });
    let next = api.post("/api/triggers/preview", tried).await.is(200)["nextFires"].clone();
    assert_eq!(next.as_array().unwrap().len(), 5);
    let bad = json!({ "cronExpression": "every day" });
    api.post("/api/triggers/preview", bad)
        .await
        .refused(400, &["cronExpression"]);
    assert_eq!(
        api.get("/api/triggers").await.is(200)["triggers"],
        json!([])
    );
}
