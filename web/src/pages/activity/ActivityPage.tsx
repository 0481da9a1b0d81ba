import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { useMemo, useState } from "react";
import { agentsQuery } from "@/api/queries/agents";
import { recentEvents, useLiveEvents } from "@/live/live";
import { clock, dayOf, exact } from "@/lib/time";
import { groupBy } from "@/lib/groupBy";
import { Empty, ErrorNote, Waiting } from "@/ui/feedback";
import { Input } from "@/ui/fields";
import { Page, Panel } from "@/ui/Page";
import { type Entry, entryOf } from "./entries";
import { historyQuery } from "./history";

const SHOWN_MAX = 400;

export default function ActivityPage() {
  const agents = useQuery(agentsQuery).data;
  const history = useQuery(historyQuery);
  const [events, setEvents] = useState(recentEvents);
  const [typed, setTyped] = useState("");
  useLiveEvents(() => setEvents(recentEvents()));
  const entries = useMemo(() => {
    const names = {
      agent: (id: string) => agents?.find((each) => each.id === id),
      task: () => undefined,
    };
    const live = events.flatMap((event) => entryOf(event, names) ?? []).reverse();
    const oldest = live.at(-1)?.at;
    // What the stream has told is not told once more by the history.
    const before = (history.data ?? []).filter(
      (entry) => oldest === undefined || entry.at < oldest,
    );
    const needle = typed.trim().toLowerCase();
    return [...live, ...before]
      .filter((entry) =>
        `${entry.who} ${entry.what} ${entry.detail ?? ""}`.toLowerCase().includes(needle),
      )
      .slice(0, SHOWN_MAX);
  }, [events, history.data, agents, typed]);
  const days = groupBy(entries, (entry) => dayOf(entry.at));
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
      {history.isPending && entries.length === 0 && !history.error && <Waiting rows={8} />}
      {history.data && entries.length === 0 && (
        <Panel>
          <Empty title="Nothing has happened">Turns, tasks and reviews leave a trace here.</Empty>
        </Panel>
      )}
      {[...days].map(([day, each]) => (
        <Panel key={day} title={day}>
          <ol>
            {each.map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
          </ol>
        </Panel>
      ))}
    </Page>
  );
}

function Row({ entry }: { entry: Entry }) {
  return (
    <li className="row-lazy flex gap-3 border-b border-line px-4 py-1.5 text-sm last:border-b-0">
      <time
        dateTime={entry.at}
        title={exact(entry.at)}
        className="w-16 shrink-0 pt-0.5 font-mono text-2xs text-muted"
      >
        {clock(entry.at)}
      </time>
      <p className="min-w-0 flex-1">
        {entry.link ? (
          <Link {...entry.link} className="font-medium hover:underline">
            {entry.who}
          </Link>
        ) : (
          <span className="font-medium">{entry.who}</span>
        )}{" "}
        <span className={clsx(entry.bad && "font-medium text-bad")}>{entry.what}</span>
        {entry.detail && (
          <span className="line-clamp-1 text-xs break-all text-muted">{entry.detail}</span>
        )}
      </p>
    </li>
  );
}
