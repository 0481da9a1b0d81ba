//! `optio demo`: a team of four agents, a feature request, and the conversation as it happens.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use optio_domain::{
    actor::ActorKey,
    id::{AgentId, MessageId},
    mail::{Marks, Sender, WakeSource},
    ownership::Role,
};
use optio_runtime::stream::Listener;
use optio_simulators::ModelSimulator;
use optio_store::{agents::AgentRow, events::EventRow, mail::NewMessage};
use serde_json::Value;

use super::{plane::ControlPlane, scenario_of, simulator, stop_asked};

pub(super) mod task;

use crate::{
    config::{Config, Secret},
    console::{Console, Tone},
    failure::Failure,
};

/// The team, as its files are shipped.
const TEAM: [(&str, &str); 4] = [
    (
        "chronicler",
        include_str!("../../../../../examples/persistent-agents/forge/agents/chronicler.json"),
    ),
    (
        "sentinel",
        include_str!("../../../../../examples/persistent-agents/forge/agents/sentinel.json"),
    ),
    (
        "forge",
        include_str!("../../../../../examples/persistent-agents/forge/agents/forge.json"),
    ),
    (
        "vesper",
        include_str!("../../../../../examples/persistent-agents/forge/agents/vesper.json"),
    ),
];
/// Who gets the request.
const ARCHITECT: &str = "vesper";
const REQUEST: &str = "Please add a /healthz endpoint to our service: it answers 200 with the version \
    and the uptime in seconds, as JSON.";
/// How long the team may take: a real model thinks longer than a simulated one.
const ANSWER_MAX: Duration = Duration::from_secs(15 * 60);
/// How long nobody may have anything to do before the team counts as finished.
const QUIET: Duration = Duration::from_millis(1_500);
/// Characters of a message that are shown.
const SHOWN_CHARS: usize = 240;
const WORKSPACE: &str = "default";

/// See the module.
pub(super) async fn run(
    mut config: Config,
    exit: bool,
    console: &mut Console,
) -> Result<(), Failure> {
    let simulated = model(&mut config, "forge", console).await?;
    let plane = ControlPlane::start(config, Role::All).await?;
    console.note(&plane.isolation());
    let shown = show(&plane, exit, console).await;
    console.note("stopping …");
    plane.stop(true).await?;
    if let Some(simulator) = simulated {
        simulator.stop().await;
    }
    shown
}

/// A simulated model, unless there is a key for a real one.
async fn model(
    config: &mut Config,
    scenario: &str,
    console: &mut Console,
) -> Result<Option<ModelSimulator>, Failure> {
    if config.credentials.are_there() {
        console.note(
            "A model key is in the environment: agents run on the real model, which costs money.",
        );
        return Ok(None);
    }
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let simulator = simulator(any, scenario_of(scenario)?).await?;
    console.note("No model key in the environment: a simulated model plays the team's part.");
    config.credentials.anthropic_api_key = Some(Secret::new("simulated"));
    config.credentials.anthropic_base_url = Some(simulator.url());
    Ok(Some(simulator))
}

async fn show(plane: &ControlPlane, exit: bool, console: &mut Console) -> Result<(), Failure> {
    console.line(&console.paint(Tone::Strong, &format!("Optio listens on {}", plane.url())))?;
    let mut listener = plane
        .world()
        .stream
        .listen(None, None)
        .await
        .map_err(store)?;
    let names = assemble(plane, console).await?;
    follow(plane, &names, &mut listener, console, None).await?;
    let request = ask(plane, &names).await?;
    let answer = follow(plane, &names, &mut listener, console, Some(request));
    match tokio::time::timeout(ANSWER_MAX, answer).await {
        Ok(followed) => followed?,
        Err(_late) => {
            return Err(Failure::general("the team did not answer in time")
                .with(["`optio why vesper` says what it waits for".to_owned()]));
        }
    }
    summary(plane, console).await?;
    if !exit {
        console.note(&format!(
            "The team stays up. Try: optio --server {0} agent list · optio --server {0} agent send chronicler 'show journal' · Ctrl-C ends",
            plane.url()
        ));
        let live = async {
            while let Ok(Some(event)) = listener.next().await {
                tell(&event, &names, console)?;
            }
            Ok::<(), Failure>(())
        };
        tokio::select! { () = stop_asked() => {}, done = live => done? }
    }
    Ok(())
}

/// Creates the team, or finds it from the last time.
async fn assemble(
    plane: &ControlPlane,
    console: &mut Console,
) -> Result<BTreeMap<AgentId, String>, Failure> {
    let client = reqwest::Client::new();
    let mut names = BTreeMap::new();
    for (slug, file) in TEAM {
        let answer = client
            .post(format!("{}/api/persistent-agents", plane.url()))
            .header("content-type", "application/json")
            .body(file)
            .send()
            .await
            .map_err(|error| Failure::general(error.to_string()))?;
        let met = match answer.status().as_u16() {
            201 => "joins the team",
            409 => "is still here from the last time",
            other => {
                let said = answer.text().await.unwrap_or_default();
                return Err(Failure::general(format!(
                    "{slug} could not be created ({other}): {said}"
                )));
            }
        };
        console.line(&format!("{} {met}", console.paint(Tone::Strong, slug)))?;
        let row = plane
            .world()
            .store
            .agent_by_slug(WORKSPACE, slug)
            .await
            .map_err(store)?;
        let row = row.ok_or_else(|| Failure::general(format!("{slug} is gone")))?;
        names.insert(row.id, slug.to_owned());
    }
    Ok(names)
}

