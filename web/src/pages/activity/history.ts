import { queryOptions } from "@tanstack/react-query";
import { get } from "@/api/client";
import { eachOf } from "@/api/pages";
import { stateName } from "@/ui/status";
import type { Entry } from "./entries";

/** Of so many that moved last the history is read: the API has no list of everything. */
const MANY = 15;

/** What happened before the page was opened, of those that moved last, newest first. */
export const historyQuery = queryOptions({
  queryKey: ["history"],
  // What happens later is told by the stream.
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Entry[]> => {
    const entries = await Promise.all([ofAgents(signal), ofTasks(signal), ofReviews(signal)]);
    return entries.flat().sort((a, b) => b.at.localeCompare(a.at));
  },
});

async function ofAgents(signal: AbortSignal): Promise<Entry[]> {
  const { agents } = await get("/api/persistent-agents", {
    params: { query: { limit: "1000" } },
    signal,
  });
  const moved = agents
    .filter((agent) => agent.lastTurnAt)
    .sort((a, b) => (b.lastTurnAt ?? "").localeCompare(a.lastTurnAt ?? ""))
    .slice(0, MANY);
  const turns = await eachOf(moved, async (agent) => {
    const params = { path: { agent: agent.id }, query: { limit: "10" } };
    const page = await get("/api/persistent-agents/{agent}/turns", { params, signal });
    return page.turns.map((turn): Entry => ({
      id: turn.id,
      at: turn.finishedAt ?? turn.startedAt,
      who: agent.name,
      what: turn.finishedAt
        ? turn.errorClass
          ? `failed in turn ${turn.turnNumber}`
          : `ended turn ${turn.turnNumber}`
        : `began turn ${turn.turnNumber}`,
      detail: turn.error ?? turn.summary ?? null,
      bad: Boolean(turn.errorClass),
      link: {
        to: "/agents/$slug",
        params: { slug: agent.slug },
        search: { tab: "turns", turn: turn.id },
      },
    }));
  });
  return turns.flat();
}

async function ofTasks(signal: AbortSignal): Promise<Entry[]> {
  const { tasks } = await get("/api/tasks/search", { params: { query: { limit: MANY } }, signal });
  const events = await eachOf(tasks, async (task) => {
    const { events } = await get("/api/tasks/{task}/events", {
      params: { path: { task: task.id } },
      signal,
    });
    return events.map((event): Entry => ({
      id: `task-${event.id}`,
      at: event.createdAt,
      who: task.title,
      what: `is ${stateName(event.toState)} now`,
      detail: event.message ?? null,
      bad: event.toState === "failed" || event.toState === "needs_attention",
      link: { to: "/tasks/$task", params: { task: task.id } },
    }));
  });
  return events.flat();
}

async function ofReviews(signal: AbortSignal): Promise<Entry[]> {
  const { reviews } = await get("/api/pr-reviews", { params: { query: { limit: MANY } }, signal });
  const events = await eachOf(reviews, async (review) => {
    const { events } = await get("/api/pr-reviews/{review}/events", {
      params: { path: { review: review.id } },
      signal,
    });
    return events.map((event): Entry => ({
      id: `review-${event.id}`,
      at: event.createdAt,
      who: `Review of ${review.prTitle}`,
      what: `is ${stateName(event.toState)} now`,
      detail: event.message ?? null,
      bad: event.toState === "failed",
      link: { to: "/reviews/$review", params: { review: review.id } },
    }));
  });
  return events.flat();
}
