import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { get } from "../client";

export type CostFilter = { days: number; repoUrl?: string | undefined };

/** What runs that ended in the last days have cost, summed by the server. */
export const costsQuery = ({ days, repoUrl }: CostFilter) =>
  queryOptions({
    queryKey: ["costs", days, repoUrl ?? ""],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      get("/api/analytics/costs", { params: { query: { days: String(days), repoUrl } }, signal }),
  });
