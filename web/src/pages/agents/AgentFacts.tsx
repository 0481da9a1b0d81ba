import { useQuery } from "@tanstack/react-query";
import { actorQuery } from "@/api/queries/agents";
import type { Agent, components } from "@/api/types";
import { compact, money } from "@/lib/money";
import { Facts, Panel } from "@/ui/Page";
import { Lasts, When } from "@/ui/Time";

/** An agent in numbers, and what it waits for. */
export function AgentFacts({
  agent,
  inbox,
}: {
  agent: Agent;
  inbox: components["schemas"]["InboxView"];
}) {
  const wait = useQuery(actorQuery("agent", agent.slug)).data?.wait;
  return (
    <div className="hidden flex-col gap-4 overflow-y-auto xl:flex">
      <Panel title="Now" pad>
        <Facts
          facts={[
            ["State for", <Lasts key="since" from={agent.stateSince} />],
            ["Waits for", wait?.reason],
            ["Held by", wait?.holder],
            ["Looks again", wait?.until ? <When key="until" at={wait.until} /> : "when mail comes"],
            ["Inbox", `${inbox.pending} pending, ${inbox.dead} dead`],
          ]}
        />
      </Panel>
      <Panel title="In all" pad>
        <Facts
          facts={[
            ["Cost", money(agent.totalCostUsd)],
            [
              "Tokens",
              `${compact(agent.totalInputTokens)} in, ${compact(agent.totalOutputTokens)} out`,
            ],
            ["Turns", agent.turnsTaken],
            ["Last turn", <When key="last" at={agent.lastTurnAt} />],
            ["Lifecycle", agent.podLifecycle],
            ["Model", agent.model ?? "the program's own"],
            ["Program", agent.agentRuntime],
            [
              "Slug",
              <code key="slug" className="font-mono text-xs">
                {agent.slug}
              </code>,
            ],
          ]}
        />
      </Panel>
    </div>
  );
}
