import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type Cost, costsQuery } from "@/api/queries/costs";
import { compact, money } from "@/lib/money";
import { repoName } from "@/lib/text";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { TabLinks } from "@/ui/links";
import { Page, Panel } from "@/ui/Page";
import { Bars } from "./Bars";
import { forecast, type Total, totalsBy } from "./totals";

const route = getRouteApi("/costs");
const SPANS = [
  ["1", "Today"],
  ["7", "7 days"],
  ["30", "30 days"],
] as const;

export default function CostsPage() {
  const { days = "7" } = route.useSearch();
  const count = Number(days);
  const { data, error, refetch } = useQuery(costsQuery(count));
  return (
    <Page title="Costs" lead="Summed from turns and runs, of the newest 400 of each kind.">
      <TabLinks
        label="Time"
        tabs={SPANS.map(([value, label]) => ({
          to: { to: "/costs", search: { days: value } },
          label,
          current: value === days,
        }))}
      />
      {error && <ErrorNote error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting rows={8} />}
      {data && <Spent costs={data} days={count} />}
    </Page>
  );
}

function Spent({ costs, days }: { costs: readonly Cost[]; days: number }) {
  const total = costs.reduce((sum, cost) => sum + cost.amount, 0n);
  const tokens = costs.reduce((sum, cost) => sum + cost.tokens, 0);
  if (costs.length === 0) {
    return (
      <Panel>
        <Empty title="Nothing was spent">
          The simulated model costs nothing. With a key of a real one, each turn and run says what
          it cost.
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <dl className="grid grid-cols-2 overflow-hidden rounded-lg border border-line bg-surface md:grid-cols-4">
        <Figure name={days === 1 ? "Today" : `Last ${days} days`} value={money(total)} />
        <Figure name="A day" value={money(total / BigInt(days))} />
        <Figure name="A month like this" value={money(forecast(total, days))} />
        <Figure name="Tokens" value={compact(tokens)} />
      </dl>
      {1 < days && (
        <Panel title="By day" pad>
          <Bars costs={costs} days={days} />
        </Panel>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Totals title="Most spent on" totals={totalsBy(costs, (cost) => cost.name)} linked />
        <Totals title="By kind" totals={totalsBy(costs, (cost) => cost.kind)} />
        <Totals title="By model" totals={totalsBy(costs, (cost) => cost.model)} />
        <Totals
          title="By repository"
          totals={totalsBy(costs, (cost) => repoName(cost.repo) || "no repository")}
        />
      </div>
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="-mr-px -mb-px border-r border-b border-line px-4 py-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 text-2xl font-semibold tracking-tight">{value}</dd>
    </div>
  );
}

function Totals({ title, totals, linked }: { title: string; totals: Total[]; linked?: boolean }) {
  const most = totals[0]?.amount ?? 1n;
  return (
    <Panel title={title}>
      <ul>
        {totals.slice(0, 10).map((total) => (
          <li
            key={total.name}
            className="relative border-b border-line px-4 py-1.5 text-sm last:border-b-0"
          >
            <span
              className="absolute inset-y-0 left-0 bg-accent-soft"
              style={{ width: `${most === 0n ? 0 : Number((total.amount * 100n) / most)}%` }}
              aria-hidden
            />
            <span className="relative flex items-baseline justify-between gap-3">
              {linked ? (
                <Link to={total.link} className="min-w-0 truncate font-medium hover:underline">
                  {total.name}
                </Link>
              ) : (
                <span className="min-w-0 truncate">{total.name}</span>
              )}
              <span className="shrink-0 text-xs text-ink">
                {total.failed !== 0 && <span className="mr-2 text-bad">{total.failed} failed</span>}
                <span className="mr-2">{total.count}×</span>
                <strong>{money(total.amount)}</strong>
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
