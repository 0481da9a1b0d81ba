//! What happens is told to a real receiver: by the real binary, out of a real database, signed.

use std::net::SocketAddr;

use optio_simulators::{Received, Reply, Signature, WebhookReceiver};
use serde_json::{Value, json};

use crate::world::{Plan, World};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn receiver() -> WebhookReceiver {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    WebhookReceiver::start(any, SECRET).await.unwrap()
}

/// A world that may tell receivers on this machine.
fn open() -> Plan {
    World::plan().set("OPTIO_WEBHOOK_PRIVATE_HOSTS", "127.0.0.1")
}

async fn hook(world: &World, receiver: &WebhookReceiver, events: &[&str]) -> String {
    let body = json!({ "url": receiver.url(), "events": events, "secret": SECRET });
    let made = world.post("/api/webhooks", &body).await;
    made["webhook"]["id"].as_str().unwrap().to_owned()
}

/// Waits until so many have come.
async fn came(world: &mut World, receiver: &WebhookReceiver, count: usize) -> Vec<Received> {
    world
        .until("deliveries to come", async |_| {
            let received = receiver.received();
            (count <= received.len()).then_some(received)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_told_of_signed_and_again_until_the_receiver_takes_it() {
    let mut world = open().start().await;
    let receiver = receiver().await;
    receiver.answers([Reply::Status(500)]);
    let hook = hook(&world, &receiver, &["agent.turn_halted"]).await;
    let agent = world.create("vesper", json!({})).await;
    world.until_done(&agent, 1).await;
    let received = came(&mut world, &receiver, 2).await;
    let [first, second] = [&received[0], &received[1]];
    assert_eq!(
        (first.standard, first.seed),
        (Signature::Good, Signature::Good)
    );
    assert_eq!(
        (second.standard, second.seed),
        (Signature::Good, Signature::Good)
    );
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    let said: Value = serde_json::from_str(&first.body).unwrap();
    assert_eq!(said["event"], "agent.turn_halted");
    assert_eq!(
        (&said["data"]["slug"], &said["data"]["agentId"]),
        (&json!("vesper"), &json!(agent))
    );
    assert_eq!(first.header("x-optio-hops"), "1");
    let path = format!("/api/webhooks/{hook}/deliveries");
    let row = world
        .until("the delivery to be settled", async |world: &mut World| {
            let row = world.get(&path).await["deliveries"][0].take();
            (row["success"] == true).then_some(row)
        })
        .await;
    assert_eq!(
        (&row["attempt"], &row["nextAttemptAt"]),
        (&json!(2), &json!(null))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_told_before_a_crash_is_told_after_it() {
    let mut world = open().start().await;
    let receiver = receiver().await;
    // Whoever sends it is killed while it waits for the answer.
    receiver.answers([Reply::Hang]);
    let hook = hook(&world, &receiver, &["agent.turn_halted"]).await;
    let agent = world.create("vesper", json!({})).await;
    world.until_done(&agent, 1).await;
    came(&mut world, &receiver, 1).await;
    world.kill9();
    world.start().await;
    let received = came(&mut world, &receiver, 2).await;
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    let path = format!("/api/webhooks/{hook}/deliveries");
    assert_eq!(
        world.get(&path).await["deliveries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_it_is_told_otherwise_nothing_goes_to_this_machine() {
    let world = World::plan().start().await;
    let receiver = receiver().await;
    let body = json!({ "url": receiver.url(), "events": ["agent.turn_halted"] });
    let refused = world
        .ask(reqwest::Method::POST, "/api/webhooks", Some(&body))
        .await;
    let refused = refused.unwrap();
    assert_eq!(refused.status(), 400);
    let words = refused.text().await.unwrap();
    assert!(words.contains("webhook_private_hosts"), "{words}");
    assert!(receiver.received().is_empty());
    world.end().await;
}
