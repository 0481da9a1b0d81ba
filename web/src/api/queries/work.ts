import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { allPages } from "../pages";
import { get } from "../client";

export const jobsQuery = queryOptions({
  queryKey: ["jobs"],
  queryFn: async ({ signal }) => (await get("/api/jobs", { signal })).workflows,
});

export const jobQuery = (job: string) =>
  queryOptions({
    queryKey: ["jobs", job],
    queryFn: async ({ signal }) =>
      (await get("/api/jobs/{job}", { params: { path: { job } }, signal })).workflow,
  });

export const jobRunsQuery = (job: string) =>
  queryOptions({
    queryKey: ["runs", job],
    queryFn: async ({ signal }) =>
      (
        await get("/api/jobs/{job}/runs", {
          params: { path: { job }, query: { limit: 100 } },
          signal,
        })
      ).runs,
  });

export const runQuery = (run: string) =>
  queryOptions({
    queryKey: ["run", run],
    queryFn: async ({ signal }) =>
      (await get("/api/workflow-runs/{run}", { params: { path: { run } }, signal })).run,
  });

export const runFilesQuery = (run: string) =>
  queryOptions({
    queryKey: ["run", run, "files"],
    queryFn: ({ signal }) =>
      get("/api/workflow-runs/{run}/files", { params: { path: { run } }, signal }),
  });

export const blueprintsQuery = queryOptions({
  queryKey: ["blueprints"],
  queryFn: async ({ signal }) => (await get("/api/task-configs", { signal })).taskConfigs,
});

export const blueprintQuery = (config: string) =>
  queryOptions({
    queryKey: ["blueprints", config],
    queryFn: async ({ signal }) =>
      (await get("/api/task-configs/{config}", { params: { path: { config } }, signal }))
        .taskConfig,
  });

export const triggersQuery = queryOptions({
  queryKey: ["triggers"],
  queryFn: async ({ signal }) => (await get("/api/triggers", { signal })).triggers,
});

export const reviewsQuery = (filter: { state?: string | undefined }) =>
  infiniteQueryOptions({
    queryKey: ["reviews", "list", filter],
    queryFn: ({ signal, pageParam }) =>
      get("/api/pr-reviews", {
        params: { query: { ...filter, limit: 100, cursor: pageParam } },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const reviewQuery = (review: string) =>
  queryOptions({
    queryKey: ["review", review],
    queryFn: async ({ signal }) =>
      (await get("/api/pr-reviews/{review}", { params: { path: { review } }, signal })).review,
  });

export const reviewPartsQuery = (review: string) =>
  queryOptions({
    queryKey: ["review", review, "parts"],
    queryFn: async ({ signal }) => {
      const params = { path: { review } };
      const [runs, chat, events] = await Promise.all([
        get("/api/pr-reviews/{review}/runs", { params, signal }),
        get("/api/pr-reviews/{review}/chat", { params, signal }),
        get("/api/pr-reviews/{review}/events", { params, signal }),
      ]);
      return { runs: runs.runs, chat: chat.messages, events: events.events };
    },
  });

export const pullsQuery = queryOptions({
  queryKey: ["pulls"],
  queryFn: ({ signal }) => get("/api/pull-requests", { signal }),
});

export const issuesQuery = (filter: { state?: string | undefined }) =>
  queryOptions({
    queryKey: ["issues", filter],
    queryFn: ({ signal }) => get("/api/issues", { params: { query: filter }, signal }),
  });

export const ticketsQuery = infiniteQueryOptions({
  queryKey: ["tickets"],
  queryFn: ({ signal, pageParam }) =>
    get("/api/tickets", { params: { query: { limit: "100", cursor: pageParam } }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.nextCursor ?? undefined,
});

export const trackersQuery = queryOptions({
  queryKey: ["trackers"],
  queryFn: async ({ signal }) => (await get("/api/tickets/providers", { signal })).providers,
});

export const reposQuery = queryOptions({
  queryKey: ["repos"],
  queryFn: ({ signal }) =>
    allPages(
      (cursor) => get("/api/repos", { params: { query: { limit: "1000", cursor } }, signal }),
      (page) => page.repos,
    ),
});

export const repoQuery = (repo: string) =>
  queryOptions({
    queryKey: ["repos", repo],
    queryFn: async ({ signal }) =>
      (await get("/api/repos/{repo}", { params: { path: { repo } }, signal })).repo,
  });
