import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { post } from "@/api/client";
import { blueprintsQuery, jobsQuery } from "@/api/queries/work";
import type { Blueprint, Job } from "@/api/types";
import { money } from "@/lib/money";
import { repoName } from "@/lib/text";
import { duration } from "@/lib/time";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Form } from "@/ui/Form";
import { TabLinks, To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Status } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { useEdit } from "@/ui/useEdit";
import { BLUEPRINT_FIELDS, type BlueprintBody, JOB_FIELDS, type JobBody } from "./fields";

const route = getRouteApi("/jobs");

export default function JobsPage() {
  const { view = "jobs", create } = route.useSearch();
  const navigate = useNavigate();
  const save = useEdit([["jobs"], ["blueprints"]]);
  const close = () => void navigate({ to: "/jobs", search: { view } });
  const createJob = async (body: Partial<JobBody>) => {
    const { workflow } = await save(
      "The job is made.",
      post("/api/jobs", { body: body as JobBody }),
    );
    await navigate({ to: "/jobs/$job", params: { job: workflow.id } });
  };
  const createBlueprint = async (body: Partial<BlueprintBody>) => {
    const { taskConfig } = await save(
      "The blueprint is made.",
      post("/api/task-configs", { body: body as BlueprintBody }),
    );
    await navigate({ to: "/blueprints/$blueprint", params: { blueprint: taskConfig.id } });
  };
  return (
    <Page
      title="Jobs"
      lead={
        view === "jobs"
          ? "Agent runs that end with an answer and files, by hand or by a trigger."
          : "Tasks that are kept to be made again."
      }
      actions={
        <Button
          look="primary"
          onClick={() =>
            void navigate({
              to: "/jobs",
              search: { view, create: view === "jobs" ? "job" : "blueprint" },
            })
          }
        >
          <Plus size={14} aria-hidden /> New {view === "jobs" ? "job" : "blueprint"}
        </Button>
      }
    >
      <TabLinks
        label="Kinds"
        tabs={[
          {
            to: { to: "/jobs", search: { view: "jobs" } },
            label: "Jobs",
            current: view === "jobs",
          },
          {
            to: { to: "/jobs", search: { view: "blueprints" } },
            label: "Blueprints",
            current: view === "blueprints",
          },
        ]}
      />
      {view === "jobs" ? <Jobs /> : <Blueprints />}
      <Dialog open={create === "job"} onClose={close} title="New job" wide>
        <Form
          fields={JOB_FIELDS}
          isNew
          from={{ enabled: true } as Partial<JobBody>}
          verb="Create job"
          submit={createJob}
          onCancel={close}
        />
      </Dialog>
      <Dialog open={create === "blueprint"} onClose={close} title="New blueprint" wide>
        <Form
          fields={BLUEPRINT_FIELDS}
          isNew
          from={{ enabled: true } as Partial<BlueprintBody>}
          verb="Create blueprint"
          submit={createBlueprint}
          onCancel={close}
        />
      </Dialog>
    </Page>
  );
}

const JOBS: Column<Job>[] = [
  {
    head: "Job",
    width: "minmax(0, 3fr)",
    cell: (job) => (
      <>
        <To to="/jobs/$job" params={{ job: job.id }} className="block truncate">
          {job.name}
        </To>
        <p className="truncate text-xs text-muted">
          {job.description ?? (repoName(job.repoUrl) || "no repository")}
        </p>
      </>
    ),
  },
  {
    head: "State",
    width: "6.5rem",
    cell: (job) => <Status state={job.enabled ? "enabled" : "disabled"} />,
  },
  { head: "Runs", width: "4rem", wideOnly: true, end: true, cell: (job) => job.runCount },
  {
    head: "Failed",
    width: "4rem",
    wideOnly: true,
    end: true,
    cell: (job) => (
      <span className={job.failedCount === 0 ? "" : "text-bad"}>{job.failedCount}</span>
    ),
  },
  {
    head: "Takes",
    width: "6rem",
    wideOnly: true,
    end: true,
    cell: (job) => (job.avgDurationMs ? duration(job.avgDurationMs) : "–"),
  },
  { head: "Cost", width: "5rem", wideOnly: true, end: true, cell: (job) => money(job.totalCost) },
  {
    head: "Last run",
    width: "5.5rem",
    end: true,
    cell: (job) => (
      <span className="text-muted">
        <When at={job.lastRunAt} />
      </span>
    ),
  },
];

function Jobs() {
  const { data, error, refetch } = useQuery(jobsQuery);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={6} />;
  return (
    <Panel>
      {data.length === 0 ? (
        <Empty title="No job yet">
          A job is an agent run without a pull request: a digest, a check, a report. Begin with an
          example: <Command>optio apply -f examples/standalone-tasks/daily-digest</Command>
        </Empty>
      ) : (
        <Table label="Jobs" columns={JOBS} rows={data} id={(job) => job.id} />
      )}
    </Panel>
  );
}

const BLUEPRINTS: Column<Blueprint>[] = [
  {
    head: "Blueprint",
    width: "minmax(0, 3fr)",
    cell: (each) => (
      <>
        <To to="/blueprints/$blueprint" params={{ blueprint: each.id }} className="block truncate">
          {each.name}
        </To>
        <p className="truncate text-xs text-muted">{each.description ?? each.title}</p>
      </>
    ),
  },
  {
    head: "State",
    width: "6.5rem",
    cell: (each) => <Status state={each.enabled ? "enabled" : "disabled"} />,
  },
  {
    head: "Repository",
    width: "minmax(0, 1fr)",
    wideOnly: true,
    cell: (each) => <span className="block truncate text-muted">{repoName(each.repoUrl)}</span>,
  },
  {
    head: "Changed",
    width: "5.5rem",
    end: true,
    cell: (each) => (
      <span className="text-muted">
        <When at={each.updatedAt} />
      </span>
    ),
  },
];

function Blueprints() {
  const { data, error, refetch } = useQuery(blueprintsQuery);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={6} />;
  return (
    <Panel>
      {data.length === 0 ? (
        <Empty title="No blueprint yet">
          Each run of a blueprint is a task in its repository: dependency updates, changelogs. Begin
          with an example: <Command>optio apply -f examples/repo-tasks</Command>
        </Empty>
      ) : (
        <Table label="Blueprints" columns={BLUEPRINTS} rows={data} id={(each) => each.id} />
      )}
    </Panel>
  );
}
