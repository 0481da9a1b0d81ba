import { Link } from "@tanstack/react-router";
import { EntryRow } from "@/pages/activity/EntryRow";
import { useActivity } from "@/pages/activity/useActivity";
import { Waiting } from "@/ui/feedback";
import { Panel } from "@/ui/Page";

const ROWS = 10;

/** What happened last. */
export function Lately() {
  const { entries, history } = useActivity();
  if (history.data && entries.length === 0) return null;
  return (
    <Panel
      title="Lately"
      aside={
        <Link to="/activity" className="hover:text-ink hover:underline">
          All activity
        </Link>
      }
    >
      {history.isPending && entries.length === 0 && <Waiting rows={6} />}
      <ol>
        {entries.slice(0, ROWS).map((entry) => (
          <EntryRow key={entry.id} entry={entry} />
        ))}
      </ol>
    </Panel>
  );
}
