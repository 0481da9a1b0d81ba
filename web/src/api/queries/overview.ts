import { queryOptions } from "@tanstack/react-query";
import { get } from "../client";

/** Who needs a person, who works, who waits and why. */
export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => get("/api/overview", { signal }),
});

/** The sandboxes there are, and how well they are kept apart. */
export const sandboxesQuery = queryOptions({
  queryKey: ["sandboxes"],
  queryFn: ({ signal }) => get("/api/cluster/pods", { signal }),
});
