import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { allPages } from "../pages";
import { get } from "../client";

const MESSAGES = "100";
const TURNS = "50";

export const agentsQuery = queryOptions({
  queryKey: ["agents"],
  queryFn: ({ signal }) =>
    allPages(
      (cursor) =>
        get("/api/persistent-agents", { params: { query: { limit: "1000", cursor } }, signal }),
      (page) => page.agents,
      10_000,
    ),
});

export const agentQuery = (agent: string) =>
  queryOptions({
    queryKey: ["agent", agent],
    queryFn: ({ signal }) =>
      get("/api/persistent-agents/{agent}", { params: { path: { agent } }, signal }),
  });

export const messagesQuery = (agent: string) =>
  infiniteQueryOptions({
    queryKey: ["messages", agent],
    queryFn: ({ signal, pageParam }) =>
      get("/api/persistent-agents/{agent}/messages", {
        params: { path: { agent }, query: { limit: MESSAGES, cursor: pageParam } },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const turnsQuery = (agent: string) =>
  infiniteQueryOptions({
    queryKey: ["turns", agent],
    queryFn: ({ signal, pageParam }) =>
      get("/api/persistent-agents/{agent}/turns", {
        params: { path: { agent }, query: { limit: TURNS, cursor: pageParam } },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });

export const agentDeadQuery = (agent: string) =>
  queryOptions({
    queryKey: ["dead", agent],
    queryFn: ({ signal }) =>
      get("/api/persistent-agents/{agent}/dead-letters", {
        params: { path: { agent }, query: { limit: "200" } },
        signal,
      }),
  });

export const deadLettersQuery = infiniteQueryOptions({
  queryKey: ["dead"],
  queryFn: ({ signal, pageParam }) =>
    get("/api/dead-letters", { params: { query: { limit: "100", cursor: pageParam } }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => page.nextCursor ?? undefined,
});

export const topicsQuery = queryOptions({
  queryKey: ["topics"],
  queryFn: ({ signal }) => get("/api/topics", { params: { query: { limit: "1000" } }, signal }),
});

export const subscribersQuery = (topic: string) =>
  queryOptions({
    queryKey: ["topics", topic],
    queryFn: ({ signal }) =>
      get("/api/topics/{topic}", { params: { path: { topic }, query: { limit: "1000" } }, signal }),
  });

export type ActorKind =
  "agent" | "job" | "task" | "pr-review" | "pull-request" | "pool" | "tracker";

/** Why something is or is not moving. */
export const actorQuery = (kind: ActorKind, id: string) =>
  queryOptions({
    queryKey: ["actor", kind, id],
    queryFn: ({ signal }) =>
      get("/api/actors/{kind}/{id}", { params: { path: { kind, id } }, signal }),
  });
