import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { agentsQuery } from "@/api/queries/agents";
import { recentEvents, useLiveEvents } from "@/live/live";
import { type Entry, entryOf } from "./entries";
import { historyQuery } from "./history";

/** What has happened, newest first: what the stream told, and before that the history. */
export function useActivity() {
  const agents = useQuery(agentsQuery).data;
  const history = useQuery(historyQuery);
  const [events, setEvents] = useState(recentEvents);
  useLiveEvents(() => setEvents(recentEvents()));
  const entries = useMemo((): Entry[] => {
    const agent = (id: string) => agents?.find((each) => each.id === id);
    const live = events.flatMap((event) => entryOf(event, { agent }) ?? []).reverse();
    const oldest = live.at(-1)?.at;
    // What the stream has told is not told once more by the history.
    const before = (history.data ?? []).filter(
      (entry) => oldest === undefined || entry.at < oldest,
    );
    return [...live, ...before];
  }, [events, history.data, agents]);
  return { entries, history };
}
