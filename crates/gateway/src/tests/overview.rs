//! Everything at one look.

use serde_json::json;

use super::api::Api;

#[tokio::test]
async fn who_works_and_who_needs_a_person_are_told_apart() {
    let api = Api::new().await;
    let empty = api.get("/api/overview").await.is(200).clone();
    for list in ["needsPerson", "running", "waiting", "failed"] {
        assert_eq!(empty[list], json!([]), "{list}");
    }
    assert_eq!(empty["costTodayUsd"], "0");
    let (busy, _turn) = api.working("busy").await;
    let idle = api.resting("idle").await;
    let paused = json!({ "intent": "pause" });
    api.post(&format!("/api/persistent-agents/{idle}/control"), paused)
        .await
        .is(200);
    let seen = super::api::until(|| async {
        let seen = api.get("/api/overview").await.is(200).clone();
        (seen["needsPerson"] != json!([])).then_some(seen)
    })
    .await;
    assert_eq!(seen["needsPerson"][0]["name"], "idle");
    assert_eq!(seen["needsPerson"][0]["state"], "paused");
    let others = [&seen["running"], &seen["waiting"]];
    let found = others.iter().flat_map(|it| it.as_array().unwrap());
    let found: Vec<_> = found.filter(|it| it["id"] == json!(busy)).collect();
    assert_eq!(found.len(), 1, "{seen}");
    assert!(!found[0]["waitsFor"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn what_happened_is_told_in_words_and_in_pages() {
    let api = Api::new().await;
    for slug in ["one", "two", "three"] {
        api.resting(slug).await;
    }
    let mut all = Vec::new();
    let mut path = "/api/activity?limit=2".to_owned();
    loop {
        let page = api.get(&path).await.is(200).clone();
        all.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_i64() {
            Some(cursor) => path = format!("/api/activity?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    let places: Vec<i64> = all
        .iter()
        .map(|it| it["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(places.is_sorted_by(|a, b| b < a), "{places:?}");
    let said = |it: &serde_json::Value| it["summary"].as_str().unwrap().to_owned();
    assert!(
        all.iter().any(|it| said(it).starts_with("agent two: ")),
        "{all:#?}"
    );
    assert!(
        all.iter()
            .all(|it| !it["action"].as_str().unwrap().ends_with(":log"))
    );
    let none = api.get("/api/activity?resourceType=tracker").await;
    assert_eq!(none.is(200)["items"], json!([]));
    for wrong in ["days=0", "days=91", "limit=201", "limit=x"] {
        api.get(&format!("/api/activity?{wrong}"))
            .await
            .refused(400, &["must be a whole number"]);
    }
}

#[tokio::test]
async fn sandboxes_are_listed_with_whose_they_are() {
    let api = Api::new().await;
    let (busy, _turn) = api.working("busy").await;
    let seen = api.get("/api/cluster/pods").await.is(200).clone();
    assert_eq!(seen["pods"][0]["ownerName"], "busy");
    assert_eq!(seen["pods"][0]["ownerId"], json!(busy));
    assert_eq!(seen["isolation"], "played by hand");
}

#[tokio::test]
async fn costs_are_told_for_each_day_also_without_any() {
    let api = Api::new().await;
    let costs = api.get("/api/analytics/costs?days=3").await.is(200).clone();
    assert_eq!(costs["dailyCosts"].as_array().unwrap().len(), 3);
    assert_eq!(costs["summary"]["costUsd"], "0");
    api.get("/api/analytics/costs?days=366")
        .await
        .refused(400, &["days"]);
}
