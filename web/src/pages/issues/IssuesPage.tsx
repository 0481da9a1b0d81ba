import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useAct } from "@/api/act";
import { post } from "@/api/client";
import { issuesQuery, ticketsQuery } from "@/api/queries/work";
import type { Issue, Ticket } from "@/api/types";
import { Button } from "@/ui/Button";
import { Command, Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Input } from "@/ui/fields";
import { Out, TabLinks, To } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Status, Tag } from "@/ui/Status";
import { type Column, Table } from "@/ui/Table";
import { When } from "@/ui/Time";
import { Trackers } from "./Trackers";

const route = getRouteApi("/issues");

export default function IssuesPage() {
  const { view = "issues" } = route.useSearch();
  return (
    <Page
      title="Issues"
      lead="Where work comes from: issues of your repositories, and tickets that trackers turn into tasks."
    >
      <TabLinks
        label="Views"
        tabs={[
          {
            to: { to: "/issues", search: { view: "issues" } },
            label: "Issues",
            current: view === "issues",
          },
          {
            to: { to: "/issues", search: { view: "tickets" } },
            label: "Tickets",
            current: view === "tickets",
          },
          {
            to: { to: "/issues", search: { view: "trackers" } },
            label: "Trackers",
            current: view === "trackers",
          },
        ]}
      />
      {view === "issues" && <Issues />}
      {view === "tickets" && <Tickets />}
      {view === "trackers" && <Trackers />}
    </Page>
  );
}

function Issues() {
  const { data, error, isPending, refetch } = useQuery(issuesQuery({ state: "open" }));
  const [typed, setTyped] = useState("");
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting rows={6} />;
  const needle = typed.trim().toLowerCase();
  const shown = data.issues.filter((issue) =>
    `${issue.title} ${issue.repo.fullName} ${issue.labels.join(" ")} #${issue.number}`
      .toLowerCase()
      .includes(needle),
  );
  return (
    <>
      {data.errors.map((each) => (
        <ErrorNote key={each.repoId} error={new Error(`${each.repoUrl}: ${each.error}`)} />
      ))}
      <Input
        data-search
        aria-label="Search issues"
        placeholder="Search issues"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <Panel>
        {shown.length === 0 && (
          <Empty title={data.issues.length === 0 ? "No open issue" : "No issue fits"}>
            Open issues of all repositories that were added are listed here. Add one:{" "}
            <Command>optio repo add https://github.com/acme/shop</Command>
          </Empty>
        )}
        <ul>
          {shown.map((issue) => (
            <IssueRow key={issue.id} issue={issue} />
          ))}
        </ul>
      </Panel>
    </>
  );
}

function IssueRow({ issue }: { issue: Issue }) {
  const assign = useAct(
    () =>
      post("/api/issues/assign", {
        body: {
          repoId: issue.repo.id,
          issueNumber: issue.number,
          title: issue.title,
          body: issue.body,
        },
      }),
    { done: `#${issue.number} is a task now.`, changes: [["issues"], ["tasks"]] },
  );
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-2.5 text-sm last:border-b-0">
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-2">
          <Out href={issue.url}>{issue.title}</Out>
          {issue.labels.map((label) => (
            <Tag key={label}>{label}</Tag>
          ))}
        </p>
        <p className="truncate text-xs text-muted">
          {issue.repo.fullName} #{issue.number} by {issue.author} · <When at={issue.updatedAt} />
        </p>
      </div>
      {issue.optioTask ? (
        <To to="/tasks/$task" params={{ task: issue.optioTask.taskId }}>
          <Status state={issue.optioTask.state} />
        </To>
      ) : (
        <Button size="sm" busy={assign.isPending} onClick={() => assign.mutate()}>
          Make it a task
        </Button>
      )}
    </li>
  );
}

const TICKETS: Column<Ticket>[] = [
  {
    head: "Ticket",
    width: "minmax(0, 3fr)",
    cell: (ticket) => (
      <>
        <Out href={ticket.url}>
          {ticket.key} {ticket.title}
        </Out>
        <p className="truncate text-xs text-muted">{ticket.reason ?? ticket.labels.join(", ")}</p>
      </>
    ),
  },
  { head: "Tracker", width: "5rem", wideOnly: true, cell: (ticket) => <Tag>{ticket.source}</Tag> },
  { head: "What came of it", width: "7.5rem", cell: (ticket) => <Status state={ticket.status} /> },
  {
    head: "Task",
    width: "7.5rem",
    wideOnly: true,
    cell: (ticket) =>
      ticket.taskId && (
        <To to="/tasks/$task" params={{ task: ticket.taskId }}>
          <Status state={ticket.taskState ?? "pending"} bare />
        </To>
      ),
  },
  {
    head: "Changed",
    width: "5rem",
    wideOnly: true,
    end: true,
    cell: (ticket) => (
      <span className="text-muted">
        <When at={ticket.changedAt} />
      </span>
    ),
  },
];

function Tickets() {
  const { data, error, isPending, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(ticketsQuery);
  if (error) return <ErrorNote error={error} retry={() => void refetch()} />;
  if (isPending) return <Waiting rows={6} />;
  const tickets = data.pages.flatMap((page) => page.tickets);
  return (
    <Panel>
      {tickets.length === 0 ? (
        <Empty title="No ticket was seen">
          A tracker is looked at for tickets with its label. Each becomes a task, or fires triggers,
          once.
        </Empty>
      ) : (
        <Table
          label="Tickets"
          columns={TICKETS}
          rows={tickets}
          id={(ticket) => ticket.id}
          more={
            hasNextPage
              ? { fetch: () => void fetchNextPage(), busy: isFetchingNextPage }
              : undefined
          }
        />
      )}
    </Panel>
  );
}
