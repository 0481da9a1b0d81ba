import type { Agent, Message } from "@/api/types";

export type Point = { x: number; y: number };

/** Who wrote to whom, how often. `people` stands for everybody who is not an agent. */
export type Flow = { from: string; to: string; count: number };

export const PEOPLE = "people";

/** What an agent is known by where somebody wrote: its id, or its slug in an address. */
export function senderOf(
  type: string,
  id: string,
  agents: readonly Pick<Agent, "id" | "slug">[],
): string | null {
  if (type !== "agent") return type === "user" || type === "external" ? PEOPLE : null;
  const slug = id.slice(id.lastIndexOf("/") + 1).replace(/^agent:/, "");
  const found = agents.find((agent) => agent.id === id || agent.slug === slug);
  return found?.id ?? null;
}

/** The flows between agents, from what they were sent. */
export function flowsOf(
  messages: readonly Message[],
  agents: readonly Pick<Agent, "id" | "slug">[],
): Flow[] {
  const flows = new Map<string, Flow>();
  for (const message of messages) {
    const from = senderOf(message.senderType, message.senderId, agents);
    if (from === null || from === message.agentId) continue;
    const key = `${from}>${message.agentId}`;
    const flow = flows.get(key) ?? { from, to: message.agentId, count: 0 };
    flow.count += 1;
    flows.set(key, flow);
  }
  return [...flows.values()];
}

/** Places in two columns, for a screen that is higher than wide. */
export function columns(ids: readonly string[]): Map<string, Point> {
  const spots = new Map<string, Point>([[PEOPLE, { x: 120, y: -120 }]]);
  ids.forEach((id, index) =>
    spots.set(id, { x: (index % 2) * 240, y: Math.floor(index / 2) * 190 }),
  );
  return spots;
}

/** Places on an ellipse, in the given order, with people to the left. */
export function places(ids: readonly string[]): Map<string, Point> {
  const many = Math.max(ids.length, 3);
  const [wide, high] = [150 + many * 38, 110 + many * 26];
  const spots = new Map<string, Point>();
  ids.forEach((id, index) => {
    const angle =
      -Math.PI / 2 +
      (2 * Math.PI * index) / Math.max(ids.length, 1) +
      (ids.length === 2 ? Math.PI / 2 : 0);
    spots.set(id, {
      x: ids.length === 1 ? 0 : Math.cos(angle) * wide,
      y: ids.length === 1 ? 0 : Math.sin(angle) * high,
    });
  });
  spots.set(PEOPLE, { x: -wide - 300, y: 0 });
  return spots;
}
