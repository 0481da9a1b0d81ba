import { getRouteApi } from "@tanstack/react-router";
import { groupBy } from "@/lib/groupBy";
import { dayOf } from "@/lib/time";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { TabLinks } from "@/ui/links";
import { More } from "@/ui/More";
import { Page, Panel } from "@/ui/Page";
import { HappenedRow } from "./HappenedRow";
import { useActivity } from "./useActivity";

const route = getRouteApi("/activity");
const KINDS = [
  [undefined, "Everything"],
  ["persistent_agent", "Agents"],
  ["task", "Tasks"],
  ["workflow_run", "Jobs"],
  ["pr_review", "Reviews"],
  ["tracker", "Trackers"],
  ["ticket", "Tickets"],
] as const;

export default function ActivityPage() {
  const { kind } = route.useSearch();
  const { happened, pages } = useActivity(kind);
  return (
    <Page title="Activity" lead="What happens, as it happens, and what did in the last 90 days.">
      <TabLinks
        label="Kind"
        tabs={KINDS.map(([value, label]) => ({
          to: { to: "/activity", search: { kind: value } },
          label,
          current: value === kind,
        }))}
      />
      {pages.error && <ErrorNote error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isPending && happened.length === 0 && !pages.error && <Waiting rows={8} />}
      {pages.data && happened.length === 0 && (
        <Panel>
          <Empty title="Nothing has happened">Turns, tasks and reviews leave a trace here.</Empty>
        </Panel>
      )}
      {[...groupBy(happened, (each) => dayOf(each.at))].map(([day, each]) => (
        <Panel key={day} title={day}>
          <ol aria-label={day}>
            {each.map((one) => (
              <HappenedRow key={one.id} happened={one} />
            ))}
          </ol>
        </Panel>
      ))}
      {pages.hasNextPage && (
        <More fetch={() => void pages.fetchNextPage()} busy={pages.isFetchingNextPage} />
      )}
    </Page>
  );
}
