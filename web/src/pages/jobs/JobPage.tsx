import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Copy, Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/api/act";
import { patch, post, remove } from "@/api/client";
import { jobQuery, jobRunsQuery } from "@/api/queries/work";
import type { Job, Run } from "@/api/types";
import { money } from "@/lib/money";
import { Triggers } from "@/pages/triggers/Triggers";
import { Confirm } from "@/ui/Dialog";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { TabLinks, To } from "@/ui/links";
import { Menu } from "@/ui/Menu";
import { Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { Lasts, When } from "@/ui/Time";
import { complained } from "@/ui/toast";
import { useEdit } from "@/ui/useEdit";
import { SandboxPanel } from "@/pages/sandbox/SandboxPanel";
import { JOB_FIELDS, type JobBody } from "./fields";
import { StartRun } from "./StartRun";

const route = getRouteApi("/jobs/$job");

export default function JobPage() {
  const { job: id } = route.useParams();
  const { tab = "runs" } = route.useSearch();
  const navigate = useNavigate();
  const { data: job, error, refetch } = useQuery(jobQuery(id));
  const save = useEdit([["jobs"], ["runs"]]);
  if (error && !job) {
    return (
      <Page title="Job">
        <ErrorNote error={error} retry={() => void refetch()} />
      </Page>
    );
  }
  if (!job) return <Waiting rows={6} />;
  const start = async (params: Record<string, unknown>) => {
    const { run } = await save(
      "The run is started.",
      post("/api/jobs/{job}/runs", {
        params: { path: { job: job.id } },
        body: { params, triggerId: null },
      }),
    );
    await navigate({ to: "/runs/$run", params: { run: run.id } });
  };
  return (
    <Page title={job.name} lead={job.description} actions={<Actions job={job} start={start} />}>
      <TabLinks
        label="Views of the job"
        tabs={(["runs", "triggers", "settings"] as const).map((each) => ({
          to: {
            to: "/jobs/$job",
            params: { job: id },
            search: { tab: each === "runs" ? undefined : each },
          },
          label: { runs: "Runs", triggers: "Triggers", settings: "Settings" }[each],
          current: each === tab,
        }))}
      />
      {tab === "runs" && <Runs job={job} />}
      {tab === "triggers" && <Triggers of={{ kind: "job", id: job.id }} />}
      {tab === "settings" && (
        <>
          <Panel pad className="max-w-3xl">
            <Form
              key={job.updatedAt}
              fields={JOB_FIELDS}
              from={job as Partial<JobBody>}
              verb="Save"
              submit={(body) =>
                save(
                  "Saved. Runs that were started keep what they were told.",
                  patch("/api/jobs/{job}", {
                    params: { path: { job: job.id } },
                    body: body as JobBody,
                  }),
                )
              }
            />
          </Panel>
          <SandboxPanel
            sandbox={job.sandbox}
            version={job.updatedAt}
            shares
            save={(sandbox) =>
              save(
                "Saved, for sandboxes that are started from now on.",
                patch("/api/jobs/{job}", {
                  params: { path: { job: job.id } },
                  body: { sandbox } as JobBody,
                }),
              )
            }
          />
        </>
      )}
    </Page>
  );
}

function Actions({
  job,
  start,
}: {
  job: Job;
  start: (params: Record<string, unknown>) => Promise<void>;
}) {
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const params = { path: { job: job.id } };
  const clone = useAct(
    async () => {
      const { workflow } = await post("/api/jobs/{job}/clone", { params });
      await navigate({
        to: "/jobs/$job",
        params: { job: workflow.id },
        search: { tab: "settings" },
      });
    },
    { done: "The copy is here, disabled.", changes: [["jobs"]] },
  );
  const drop = useAct(() => remove("/api/jobs/{job}", { params }), {
    done: `${job.name} is deleted.`,
    changes: [["jobs"]],
    then: () => void navigate({ to: "/jobs" }),
  });
  return (
    <>
      <StartRun
        schema={job.paramsSchema}
        enabled={job.enabled}
        start={(given) =>
          start(given).catch((error: unknown) => {
            complained(error);
          })
        }
      />
      <Menu
        label="More that can be done with the job"
        items={[
          { label: "Copy", icon: <Copy size={14} aria-hidden />, act: () => clone.mutate() },
          {
            label: "Delete…",
            icon: <Trash2 size={14} aria-hidden />,
            danger: true,
            act: () => setAsks(true),
          },
        ]}
      />
      <Confirm
        open={asks}
        onClose={() => setAsks(false)}
        title={`Delete ${job.name}?`}
        verb="Delete"
        busy={drop.isPending}
        onConfirm={() => drop.mutate()}
      >
        Its triggers go with it and its runs are cancelled. What they did stays readable.
      </Confirm>
    </>
  );
}

const RUNS: Column<Run>[] = [
  {
    head: "Run",
    width: "minmax(0, 3fr)",
    cell: (run) => (
      <>
        <To to="/runs/$run" params={{ run: run.id }} className="block truncate">
          {run.title}
        </To>
        <p className="truncate text-xs text-muted">
          {run.errorMessage ?? run.stateReason ?? `attempt ${run.attempts}`}
        </p>
      </>
    ),
  },
  { head: "State", width: "7rem", cell: (run) => <Status state={run.detailedState} /> },
  {
    head: "By",
    width: "5rem",
    wideOnly: true,
    cell: (run) => <Tag>{run.triggerId ? "trigger" : "a person"}</Tag>,
  },
  {
    head: "Took",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (run) =>
      run.startedAt ? <Lasts from={run.startedAt} to={run.finishedAt ?? null} /> : "–",
  },
  { head: "Cost", width: "5rem", wideOnly: true, end: true, cell: (run) => money(run.costUsd) },
  {
    head: "Created",
    width: "5.5rem",
    end: true,
    cell: (run) => (
      <span className="text-muted">
        <When at={run.createdAt} />
      </span>
    ),
  },
];

function Runs({ job }: { job: Job }) {
  const { data } = useQuery(jobRunsQuery(job.id));
  if (!data) return <Waiting rows={5} />;
  return (
    <Panel>
      {data.length === 0 ? (
        <Empty title="It has not run yet">Run it by hand, or give it a trigger.</Empty>
      ) : (
        <Table label="Runs" columns={RUNS} rows={data} id={(run) => run.id} />
      )}
    </Panel>
  );
}
