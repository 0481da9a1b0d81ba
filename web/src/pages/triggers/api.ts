import { queryOptions } from "@tanstack/react-query";
import { get, patch, post, remove } from "@/api/client";
import type { components, Trigger } from "@/api/types";

/** What a trigger starts. */
export type Target = { kind: "agent" | "job" | "blueprint"; id: string };

type New = components["schemas"]["NewTrigger"];
type Patch = components["schemas"]["TriggerPatch"];

export const triggersOfQuery = (target: Target) =>
  queryOptions({
    queryKey: ["triggers", target.kind, target.id],
    queryFn: async () =>
      target.kind === "agent"
        ? (
            await get("/api/persistent-agents/{agent}/triggers", {
              params: { path: { agent: target.id } },
            })
          ).triggers
        : (await get("/api/tasks/{task}/triggers", { params: { path: { task: target.id } } }))
            .triggers,
  });

/** What a trigger of the list of all starts. */
export function targetOf(trigger: Trigger): Target {
  const kinds: Record<string, Target["kind"]> = { persistent_agent: "agent", job: "job" };
  return { kind: kinds[trigger.targetType] ?? "blueprint", id: trigger.targetId };
}

export function addTrigger(target: Target, body: New) {
  return target.kind === "agent"
    ? post("/api/persistent-agents/{agent}/triggers", {
        params: { path: { agent: target.id } },
        body,
      })
    : post("/api/tasks/{task}/triggers", { params: { path: { task: target.id } }, body });
}

export function changeTrigger(target: Target, trigger: string, body: Patch) {
  return target.kind === "agent"
    ? patch("/api/persistent-agents/{agent}/triggers/{trigger}", {
        params: { path: { agent: target.id, trigger } },
        body,
      })
    : patch("/api/tasks/{task}/triggers/{trigger}", {
        params: { path: { task: target.id, trigger } },
        body,
      });
}

export function removeTrigger(target: Target, trigger: string) {
  return target.kind === "agent"
    ? remove("/api/persistent-agents/{agent}/triggers/{trigger}", {
        params: { path: { agent: target.id, trigger } },
      })
    : remove("/api/tasks/{task}/triggers/{trigger}", {
        params: { path: { task: target.id, trigger } },
      });
}
