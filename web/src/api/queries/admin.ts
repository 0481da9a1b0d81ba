import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { parseMetrics } from "@/lib/metrics";
import { allPages } from "../pages";
import { fetchRaw, get } from "../client";

export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: ({ signal }) =>
    allPages(
      (cursor) =>
        get("/api/prompt-templates", { params: { query: { limit: "1000", cursor } }, signal }),
      (page) => page.templates,
    ),
});

export const builtInQuery = queryOptions({
  queryKey: ["templates", "built-in"],
  queryFn: async ({ signal }) => {
    const [task, review] = await Promise.all([
      get("/api/prompt-templates/builtin-default", { signal }),
      get("/api/prompt-templates/review-default", { signal }),
    ]);
    return { prompt: task.template, review: review.template };
  },
});

export const secretsQuery = queryOptions({
  queryKey: ["secrets"],
  queryFn: ({ signal }) =>
    allPages(
      (cursor) => get("/api/secrets", { params: { query: { limit: "1000", cursor } }, signal }),
      (page) => page.secrets,
    ),
});

export const webhooksQuery = queryOptions({
  queryKey: ["webhooks"],
  queryFn: ({ signal }) =>
    allPages(
      (cursor) => get("/api/webhooks", { params: { query: { limit: "1000", cursor } }, signal }),
      (page) => page.webhooks,
    ),
});

export const deliveriesQuery = (webhook: string) =>
  infiniteQueryOptions({
    queryKey: ["webhooks", webhook, "deliveries"],
    queryFn: ({ signal, pageParam }) =>
      get("/api/webhooks/{webhook}/deliveries", {
        params: { path: { webhook }, query: { limit: "50", cursor: pageParam } },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => get("/api/health", { signal }),
});

export const replicasQuery = queryOptions({
  queryKey: ["replicas"],
  queryFn: ({ signal }) => get("/api/replicas", { signal }),
});

export const metricsQuery = queryOptions({
  queryKey: ["metrics"],
  queryFn: async () => parseMetrics(await (await fetchRaw("/metrics")).text()),
});

export const slackQuery = queryOptions({
  queryKey: ["slack"],
  queryFn: ({ signal }) => get("/api/slack/status", { signal }),
});
