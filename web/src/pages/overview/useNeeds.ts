import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { webhooksQuery } from "@/api/queries/admin";
import { agentsQuery, deadLettersQuery } from "@/api/queries/agents";
import { overviewQuery } from "@/api/queries/overview";
import { trackersQuery, triggersQuery } from "@/api/queries/work";
import { type Need, needsOf } from "./needs";

export function useNeeds(): Need[] {
  const busy = useQuery(overviewQuery).data?.needsPerson ?? [];
  const agents = useQuery(agentsQuery).data ?? [];
  const dead =
    useInfiniteQuery(deadLettersQuery).data?.pages.flatMap((page) => page.messages) ?? [];
  const triggers = useQuery(triggersQuery).data ?? [];
  const webhooks = useQuery(webhooksQuery).data ?? [];
  const trackers = useQuery(trackersQuery).data ?? [];
  return needsOf({ busy, agents, dead, triggers, webhooks, trackers });
}
