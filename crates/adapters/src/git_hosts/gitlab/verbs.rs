//! What can be asked of GitLab, each as the calls it takes.

use optio_domain::git_host::{
    Comment, Etag, GitHostError, Issue, IssueNumber, Pull, PullNumber, PullState, Repo, RepoName,
    Seen, Thread, has_mark, marked,
};
use serde_json::json;

use super::{
    GitLab,
    shapes::{IssueShape, MadeShape, MergeShape, NoteShape, PageShape, ProjectShape, note_url},
};
use crate::git_hosts::rest::{Method, encode};

impl GitLab {
    pub(super) async fn read_repo(&self, repo: &RepoName) -> Result<Repo, GitHostError> {
        let shape: ProjectShape = self.get(repo, "").await?;
        shape.understood()
    }

    pub(super) async fn find_pull(
        &self,
        repo: &RepoName,
        branch: &str,
    ) -> Result<Option<Pull>, GitHostError> {
        let branch = encode(branch);
        let path = format!("/merge_requests?state=opened&source_branch={branch}");
        let found: Vec<MergeShape> = self.all(repo, &path).await?;
        // A fork may have a branch of the same name.
        let mut found = found.into_iter().filter(MergeShape::is_of_project);
        Ok(found.next().map(MergeShape::found))
    }

    pub(super) async fn list_pulls(&self, repo: &RepoName) -> Result<Vec<PullState>, GitHostError> {
        let path = "/merge_requests?state=opened&order_by=created_at&sort=desc";
        let found: Vec<MergeShape> = self.all(repo, path).await?;
        let whether = |shape: MergeShape| PullState {
            // In lists it is as somebody found it who has looked some time ago.
            mergeable: None,
            ..shape.into()
        };
        Ok(found.into_iter().map(whether).collect())
    }

    pub(super) async fn read_pull(
        &self,
        repo: &RepoName,
        number: PullNumber,
        known: Option<&Etag>,
    ) -> Result<Seen<PullState>, GitHostError> {
        let path = format!("/merge_requests/{number}");
        let Some(known) = known else {
            // Whoever knows no version is spared the call that counts all the same, where we know one.
            let (shape, etag): (MergeShape, _) = self.get_tagged(repo, &path).await?;
            return Ok(Seen::Changed {
                value: shape.into(),
                etag: etag.map(Etag),
            });
        };
        let etag = Some(known.0.as_str());
        let reply = self.try_call(repo, Method::Get, &path, None, etag).await?;
        if reply.status == 304 {
            return Ok(Seen::Unchanged);
        }
        let reply = self.judged(repo, &path, reply)?;
        let shape: MergeShape = reply.read()?;
        Ok(Seen::Changed {
            value: shape.into(),
            etag: reply.header("etag").map(|etag| Etag(etag.to_owned())),
        })
    }

    pub(super) async fn read_issue(
        &self,
        repo: &RepoName,
        number: IssueNumber,
    ) -> Result<Issue, GitHostError> {
        let shape: IssueShape = self.get(repo, &format!("/issues/{number}")).await?;
        Ok(shape.into())
    }

    pub(super) async fn list_issues(
        &self,
        repo: &RepoName,
        label: &str,
    ) -> Result<Vec<Issue>, GitHostError> {
        let label = encode(label);
        let path = format!("/issues?state=opened&labels={label}&order_by=created_at&sort=asc");
        let shapes: Vec<IssueShape> = self.all(repo, &path).await?;
        Ok(shapes.into_iter().map(Issue::from).collect())
    }

    /// The notes of people. What GitLab notes down by itself is left out.
    pub(super) async fn read_comments(
        &self,
        repo: &RepoName,
        thread: Thread,
    ) -> Result<Vec<Comment>, GitHostError> {
        let page: PageShape = self.get(repo, &place(thread)).await?;
        let notes = self.read_notes(repo, thread).await?;
        let said = notes.into_iter().filter(|note| !note.system);
        Ok(said.map(|note| note.understood(&page.web_url)).collect())
    }

    /// Everything below an issue or merge request, oldest first.
    pub(super) async fn read_notes(
        &self,
        repo: &RepoName,
        thread: Thread,
    ) -> Result<Vec<NoteShape>, GitHostError> {
        let path = format!("{}/notes?order_by=created_at&sort=asc", place(thread));
        self.all(repo, &path).await
    }

    pub(super) async fn write_comment(
        &self,
        repo: &RepoName,
        thread: Thread,
        body: &str,
        mark: &str,
    ) -> Result<String, GitHostError> {
        let comments = self.read_comments(repo, thread).await?;
        if let Some(there) = comments.into_iter().find(|it| has_mark(&it.body, mark)) {
            return Ok(there.url);
        }
        let page: PageShape = self.get(repo, &place(thread)).await?;
        let body = marked(&inert(body), mark);
        self.say(repo, thread, &page.web_url, &body).await
    }

    /// Writes a note as it is, commands included. Answers its address.
    pub(super) async fn say(
        &self,
        repo: &RepoName,
        thread: Thread,
        page: &str,
        body: &str,
    ) -> Result<String, GitHostError> {
        let path = format!("{}/notes", place(thread));
        let body = json!({ "body": body });
        let reply = self.call(repo, Method::Post, &path, &body).await?;
        let MadeShape { id } = reply.read()?;
        Ok(id.map_or_else(|| page.to_owned(), |id| note_url(page, id)))
    }

    pub(super) async fn set_closed(
        &self,
        repo: &RepoName,
        number: IssueNumber,
    ) -> Result<(), GitHostError> {
        let path = format!("/issues/{number}");
        let issue: IssueShape = self.get(repo, &path).await?;
        if issue.state == "closed" {
            return Ok(());
        }
        let body = json!({ "state_event": "close" });
        self.call(repo, Method::Put, &path, &body).await?;
        Ok(())
    }

    pub(super) async fn write_labels(
        &self,
        repo: &RepoName,
        thread: Thread,
        labels: &[String],
    ) -> Result<(), GitHostError> {
        let body = json!({ "add_labels": labels.join(",") });
        self.call(repo, Method::Put, &place(thread), &body).await?;
        Ok(())
    }
}

/// Where an issue or merge request is. GitLab numbers them apart.
fn place(thread: Thread) -> String {
    match thread {
        Thread::Issue(number) => format!("/issues/{number}"),
        Thread::Pull(number) => format!("/merge_requests/{number}"),
    }
}

/// A text none of whose lines is a command to GitLab, which does what a line that begins with a slash
/// says (<https://docs.gitlab.com/user/project/quick_actions/>), whoever has made us write it.
pub(super) fn inert(text: &str) -> String {
    let line = |line: &str| {
        let rest = line.trim_start();
        let before = &line[..line.len() - rest.len()];
        match rest.strip_prefix('/') {
            Some(rest) => format!("{before}\\/{rest}"),
            None => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod unit {
    use super::inert;

    #[test]
    fn no_line_of_a_text_is_a_command() {
        let text = "Good.\n/merge\n  /close\nsee a/b\n\n/approve";
        let wanted = "Good.\n\\/merge\n  \\/close\nsee a/b\n\n\\/approve";
        assert_eq!(inert(text), wanted);
        assert_eq!(inert("plain"), "plain");
    }
}
