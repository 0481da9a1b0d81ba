//! What becomes of a ticket, and what it is told.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Decision,
    id::{MessageId, TaskId, TicketId},
    ports::Tracker,
    repo::RepoUrl,
    task::spec::TaskSpec,
    tracker::{
        News, Source, Ticket, TicketComment, TicketWork, TrackerError, agent_of,
        plan::{Setback, after_ticket},
        repo_of, task_of,
    },
    trigger::{TargetKind, TriggerType, config::Config, mapping},
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    mail::NewMessage,
    tasks::NewTask,
    tickets::{Begins, NewWork, TicketSight, TrackerSight},
    triggers::TriggerRow,
};
use serde_json::{Map, Value};

use super::Trackers;
use crate::triggers::{Fire, message};

/// The agent program of a task whose ticket and repository name none.
const AGENT: &str = "claude-code";

/// What triggers say of a ticket, and whom they say it to, for people.
#[derive(Default)]
struct Fires {
    messages: Vec<NewMessage>,
    to: Vec<String>,
}

fn called(trigger: &TriggerRow) -> &'static str {
    match TargetKind::parse(&trigger.target_type) {
        Some(TargetKind::Agent) => "agent",
        Some(TargetKind::Job) => "job",
        Some(TargetKind::Blueprint) => "blueprint",
        None => "",
    }
}

/// What a trigger makes of a ticket, if it wants it.
///
/// # Errors
/// What is wrong with the trigger, in words.
fn params_of(
    trigger: &TriggerRow,
    source: Source,
    ticket: &Ticket,
    body: &Value,
) -> Result<Option<Map<String, Value>>, String> {
    let target = TargetKind::parse(&trigger.target_type).ok_or("its target is unknown")?;
    let fields = trigger.config.as_object().ok_or("it has no settings")?;
    let config =
        Config::parse(TriggerType::Ticket, target, fields).map_err(|error| error.to_string())?;
    let wants = match &config {
        Config::Ticket(config) => config.wants(source.name(), &ticket.labels),
        Config::Manual | Config::Schedule(_) | Config::Webhook(_) => false,
    };
    if !wants {
        return Ok(None);
    }
    let places = trigger.param_mapping.as_ref().and_then(Value::as_object);
    let params = mapping::map(places, body.clone());
    params.map(Some).map_err(|error| error.to_string())
}

impl Trackers {
    /// Lets a ticket become work, as it stands now.
    pub(super) async fn take(
        &self,
        sight: &TrackerSight,
        ticket: TicketId,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let store = &self.world.store;
        let known = store.see_ticket(ticket).await?.ok_or(Fault::Moved)?;
        let read = match self.open(sight).await? {
            Ok(tracker) => read(&*tracker, &known.external_id).await,
            Err(error) => Err(error),
        };
        let (now, comments) = match read {
            Ok(read) => read,
            Err(error) => return self.in_vain(sight, &known, &error, decision).await,
        };
        if !now.open || !now.has_label(&sight.spec.label) {
            let mut step = self.begin(sight, decision).await?;
            step.ticket_over(ticket).await?;
            step.commit().await?;
            return Ok(Progress::Again);
        }
        let fires = self.fires(sight, &known, &now, &comments).await?;
        if !fires.messages.is_empty() {
            return self.fire(sight, &known, &fires, decision).await;
        }
        match self.order(sight, &now, &comments).await? {
            Ok(spec) => self.start(sight, &known, &spec, decision).await,
            Err(words) => self.no_work(sight, ticket, &words, None, decision).await,
        }
    }

    /// The task that a ticket becomes, or in words why there is none.
    async fn order(
        &self,
        sight: &TrackerSight,
        ticket: &Ticket,
        comments: &[TicketComment],
    ) -> Result<Result<TaskSpec, String>, Fault> {
        let chosen = repo_of(&sight.spec, ticket)
            .and_then(|repo| agent_of(&ticket.labels).map(|agent| (repo, agent)));
        let (repo, agent): (RepoUrl, Option<&str>) = match chosen {
            Ok(chosen) => chosen,
            Err(words) => return Ok(Err(words)),
        };
        let store = &self.world.store;
        let defaults = store.repo_defaults(&sight.workspace, repo.as_str()).await?;
        let agent = agent.map(str::to_owned).or_else(|| defaults.agent.clone());
        let agent = agent.unwrap_or_else(|| AGENT.to_owned());
        Ok(task_of(TicketWork {
            source: sight.spec.source(),
            ticket,
            comments,
            repo: &repo,
            branch: defaults.branch.clone(),
            model: defaults.model_of(&agent),
            agent,
        }))
    }

    /// What the triggers of the workspace that want a ticket say of it to what they start.
    async fn fires(
        &self,
        sight: &TrackerSight,
        known: &TicketSight,
        ticket: &Ticket,
        comments: &[TicketComment],
    ) -> Result<Fires, Fault> {
        let (world, source) = (&self.world, sight.spec.source());
        let body = ticket.body_of_fire(source, comments);
        let mut fires = Fires::default();
        let all = world
            .store
            .awaiting_tickets(&sight.workspace, source.name())
            .await?;
        for awaiting in &all {
            let trigger = &awaiting.trigger;
            let params = match params_of(trigger, source, ticket, &body) {
                Ok(Some(params)) => params,
                Ok(None) => continue,
                Err(words) => {
                    tracing::warn!(trigger.id = %trigger.id, reason = words, "a trigger cannot fire");
                    continue;
                }
            };
            let fire = Fire {
                params,
                key: Some(known.id.to_string()),
                due: None,
                hops: 0,
                ticket: Some(known.id),
                at: world.clock.now(),
            };
            match message(trigger, fire, MessageId(world.ids.fresh())) {
                Ok(message) => {
                    fires.messages.push(message);
                    fires
                        .to
                        .push(format!("{} `{}`", called(trigger), awaiting.target));
                }
                Err(words) => {
                    tracing::warn!(trigger.id = %trigger.id, reason = words, "a trigger cannot fire");
                }
            }
        }
        Ok(fires)
    }

