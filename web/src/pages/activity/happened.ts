import type { LinkProps } from "@tanstack/react-router";
import { kindName, pageOf } from "@/lib/subjects";
import { asText, isRecord, title } from "@/lib/text";

/** One thing that has happened, as a person reads it. */
export type Happened = {
  /** Its place among all: the later, the higher. */
  id: number;
  at: string;
  /** To whom or what. */
  who: string;
  kind: string;
  what: string;
  /** The words of a message, where it is one. */
  said: string;
  bad: boolean;
  link: LinkProps | null;
};

export type HappenedPage = { items: Happened[]; nextCursor: number | undefined };

/**
 * A page of what happened. It is read member by member: the description of the API has another list by the
 * name of this one, and what happens in later versions may have members that this one does not know.
 */
export function readHappened(page: unknown): HappenedPage {
  const { items, nextCursor } = isRecord(page) ? page : {};
  return {
    items: Array.isArray(items) ? items.flatMap((item: unknown) => readOne(item) ?? []) : [],
    nextCursor: typeof nextCursor === "number" ? nextCursor : undefined,
  };
}

function readOne(item: unknown): Happened | null {
  if (!isRecord(item)) return null;
  const text = (member: string) => {
    const value = item[member];
    return typeof value === "string" ? value : "";
  };
  const kind = text("resourceType");
  const name = text("name");
  const details = isRecord(item["details"]) ? item["details"] : {};
  const toState = details["toState"];
  return {
    id: Number(text("id")),
    at: text("timestamp"),
    who: name || title(kindName(kind)),
    kind: kindName(kind),
    what: withoutName(text("summary"), name),
    said: asText(details["body"] ?? details["content"] ?? details["summary"]),
    bad:
      toState === "failed" ||
      toState === "needs_attention" ||
      typeof details["errorClass"] === "string",
    link: pageOf(kind, text("resourceId"), name || null),
  };
}

/** A summary begins with whom it is about; the row has said that already. */
function withoutName(summary: string, name: string): string {
  const named = summary.indexOf(name);
  const cut = summary.indexOf(": ", named < 0 ? 0 : named + name.length);
  return cut < 0 ? summary : summary.slice(cut + 2);
}

/**
 * The latest before what was read page by page. `null` where something between them was not read: then the
 * pages have to be read again.
 */
export function joined(latest: readonly Happened[], pages: readonly Happened[]): Happened[] | null {
  const newest = pages[0]?.id;
  if (newest === undefined) return [...latest];
  const fresh = latest.filter((each) => newest < each.id);
  return fresh.length !== 0 && fresh.length === latest.length ? null : [...fresh, ...pages];
}
