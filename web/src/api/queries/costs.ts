import { queryOptions } from "@tanstack/react-query";
import { parseMoney } from "@/lib/money";
import { dayOf } from "@/lib/time";
import { get } from "../client";
import { allPages, eachOf } from "../pages";

/** What one turn or one run cost. */
export type Cost = {
  at: string;
  amount: bigint;
  tokens: number;
  model: string;
  kind: "agents" | "tasks" | "jobs" | "reviews";
  /** Who or what it was spent on. */
  name: string;
  repo: string;
  link: string;
  failed: boolean;
};

/** How many tasks, runs and reviews are looked at: the newest ones. */
const MANY_MAX = 400;
const TURNS_MAX = 400;

/**
 * What was spent since a moment. The API has no sums over time, so they are made from the turns and runs
 * themselves, of whoever has moved since then.
 */
export const costsQuery = (days: number) =>
  queryOptions({
    queryKey: ["costs", days, dayOf(Date.now())],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const since = new Date(
        `${dayOf(Date.now() - (days - 1) * 86_400_000)}T00:00:00`,
      ).toISOString();
      const parts = await Promise.all([
        agentCosts(since, signal),
        taskCosts(since, signal),
        jobCosts(since, signal),
        reviewCosts(since, signal),
      ]);
      return parts.flat().filter((cost) => since <= cost.at && cost.amount !== 0n);
    },
  });

async function agentCosts(since: string, signal: AbortSignal): Promise<Cost[]> {
  const { agents } = await get("/api/persistent-agents", {
    params: { query: { limit: "1000" } },
    signal,
  });
  const moved = agents.filter((agent) => agent.lastTurnAt && since <= agent.lastTurnAt);
  const costs = await eachOf(moved, async (agent) => {
    const turns = await allPages(
      async (cursor) => {
        const params = { path: { agent: agent.id }, query: { limit: "200", cursor } };
        const page = await get("/api/persistent-agents/{agent}/turns", { params, signal });
        const last = page.turns.at(-1);
        return last && last.startedAt < since ? { ...page, nextCursor: null } : page;
      },
      (page) => page.turns,
      TURNS_MAX,
    );
    return turns.map((turn): Cost => ({
      at: turn.startedAt,
      amount: parseMoney(turn.costUsd),
      tokens: (turn.inputTokens ?? 0) + (turn.outputTokens ?? 0),
      model: turn.modelUsed ?? "unknown",
      kind: "agents",
      name: agent.name,
      repo: "",
      link: `/agents/${agent.slug}`,
      failed: turn.errorClass !== null && turn.errorClass !== undefined,
    }));
  });
  return costs.flat();
}

async function taskCosts(since: string, signal: AbortSignal): Promise<Cost[]> {
  const tasks = await allPages(
    (cursor) => get("/api/tasks/search", { params: { query: { limit: 200, cursor } }, signal }),
    (page) => page.tasks,
    MANY_MAX,
  );
  const moved = tasks.filter((task) => since <= task.updatedAt);
  return moved.map((task) => ({
    at: task.completedAt ?? task.updatedAt,
    amount: parseMoney(task.costUsd),
    tokens: task.inputTokens + task.outputTokens,
    model: task.modelUsed ?? "unknown",
    kind: "tasks",
    name: task.title,
    repo: task.repoUrl,
    link: `/tasks/${task.id}`,
    failed: task.state === "failed",
  }));
}

async function jobCosts(since: string, signal: AbortSignal): Promise<Cost[]> {
  const { workflows } = await get("/api/jobs", { signal });
  const moved = workflows.filter((job) => job.lastRunAt && since <= job.lastRunAt);
  const costs = await eachOf(moved, async (job) => {
    const params = { path: { job: job.id }, query: { limit: 200 } };
    const { runs } = await get("/api/jobs/{job}/runs", { params, signal });
    return runs.map((run): Cost => ({
      at: run.finishedAt ?? run.createdAt,
      amount: parseMoney(run.costUsd),
      tokens: run.inputTokens + run.outputTokens,
      model: run.modelUsed ?? "unknown",
      kind: "jobs",
      name: job.name,
      repo: job.repoUrl ?? "",
      link: `/jobs/${job.id}`,
      failed: run.state === "failed",
    }));
  });
  return costs.flat();
}

async function reviewCosts(since: string, signal: AbortSignal): Promise<Cost[]> {
  const reviews = await allPages(
    (cursor) => get("/api/pr-reviews", { params: { query: { limit: 200, cursor } }, signal }),
    (page) => page.reviews,
    MANY_MAX,
  );
  return reviews
    .filter((review) => since <= review.updatedAt)
    .map((review) => ({
      at: review.updatedAt,
      amount: parseMoney(review.costUsd),
      tokens: review.inputTokens + review.outputTokens,
      model: review.modelUsed ?? "unknown",
      kind: "reviews",
      name: review.prTitle,
      repo: review.repoUrl,
      link: `/reviews/${review.id}`,
      failed: review.state === "failed",
    }));
}
