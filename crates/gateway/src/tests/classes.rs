//! Classes and conversations, as clients meet them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{Api, until},
    routes::texts,
};

const AGENTS: &str = "/api/persistent-agents";
const SEND: &str = "/api/internal/persistent-agents/send";

#[tokio::test]
async fn an_interrupt_is_answered_with_how_it_is_delivered_and_others_are_not() {
    let api = Api::new().await;
    api.working("vesper").await;
    let path = format!("{AGENTS}/vesper/messages");
    for (class, delivery) in [
        (None, Value::Null),
        (Some("work"), Value::Null),
        (Some("notify"), Value::Null),
        (Some("interrupt"), json!("next-turn")),
    ] {
        let answer = api
            .post(&path, json!({ "body": "x", "class": class }))
            .await;
        assert_eq!(answer.is(202)["delivery"], delivery, "{class:?}");
        assert_eq!(answer.body["stopped"], Value::Null);
    }
    let mail = api.get(&path).await.body;
    let classes = texts(&mail["messages"], "class");
    assert_eq!(classes[..4], ["interrupt", "notify", "work", "work"]);
}

#[tokio::test]
async fn a_stop_ends_the_open_turn_and_the_agent_goes_on_with_its_mail() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let path = format!("{AGENTS}/vesper/messages");
    let stop = json!({ "body": "enough", "class": "stop" });
    let answer = api.post(&path, stop.clone()).await;
    assert_eq!(answer.is(202)["stopped"], true);
    let first = until(async || {
        let row = api.get(&format!("{AGENTS}/vesper/turns/{}", turn.id)).await;
        let turn = row.body["turn"].clone();
        (!turn["finishedAt"].is_null()).then_some(turn)
    })
    .await;
    assert_eq!(first["haltReason"], "cancelled");
    api.open_turn(vesper, 2).await;
    let mail = api.get(&path).await.body["messages"].clone();
    assert_eq!(texts(&mail, "body"), ["enough", "Greet."]);
    assert_eq!(texts(&mail, "state"), ["consumed", "assigned"]);
    assert_eq!(mail[1]["attempts"], 0, "a stop is nobody's failure");

    api.resting("mira").await;
    let nothing = api.post(&format!("{AGENTS}/mira/messages"), stop).await;
    assert_eq!(nothing.is(202)["stopped"], false, "no turn was open");
}

#[tokio::test]
async fn agents_interrupt_their_peers_and_stop_nobody() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.working("mira").await;
    let token = api.token(vesper, &turn);
    let to = |class: &str| Some(json!({ "to": "mira", "body": "x", "class": class }));
    let told = api
        .as_agent(&token, Method::POST, SEND, to("interrupt"))
        .await;
    assert_eq!(told.is(202)["delivery"], "next-turn");
    api.as_agent(&token, Method::POST, SEND, to("stop"))
        .await
        .refused(403, &["class", "cannot stop", "interrupt"]);
    let path = format!("{AGENTS}/mira/messages");
    let stop = || Some(json!({ "body": "x", "class": "stop" }));
    api.as_agent(&token, Method::POST, &path, stop())
        .await
        .refused(403, &["cannot stop"]);
    let broadcast = "/api/internal/persistent-agents/broadcast";
    api.as_agent(&token, Method::POST, broadcast, stop())
        .await
        .refused(403, &["cannot stop"]);
}

#[tokio::test]
async fn an_agent_that_writes_to_itself_is_refused_on_every_way() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let token = api.token(vesper, &turn);
    let body = Some(json!({ "to": "vesper", "body": "x" }));
    for path in [
        SEND.to_owned(),
        format!("{AGENTS}/vesper/messages"),
        format!("{AGENTS}/{vesper}/messages"),
    ] {
        api.as_agent(&token, Method::POST, &path, body.clone())
            .await
            .refused(400, &["itself", "schedule"]);
    }
}

#[tokio::test]
async fn a_class_or_an_answer_that_makes_no_sense_is_refused() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.resting("mira").await;
    let path = format!("{AGENTS}/mira/messages");
    let unknown = "00000000-0000-0000-0000-00000000ffff";
    let cases: [(Value, &[&str]); 5] = [
        (
            json!({ "body": "x", "class": "urgent" }),
            &["class", "interrupt", "`urgent`"],
        ),
        (
            json!({ "body": "x", "class": "" }),
            &["class", "work, notify"],
        ),
        (json!({ "body": "x", "class": 1 }), &["class"]),
        (json!({ "body": "x", "inReplyTo": "x" }), &["inReplyTo"]),
        (
            json!({ "body": "x", "inReplyTo": unknown }),
            &["inReplyTo", unknown],
        ),
    ];
    for (body, words) in cases {
        api.post(&path, body).await.refused(400, words);
    }
    let schedule = json!({ "type": "schedule",
        "config": { "cronExpression": "* * * * *", "class": "stop" } });
    api.post(&format!("{AGENTS}/mira/triggers"), schedule)
        .await
        .refused(400, &["config.class", "work, notify or interrupt"]);
    api.get(&format!("{path}?thread=x"))
        .await
        .refused(400, &["thread", "id of a message"]);
    // An agent answers what it knows, not what it has heard of.
    let mail = api.get(&path).await.body["messages"][0]["id"].clone();
    let token = api.token(vesper, &turn);
    let body = Some(json!({ "to": "mira", "body": "x", "inReplyTo": mail }));
    api.as_agent(&token, Method::POST, SEND, body)
        .await
        .refused(400, &["inReplyTo", "of yours"]);
}

#[tokio::test]
async fn a_conversation_is_read_as_one_thread_from_both_sides() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let (mira, mira_turn) = api.working("mira").await;
    let (vesper, mira) = (api.token(vesper, &turn), api.token(mira, &mira_turn));
    let say = async |token: &str, to: &str, body: &str, parent: Option<&Value>| {
        let body = json!({ "to": to, "body": body, "inReplyTo": parent });
        let sent = api.as_agent(token, Method::POST, SEND, Some(body)).await;
        sent.is(202)["messageId"].clone()
    };
    let first = say(&vesper, "mira", "one", None).await;
    let second = say(&mira, "vesper", "two", Some(&first)).await;
    say(&vesper, "mira", "three", Some(&second)).await;
    say(&vesper, "mira", "apart", None).await;
    let thread = first.as_str().unwrap();
    for slug in ["vesper", "mira"] {
        let path = format!("{AGENTS}/{slug}/messages?thread={thread}");
        let mail = api.get(&path).await.is(200)["messages"].clone();
        assert_eq!(texts(&mail, "body"), ["three", "two", "one"], "{slug}");
        assert_eq!(texts(&mail, "thread"), [thread; 3]);
        assert_eq!(mail[0]["inReplyTo"], second);
        assert_eq!(mail[2]["inReplyTo"], Value::Null);
        let page = api.get(&format!("{path}&limit=2")).await.body;
        let cursor = page["nextCursor"].as_str().unwrap();
        let rest = api.get(&format!("{path}&limit=2&cursor={cursor}")).await;
        assert_eq!(texts(&rest.body["messages"], "body"), ["one"]);
    }
}
