import { RotateCcw, Trash2 } from "lucide-react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import type { Agent, Message } from "@/api/types";
import { plural } from "@/lib/text";
import { senderName } from "@/pages/agents/ConversationItems";
import { Button, IconButton } from "@/ui/Button";
import { To } from "@/ui/links";
import { When } from "@/ui/Time";

/** Messages with which turns failed too often, each with what can be done about it. */
export function DeadLetters({
  messages,
  agents,
}: {
  messages: readonly Message[];
  agents?: readonly Agent[];
}) {
  const settle = useAct(
    ({ message, what }: { message: string; what: "replay" | "discard" }) => {
      const params = { path: { message } };
      return what === "replay"
        ? post("/api/dead-letters/{message}/replay", { params })
        : post("/api/dead-letters/{message}/discard", { params });
    },
    {
      done: ({ what }) =>
        what === "replay"
          ? "It is back in the inbox, as if it had never been tried."
          : "It is discarded.",
      changes: [["dead"], ["messages"], ["agent"], ["agents"]],
    },
  );
  return (
    <ul>
      {messages.map((message) => {
        const agent = agents?.find((each) => each.id === message.agentId);
        return (
          <li
            key={message.id}
            className="flex flex-wrap items-start gap-x-3 gap-y-1 border-b border-line px-4 py-2.5 text-sm last:border-b-0"
            data-dead={message.id}
          >
            <div className="min-w-0 flex-1 basis-60">
              <p className="text-xs text-muted">
                <span className="font-medium text-ink">{senderName(message)}</span>
                {agent && (
                  <>
                    {" to "}
                    <To to="/agents/$slug" params={{ slug: agent.slug }} search={{ tab: "inbox" }}>
                      {agent.name}
                    </To>
                  </>
                )}
                {" · "}
                {plural(message.failedTurns.length, "failed turn")} ·{" "}
                <When at={message.receivedAt} />
              </p>
              <p className="mt-0.5 line-clamp-3 break-words">{message.body}</p>
              {message.deadReason && (
                <p className="mt-0.5 text-xs break-words text-bad">{message.deadReason}</p>
              )}
            </div>
            <div className="flex gap-1">
              <Button
                size="sm"
                busy={settle.isPending}
                onClick={() => settle.mutate({ message: message.id, what: "replay" })}
              >
                <RotateCcw size={13} aria-hidden /> Replay
              </Button>
              <IconButton
                label="Discard this letter"
                className="size-7!"
                disabled={settle.isPending}
                onClick={() => settle.mutate({ message: message.id, what: "discard" })}
              >
                <Trash2 size={14} aria-hidden />
              </IconButton>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
