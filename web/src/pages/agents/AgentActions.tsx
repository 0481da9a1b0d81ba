import { useNavigate } from "@tanstack/react-router";
import { Archive, CirclePause, CirclePlay, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post, remove } from "@/api/client";
import type { Agent } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Menu } from "@/ui/Menu";

type Intent = "pause" | "resume" | "restart" | "archive";

const DONE: Record<Intent, string> = {
  pause: "paused",
  resume: "resumed",
  restart: "restarted",
  archive: "archived",
};

/** What can be wanted of an agent. */
export function AgentActions({ agent }: { agent: Agent }) {
  const navigate = useNavigate();
  const [asks, setAsks] = useState<"archive" | "delete" | null>(null);
  const control = useAct(
    (intent: Intent) =>
      post("/api/persistent-agents/{agent}/control", {
        params: { path: { agent: agent.id } },
        body: { intent },
      }),
    {
      done: (intent) => `${agent.name} is ${DONE[intent]}.`,
      changes: [["agent"], ["agents"], ["actor"]],
      then: () => setAsks(null),
    },
  );
  const destroy = useAct(
    () => remove("/api/persistent-agents/{agent}", { params: { path: { agent: agent.id } } }),
    {
      done: `${agent.name} is being deleted.`,
      changes: [["agents"]],
      then: () => void navigate({ to: "/agents" }),
    },
  );
  const isOver = agent.state === "archived";
  const rests = agent.state === "paused" || agent.state === "failed";
  const wanted = agent.controlIntent;
  return (
    <>
      {wanted && <span className="text-xs text-muted">about to {wanted}…</span>}
      {!isOver && rests && (
        <Button look="primary" busy={control.isPending} onClick={() => control.mutate("resume")}>
          <CirclePlay size={14} aria-hidden /> Resume
        </Button>
      )}
      {!isOver && !rests && (
        <Button busy={control.isPending} onClick={() => control.mutate("pause")}>
          <CirclePause size={14} aria-hidden /> Pause
        </Button>
      )}
      <Menu
        label="More that can be done with the agent"
        items={[
          isOver
            ? null
            : {
                label: "Restart",
                icon: <RotateCcw size={14} aria-hidden />,
                act: () => control.mutate("restart"),
              },
          isOver
            ? null
            : {
                label: "Archive…",
                icon: <Archive size={14} aria-hidden />,
                act: () => setAsks("archive"),
              },
          {
            label: "Delete…",
            icon: <Trash2 size={14} aria-hidden />,
            danger: true,
            act: () => setAsks("delete"),
          },
        ]}
      />
      <Confirm
        open={asks === "archive"}
        onClose={() => setAsks(null)}
        title={`Archive ${agent.name}?`}
        verb="Archive"
        busy={control.isPending}
        onConfirm={() => control.mutate("archive")}
      >
        It takes no more turns, ever. An open turn ends at once. What it did stays readable.
      </Confirm>
      <Confirm
        open={asks === "delete"}
        onClose={() => setAsks(null)}
        title={`Delete ${agent.name}?`}
        verb="Delete"
        busy={destroy.isPending}
        onConfirm={() => destroy.mutate()}
      >
        Its process ends, then every trace of it is removed: mail, turns, transcripts, files.
      </Confirm>
    </>
  );
}
