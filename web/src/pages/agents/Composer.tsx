import { OctagonX, SendHorizontal } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { Agent } from "@/api/types";
import { Button } from "@/ui/Button";
import { Area, Select } from "@/ui/fields";

const CLASSES = [
  ["work", "wakes it"],
  ["notify", "waits for its next turn"],
  ["interrupt", "interrupts it"],
] as const;

type Props = { agent: Agent; send: (body: string, kind: string) => Promise<void> };

/** A place to write to an agent. */
export function Composer({ agent, send }: Props) {
  const [body, setBody] = useState("");
  const [kind, setKind] = useState("work");
  const works = agent.state === "running" || agent.state === "provisioning";
  const isOver = agent.state === "archived";

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const text = body.trim();
    if (text === "") return;
    setBody("");
    setKind("work");
    void send(text, kind);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  if (isOver)
    return (
      <p className="border-t border-line px-4 py-3 text-sm text-muted">
        It is archived and reads no more mail.
      </p>
    );
  return (
    <form onSubmit={submit} className="flex flex-col gap-2 border-t border-line p-3">
      <Area
        aria-label={`Message to ${agent.name}`}
        placeholder={`Write to ${agent.name}`}
        rows={2}
        data-search
        value={body}
        onChange={(event) => setBody(event.target.value)}
        onKeyDown={key}
        className="max-h-60 resize-y"
      />
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label="What the message does"
          className="w-auto! h-7! text-xs"
          value={kind}
          onChange={(event) => setKind(event.target.value)}
          options={CLASSES}
        />
        <span className="hidden flex-1 text-xs text-muted sm:block">
          Enter sends, Shift Enter begins a line
        </span>
        <span className="flex-1 sm:hidden" />
        {works && (
          <Button size="sm" look="danger" onClick={() => void send("Stop.", "stop")}>
            <OctagonX size={13} aria-hidden /> Stop the turn
          </Button>
        )}
        <Button type="submit" size="sm" look="primary" disabled={body.trim() === ""}>
          <SendHorizontal size={13} aria-hidden /> Send
        </Button>
      </div>
    </form>
  );
}
