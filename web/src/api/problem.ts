import { isRecord } from "@/lib/text";

/** What the server says about a field that breaks its rule. */
export type FieldProblem = { field: string; rule: string };

/** Why something was not done, in words a person can act on. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fields: FieldProblem[] = [],
  ) {
    super(detail);
    this.name = "Problem";
  }

  /** Whether trying again may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || 500 <= this.status;
  }
}

/** A problem+json body, or whatever else came in its place. */
export function problemOf(status: number, body: unknown): Problem {
  if (isRecord(body)) {
    const detail = body["detail"] ?? body["error"];
    const fields = Array.isArray(body["errors"]) ? body["errors"].filter(isFieldProblem) : [];
    if (typeof detail === "string") {
      return new Problem(status, String(body["title"] ?? `HTTP ${status}`), detail, fields);
    }
  }
  return new Problem(
    status,
    `HTTP ${status}`,
    "The server gave an answer that is not its own. Is there a proxy in between that refuses this?",
  );
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return isRecord(value) && typeof value["field"] === "string" && typeof value["rule"] === "string";
}

/** Nobody answered at all. */
export function unreachable(): Problem {
  return new Problem(
    0,
    "Optio does not answer",
    "The server cannot be reached. It may be restarting; this page goes on by itself once it is back.",
  );
}

/** Any error as a problem. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return unreachable();
  return new Problem(
    0,
    "That did not work",
    error instanceof Error ? error.message : String(error),
  );
}
