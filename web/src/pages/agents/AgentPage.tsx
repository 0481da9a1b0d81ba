import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Agent } from "@/api/types";
import { agentQuery } from "@/api/queries/agents";
import { ErrorNote, Waiting } from "@/ui/feedback";
import { TabLinks } from "@/ui/links";
import { Page } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { Triggers } from "@/pages/triggers/Triggers";
import { AgentActions } from "./AgentActions";
import { AgentFacts } from "./AgentFacts";
import { AgentSettings } from "./AgentSettings";
import { AgentState } from "./AgentState";
import { Conversation } from "./Conversation";
import { Inbox } from "./Inbox";
import { Turns } from "./Turns";

const route = getRouteApi("/agents/$slug");
const TABS = ["conversation", "turns", "inbox", "state", "triggers", "settings"] as const;
type Tab = (typeof TABS)[number];
const NAMES: Record<Tab, string> = {
  conversation: "Conversation",
  turns: "Turns",
  inbox: "Inbox",
  state: "State",
  triggers: "Triggers",
  settings: "Settings",
};

export default function AgentPage() {
  const { slug } = route.useParams();
  const { tab = "conversation", turn } = route.useSearch();
  const { data, error, refetch } = useQuery(agentQuery(slug));
  if (error && !data) {
    return (
      <Page title={slug}>
        <ErrorNote error={error} retry={() => void refetch()} />
      </Page>
    );
  }
  if (!data) return <Waiting rows={8} />;
  const { agent, inbox } = data;
  const isTall = tab === "conversation" || (tab === "turns" && turn !== undefined);
  return (
    <Page
      title={agent.name}
      fill={isTall ? "always" : undefined}
      heading={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {agent.name} <Status state={agent.state} />{" "}
          {!agent.enabled && <Tag tone="wait">disabled</Tag>}
        </span>
      }
      lead={agent.description}
      actions={<AgentActions agent={agent} />}
    >
      <Trouble agent={agent} />
      <TabLinks
        label="Views of the agent"
        tabs={TABS.map((each) => ({
          to: {
            to: "/agents/$slug",
            params: { slug },
            search: { tab: each === "conversation" ? undefined : each },
          },
          label: NAMES[each],
          current: each === tab,
          ...(each === "inbox"
            ? { count: inbox.dead || inbox.pending, bad: inbox.dead !== 0 }
            : {}),
        }))}
      />
      {tab === "conversation" && (
        <div className="grid min-h-0 flex-1 gap-4 xl:grid-cols-[1fr_18rem]">
          <Conversation key={agent.id} agent={agent} />
          <AgentFacts agent={agent} inbox={inbox} />
        </div>
      )}
      {tab === "turns" && <Turns agent={agent} turn={turn} />}
      {tab === "inbox" && <Inbox agent={agent} />}
      {tab === "state" && <AgentState agent={agent} />}
      {tab === "triggers" && <Triggers of={{ kind: "agent", id: agent.id }} />}
      {tab === "settings" && <AgentSettings agent={agent} />}
    </Page>
  );
}

function Trouble({ agent }: { agent: Agent }) {
  if (agent.state === "failed") {
    return (
      <div role="status" className="rounded-md bg-bad-soft px-3 py-2 text-sm">
        <p className="font-medium text-bad">
          It failed {agent.consecutiveFailures} times in a row and takes no more turns.
        </p>
        <p className="break-words">{agent.lastFailureReason}</p>
        <p>{agent.lastFailureRemedy} Then resume it.</p>
      </div>
    );
  }
  const hold = agent.pauseReason ?? agent.holdReason;
  if (!hold) return null;
  return <p className="rounded-md bg-wait-soft px-3 py-2 text-sm break-words">{hold}</p>;
}
