import {
  infiniteQueryOptions,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { get } from "@/api/client";
import { joined, readHappened } from "./happened";

const LATEST = "50";
const PAGE = "200";
/** As far back as the server looks. */
const DAYS = "90";

/** What happened last, of one kind or of all; the stream says when there is more. */
export const latestQuery = (kind?: string) =>
  queryOptions({
    queryKey: ["activity", kind ?? ""],
    queryFn: async ({ signal }) =>
      readHappened(
        await get("/api/activity", {
          params: { query: { days: DAYS, limit: LATEST, resourceType: kind } },
          signal,
        }),
      ),
  });

/** The same page by page. What has happened does not change, so these are not read again. */
const pagesQuery = (kind?: string) =>
  infiniteQueryOptions({
    queryKey: ["happened", kind ?? ""],
    staleTime: Infinity,
    queryFn: async ({ signal, pageParam }) =>
      readHappened(
        await get("/api/activity", {
          params: { query: { days: DAYS, limit: PAGE, resourceType: kind, cursor: pageParam } },
          signal,
        }),
      ),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.nextCursor,
  });

/** What has happened, newest first, to the beginning if one scrolls there. */
export function useActivity(kind?: string) {
  const latest = useQuery(latestQuery(kind)).data;
  const pages = useInfiniteQuery(pagesQuery(kind));
  const { data, refetch } = pages;
  const read = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const all = useMemo(() => joined(latest?.items ?? [], read), [latest, read]);
  const hasGap = all === null;
  useEffect(() => {
    if (hasGap) void refetch();
  }, [hasGap, refetch]);
  return { happened: all ?? read, pages };
}
