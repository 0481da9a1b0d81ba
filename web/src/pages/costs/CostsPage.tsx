import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { costsQuery } from "@/api/queries/costs";
import { reposQuery } from "@/api/queries/work";
import type { components, Cost } from "@/api/types";
import { compact, money } from "@/lib/money";
import { kindName, pageOf } from "@/lib/subjects";
import { repoName } from "@/lib/text";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Select } from "@/ui/fields";
import { TabLinks } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Bars } from "./Bars";
import { type Share, Shares } from "./Shares";
import { trend } from "./trend";

type Costs = components["schemas"]["Costs"];

const route = getRouteApi("/costs");
const SPANS = ["7", "30", "90"] as const;

export default function CostsPage() {
  const { days = "30", repo } = route.useSearch();
  const navigate = route.useNavigate();
  const repos = useQuery(reposQuery).data ?? [];
  const { data, error, refetch } = useQuery(costsQuery({ days: Number(days), repoUrl: repo }));
  return (
    <Page
      title="Costs"
      lead="Of runs and turns that have ended; days are those of UTC."
      actions={
        <Select
          aria-label="Repository"
          value={repo ?? ""}
          options={[
            ["", "Everything"],
            ...repos.map((each) => [each.repoUrl, each.fullName] as const),
          ]}
          onChange={(event) =>
            void navigate({ search: { days, repo: event.target.value || undefined } })
          }
        />
      }
    >
      <TabLinks
        label="Time"
        tabs={SPANS.map((value) => ({
          to: { to: "/costs", search: { days: value, repo } },
          label: `${value} days`,
          current: value === days,
        }))}
      />
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting rows={8} />}
      {data && <Spent costs={data} />}
    </Page>
  );
}

function Spent({ costs }: { costs: Costs }) {
  const { days, summary, previous, forecast } = costs;
  if (summary.runs === 0) {
    return (
      <Panel>
        <Empty title="Nothing was spent">
          Each turn and run says what it cost once it has ended.
        </Empty>
      </Panel>
    );
  }
  const change = trend(summary.costUsd, previous.costUsd);
  return (
    <>
      <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface md:grid-cols-4">
        <Figure name={`Last ${days} days`} value={money(summary.costUsd)}>
          {change === null
            ? `nothing in the ${days} days before`
            : `${change} against ${money(previous.costUsd)} in the ${days} before`}
        </Figure>
        <Figure name="A day" value={money(forecast.dailyUsd)}>
          in the mean
        </Figure>
        <Figure name="This month" value={money(forecast.monthUsd)}>
          if it goes on like this
        </Figure>
        <Figure name="Runs" value={summary.runs.toLocaleString("en-US")}>
          {summary.succeeded} ended well, {compact(tokens(summary))} tokens
        </Figure>
      </dl>
      <Panel title="By day" pad>
        <Bars days={costs.dailyCosts} />
      </Panel>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Shares title="Cost most" shares={costs.topTasks.map(costly)} />
        <Shares title="By kind" shares={costs.costByType.map((each) => share(each, kindName))} />
        <Shares title="By model" shares={costs.costByModel.map((each) => share(each))} />
        <Shares title="By repository" shares={costs.costByRepo.map(ofRepo)} />
      </div>
    </>
  );
}

function tokens(cost: Cost): number {
  return Number(cost.inputTokens) + Number(cost.outputTokens);
}

function share(cost: Cost, name = (key: string) => key): Share {
  return {
    id: cost.key ?? "",
    name: cost.key ? name(cost.key) : "none",
    costUsd: cost.costUsd,
    runs: cost.runs,
    badly: cost.runs - cost.succeeded,
  };
}

function ofRepo(cost: Cost): Share {
  return {
    ...share(cost, repoName),
    link: cost.key ? { to: "/tasks", search: { repo: cost.key, view: "table" } } : null,
  };
}

function costly({ kind, id, name, costUsd, runs }: Costs["topTasks"][number]): Share {
  return { id, name, costUsd, runs, link: pageOf(kind, id, name) };
}

function Figure({ name, value, children }: { name: string; value: string; children: ReactNode }) {
  return (
    <div className="-mr-px -mb-px border-r border-b border-line px-4 py-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 text-2xl font-semibold tracking-tight">{value}</dd>
      <dd className="text-xs text-muted">{children}</dd>
    </div>
  );
}
