import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Plus, RotateCcw, SquareX } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { taskStatsQuery } from "@/api/queries/tasks";
import { Button } from "@/ui/Button";
import { Confirm, Dialog } from "@/ui/Dialog";
import { Command, Empty } from "@/ui/feedback";
import { TabLinks } from "@/ui/links";
import { Menu } from "@/ui/Menu";
import { Page, Panel } from "@/ui/Page";
import { TaskBoard } from "./TaskBoard";
import { TaskFilters } from "./TaskFilters";
import { TaskForm } from "./TaskForm";
import { TaskTable } from "./TaskTable";

const route = getRouteApi("/tasks");
const CHANGES = [["tasks"], ["task"]];

export default function TasksPage() {
  const search = route.useSearch();
  const { view = "board", create, q, state, repo } = search;
  const navigate = useNavigate();
  const stats = useQuery(taskStatsQuery).data;
  const [asks, setAsks] = useState(false);
  const retry = useAct(() => post("/api/tasks/bulk/retry-failed"), {
    done: "All failed tasks go on.",
    changes: CHANGES,
  });
  const cancel = useAct(() => post("/api/tasks/bulk/cancel-active"), {
    done: "All tasks that waited or ran are cancelled.",
    changes: CHANGES,
    then: () => setAsks(false),
  });
  const setCreate = (on: boolean) =>
    void navigate({ to: "/tasks", search: { ...search, create: on ? "task" : undefined } });
  const isEmpty = stats !== undefined && Object.values(stats).every((count) => count === 0);
  // A search has one list for its answer: on a board most columns would be empty.
  const shown = q || state ? "table" : view;
  return (
    <Page
      title="Tasks"
      lead="From a ticket to a merged pull request."
      actions={
        <>
          <Menu
            label="What can be done with many tasks"
            items={[
              {
                label: "Retry all failed",
                icon: <RotateCcw size={14} aria-hidden />,
                act: () => retry.mutate(),
              },
              {
                label: "Cancel all active…",
                icon: <SquareX size={14} aria-hidden />,
                danger: true,
                act: () => setAsks(true),
              },
            ]}
          />
          <Button look="primary" onClick={() => setCreate(true)}>
            <Plus size={14} aria-hidden /> New task
          </Button>
        </>
      }
    >
      <TabLinks
        label="Views of the tasks"
        tabs={[
          {
            to: { to: "/tasks", search: { view: "board", repo } },
            label: "Board",
            current: shown === "board",
          },
          {
            to: { to: "/tasks", search: { ...search, view: "table" } },
            label: "Table",
            current: shown === "table",
          },
        ]}
      />
      <TaskFilters
        filter={{ q, state, repo }}
        set={(next) => void navigate({ to: "/tasks", search: { view, ...next }, replace: true })}
      />
      {isEmpty ? (
        <Panel>
          <Empty
            title="No task yet"
            action={
              <Button look="primary" onClick={() => setCreate(true)}>
                Create one
              </Button>
            }
          >
            A task is work in a repository: its agent opens a pull request, mends what checks and
            reviews say, and it is done once that is merged. Or{" "}
            <Command>optio task create --repo https://github.com/acme/shop "Add /healthz"</Command>
          </Empty>
        </Panel>
      ) : shown === "board" ? (
        <TaskBoard repo={repo} stats={stats} />
      ) : (
        <TaskTable filter={{ q, state, repoUrl: repo }} />
      )}
      <Dialog
        open={create === "task"}
        onClose={() => setCreate(false)}
        title="New task"
        lead="It runs as soon as there is room and what it depends on is done."
        wide
      >
        <TaskForm />
      </Dialog>
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title="Cancel all active tasks?"
        verb="Cancel them"
        busy={cancel.isPending}
        onConfirm={() => cancel.mutate()}
      >
        Everything that waits or runs is cancelled. Processes end within five seconds. Worktrees
        stay for a day.
      </Confirm>
    </Page>
  );
}
