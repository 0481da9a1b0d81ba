import { useState } from "react";
import { groupBy } from "@/lib/groupBy";
import { dayOf } from "@/lib/time";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Input } from "@/ui/fields";
import { Page, Panel } from "@/ui/Page";
import { EntryRow } from "./EntryRow";
import { useActivity } from "./useActivity";

const SHOWN_MAX = 400;

export default function ActivityPage() {
  const { entries, history } = useActivity();
  const [typed, setTyped] = useState("");
  const needle = typed.trim().toLowerCase();
  const shown = entries
    .filter((entry) =>
      `${entry.who} ${entry.what} ${entry.detail ?? ""}`.toLowerCase().includes(needle),
    )
    .slice(0, SHOWN_MAX);
  return (
    <Page
      title="Activity"
      lead="What happens, as it happens; before that, of those that moved last."
    >
      <Input
        data-search
        aria-label="Search the activity"
        placeholder="Search"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {history.error && <ErrorNote error={history.error} retry={() => void history.refetch()} />}
      {history.isPending && shown.length === 0 && !history.error && <Waiting rows={8} />}
      {history.data && shown.length === 0 && (
        <Panel>
          <Empty title="Nothing has happened">Turns, tasks and reviews leave a trace here.</Empty>
        </Panel>
      )}
      {[...groupBy(shown, (entry) => dayOf(entry.at))].map(([day, each]) => (
        <Panel key={day} title={day}>
          <ol>
            {each.map((entry) => (
              <EntryRow key={entry.id} entry={entry} />
            ))}
          </ol>
        </Panel>
      ))}
    </Page>
  );
}
