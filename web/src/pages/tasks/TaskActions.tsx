import { CirclePlay, Eye, RefreshCw, RotateCcw, SquareX, Zap } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import type { Task } from "@/api/types";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Area, Field } from "@/ui/fields";
import { Menu } from "@/ui/Menu";
import { type Act, canDo } from "./acts";

const DONE: Record<Act, string> = {
  cancel: "Cancelled. Its process is gone within five seconds.",
  retry: "It goes on from where it is.",
  resume: "It goes on.",
  restart: "It goes on with a fresh session.",
  redo: "It begins again at the base branch.",
  review: "The review agent looks at the pull request.",
  "run-now": "It starts now.",
};

export function TaskActions({ task }: { task: Task }) {
  const [asks, setAsks] = useState<"cancel" | "redo" | "resume" | null>(null);
  const [words, setWords] = useState("");
  const act = useAct((wanted: Act) => perform(task.id, wanted, words.trim() || null), {
    done: (wanted) => DONE[wanted],
    changes: [["task", task.id], ["tasks"], ["actor"]],
    then: () => {
      setAsks(null);
      setWords("");
    },
  });
  const can = (wanted: Act) => canDo(task, wanted);
  return (
    <>
      {task.controlIntent && (
        <span className="text-xs text-muted">about to {task.controlIntent}…</span>
      )}
      {can("run-now") && (
        <Button busy={act.isPending} onClick={() => act.mutate("run-now")}>
          <Zap size={14} aria-hidden /> Run now
        </Button>
      )}
      {can("retry") && (
        <Button look="primary" busy={act.isPending} onClick={() => act.mutate("retry")}>
          <RotateCcw size={14} aria-hidden /> Retry
        </Button>
      )}
      {can("resume") && (
        <Button
          look={can("retry") ? "plain" : "primary"}
          busy={act.isPending}
          onClick={() => setAsks("resume")}
        >
          <CirclePlay size={14} aria-hidden /> Resume…
        </Button>
      )}
      {can("review") && (
        <Button busy={act.isPending} onClick={() => act.mutate("review")}>
          <Eye size={14} aria-hidden /> Review
        </Button>
      )}
      {can("cancel") && (
        <Button look="danger" busy={act.isPending} onClick={() => setAsks("cancel")}>
          <SquareX size={14} aria-hidden /> Cancel…
        </Button>
      )}
      {(can("restart") || can("redo")) && (
        <Menu
          label="More that can be done with the task"
          items={[
            can("restart")
              ? {
                  label: "Go on with a fresh session",
                  icon: <RefreshCw size={14} aria-hidden />,
                  act: () => act.mutate("restart"),
                }
              : null,
            can("redo")
              ? {
                  label: "Redo from the base branch…",
                  icon: <RotateCcw size={14} aria-hidden />,
                  danger: true,
                  act: () => setAsks("redo"),
                }
              : null,
          ]}
        />
      )}
      <Dialog
        open={asks === "resume"}
        onClose={() => setAsks(null)}
        title="Resume the task"
        lead="With the same session and worktree."
      >
        <div className="flex flex-col gap-3">
          <Field
            label="A word to its agent"
            hint="What it should do differently, or what it needed to know. It may be empty."
          >
            {(control) => (
              <Area
                {...control}
                rows={4}
                value={words}
                onChange={(event) => setWords(event.target.value)}
              />
            )}
          </Field>
          <Button
            look="primary"
            className="self-end"
            busy={act.isPending}
            onClick={() => act.mutate("resume")}
          >
            Resume
          </Button>
        </div>
      </Dialog>
      <Confirm
        open={asks === "cancel"}
        onClose={() => setAsks(null)}
        title="Cancel this task?"
        verb="Cancel it"
        busy={act.isPending}
        onConfirm={() => act.mutate("cancel")}
      >
        Its process is gone within five seconds, and nothing it does afterwards counts. Its worktree
        stays for a day.
      </Confirm>
      <Confirm
        open={asks === "redo"}
        onClose={() => setAsks(null)}
        title="Redo from the base branch?"
        verb="Redo it"
        busy={act.isPending}
        onConfirm={() => act.mutate("redo")}
      >
        The session, the pull request and what is in the worktree are forgotten.
      </Confirm>
    </>
  );
}

function perform(task: string, act: Act, prompt: string | null) {
  const params = { path: { task } };
  switch (act) {
    case "cancel":
      return post("/api/tasks/{task}/cancel", { params });
    case "retry":
      return post("/api/tasks/{task}/retry", { params });
    case "resume":
      return post("/api/tasks/{task}/resume", { params, body: { prompt } });
    case "restart":
      return post("/api/tasks/{task}/force-restart", { params, body: { prompt } });
    case "redo":
      return post("/api/tasks/{task}/force-redo", { params });
    case "review":
      return post("/api/tasks/{task}/review", { params });
    case "run-now":
      return post("/api/tasks/{task}/run-now", { params });
  }
}
