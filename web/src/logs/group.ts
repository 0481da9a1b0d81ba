import { isRecord } from "@/lib/text";
import type { Line, LineKind } from "./lines";

/** What one row of a transcript shows: a line, or a tool call with what the tool answered. */
export type Entry =
  | { kind: "line"; id: number; line: Line }
  | { kind: "tool"; id: number; call: Line; results: Line[]; failed: boolean }
  | { kind: "quiet"; id: number; lines: Line[] };

/**
 * Folds a transcript: an answer goes under the call it belongs to, notes of the program that follow each
 * other become one row.
 */
export function group(lines: readonly Line[]): Entry[] {
  const entries: Entry[] = [];
  const calls = new Map<string, Extract<Entry, { kind: "tool" }>>();
  let open: Extract<Entry, { kind: "tool" }> | null = null;
  for (const line of lines) {
    if (line.kind === "tool_use") {
      open = { kind: "tool", id: line.id, call: line, results: [], failed: false };
      const name = toolId(line);
      if (name) calls.set(name, open);
      entries.push(open);
    } else if (line.kind === "tool_result") {
      const name = toolId(line);
      const call = (name ? calls.get(name) : undefined) ?? open;
      if (call) {
        call.results.push(line);
        call.failed ||= isError(line);
      } else entries.push({ kind: "line", id: line.id, line });
    } else if (line.kind === "system" || line.kind === "info") {
      const last = entries.at(-1);
      if (last?.kind === "quiet") last.lines.push(line);
      else entries.push({ kind: "quiet", id: line.id, lines: [line] });
    } else {
      entries.push({ kind: "line", id: line.id, line });
    }
  }
  return entries;
}

function toolId(line: Line): string | null {
  const id = isRecord(line.meta) ? line.meta["toolUseId"] : null;
  return typeof id === "string" ? id : null;
}

function isError(line: Line): boolean {
  return isRecord(line.meta) && line.meta["isError"] === true;
}

/** The name of the tool that is called, and with what, in one line. */
export function toolTitle(call: Line): { name: string; input: string } {
  const named = isRecord(call.meta) ? call.meta["toolName"] : null;
  const name = typeof named === "string" ? named : "Tool";
  const first = call.text.split("\n", 1)[0] ?? "";
  const input = first.startsWith(name) ? first.slice(name.length).replace(/^[:\s]+/, "") : first;
  return { name, input };
}

export type Filter = { search: string; hidden: ReadonlySet<LineKind> };

/** The rows that are meant: a call is meant where it or an answer to it is. */
export function filterEntries(entries: readonly Entry[], filter: Filter): readonly Entry[] {
  const needle = filter.search.trim().toLowerCase();
  if (needle === "" && filter.hidden.size === 0) return entries;
  const wanted = (line: Line) =>
    !filter.hidden.has(line.kind) && (needle === "" || line.text.toLowerCase().includes(needle));
  return entries.filter((entry) => {
    if (entry.kind === "line") return wanted(entry.line);
    if (entry.kind === "quiet") return entry.lines.some(wanted);
    return wanted(entry.call) || (!filter.hidden.has("tool_use") && entry.results.some(wanted));
  });
}
