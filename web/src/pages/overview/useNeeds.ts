import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { webhooksQuery } from "@/api/queries/admin";
import { agentsQuery, deadLettersQuery } from "@/api/queries/agents";
import { tasksInQuery } from "@/api/queries/tasks";
import { reviewsQuery, trackersQuery, triggersQuery } from "@/api/queries/work";
import { type Need, needsOf } from "./needs";

export function useNeeds(): Need[] {
  const agents = useQuery(agentsQuery).data ?? [];
  const tasks = useQuery(tasksInQuery("needs_attention")).data ?? [];
  const dead =
    useInfiniteQuery(deadLettersQuery).data?.pages.flatMap((page) => page.messages) ?? [];
  const reviews =
    useInfiniteQuery(reviewsQuery({ state: "ready" })).data?.pages.flatMap(
      (page) => page.reviews,
    ) ?? [];
  const triggers = useQuery(triggersQuery).data ?? [];
  const webhooks = useQuery(webhooksQuery).data ?? [];
  const trackers = useQuery(trackersQuery).data ?? [];
  return needsOf({ agents, tasks, dead, reviews, triggers, webhooks, trackers });
}
