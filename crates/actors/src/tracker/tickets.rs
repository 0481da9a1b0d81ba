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
    trigger::{TargetKind, config::Config, mapping},
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    mail::NewMessage,
    tasks::NewTask,
    tickets::{Begins, NewWork, TicketSight, TrackerSight},
};
use serde_json::{Map, Value};

use super::Trackers;
use crate::triggers::{Fire, Known};

/// The agent program of a task whose ticket and repository name none.
const AGENT: &str = "claude-code";

/// What triggers say of a ticket, and whom they say it to, for people.
#[derive(Default)]
struct Fires {
    messages: Vec<NewMessage>,
    to: Vec<String>,
}

fn called(target: TargetKind) -> &'static str {
    match target {
        TargetKind::Agent => "agent",
        TargetKind::Job => "job",
        TargetKind::Blueprint => "blueprint",
    }
}

/// What a trigger that wants a ticket makes of it.
///
/// # Errors
/// What is wrong with the trigger, in words.
fn params_of(
    known: &Known<'_>,
    mapping: Option<&Value>,
    source: Source,
    ticket: &Ticket,
    body: &Value,
) -> Result<Option<Map<String, Value>>, String> {
    let wants = match &known.config {
        Config::Ticket(config) => config.wants(source.name(), &ticket.labels),
        Config::Manual | Config::Schedule(_) | Config::Webhook(_) => false,
    };
    if !wants {
        return Ok(None);
    }
    let params = mapping::map(mapping.and_then(Value::as_object), body.clone());
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
        taken: &TicketSight,
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
            let read = Known::read(trigger).and_then(|known| {
                let places = trigger.param_mapping.as_ref();
                let params = params_of(&known, places, source, ticket, &body)?;
                Ok(params.map(|params| (known, params)))
            });
            let (known, params) = match read {
                Ok(Some(wanting)) => wanting,
                Ok(None) => continue,
                Err(words) => {
                    tracing::warn!(trigger.id = %trigger.id, reason = words, "a trigger cannot fire");
                    continue;
                }
            };
            let fire = Fire {
                params,
                key: Some(taken.id.to_string()),
                due: None,
                hops: 0,
                ticket: Some(taken.id),
                at: world.clock.now(),
            };
            let id = MessageId(world.ids.fresh());
            fires.messages.push(known.message(fire, id));
            let target = called(known.target);
            fires.to.push(format!("{target} `{}`", awaiting.target));
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
        self.handle(sight, &work, decision).await
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
        let source = sight.spec.source();
        let by = format!("tracker:{}", source.name());
        let work = NewWork {
            ticket: ticket.id,
            external_id: &ticket.external_id,
            source,
            begins: Begins::Task(NewTask {
                id: TaskId(pool.beside(ids.fresh())),
                workspace: &sight.workspace,
                spec,
                pool,
                depends_on: &[],
                origin: None,
                created_by: &by,
                at: decision.at,
            }),
        };
        self.handle(sight, &work, decision).await
    }

    /// Starts it, in the transaction that writes that the ticket was handled.
    async fn handle(
        &self,
        sight: &TrackerSight,
        work: &NewWork<'_>,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, decision).await?;
        let next = decision.at + self.every();
        let (error, again) = match step.ticket_handled(work).await {
            Ok(started) => {
                step.commit().await?;
                tracing::info!(tracker.id = %sight.tracker, ticket.id = %work.ticket, woken = ?started.woken,
                    "a ticket became work");
                started.woken.into_iter().for_each(|key| self.hint(key));
                return Ok(Progress::Again);
            }
            // Somebody has made a task of it meanwhile, or another ticket has its name.
            Err(error @ StoreError::TicketTaken(_)) => {
                (error, work.source.is_git_host().then_some(next))
            }
            // What it starts is gone, or its inbox is full: it is asked again.
            Err(error @ (StoreError::InboxFull(_) | StoreError::NoReceiver)) => (error, Some(next)),
            Err(error) => return Err(error.into()),
        };
        drop(step);
        self.no_work(sight, work.ticket, &error.to_string(), again, decision)
            .await
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