    async fn fire(
        &self,
        sight: &TrackerSight,
        ticket: &TicketSight,
        fires: &Fires,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let work = NewWork {
            ticket: ticket.id,
            external_id: &ticket.external_id,
            source: sight.spec.source(),
            begins: Begins::Fires {
                messages: &fires.messages,
                bounds: (&self.world.limits).into(),
                to: &fires.to.join(" and "),
            },
        };
        let mut step = self.begin(sight, decision).await?;
        match step.ticket_handled(&work).await {
            Ok(started) => {
                step.commit().await?;
                tracing::info!(tracker.id = %sight.tracker, ticket.id = %ticket.id, fires = fires.messages.len(),
                    "a ticket fired triggers");
                started.woken.into_iter().for_each(|key| self.hint(key));
                Ok(Progress::Again)
            }
            // What it starts is gone, or its inbox is full: it is asked again.
            Err(error @ (StoreError::InboxFull(_) | StoreError::NoReceiver)) => {
                drop(step);
                let again = Some(decision.at + self.every());
                self.no_work(sight, ticket.id, &error.to_string(), again, decision)
                    .await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn start(
        &self,
        sight: &TrackerSight,
        ticket: &TicketSight,
        spec: &TaskSpec,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let (store, ids) = (&self.world.store, &self.world.ids);
        let pool = store
            .pool_of(&sight.workspace, &spec.repo_url, ids.fresh(), decision.at)
            .await?;
        let (new, source) = (TaskId(pool.beside(ids.fresh())), sight.spec.source());
        let by = format!("tracker:{}", source.name());
        let work = NewWork {
            ticket: ticket.id,
            external_id: &ticket.external_id,
            source,
            begins: Begins::Task(NewTask {
                id: new,
                workspace: &sight.workspace,
                spec,
                pool,
                depends_on: &[],
                origin: None,
                created_by: &by,
                at: decision.at,
            }),
        };
        let mut step = self.begin(sight, decision).await?;
        match step.ticket_handled(&work).await {
            Ok(started) => {
                step.commit().await?;
                let task = started.task.unwrap_or(new);
                tracing::info!(tracker.id = %sight.tracker, task.id = %task, "a ticket became work");
                started.woken.into_iter().for_each(|key| self.hint(key));
                Ok(Progress::Again)
            }
            // Somebody has made a task of it meanwhile, or another ticket has its name.
            Err(error @ StoreError::TicketTaken(_)) => {
                drop(step);
                let words = error.to_string();
                let again = source.is_git_host().then(|| decision.at + self.every());
                self.no_work(sight, ticket.id, &words, again, decision)
                    .await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A person has to do something first, to the ticket or to the tracker, where it is not tried again.
    async fn no_work(
        &self,
        sight: &TrackerSight,
        ticket: TicketId,
        words: &str,
        again: Option<DateTime<Utc>>,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        tracing::warn!(tracker.id = %sight.tracker, ticket.id = %ticket, reason = words, "a ticket is no work");
        let mut step = self.begin(sight, decision).await?;
        step.ticket_trouble(ticket, words, again).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    /// Tells a ticket what has become of it, once.
    pub(super) async fn tell(
        &self,
        sight: &TrackerSight,
        ticket: TicketId,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let store = &self.world.store;
        let known = store.see_ticket(ticket).await?.ok_or(Fault::Moved)?;
        let news = known.news.ok_or(Fault::Moved)?;
        let told = match self.open(sight).await? {
            Ok(tracker) => say(&*tracker, &known, news).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            return self.in_vain(sight, &known, &error, decision).await;
        }
        let mut step = self.begin(sight, decision).await?;
        step.ticket_told(ticket, news).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    /// Writes that nothing came of a call about a ticket, and when it is made again.
    async fn in_vain(
        &self,
        sight: &TrackerSight,
        ticket: &TicketSight,
        error: &TrackerError,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let words = error.to_string();
        tracing::warn!(tracker.id = %sight.tracker, ticket.id = %ticket.id, error = words,
            "nothing could be done with a ticket");
        let setback = after_ticket(error, ticket.troubles, self.every(), decision.at);
        let mut step = self.begin(sight, decision).await?;
        match setback {
            Setback::Hold(until) => step.tracker_held(until, &words).await?,
            Setback::Again(at) => step.ticket_trouble(ticket.id, &words, Some(at)).await?,
            Setback::GiveUp => step.ticket_trouble(ticket.id, &words, None).await?,
        }
        step.commit().await?;
        Ok(Progress::Again)
    }
}

async fn read(
    tracker: &dyn Tracker,
    id: &str,
) -> Result<(Ticket, Vec<TicketComment>), TrackerError> {
    let ticket = tracker.ticket(id).await?.kept();
    let comments = tracker.comments(id).await?.into_iter();
    Ok((ticket, comments.map(TicketComment::kept).collect()))
}

/// The comment bears a mark, so that it is there once however often this is done.
async fn say(tracker: &dyn Tracker, ticket: &TicketSight, news: News) -> Result<(), TrackerError> {
    let about = ticket.task.map_or(ticket.id.0, |task| task.0);
    let mark = format!("{}:{about}", news.name());
    tracker
        .comment(&ticket.external_id, &ticket.words, &mark)
        .await?;
    match news {
        News::Started => Ok(()),
        News::Done => tracker.set_done(&ticket.external_id).await,
    }
}
