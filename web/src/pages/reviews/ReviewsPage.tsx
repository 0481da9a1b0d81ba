import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { GitMerge, Plus } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { pullsQuery, reviewsQuery } from "@/api/queries/work";
import type { Pull, Review } from "@/api/types";
import { money } from "@/lib/money";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Select } from "@/ui/fields";
import { Form } from "@/ui/Form";
import { Out, TabLinks, To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { stateName } from "@/ui/status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";

const route = getRouteApi("/reviews");
const STATES = [
  "queued",
  "waiting_ci",
  "reviewing",
  "ready",
  "stale",
  "submitted",
  "failed",
  "cancelled",
];

export default function ReviewsPage() {
  const { view = "reviews", state } = route.useSearch();
  const navigate = useNavigate();
  const [adds, setAdds] = useState(false);
  const save = useEdit([["reviews"], ["pulls"]]);
  const begin = async (body: Partial<{ prUrl: string }>) => {
    const { review } = await save(
      "The review agent looks at it.",
      post("/api/pr-reviews", { body: { prUrl: body.prUrl ?? "" } }),
    );
    await navigate({ to: "/reviews/$review", params: { review: review.id } });
  };
  return (
    <Page
      title="Reviews"
      lead="Of pull requests that no task has opened. The agent writes a draft; you hand it in."
      actions={
        <Button look="primary" onClick={() => setAdds(true)}>
          <Plus size={14} aria-hidden /> Review a pull request
        </Button>
      }
    >
      <TabLinks
        label="Views"
        tabs={[
          {
            to: { to: "/reviews", search: { view: "reviews" } },
            label: "Reviews",
            current: view === "reviews",
          },
          {
            to: { to: "/reviews", search: { view: "pulls" } },
            label: "Open pull requests",
            current: view === "pulls",
          },
        ]}
      />
      {view === "reviews" && (
        <>
          <Select
            aria-label="State"
            className="w-auto! self-start"
            value={state ?? ""}
            onChange={(event) =>
              void navigate({
                to: "/reviews",
                search: { view, state: event.target.value || undefined },
                replace: true,
              })
            }
            options={[
              ["", "All states"],
              ...STATES.map((each) => [each, stateName(each)] as const),
            ]}
          />
          <Reviews state={state} />
        </>
      )}
      {view === "pulls" && <Pulls />}
      <Dialog open={adds} onClose={() => setAdds(false)} title="Review a pull request">
        <Form<{ prUrl: string }>
          fields={[
            {
              name: "prUrl",
              label: "Its address",
              required: true,
              placeholder: "https://github.com/acme/shop/pull/7",
              hint: "Its repository must be one of those that were added.",
            },
          ]}
          verb="Review it"
          submit={begin}
          onCancel={() => setAdds(false)}
        />
      </Dialog>
    </Page>
  );
}

const REVIEWS: Column<Review>[] = [
  {
    head: "Pull request",
    width: "minmax(0, 3fr)",
    cell: (review) => (
      <>
        <To to="/reviews/$review" params={{ review: review.id }} className="block truncate">
          {review.prTitle}
        </To>
        <p className="truncate text-xs text-muted">
          {review.repoOwner}/{review.repoName} #{review.prNumber} by {review.prAuthor}
        </p>
      </>
    ),
  },
  { head: "State", width: "8.5rem", cell: (review) => <Status state={review.state} /> },
  {
    head: "Verdict",
    width: "9rem",
    wideOnly: true,
    cell: (review) => review.verdict && <Status state={review.verdict} bare />,
  },
  { head: "Begun", width: "5rem", wideOnly: true, cell: (review) => <Tag>{review.origin}</Tag> },
  {
    head: "Cost",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (review) => money(review.costUsd),
  },
  {
    head: "Since",
    width: "5.5rem",
    wideOnly: true,
    end: true,
    cell: (review) => (
      <span className="text-muted">
        <When at={review.stateSince} />
      </span>
    ),
  },
];

function Reviews({ state }: { state: string | undefined }) {
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(reviewsQuery({ state }));
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting rows={6} />;
  const reviews = data.pages.flatMap((page) => page.reviews);
  return (
    <Panel>
      {reviews.length === 0 ? (
        <Empty title="No review">
          Choose one of the open pull requests, or let a repository's settings begin reviews by
          themselves.
        </Empty>
      ) : (
        <Table
          label="Reviews"
          columns={REVIEWS}
          rows={reviews}
          id={(review) => review.id}
          more={
            hasNextPage
              ? { fetch: () => void fetchNextPage(), busy: isFetchingNextPage }
              : undefined
          }
        />
      )}
    </Panel>
  );
}

function Pulls() {
  const { data, error, isPending, refetch } = useQuery(pullsQuery);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting rows={6} />;
  return (
    <>
      {data.errors.map((each) => (
        <ErrorNote key={each.repoId} error={new Error(`${each.repoUrl}: ${each.error}`)} />
      ))}
      <Panel>
        {data.pullRequests.length === 0 && (
          <Empty title="No open pull request">
            Those of all repositories that were added are listed here, as their hosts have them now.
          </Empty>
        )}
        <ul>
          {data.pullRequests.map((pull) => (
            <PullRow key={pull.id} pull={pull} />
          ))}
        </ul>
      </Panel>
    </>
  );
}

function PullRow({ pull }: { pull: Pull }) {
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const changes = [["pulls"], ["reviews"]];
  const review = useAct(
    async () => {
      const begun = await post("/api/pr-reviews", { body: { prUrl: pull.url } });
      await navigate({ to: "/reviews/$review", params: { review: begun.review.id } });
    },
    { changes },
  );
  const merge = useAct(
    () =>
      post("/api/pull-requests/merge", {
        body: { prUrl: pull.url, mergeMethod: "squash", expectedHead: pull.headSha },
      }),
    { done: `#${pull.number} is merged.`, changes, then: () => setAsks(false) },
  );
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5 text-sm last:border-b-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-2">
          <Out href={pull.url}>{pull.title}</Out>
          {pull.draft && <Tag>draft</Tag>}
          {pull.labels.map((label) => (
            <Tag key={label}>{label}</Tag>
          ))}
        </p>
        <p className="truncate text-xs text-muted">
          {pull.repoFullName} #{pull.number} by {pull.author} · {pull.headBranch} into{" "}
          {pull.baseBranch}
        </p>
      </div>
      {pull.review ? (
        <To to="/reviews/$review" params={{ review: pull.review.id }}>
          <Status state={pull.review.state} />
        </To>
      ) : (
        <Button size="sm" busy={review.isPending} onClick={() => review.mutate()}>
          Review
        </Button>
      )}
      <Button size="sm" look="quiet" onClick={() => setAsks(true)}>
        <GitMerge size={13} aria-hidden /> Merge…
      </Button>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Merge #${pull.number}?`}
        verb="Squash and merge"
        busy={merge.isPending}
        onConfirm={() => merge.mutate()}
      >
        “{pull.title}” is merged into {pull.baseBranch}, at exactly the head that is shown here (
        {pull.headSha.slice(0, 8)}).
      </Confirm>
    </li>
  );
}
