//! What becomes of a ticket, and what it is told.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Decision,
    id::{TaskId, TicketId},
    ports::Tracker,
    repo::RepoUrl,
    task::spec::TaskSpec,
    tracker::{
        News, Ticket, TicketComment, TicketWork, TrackerError, agent_of,
        plan::{Setback, after_ticket},
        repo_of, task_of,
    },
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    tasks::NewTask,
    tickets::{NewWork, TicketSight, TrackerSight},
};

use super::Trackers;

/// The agent program of a task whose ticket and repository name none.
const AGENT: &str = "claude-code";

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
            source,
            task: NewTask {
                id: TaskId(pool.beside(ids.fresh())),
                workspace: &sight.workspace,
                spec,
                pool,
                depends_on: &[],
                created_by: &by,
                at: decision.at,
            },
        };
        let mut step = self.begin(sight, decision).await?;
        match step.ticket_handled(&work).await {
            Ok(started) => {
                step.commit().await?;
                tracing::info!(tracker.id = %sight.tracker, task.id = %started.task, "a ticket became work");
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
