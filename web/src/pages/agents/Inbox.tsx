import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { agentDeadQuery, messagesQuery } from "@/api/queries/agents";
import type { Agent, Message } from "@/api/types";
import { plural } from "@/lib/text";
import { Button } from "@/ui/Button";
import { Empty, Waiting } from "@/ui/feedback";
import { Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { When } from "@/ui/Time";
import { senderName } from "./ConversationItems";
import { flatten } from "./conversation";
import { DeadLetters } from "../dead/DeadLetters";

/** What waits for the agent, and what was given up. */
export function Inbox({ agent }: { agent: Agent }) {
  const { data } = useInfiniteQuery(messagesQuery(agent.id));
  const dead = useQuery(agentDeadQuery(agent.id)).data?.messages ?? [];
  const settle = useAct(
    (what: "replay" | "discard") =>
      what === "replay"
        ? post("/api/persistent-agents/{agent}/dead-letters/replay", {
            params: { path: { agent: agent.id } },
          })
        : post("/api/persistent-agents/{agent}/dead-letters/discard", {
            params: { path: { agent: agent.id } },
          }),
    {
      done: (what) => (what === "replay" ? "All are back in the inbox." : "All are discarded."),
      changes: [["dead"], ["messages", agent.id], ["agent"]],
    },
  );
  if (!data) return <Waiting rows={5} />;
  const messages = flatten(data.pages, (page) => page.messages);
  const waiting = messages.filter(
    (message) => message.state === "pending" || message.state === "assigned",
  );
  return (
    <div className="flex flex-col gap-4">
      {dead.length !== 0 && (
        <Panel
          title={`Dead letters (${dead.length})`}
          aside={
            <>
              <Button size="sm" busy={settle.isPending} onClick={() => settle.mutate("replay")}>
                Replay all
              </Button>
              <Button
                size="sm"
                look="danger"
                busy={settle.isPending}
                onClick={() => settle.mutate("discard")}
              >
                Discard all
              </Button>
            </>
          }
        >
          <DeadLetters messages={dead} />
        </Panel>
      )}
      <Panel title="Waiting" aside={plural(waiting.length, "message")}>
        {waiting.length === 0 && (
          <Empty title="The inbox is empty">
            Mail is durable before it is acknowledged: what was accepted is here until a turn has
            read it.
          </Empty>
        )}
        <ul>
          {waiting.map((message) => (
            <Waits key={message.id} message={message} />
          ))}
        </ul>
      </Panel>
      <Panel title="Read" aside="newest first">
        <ul>
          {messages
            .filter((message) => message.state === "consumed" || message.state === "discarded")
            .map((message) => (
              <Waits key={message.id} message={message} />
            ))}
        </ul>
      </Panel>
    </div>
  );
}

function Waits({ message }: { message: Message }) {
  return (
    <li className="flex items-start gap-3 border-b border-line px-4 py-2 text-sm last:border-b-0">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2 text-xs">
          <span className="font-medium">{senderName(message)}</span>
          <Tag tone={message.class === "interrupt" ? "wait" : "rest"}>{message.class}</Tag>
          {message.topic && <Tag>{message.topic}</Tag>}
          {message.hops !== 0 && <span className="text-muted">{plural(message.hops, "hop")}</span>}
          {message.attempts !== 0 && (
            <span className="text-wait">{plural(message.attempts, "failed turn")}</span>
          )}
        </p>
        <p className="mt-0.5 line-clamp-2 break-words text-muted">{message.body}</p>
      </div>
      <Status state={message.state} bare />
      <span className="shrink-0 text-xs text-muted">
        <When at={message.receivedAt} />
      </span>
    </li>
  );
}