async fn ask(
    plane: &ControlPlane,
    names: &BTreeMap<AgentId, String>,
) -> Result<MessageId, Failure> {
    let world = plane.world();
    let architect = names
        .iter()
        .find(|(_, slug)| *slug == ARCHITECT)
        .map(|(id, _)| *id);
    let architect = architect.ok_or_else(|| Failure::general("the architect is gone"))?;
    let key: ActorKey = architect.into();
    let message = NewMessage {
        id: MessageId(world.ids.fresh()),
        receiver: key,
        sender: Sender::User("local".to_owned()),
        sender_name: None,
        source: WakeSource::User,
        key: None,
        body: REQUEST.to_owned(),
        payload: None,
        broadcasted: false,
        marks: Marks::default(),
        cause: None,
        at: world.clock.now(),
    };
    let receipt = plane
        .mailroom()
        .send(message)
        .await
        .map_err(|error| Failure::general(error.to_string()))?;
    Ok(receipt.id)
}

/// Shows what happens until nobody has anything left to do, and the request was taken up.
async fn follow(
    plane: &ControlPlane,
    names: &BTreeMap<AgentId, String>,
    listener: &mut Listener,
    console: &mut Console,
    request: Option<MessageId>,
) -> Result<(), Failure> {
    loop {
        match tokio::time::timeout(QUIET, listener.next()).await {
            Ok(Ok(Some(event))) => tell(&event, names, console)?,
            Ok(Ok(None)) => return Err(Failure::general("the live stream ended")),
            Ok(Err(error)) => return Err(store(error)),
            Err(_quiet) => {
                let team = team(plane).await?;
                for agent in &team {
                    if agent.state.name() == "failed" || agent.hold.is_some() {
                        return Err(trouble(agent));
                    }
                }
                let resting =
                    |agent: &AgentRow| agent.state.name() == "idle" && agent.inbox_pending == 0;
                if team.iter().all(resting) && answered(plane, names, request).await? {
                    return Ok(());
                }
            }
        }
    }
}

/// Whether the request was consumed by a turn that succeeded.
async fn answered(
    plane: &ControlPlane,
    names: &BTreeMap<AgentId, String>,
    request: Option<MessageId>,
) -> Result<bool, Failure> {
    let Some(request) = request else {
        return Ok(true);
    };
    let store_ = &plane.world().store;
    for id in names.keys() {
        let mail = store_
            .messages((*id).into(), optio_store::mail::Wanted::All, None, 100)
            .await;
        if mail
            .map_err(store)?
            .iter()
            .any(|row| row.id == request.0 && row.state == "consumed")
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn team(plane: &ControlPlane) -> Result<Vec<AgentRow>, Failure> {
    plane
        .world()
        .store
        .agents(WORKSPACE, None, 100)
        .await
        .map_err(store)
}

fn trouble(agent: &AgentRow) -> Failure {
    let reason = agent.last_failure_reason.clone().unwrap_or_default();
    let class = agent.last_failure_class.clone().unwrap_or_default();
    let class = serde_json::from_value::<optio_domain::run::FailureClass>(class.into());
    let remedy = class
        .map(|class| class.remedy().to_owned())
        .unwrap_or_default();
    Failure::general(format!("{}: {reason}", agent.spec.slug)).with([remedy])
}

/// Shows one event to a person.
fn tell(
    event: &EventRow,
    names: &BTreeMap<AgentId, String>,
    console: &mut Console,
) -> Result<(), Failure> {
    let unknown = "?".to_owned();
    let who = names.get(&AgentId(event.actor_id)).unwrap_or(&unknown);
    let text = |member: &str| {
        event
            .data
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let at = event.at.format("%H:%M:%S");
    match event.type_name.as_str() {
        "persistent_agent:message" => {
            let sender = text("senderId")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            let all = event
                .data
                .get("broadcasted")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let arrow = if all { "⇒" } else { "→" };
            let head = console.paint(Tone::Good, &format!("{sender} {arrow} {who}"));
            console.line(&format!("{at}  {head}: {}", short(text("body"))))?;
        }
        "persistent_agent:turn_started" => {
            let number = &event.data["turnNumber"];
            let line = format!(
                "{at}  {who} begins turn {number}, woken by: {}",
                text("wakeSource")
            );
            console.line(&console.paint(Tone::Dim, &line))?;
        }
        "persistent_agent:turn_halted" => {
            let line = if text("haltReason") == "natural" {
                console.paint(
                    Tone::Dim,
                    &format!("{at}  {who} is done: {}", short(text("summary"))),
                )
            } else {
                let line = format!(
                    "{at}  {who} halted ({}): {} — {}",
                    text("haltReason"),
                    text("error"),
                    text("remedy")
                );
                console.paint(Tone::Bad, &line)
            };
            console.line(&line)?;
        }
        _ => {}
    }
    Ok(())
}

fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_CHARS {
        return line;
    }
    format!("{} …", line.chars().take(SHOWN_CHARS).collect::<String>())
}

async fn summary(plane: &ControlPlane, console: &mut Console) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for agent in team(plane).await? {
        rows.push((
            Tone::Plain,
            vec![
                agent.spec.slug.clone(),
                agent.state.name().to_owned(),
                agent.turns_taken.to_string(),
                format!(
                    "{} / {}",
                    agent.total_input_tokens, agent.total_output_tokens
                ),
                format!("${:.4}", agent.total_cost_usd),
            ],
        ));
    }
    console.line("")?;
    Ok(console.table(
        &["AGENT", "STATE", "TURNS", "TOKENS IN / OUT", "COST"],
        &rows,
    )?)
}

fn store(error: optio_store::StoreError) -> Failure {
    Failure::general(error.to_string())
}
