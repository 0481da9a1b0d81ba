import { SendHorizontal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import type { Task } from "@/api/types";
import { Button } from "@/ui/Button";
import { Input, Toggle } from "@/ui/fields";

/** Writes to the agent of a task: one that runs is told at once, one that rests goes on with it. */
export function TaskMessage({ task }: { task: Task }) {
  const [content, setContent] = useState("");
  const [interrupts, setInterrupts] = useState(false);
  const isRunning = task.state === "running";
  const send = useAct(
    (text: string) =>
      post("/api/tasks/{task}/message", {
        params: { path: { task: task.id } },
        body: { content: text, mode: interrupts ? "interrupt" : "soft" },
      }),
    {
      done: isRunning ? "Its agent is told." : "It goes on with it.",
      changes: [["task", task.id]],
      then: () => setContent(""),
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (content.trim() !== "") send.mutate(content.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-wrap items-center gap-2 border-t border-line p-2">
      <Input
        aria-label="Message to the agent"
        placeholder="Write to its agent"
        className="min-w-40 flex-1"
        maxLength={8_000}
        value={content}
        onChange={(event) => setContent(event.target.value)}
      />
      {isRunning && (
        <Toggle
          label="Interrupt"
          checked={interrupts}
          onChange={(event) => setInterrupts(event.target.checked)}
        />
      )}
      <Button type="submit" look="primary" disabled={content.trim() === ""} busy={send.isPending}>
        <SendHorizontal size={13} aria-hidden /> Send
      </Button>
    </form>
  );
}
