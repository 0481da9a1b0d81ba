import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { RefreshCw, Send, SquareX } from "lucide-react";
import { useMemo, useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { reviewPartsQuery, reviewQuery } from "@/api/queries/work";
import type { Review } from "@/api/types";
import { compact, money } from "@/lib/money";
import { reviewSource } from "@/logs/sources";
import { Transcript } from "@/logs/Transcript";
import { words } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Out, TabLinks } from "@/ui/links";
import { Facts, Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { Why } from "@/ui/Why";
import { Draft } from "./Draft";
import { ReviewChat } from "./ReviewChat";

const route = getRouteApi("/reviews/$review");
const TABS = [
  ["draft", "Draft"],
  ["chat", "Discuss"],
  ["transcript", "Transcript"],
  ["history", "History"],
] as const;

export default function ReviewPage() {
  const { review: id } = route.useParams();
  const { tab = "draft" } = route.useSearch();
  const { data: review, error } = useQuery(reviewQuery(id));
  if (error && !review) {
    return (
      <Page title="Review">
        <ErrorNote error={error} />
      </Page>
    );
  }
  if (!review) return <Waiting rows={8} />;
  return (
    <Page
      title={review.prTitle}
      heading={
        <span className="flex flex-wrap items-center gap-3">
          {review.prTitle} <Status state={review.state} />
        </span>
      }
      lead={
        <span className="flex flex-wrap gap-x-3">
          <Out href={review.prUrl}>
            {review.repoOwner}/{review.repoName} #{review.prNumber}
          </Out>
          <span>by {review.prAuthor}</span>
        </span>
      }
      actions={<Actions review={review} />}
    >
      {review.errorMessage && (
        <div role="status" className="rounded-md bg-bad-soft px-3 py-2 text-sm">
          <p className="font-medium break-words text-bad">{review.errorMessage}</p>
          {review.errorRemedy && <p>{review.errorRemedy}</p>}
        </div>
      )}
      {!review.errorMessage && (review.pendingReason ?? review.stateReason) && (
        <p className="rounded-md bg-wait-soft px-3 py-2 text-sm break-words">
          {review.pendingReason ?? review.stateReason}
        </p>
      )}
      <TabLinks
        label="Views of the review"
        tabs={TABS.map(([each, label]) => ({
          to: {
            to: "/reviews/$review",
            params: { review: id },
            search: { tab: each === "draft" ? undefined : each },
          },
          label,
          current: each === tab,
        }))}
      />
      <div className="grid items-start gap-4 xl:grid-cols-[1fr_19rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {tab === "draft" && <Draft key={review.updatedAt} review={review} />}
          {tab === "chat" && <ReviewChat review={review} />}
          {tab === "transcript" && <Runs review={review} />}
          {tab === "history" && <History review={review} />}
        </div>
        <Panel title="About" pad>
          <Facts
            facts={[
              [
                "Verdict",
                review.verdict ? <Status key="verdict" state={review.verdict} bare /> : null,
              ],
              [
                "About head",
                <code key="head" className="font-mono text-xs">
                  {review.headSha.slice(0, 10)}
                </code>,
              ],
              [
                "Head now",
                <code key="now" className="font-mono text-xs">
                  {review.prHeadSha.slice(0, 10)}
                </code>,
              ],
              ["Cost", money(review.costUsd)],
              ["Tokens", `${compact(review.inputTokens)} in, ${compact(review.outputTokens)} out`],
              ["Runs", review.runsTaken],
              ["Model", review.modelUsed ?? review.model],
              [
                "Begun",
                <span key="begun">
                  {review.origin}, <When at={review.createdAt} />
                </span>,
              ],
              [
                "Handed in",
                review.submittedAt ? <When key="in" at={review.submittedAt} /> : "not yet",
              ],
              [
                "Read it",
                review.submittedUrl ? (
                  <Out key="url" href={review.submittedUrl}>
                    on the pull request
                  </Out>
                ) : null,
              ],
            ]}
          />
        </Panel>
      </div>
    </Page>
  );
}

function Actions({ review }: { review: Review }) {
  const [asks, setAsks] = useState(false);
  const navigate = useNavigate();
  const params = { path: { review: review.id } };
  const changes = [["review", review.id], ["reviews"], ["pulls"]];
  const submit = useAct(() => post("/api/pr-reviews/{review}/submit", { params }), {
    done: "It is handed in.",
    changes,
    then: () => setAsks(false),
  });
  const cancel = useAct(() => post("/api/pr-reviews/{review}/cancel", { params }), {
    done: "Cancelled.",
    changes,
  });
  const again = useAct(
    async () => {
      const next = await post("/api/pr-reviews/{review}/re-review", { params });
      await navigate({ to: "/reviews/$review", params: { review: next.review.id } });
    },
    { done: "It is looked at once more.", changes },
  );
  const canSubmit = review.state === "ready" || review.state === "stale";
  const isOpen =
    canSubmit ||
    review.state === "queued" ||
    review.state === "waiting_ci" ||
    review.state === "reviewing";
  return (
    <>
      {review.state !== "reviewing" &&
        review.state !== "queued" &&
        review.state !== "cancelled" && (
          <Button busy={again.isPending} onClick={() => again.mutate()}>
            <RefreshCw size={14} aria-hidden /> Look again
          </Button>
        )}
      {isOpen && (
        <Button look="danger" busy={cancel.isPending} onClick={() => cancel.mutate()}>
          <SquareX size={14} aria-hidden /> Cancel
        </Button>
      )}
      {canSubmit && (
        <Button look="primary" onClick={() => setAsks(true)}>
          <Send size={14} aria-hidden /> Hand in…
        </Button>
      )}
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Hand in the review?"
        verb="Hand in"
        busy={submit.isPending}
        onConfirm={() => submit.mutate()}
      >
        It is put on the pull request once, with its verdict ({words(review.verdict ?? "comment")})
        and {review.fileComments?.length ?? 0} comments on lines, for everybody to read.
        {review.state === "stale" && " The pull request has moved since it was written."}
      </Confirm>
    </>
  );
}

function Runs({ review }: { review: Review }) {
  const runs = useQuery(reviewPartsQuery(review.id)).data?.runs ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const run = chosen ?? runs[0]?.id ?? null;
  const source = useMemo(
    () => (run === null ? null : reviewSource(review.id, run)),
    [review.id, run],
  );
  if (run === null || source === null) {
    return (
      <Panel>
        <Empty title="No run yet">What its agent says and does comes here.</Empty>
      </Panel>
    );
  }
  return (
    <section
      aria-label="Transcript"
      className="flex h-[65vh] min-h-80 flex-col overflow-hidden rounded-lg border border-line bg-surface"
    >
      <div
        className="flex gap-1 overflow-x-auto border-b border-line px-3 py-1.5"
        role="group"
        aria-label="Runs"
      >
        {runs.map((each) => (
          <button
            key={each.id}
            type="button"
            aria-pressed={each.id === run}
            onClick={() => setChosen(each.id)}
            className="rounded-md px-2 py-0.5 text-xs text-muted hover:bg-raised aria-pressed:bg-accent-soft aria-pressed:text-ink"
          >
            Run {each.number} · {each.kind}
          </button>
        ))}
      </div>
      <Transcript
        key={run}
        source={source}
        live={review.state === "reviewing"}
        empty="It has not said anything yet."
        className="flex-1"
      />
    </section>
  );
}

function History({ review }: { review: Review }) {
  const events = useQuery(reviewPartsQuery(review.id)).data?.events;
  if (!events) return <Waiting />;
  return (
    <>
      <Panel title="What happened">
        <ol>
          {events.map((event) => (
            <li
              key={event.id}
              className="flex items-start justify-between gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0"
            >
              <div className="min-w-0">
                <p className="flex items-center gap-2">
                  <Status state={event.toState} bare /> <Tag>{words(event.trigger)}</Tag>
                </p>
                {event.message && <p className="break-words text-muted">{event.message}</p>}
              </div>
              <span className="shrink-0 text-xs text-muted">
                <When at={event.createdAt} />
              </span>
            </li>
          ))}
        </ol>
      </Panel>
      <Why kind="pr-review" id={review.id} />
    </>
  );
}
