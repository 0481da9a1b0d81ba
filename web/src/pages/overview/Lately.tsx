import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { HappenedRow } from "@/pages/activity/HappenedRow";
import { latestQuery } from "@/pages/activity/useActivity";
import { Waiting } from "@/ui/feedback";
import { Panel } from "@/ui/Page";

const ROWS = 10;

/** What happened last. */
export function Lately() {
  const { data, isPending } = useQuery(latestQuery());
  if (data?.items.length === 0) return null;
  return (
    <Panel
      title="Lately"
      aside={
        <Link to="/activity" className="hover:text-ink hover:underline">
          All activity
        </Link>
      }
    >
      {isPending && <Waiting rows={6} />}
      <ol aria-label="Lately">
        {data?.items.slice(0, ROWS).map((each) => (
          <HappenedRow key={each.id} happened={each} />
        ))}
      </ol>
    </Panel>
  );
}
