import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "../client";
import type { components } from "../schema";
import type { Task } from "../types";

const PAGE = 100;

export type TaskFilter = {
  q?: string | undefined;
  state?: string | undefined;
  repoUrl?: string | undefined;
  taskType?: string | undefined;
};

/** Tasks that fit, newest first. */
export const tasksQuery = (filter: TaskFilter) =>
  infiniteQueryOptions({
    queryKey: ["tasks", "search", filter],
    queryFn: ({ signal, pageParam }) =>
      get("/api/tasks/search", {
        params: { query: { ...filter, limit: PAGE, cursor: pageParam } },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

/** The newest tasks in a state. */
export const tasksInQuery = (state: string, limit = 50) =>
  queryOptions({
    queryKey: ["tasks", "in", state, limit],
    queryFn: async ({ signal }) =>
      (await get("/api/tasks/search", { params: { query: { state, limit } }, signal })).tasks,
  });

export const taskStatsQuery = queryOptions({
  queryKey: ["tasks", "stats"],
  queryFn: async ({ signal }) => (await get("/api/tasks/stats", { signal })).stats,
});

type Shown = components["schemas"]["TaskShown"];

export const taskQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task],
    queryFn: async ({ signal }): Promise<Shown> => {
      const shown = await get("/api/tasks/{task}", { params: { path: { task } }, signal });
      if (!isTaskShown(shown)) throw new Error("That id belongs to something else than a task.");
      return shown;
    },
  });

function isTaskShown(shown: components["schemas"]["AnyShown"]): shown is Shown {
  return "stallInfo" in shown;
}

export const taskRunsQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task, "runs"],
    queryFn: async ({ signal }) => {
      const { runs } = await get("/api/tasks/{task}/runs", { params: { path: { task } }, signal });
      return runs.filter((run) => "number" in run && "startedAt" in run && "taskId" in run);
    },
  });

export const taskActivityQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task, "activity"],
    queryFn: async ({ signal }) =>
      (await get("/api/tasks/{task}/activity", { params: { path: { task } }, signal })).activity,
  });

export const taskLinksQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task, "links"],
    queryFn: async ({ signal }) => {
      const params = { path: { task } };
      const [needs, needed, parts] = await Promise.all([
        get("/api/tasks/{task}/dependencies", { params, signal }),
        get("/api/tasks/{task}/dependents", { params, signal }),
        get("/api/tasks/{task}/subtasks", { params, signal }),
      ]);
      return {
        dependencies: needs.dependencies,
        dependents: needed.dependents,
        parts: parts.subtasks,
      };
    },
  });

export const taskFilesQuery = (task: string) =>
  queryOptions({
    queryKey: ["task", task, "files"],
    queryFn: ({ signal }) => get("/api/tasks/{task}/files", { params: { path: { task } }, signal }),
  });

/** The states of a task in the order it goes through them. */
export const PIPELINE: readonly Task["state"][] = [
  "pending",
  "waiting_on_deps",
  "queued",
  "provisioning",
  "running",
  "pr_opened",
  "completed",
];
