import "@xyflow/react/dist/base.css";
import { useQueries } from "@tanstack/react-query";
import { Background, Controls, type Edge, MarkerType, type Node, ReactFlow } from "@xyflow/react";
import { useCallback, useMemo, useState } from "react";
import { get } from "@/api/client";
import type { Agent } from "@/api/types";
import { member } from "@/live/events";
import { useLiveEvents } from "@/live/live";
import { AgentNode, PeopleNode } from "./GraphNodes";
import { MessageEdge } from "./MessageEdge";
import { columns, flowsOf, PEOPLE, places, senderOf } from "./team";

const NODES = { agent: AgentNode, people: PeopleNode };
const EDGES = { message: MessageEdge };
/** Messages of each agent from which the edges are made. */
const MESSAGES = "100";
/** Agents whose messages are read: a picture of more says nothing. */
const AGENTS_MAX = 60;
/** How long a message is seen on its way. */
const FLIGHT_MS = 1_600;

/** The team: who writes to whom, and every message that is on its way right now. */
export default function TeamGraph({ agents }: { agents: readonly Agent[] }) {
  const shown = useMemo(() => agents.slice(0, AGENTS_MAX), [agents]);
  const messages = useQueries({
    queries: shown.map((agent) => ({
      queryKey: ["messages", agent.id, "newest"],
      queryFn: () =>
        get("/api/persistent-agents/{agent}/messages", {
          params: { path: { agent: agent.id }, query: { limit: MESSAGES } },
        }),
    })),
    combine: useCallback(
      (results: { data: { messages: Parameters<typeof flowsOf>[0] } | undefined }[]) =>
        results.flatMap((result) => result.data?.messages ?? []),
      [],
    ),
  });
  const flying = useFlights(shown);
  const moving = new Set(flying);

  const ids = shown.map((agent) => agent.id).join();
  // Whoever turns the phone comes back to the page with another layout; it need not follow while it is open.
  const [isNarrow] = useState(() => matchMedia("(max-width: 640px)").matches);
  const spots = useMemo(() => {
    const all = ids === "" ? [] : ids.split(",");
    return isNarrow ? columns(all) : places(all);
  }, [ids, isNarrow]);
  const nodes: Node[] = [
    {
      id: PEOPLE,
      type: "people",
      position: spots.get(PEOPLE) ?? { x: 0, y: 0 },
      data: {},
      draggable: false,
    },
    ...shown.map((agent) => ({
      id: agent.id,
      type: "agent",
      position: spots.get(agent.id) ?? { x: 0, y: 0 },
      data: { agent },
      ariaLabel: `${agent.name}, ${agent.state}`,
    })),
  ];
  const edges: Edge[] = flowsOf(messages, shown).map((flow) => {
    const id = `${flow.from}>${flow.to}`;
    return {
      id,
      type: "message",
      source: flow.from,
      target: flow.to,
      data: { count: flow.count, moving: moving.has(id) },
      focusable: false,
      markerEnd: {
        type: MarkerType.ArrowClosed,
        color: "var(--line-strong)",
        width: 16,
        height: 16,
      },
    };
  });

  return (
    <div
      className="h-[68vh] min-h-96 overflow-hidden rounded-lg border border-line bg-surface"
      data-testid="team-graph"
    >
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={NODES}
        edgeTypes={EDGES}
        fitView
        fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
        minZoom={0.2}
        maxZoom={1.6}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        zoomOnScroll={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
        aria-label="The team and its messages"
      >
        <Background gap={22} size={1} color="var(--line)" />
        <Controls showInteractive={false} position="bottom-right" />
      </ReactFlow>
    </div>
  );
}

/** The edges on which a message is on its way. */
function useFlights(agents: readonly Agent[]): readonly string[] {
  const [flights, setFlights] = useState<readonly string[]>([]);
  useLiveEvents((events) => {
    const started = events.flatMap((event) => {
      if (event.type !== "persistent_agent:message") return [];
      const from = senderOf(
        member(event, "senderType") ?? "",
        member(event, "senderId") ?? "",
        agents,
      );
      const to = member(event, "agentId");
      return from === null || to === null ? [] : [`${from}>${to}`];
    });
    if (started.length === 0) return;
    setFlights((all) => [...all, ...started]);
    setTimeout(() => setFlights((all) => all.slice(started.length)), FLIGHT_MS);
  });
  return flights;
}
